/** `npm run bench:glass`: how late a picture is seen in Chromium, from the camera's moment to the screen's. */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { round } from './ingest/figures.ts';
import type { Figures } from './glass/latency.ts';
import { platform, PRESET, startVehicle, type Platform, type Vehicle } from './glass/platform.ts';
import { openBrowser, watchConsole, watchDefaults } from './glass/watch.ts';

const HELP = `npm run bench:glass -- [--seconds 45] [--ready-file PATH] [--only console,defaults]

Measures glass-to-glass latency of live video: a simulated camera sends pictures that carry their number, Chromium plays
the stream, and each picture presented is read back: now, less the moment it was due at the camera. Prints a table and, as
the last line, JSON; exits 1 when a picture in the console's player was later than 5 s, or the player ever waited.

  --seconds     of viewing that count, 30 to 600, after ten in which the player finds its distance: how late pictures
                are then is printed, without a bar; that it never waits holds for them, too
  --ready-file  use the platform of a running \`npm start -- --ready-file PATH\` (default: SLUICE_READY_FILE, else one is
                started for the measurement)
  --only        players: the console's live wall; hls.js with its defaults, for comparison and without a bar`;

const BAR = 5;
const PLAYERS = {
  console: { name: "Sluice, the console's live wall", watch: watchConsole },
  defaults: { name: 'hls.js defaults, same stream', watch: watchDefaults },
} as const;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '45' },
    'ready-file': { type: 'string' },
    only: { type: 'string', default: Object.keys(PLAYERS).join(',') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const seconds = Number(values.seconds);
if (!(seconds >= 30 && seconds <= 600)) throw new RangeError('--seconds is 30 to 600');
const only = values.only.split(',');
for (const name of only) {
  if (!(name in PLAYERS)) throw new RangeError(`--only knows ${Object.keys(PLAYERS).join(', ')}`);
}

const log = (line: string): void => console.error(line);
const loadBefore = loadavg()[0]!;
const cases: (Figures & { readonly name: string })[] = [];
const bars: { name: string; value: number; unit: string; bar: number; holds: boolean }[] = [];
const judge = (name: string, value: number, unit: string, bar: number): void => {
  bars.push({ name, value, unit, bar, holds: value <= bar });
};

let running: Platform | undefined;
let vehicle: Vehicle | undefined;
const browser = await openBrowser();
try {
  running = await platform(values['ready-file'] ?? process.env['SLUICE_READY_FILE'], log);
  vehicle = await startVehicle(running);
  for (const [key, { name, watch }] of Object.entries(PLAYERS)) {
    if (!only.includes(key)) continue;
    log(`${name}: ${seconds} s`);
    const figures = await watch(browser, { url: running.url, vehicle, seconds });
    cases.push({ name, ...figures });
    if (key !== 'console') continue;
    judge('glass to glass, p50', figures.p50, 's', BAR);
    judge('glass to glass, the latest picture', figures.max, 's', BAR);
    judge('times the player waited', figures.stalls, '', 0);
  }
} finally {
  await browser.close();
  await vehicle?.close();
  await running?.close();
}
print();
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);

function print(): void {
  const memoryGiB = round(totalmem() / 1024 ** 3, 1);
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGiB,
    node: process.version,
    chromium: browser.version(),
    loadBefore: round(loadBefore, 2),
  };
  const { width, height, frameRate, kbitPerSecond } = PRESET;
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${memoryGiB} GiB, Node ${machine.node}, Chromium ${machine.chromium}; load before the run ${machine.loadBefore}`,
  );
  console.log(
    `${width}x${height} ${frameRate} fps ${kbitPerSecond} kbit/s at most, a keyframe every 2 s, segments of 2 s\n`,
  );
  console.log(
    `${'player'.padEnd(33)} pictures  start  at first    p50    p95    max  hls.js s  stalls  still ms  dropped`,
  );
  for (const one of cases) {
    const cell = (value: number | undefined, width: number, digits = 0) =>
      (value === undefined ? '-' : value.toFixed(digits)).padStart(width);
    console.log(
      [
        one.name.padEnd(33),
        cell(one.pictures, 8),
        cell(one.startUp, 6, 2),
        cell(one.maxAtFirst, 9, 2),
        cell(one.p50, 6, 2),
        cell(one.p95, 6, 2),
        cell(one.max, 6, 2),
        cell(one.hlsLatency, 9, 2),
        cell(one.stalls, 7),
        cell(one.longestStandstill, 9),
        cell(one.dropped, 8),
      ].join(' '),
    );
  }
  console.log();
  for (const { name, value, unit, bar, holds } of bars)
    console.log(`${holds ? 'holds        ' : 'DOES NOT HOLD'} ${name}: ${value} ${unit} (bar at most ${bar})`);
  console.log(JSON.stringify({ bench: 'glass', machine, cases, bars }));
}
