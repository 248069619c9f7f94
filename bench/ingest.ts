/** `npm run bench:ingest`: what one core of the ingest task carries, beside the usual design on the same H.264. */
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ffmpeg as layerFfmpeg, loadClip } from '../local/device/clip.ts';
import { clipTrack } from '../local/device/track.ts';
import { measureClassic, type ClassicResult } from './ingest/classic-case.ts';
import { measureIdle, measureLocations } from './ingest/control.ts';
import { measureWire } from './ingest/wire.ts';
import { measureEngine } from './ingest/engine-case.ts';
import { LOAD_PROCESSES } from './ingest/loads.ts';
import { kinds, MB, round, type Kind } from './ingest/figures.ts';
import { measureOurs, type OursResult } from './ingest/ours.ts';
import { cores, fileOf, pinning, pinOthers } from './ingest/pinned.ts';

const HELP = `npm run bench:ingest -- [--quick] [--only streams,engine,classic,idle,locations] [--kind d1|720p] [--profile DIR]
                              [--node-args=--max-semi-space-size=32]

Measures the ingest task on one core, and the usual design (collect frames, spawn ffmpeg for every segment) on the same
core and the same H.264. Prints a table and, as the last line, JSON; exits 1 when a bar does not hold. docs/benchmarks.md
says what is measured and what stands in for what. About 20 minutes; --quick takes under ten, with shorter windows, fewer tries,
no packets one by one of the small stream, and fewer idle connections.

  --only     parts to run; the bars of others are not judged
  --kind     only one of the two kinds of stream
  --profile  write CPU profiles of the measured task there
  --node-args  options of Node for the measured task beside those of its image, to try them out`;

const PARTS = ['streams', 'engine', 'classic', 'idle', 'locations'] as const;
const IDLE = 20_000;
const QUICK_IDLE = 5000;
const LOCATIONS = 10_000;
const BARS = { d1: { burst: 2000 }, '720p': { burst: 900, packet: 400 } } as const;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.join(',') },
    kind: { type: 'string' },
    profile: { type: 'string' },
    'node-args': { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const { quick, profile } = values;
const parts = new Set(values.only.split(','));
for (const part of parts)
  if (!(PARTS as readonly string[]).includes(part)) throw new RangeError(`--only knows ${PARTS.join(', ')}`);
const chosen = (['d1', '720p'] as const).filter((kind) => values.kind === undefined || kind === values.kind);
if (chosen.length === 0) throw new RangeError('--kind is d1 or 720p');

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The value must be at least that, or at most that. */
  readonly bar: number;
  readonly least: boolean;
}

const log = (line: string): void => console.error(line);
const cases: Record<string, unknown>[] = [];
const rows: string[] = [];
/** What a reader of the table must know. */
const notes: string[] = [];
const bars: (Bar & { readonly holds: boolean })[] = [];
const judge = (bar: Bar): void => {
  bars.push({ ...bar, holds: bar.least ? bar.value >= bar.bar : bar.value <= bar.bar });
};

const tracks: Partial<Record<Kind, { readonly packets: number; readonly duration: number }>> = {};
/** Microseconds. */
let wire: number | undefined;

