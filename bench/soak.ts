/** `npm run bench:soak`: devices come and go for a while; nothing acknowledged is lost, and the task's memory stays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MB } from './ingest/figures.ts';
import { atMost, machine, round, sayBars, table } from './report.ts';
import { secondHalf, slope, type Sample } from './soak/memory.ts';
import { soak } from './soak/run.ts';

const HELP = `npm run bench:soak -- [--minutes 20] [--devices 60] [--seed 1]

One ingest task, the local engine behind it, and devices that stream, report where they are, raise alarms with files, break off
and come again. Afterwards everything that was acknowledged is looked for in the tables and buckets, and the growth of the
task's memory over the second half is reckoned. Prints a line a minute, a table and, as the last line, JSON; exits 1 when a bar
does not hold. docs/benchmarks.md says what is measured.

  --minutes  length of the run; of less than ten, growth says little
  --devices  how many; what may grow is of 60, and in proportion of more
  --seed     decides when devices break off and raise alarms`;

/** MB a minute of a task with so many devices. */
const MOST_GROWTH = 0.2;
const OF_DEVICES = 60;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    devices: { type: 'string', default: String(OF_DEVICES) },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const minutes = Number(values.minutes);
const devices = Number(values.devices);
const seed = Number(values.seed);
if (!(minutes >= 1 && minutes <= 1440)) throw new RangeError('--minutes is 1 to 1440');
if (!(Number.isInteger(devices) && devices >= 4 && devices <= 1000)) throw new RangeError('--devices is 4 to 1000');
if (!Number.isInteger(seed)) throw new RangeError('--seed is a whole number');

const LABELS = {
  points: 'positions',
  alarms: 'alarms',
  files: 'files of alarms',
  segments: 'segments that the task took',
} as const;

const started = machine();
const scratch = await mkdtemp(join(tmpdir(), 'sluice-soak-'));
try {
  const { accounts, samples, ...load } = await soak({
    minutes,
    devices,
    seed,
    scratch,
    log: (line) => console.error(line),
  });
  const growthOf = (value: 'rss' | 'heapUsed', settled: boolean): number => {
    const seen = secondHalf(samples, minutes).filter((sample: Sample) => sample.settled === settled);
    return slope(seen.map((sample) => ({ minutes: sample.minutes, value: sample[value] / MB })));
  };
  const growth = { rss: growthOf('rss', true), heapUsed: growthOf('heapUsed', true), between: growthOf('rss', false) };
  const kinds = Object.entries(accounts).map(([kind, account]) => ({
    ...account,
    label: LABELS[kind as keyof typeof LABELS],
  }));
  for (const { label, acknowledged } of kinds)
    if (acknowledged === 0) throw new Error(`no ${label} at all: nothing was measured`);

  const { cpu, cores, node, load: busy } = started;
  console.log(
    `${cpu}, ${cores} cores, Node ${node}; load before the run ${busy}; ${devices} devices, ${minutes} minutes`,
  );
  console.log(table([['acknowledged', 'all', 'lost'], ...kinds.map((one) => [one.label, one.acknowledged, one.lost])]));
  for (const { label, examples } of kinds) for (const one of examples) console.log(`lost of the ${label}: ${one}`);
  console.log(
    `${load.breaks} times a device broke off; ${round(load.storedSeconds)} s of segments of ${round(load.sentSeconds)} s of pictures sent; ` +
      `the task took ${round(load.cpu * 100, 1)} % of a core`,
  );
  console.log(
    `growth over the second half: RSS ${round(growth.rss, 3)} and heap ${round(growth.heapUsed, 3)} MB a minute after collecting garbage, ` +
      `RSS ${round(growth.between, 3)} in between`,
  );
  const bars = [
    ...kinds.map(({ label, lost }) => atMost(`lost of the ${label}`, lost, '', 0)),
    atMost(
      `growth of memory, ${devices} devices`,
      growth.rss,
      'MB/min',
      MOST_GROWTH * Math.max(1, devices / OF_DEVICES),
    ),
  ];
  console.log(sayBars(bars));
  const cases = [
    { name: 'load', minutes, devices, seed, ...load },
    { name: 'acknowledged', ...accounts },
    { name: 'memory', growth, samples },
  ];
  console.log(JSON.stringify({ bench: 'soak', machine: started, cases, bars }));
  process.exitCode = bars.every(({ holds }) => holds) ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
