/**
 * Builds the ffmpeg layer once per recipe and keeps it in a cache folder of the user. No CDK in here, so that the local
 * run, the tests and `npm run layer` can have the layer without loading it. Run directly (`node
 * lib/constructs/ffmpeg-layer-cache.ts x86_64`) it ensures the layer and prints its folder.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ProcessError, start, StartError } from '../process.ts';
import { takeLock } from './ffmpeg-layer-lock.ts';

export type LayerArch = 'x86_64' | 'arm64';

/** The layer is not there and cannot be made here; the message says what to do. */
export class LayerError extends Error {
  override name = 'LayerError';
}

type Env = Readonly<Record<string, string | undefined>>;
type Log = (line: string) => void;

/** The folder that holds build.sh and everything it reads. */
const RECIPE = resolve(import.meta.dirname, '../../containers/ffmpeg-layer');

/** Exit code of build.sh when build tools are missing and it is not root. */
const TOOLS_MISSING = 3;

/** SHA-256 in hex over the architecture and the name and content of every file of the recipe. */
export function recipeHash(arch: LayerArch, recipe = RECIPE): string {
  const hash = createHash('sha256').update(`${arch}\n`);
  for (const name of readdirSync(recipe).toSorted()) {
    const content = readFileSync(join(recipe, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Where what takes long to make is kept: `$SLUICE_CACHE`, else `$XDG_CACHE_HOME/sluice`, else `~/.cache/sluice`. */
export const cacheBase = (env: Env = process.env): string =>
  resolve(env['SLUICE_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sluice'));

/** Where the layer of this recipe is or will be. */
export function layerFolder(arch: LayerArch, env: Env = process.env, recipe = RECIPE): string {
  return join(cacheBase(env), 'ffmpeg-layer', recipeHash(arch, recipe));
}

/** A layer folder given by hand in `SLUICE_FFMPEG_LAYER`, used as it is; undefined when the variable is not set. */
export function givenLayer(env: Env = process.env): string | undefined {
  const folder = env['SLUICE_FFMPEG_LAYER'];
  if (!folder) return undefined;
  if (!existsSync(folder)) throw new LayerError(`SLUICE_FFMPEG_LAYER is ${JSON.stringify(folder)}: no such folder`);
  return resolve(folder);
}

/** How a machine can build the layer. `none` carries the reason. */
export type Way = { by: 'native' } | { by: 'docker'; platform: string } | { by: 'none'; reason: string };

/** Facts of the machine that decide. `arch` is Node's name: `x64`, `arm64`. */
export interface Machine {
  platform: string;
  arch: string;
  osRelease: string;
  docker: boolean;
}

/**
 * Debian 12 builds natively, and cross-compiles arm64 on x86_64. Docker serves everywhere else; on x86_64 it also
 * cross-compiles rather than emulating a whole compiler.
 */
export function wayToBuild(arch: LayerArch, machine: Machine): Way {
  const own = machine.arch === 'x64' ? 'x86_64' : machine.arch;
  const compiles = own === arch || own === 'x86_64';
  const debian12 = /^ID="?debian"?$/m.test(machine.osRelease) && /^VERSION_ID="?12"?$/m.test(machine.osRelease);
  if (machine.platform === 'linux' && debian12 && compiles) return { by: 'native' };
  if (machine.docker)
    return {
      by: 'docker',
      platform: own === 'x86_64' || arch === 'x86_64' ? 'linux/amd64' : 'linux/arm64',
    };
  return {
    by: 'none',
    reason:
      `the ffmpeg layer for ${arch} is built on Debian 12${arch === 'x86_64' ? ' (x86_64)' : ''} or with Docker, and ` +
      'this machine has neither. Start Docker and try again, or copy a layer folder built elsewhere and name it in SLUICE_FFMPEG_LAYER',
  };
}

/**
 * The folder of the built layer (`bin/ffmpeg`, `bin/ffprobe`, `sbom.cdx.json`, `licenses/`), building it first when this
 * recipe has not been built here: 3 to 5 minutes. A killed build leaves nothing that looks finished, and concurrent
 * callers wait for one build. Throws LayerError when it cannot be built.
 */
export async function ensureLayer(
  arch: LayerArch,
  log: Log = (line) => process.stderr.write(`${line}\n`),
  { env = process.env, signal, recipe = RECIPE }: { env?: Env; signal?: AbortSignal; recipe?: string } = {},
): Promise<string> {
  const given = givenLayer(env);
  if (given) return given;
  const folder = layerFolder(arch, env, recipe);
  if (existsSync(folder)) return folder;

  mkdirSync(dirname(folder), { recursive: true });
  const unlock = await takeLock(`${folder}.lock`, () => existsSync(folder), log, signal);
  if (!unlock) return folder;
  const draft = `${folder}.draft-${process.pid}`;
  try {
    removeLeftovers(folder);
    await build(arch, recipe, draft, log, env, signal);
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
    unlock();
  }
  return folder;
}

/** `ensureLayer` for callers that cannot wait for a promise (a construct). Progress goes to stderr. */
export function ensureLayerSync(arch: LayerArch, env: Env = process.env): string {
  const given = givenLayer(env);
  if (given) return given;
  const folder = layerFolder(arch, env);
  if (existsSync(folder)) return folder;
  try {
    execFileSync(process.execPath, [import.meta.filename, arch], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } catch (cause) {
    throw new LayerError(`there is no ffmpeg layer for ${arch}; the reason is printed above`, {
      cause,
    });
  }
  return folder;
}

/** Drafts of killed builds. Only the holder of the lock may call this. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (path.startsWith(`${folder}.draft-`)) rmSync(path, { recursive: true, force: true });
  }
}

async function build(
  arch: LayerArch,
  recipe: string,
  draft: string,
  log: Log,
  env: Env,
  signal?: AbortSignal,
): Promise<void> {
  const docker = await hasDocker();
  const osRelease = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const machine = { platform: process.platform, arch: process.arch, osRelease, docker };
  let way = wayToBuild(arch, machine);
  if (way.by === 'native') {
    const { code, last } = await run(join(recipe, 'build.sh'), [draft], { ...env, TARGET_ARCH: arch }, log, signal);
    if (code === 0) return;
    if (code !== TOOLS_MISSING || !docker) throw new LayerError(`building the ffmpeg layer failed: ${last}`);
    log('no build tools here: using Docker instead');
    way = wayToBuild(arch, { ...machine, osRelease: '' });
  }
  if (way.by !== 'docker') throw new LayerError(way.by === 'none' ? way.reason : 'no way to build');
  const args = [
    'build',
    '--platform',
    way.platform,
    '--build-arg',
    `TARGET_ARCH=${arch}`,
    '--output',
    `type=local,dest=${draft}`,
  ];
  for (const name of ['DEBIAN_MIRROR', 'DEBIAN_SECURITY_MIRROR', 'JOBS']) {
    if (env[name]) args.push('--build-arg', `${name}=${env[name]}`);
  }
  const { code, last } = await run(
    'docker',
    [...args, '--progress', 'plain', recipe],
    { ...env, DOCKER_BUILDKIT: '1' },
    log,
    signal,
  );
  if (code !== 0) throw new LayerError(`building the ffmpeg layer with Docker failed: ${last}`);
  if (!existsSync(join(draft, 'bin/ffmpeg')))
    throw new LayerError('Docker built nothing: it needs BuildKit (docker 23 or newer)');
}

const interrupted = (): LayerError => new LayerError('building the ffmpeg layer was interrupted');

/** Whether a Docker daemon answers. */
async function hasDocker(): Promise<boolean> {
  return (await run('docker', ['version', '--format', '{{.Server.Version}}'], process.env, () => {})).code === 0;
}

/** A build that is stopped may take this long to end its compilers, milliseconds. */
const GRACE_MS = 30_000;

/** Runs a program with all it starts. `code` null: it cannot be started. `last` is the last line it printed. */
async function run(
  command: string,
  args: string[],
  env: Env,
  log: Log,
  signal?: AbortSignal,
): Promise<{ code: number | null; last: string }> {
  let last = '';
  const onLine = (line: string): void => {
    if (line.trim() !== '') last = line;
    log(line);
  };
  try {
    await start(command, args, { env, signal, onLine, together: true, group: { graceMs: GRACE_MS } }).done;
    return { code: 0, last };
  } catch (error) {
    if (signal?.aborted) throw interrupted();
    if (error instanceof StartError) return { code: null, last: `${command} cannot be started` };
    if (error instanceof ProcessError) return { code: error.code, last };
    throw error;
  }
}

/** Ends the build when this process is told to stop, or when the one that started it is gone. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const parent = process.ppid;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort(interrupted()));
  setInterval(() => process.ppid !== parent && stop.abort(interrupted()), 1000).unref();
  return stop.signal;
}

if (import.meta.main) {
  const arch = process.argv[2];
  try {
    if (arch !== 'x86_64' && arch !== 'arm64') throw new LayerError('usage: ffmpeg-layer-cache.ts x86_64|arm64');
    console.log(await ensureLayer(arch, undefined, { signal: stopSignal() }));
  } catch (error) {
    if (!(error instanceof LayerError)) throw error;
    console.error(`${error.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