pinOthers();
const busyBefore = loadavg()[0]!;
const scratch = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const bundle = await bundleServer();
  const options = { bundle, profile, nodeArgs: values['node-args'].split(' ').filter(Boolean) };
  for (const kind of chosen) tracks[kind] = await trackLength(kind);
  if (parts.has('streams')) {
    wire = await measureWire();
    cases.push({ name: 'a write of one packet, nothing else', microsOfCore: wire });
  }
  const ours: Partial<Record<Kind, OursResult>> = {};
  if (parts.has('streams'))
    for (const kind of chosen)
      for (const arrival of ['burst', 'packet'] as const) {
        if (quick && kind === 'd1' && arrival === 'packet' && chosen.length > 1) continue;
        log(`Sluice, ${kinds[kind].label}, ${arrival === 'burst' ? 'a burst per frame' : 'one write per packet'}`);
        const bar = (BARS[kind] as { burst: number; packet?: number })[arrival];
        const result = await measureOurs(options, { kind, arrival, quick, log, ...(bar !== undefined && { bar }) });
        if (arrival === 'burst') ours[kind] = result;
        report(kind, arrival, result, bar);
      }
  if (parts.has('engine')) {
    for (const kind of chosen) {
      log(`Sluice into the engine's S3, ${kinds[kind].label}`);
      const result = await measureEngine(options, { kind, arrival: 'burst', quick, log });
      cases.push({ name: 'Sluice into the S3 of the local engine', kind, ...result });
      row(
        `Sluice, engine's S3`,
        kind,
        'burst',
        result.streams,
        result.window?.cpuMsPerStreamSecond,
        undefined,
        result.window,
      );
    }
  }
  if (parts.has('classic')) await classic(ours);
  if (parts.has('idle')) {
    const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()) || Infinity;
    const count = Math.min(quick ? QUICK_IDLE : IDLE, limit - 200);
    log(`idle control connections: ${count}`);
    const result = await measureIdle(options, count, quick ? 3 : 10);
    const grown = (result.rss - result.idleRss) / count;
    const whole = (result.idleRss + grown * IDLE) / MB;
    const how =
      count === IDLE
        ? ''
        : `, extrapolated from ${count}${limit < IDLE + 200 ? `: this machine allows a process ${limit} files` : ''}`;
    cases.push({ name: 'idle control connections', ...result, bytesPerConnection: round(grown) });
    rows.push(
      `${count} idle control connections: ${round(result.rss / MB)} MB, ${round(grown / 1000, 1)} kB each, ${round(result.cpu * 100, 1)} % of the core`,
    );
    judge({
      name: `memory of a task with ${IDLE} idle control connections${how}`,
      value: round(whole),
      unit: 'MB',
      bar: 400,
      least: false,
    });
  }
  if (parts.has('locations')) {
    const offered = 1.1 * LOCATIONS;
    log(`location messages: ${offered} a second`);
    const result = await measureLocations(options, offered, quick ? 6 : 15);
    cases.push({ name: 'location messages', ...result });
    rows.push(
      `${result.answeredPerSecond} location messages a second answered of ${result.offeredPerSecond} sent: ${round(result.cpu * 100)} % of the core, ${result.cpuMicrosPerMessage} µs each; ` +
        `${result.stored} of ${result.taken} points stored in ${result.items} items`,
    );
    judge({
      name: 'location messages answered',
      value: result.answeredPerSecond,
      unit: '1/s',
      bar: LOCATIONS,
      least: true,
    });
    judge({
      name: 'points stored of those taken',
      value: round(result.stored / Math.max(1, result.taken), 4),
      unit: '',
      bar: 1,
      least: true,
    });
  }
  print();
} finally {
  await rm(scratch, { recursive: true, force: true });
}
process.exit(bars.every(({ holds }) => holds) ? 0 : 1);

function report(kind: Kind, arrival: 'burst' | 'packet', result: OursResult, bar: number | undefined): void {
  const { streams, atLeast, full, half } = result;
  const { bytesPerStream = 0, cpuMsPerStreamSecond } = full ?? half;
  cases.push({ name: 'Sluice', kind, arrival, ...result });
  row('Sluice', kind, arrival, streams, cpuMsPerStreamSecond, bytesPerStream, half, atLeast);
  const name = `${kinds[kind].label}, ${arrival === 'burst' ? 'bursts' : 'one write per packet'}`;
  if (bar !== undefined)
    judge({ name: `streams one core holds, ${name}`, value: full?.streams ?? 0, unit: 'streams', bar, least: true });
  judge({
    name: `p99 publish lag at half load (${half.streams} streams), ${name}`,
    value: half.p99,
    unit: 'ms',
    bar: 250,
    least: false,
  });
  judge({
    name: `memory per stream beyond its open segment, ${name}`,
    value: round(bytesPerStream / MB, 3),
    unit: 'MB',
    bar: 1,
    least: false,
  });
  judge({
    name: `memory per stream beyond its segments while S3 is silent for ${result.backlog.seconds} s, ${name}`,
    value: round(result.backlog.bytesPerStream / MB, 3),
    unit: 'MB',
    bar: 0.5,
    least: false,
  });
  if (result.limitOfLoad !== undefined)
    notes.push(
      `${name}: above ${streams} streams the load generator, not the task (${round((full ?? half).cpu * 100)} % of its core), was the limit: ${result.limitOfLoad}`,
    );
  if (wire === undefined || arrival === 'burst') return;
  // Of what is left of the other cores: what stands in for AWS runs there, too.
  const { packets, duration } = tracks[kind]!;
  const perSecond = packets / (duration / 1000);
  const { loadCpu, streams: at } = full ?? half;
  const micros = (loadCpu.reduce((sum, part) => sum + part, 0) * 1e6) / (at * perSecond);
  const most = Math.floor((LOAD_PROCESSES * 1e6) / (wire * perSecond));
  cases.push({ name: 'the load generator', kind, microsPerPacket: round(micros, 2), wireMicrosPerPacket: wire, most });
  notes.push(
    `${name}: a write of a packet takes ${wire} µs of this machine's loopback, by a loop that does nothing else, and ${round(micros, 2)} µs by the load generator; ` +
      `so ${LOAD_PROCESSES === 1 ? 'the one core there is for it writes' : `the ${LOAD_PROCESSES} cores there are for it write`} ${most} streams at most, whatever program it is`,
  );
}

