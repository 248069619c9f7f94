/** `npm run bench:slicing`: what slicing in chunks costs and how good it is, beside one ffmpeg process over the whole file. */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readConfig } from '../lib/config.ts';
import { ensureLayer } from '../lib/constructs/ffmpeg-layer-cache.ts';
import { measureCase, rows, type Case } from './slicing/case.ts';
import { barsOf } from './slicing/bars.ts';
import { committed } from './slicing/measured.ts';
import { longestShare } from './slicing/model.ts';
import { makeSource } from './slicing/source.ts';
import { film } from './slicing/synthetic.ts';
import { atMost, machine, sayBars, table } from './report.ts';

const HELP = `npm run bench:slicing -- [--quick] [--minutes 10,30] [--preset veryfast] [--folder DIR]

Slices generated sources (1080p30 H.264 with noise and motion) the classic way, one ffmpeg process over the whole file, and
ours, function by function in sequence, with the layer's ffmpeg for both. Prints a table and, as the last line, JSON; exits
1 when a bar does not hold.

  --quick    two minutes of source: less than 12 minutes on two processors
  --minutes  lengths of the sources (default 10,30: some hours)
  --preset   x264's (default: slicing.preset)
  --folder   where sources and results go and stay; without it a temporary one that is removed

Sources are made, and results compared, by an ffmpeg with the filters noise and ssim: FFMPEG_MAKER, else the one on PATH
(Debian: apt-get install ffmpeg).`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10,30' },
    preset: { type: 'string' },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const lengths = values.quick ? [2] : values.minutes.split(',').map(Number);
if (!lengths.every((minutes) => minutes >= 0.5 && minutes <= 240)) throw new RangeError('--minutes are 0.5 to 240');

const maker = process.env['FFMPEG_MAKER'] ?? 'ffmpeg';
const filters = spawnSync(maker, ['-hide_banner', '-filters'], { encoding: 'utf8' }).stdout ?? '';
if (!(/ noise /.test(filters) && / ssim /.test(filters)))
  throw new Error('an ffmpeg with the filters noise and ssim is needed (Debian: apt-get install ffmpeg)');

const log = (line: string): void => console.error(line);
const bin = join(await ensureLayer(process.arch === 'arm64' ? 'arm64' : 'x86_64'), 'bin');
process.env['FFMPEG_PATH'] ??= join(bin, 'ffmpeg');
process.env['FFPROBE_PATH'] ??= join(bin, 'ffprobe');
const config = readConfig((key) => (key === 'environments' ? { dev: {} } : undefined));
const preset = values.preset ?? config.slicing.preset;

const started = machine();
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), 'sluice-bench-')));
const cases: Case[] = [];
try {
  const worker = await bundle();
  for (const minutes of lengths) {
    log(`${minutes} min: making the source`);
    const source = await makeSource(folder, minutes, maker);
    const out = join(folder, `${minutes}`);
    await rm(out, { recursive: true, force: true });
    await mkdir(out, { recursive: true });
    cases.push(await measureCase({ minutes, source, out, config, preset, maker, worker }, log));
  }
} finally {
  if (values.folder === undefined) await rm(folder, { recursive: true, force: true });
}

const bars = [
  ...cases.flatMap((one) => barsOf(one, lengths.length > 1 ? `${one.minutes} min: ` : '')),
  // By the plan of half an hour and what a second took in the longest source.
  atMost(
    'longest chunk of 30 minutes over the whole CPU',
    longestShare(film(30 * 60), false, { config, costs: { ...committed(preset), ...cases.at(-1)!.costs } }),
    '',
    1 / 40,
  ),
];
console.log(`${started.cpu}, ${started.cores} cores, Node ${started.node}; load before the run ${started.load}\n`);
for (const one of cases) console.log(`${rows(one).map(table).join('\n\n')}\n`);
console.log(sayBars(bars));
console.log(JSON.stringify({ bench: 'slicing', machine: started, cases, bars }));
process.exitCode = bars.every(({ holds }) => holds) ? 0 : 1;

/** The measured functions, as lib/constructs/function.ts has CDK bundle them. */
async function bundle(): Promise<string> {
  const outfile = join(folder, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./slicing/worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return outfile;
}
