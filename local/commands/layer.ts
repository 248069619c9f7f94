/** `npm run layer`: makes sure the ffmpeg layer is built, then holds it against its bars. */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureLayer, LayerError, stopSignal, type LayerArch } from '../../lib/constructs/ffmpeg-layer-cache.ts';

/** Bytes: AWS allows 250 MiB for a function and all its layers; ours must stay far below. */
const MAX_BYTES = 20_000_000;
/** Milliseconds from spawn to exit of `ffmpeg -version`: slicing starts one for every step. */
const MAX_START = 10;
const STARTS = 20;

const HELP = `npm run layer -- [--arch x86_64|arm64]

Builds the layer's ffmpeg and ffprobe when this recipe has not been built on this machine (3 to 5 minutes), then
prints their sizes, protocols and start time. Exits with 1 when one of these does not hold:
  each binary under ${MAX_BYTES / 1e6} MB; protocols exactly file and pipe; start under ${MAX_START} ms (median of ${STARTS}).

  --arch  default: this machine's. Another machine's binaries are built but cannot be started, so only sizes are checked.
Environment: SLUICE_CACHE, SLUICE_FFMPEG_LAYER, DEBIAN_MIRROR, JOBS (docs/ffmpeg-layer.md).`;

const own: LayerArch = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** What `ffmpeg -protocols` lists, each once. */
function protocols(ffmpeg: string): string[] {
  const text = execFileSync(ffmpeg, ['-hide_banner', '-protocols'], { encoding: 'utf8' });
  return [
    ...new Set(
      text
        .split('\n')
        .filter((line) => line.startsWith('  '))
        .map((line) => line.trim()),
    ),
  ].toSorted();
}

/** Median milliseconds of starting the program and waiting for its end. */
function startTime(program: string): number {
  const times = Array.from({ length: STARTS }, () => {
    const begin = performance.now();
    const { status, error } = spawnSync(program, ['-version'], { stdio: 'ignore' });
    if (status !== 0) throw new LayerError(`${program} does not start`, { cause: error });
    return performance.now() - begin;
  }).toSorted((a, b) => a - b);
  return (times[STARTS / 2 - 1]! + times[STARTS / 2]!) / 2;
}

/** Prints the layer's figures and returns the bars it breaks. */
function inspect(folder: string, arch: LayerArch): string[] {
  const broken: string[] = [];
  for (const name of ['ffmpeg', 'ffprobe']) {
    const path = join(folder, 'bin', name);
    const { size, mode } = statSync(path);
    console.log(`${mode & 0o111 ? '-rwxr-xr-x' : '-rw-r--r--'} ${String(size).padStart(10)} ${path}`);
    if (size >= MAX_BYTES) broken.push(`${name} has ${size} bytes; the bar is ${MAX_BYTES}`);
    if (!(mode & 0o111)) broken.push(`${name} is not executable`);
  }
  if (arch !== own) {
    console.log(`protocols and start time: not checked, ${arch} does not run on this ${own} machine`);
    return broken;
  }
  const ffmpeg = join(folder, 'bin/ffmpeg');
  const found = protocols(ffmpeg);
  console.log(`protocols: ${found.join(', ')}`);
  if (found.join() !== 'file,pipe') broken.push(`protocols are ${found.join(', ')}; the bar is file and pipe only`);
  const start = startTime(ffmpeg);
  console.log(`start: ${start.toFixed(1)} ms (median of ${STARTS} runs of \`ffmpeg -version\`)`);
  if (start >= MAX_START) broken.push(`starting takes ${start.toFixed(1)} ms; the bar is ${MAX_START} ms`);
  return broken;
}

try {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, arch: { type: 'string', default: own } },
  });
  const arch = values.arch;
  if (values.help) {
    console.log(HELP);
  } else {
    if (arch !== 'x86_64' && arch !== 'arm64') throw new LayerError(`--arch is '${arch}'; it must be x86_64 or arm64`);
    const folder = await ensureLayer(arch, (line) => console.error(line), { signal: stopSignal() });
    const broken = inspect(folder, arch);
    console.log(`folder: ${folder}`);
    for (const bar of broken) console.error(`layer: ${bar}`);
    process.exitCode = broken.length > 0 ? 1 : 0;
  }
} catch (error) {
  if (!(error instanceof LayerError) && !(error instanceof TypeError)) throw error;
  console.error(`layer: ${error.message}`);
  process.exitCode = 1;
}