/** Of a stream's loop, as the load sends it: how many packets, in how many ms. */
async function trackLength(kind: Kind): Promise<{ packets: number; duration: number }> {
  const { packetAt, duration } = clipTrack(await loadClip(kind), { simBytes: 6, sound: 'none' });
  return { packets: packetAt.length - 1, duration };
}

async function classic(ours: Partial<Record<Kind, OursResult>>): Promise<void> {
  const program = systemFfmpeg() ?? (await layerFfmpeg());
  for (const kind of chosen)
    for (const mode of ['copy', 'x264'] as const) {
      log(`${program} ${mode} for every segment, ${kinds[kind].label}`);
      const result: ClassicResult = await measureClassic({ kind, mode, ffmpeg: program, scratch, quick, log });
      const window = result.windows.find(({ streams }) => streams === result.streams);
      cases.push({ name: `spawn ffmpeg ${mode}`, ffmpeg: program, kind, arrival: 'burst', ...result });
      row(`ffmpeg ${mode} each segment`, kind, 'burst', result.streams, result.cpuMsPerStreamSecond, undefined, window);
      const mine = ours[kind];
      if (mine === undefined) continue;
      const bar = mode === 'copy' ? 20 : 100;
      const value = round(mine.streams / Math.max(1, result.streams), 1);
      judge({ name: `times the streams of ffmpeg ${mode}, ${kinds[kind].label}`, value, unit: 'x', bar, least: true });
    }
}

function row(
  name: string,
  kind: Kind,
  arrival: string,
  streams: number,
  cpuMs: number | undefined,
  bytes: number | undefined,
  lag: { readonly p50: number; readonly p99: number; readonly streams: number } | undefined,
  atLeast = false,
): void {
  const text = (value: number | undefined, digits: number) =>
    value === undefined ? '-' : round(value, digits).toString();
  rows.push(
    [
      name.padEnd(26),
      kinds[kind].label.padEnd(27),
      arrival.padEnd(7),
      `${atLeast ? '>= ' : ''}${streams}`.padStart(8),
      text(cpuMs, 2).padStart(8),
      text(bytes === undefined ? undefined : bytes / 1000, 0).padStart(8),
      text(lag?.p50, 0).padStart(6),
      text(lag?.p99, 0).padStart(6),
      `at ${lag?.streams ?? '-'}`,
    ].join(' '),
  );
}

function print(): void {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model,
    cores,
    pinned: pinning,
    memoryGiB: round(totalmem() / 1024 ** 3, 1),
    node: process.version,
    loadBefore: round(busyBefore, 2),
  };
  console.log(
    `${machine.cpu}, ${cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}; load before the run ${machine.loadBefore}${quick ? '; --quick' : ''}`,
  );
  if (!pinning)
    console.log('NOT PINNED: taskset (util-linux) or a second core is missing, so these are not figures of one core');
  console.log(`\n${'design'.padEnd(26)} ${'stream'.padEnd(27)} arrival  streams CPU ms/s kB/strm    p50    p99 ms`);
  for (const line of [...rows, ...notes]) console.log(line);
  console.log();
  for (const { name, value, unit, bar, least, holds } of bars)
    console.log(
      `${holds ? 'holds        ' : 'DOES NOT HOLD'} ${name}: ${value} ${unit} (bar ${least ? 'at least' : 'at most'} ${bar})`,
    );
  const judged = bars.map(({ name, value, unit, bar, holds }) => ({ name, value, unit, bar, holds }));
  console.log(JSON.stringify({ bench: 'ingest', machine, quick, cases, bars: judged }));
}

/** What a machine has that was not made for us: the usual design uses what the distribution gives it. */
function systemFfmpeg(): string | undefined {
  try {
    return execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** As lib/constructs/ingest-image.ts bundles the task. */
async function bundleServer(): Promise<string> {
  const outfile = join(scratch, 'server.mjs');
  await build({
    entryPoints: [fileOf('server.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return outfile;
}
