/** The cache around the build: what names it, who may build, and that nothing half-made is ever taken for a layer. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  ensureLayer,
  LayerError,
  layerFolder,
  recipeHash,
  wayToBuild,
  type LayerArch,
  type Machine,
} from '../../../lib/constructs/ffmpeg-layer-cache.ts';
import { isStale } from '../../../lib/constructs/ffmpeg-layer-lock.ts';
import { FfmpegLayer } from '../../../lib/constructs/ffmpeg-layer.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-layer-cache-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const fresh = (): string => mkdtempSync(join(root, 'x-'));
const debian = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
const own: LayerArch = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const machine: Machine = {
  platform: process.platform,
  arch: process.arch,
  osRelease: debian,
  docker: false,
};
const native = wayToBuild(own, machine).by === 'native';

function recipe(script: string): string {
  const folder = fresh();
  writeFileSync(join(folder, 'build.sh'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'build.sh'), 0o755);
  return folder;
}

describe('recipeHash', () => {
  it('follows architecture, names and content, and nothing else', () => {
    const folder = recipe('true');
    const base = recipeHash('x86_64', folder);
    expect(recipeHash('x86_64', folder)).toBe(base);
    expect(recipeHash('arm64', folder)).not.toBe(base);
    writeFileSync(join(folder, 'more'), '');
    const more = recipeHash('x86_64', folder);
    expect(more).not.toBe(base);
    writeFileSync(join(folder, 'more'), 'x');
    expect(recipeHash('x86_64', folder)).not.toBe(more);
    rmSync(join(folder, 'more'));
    expect(recipeHash('x86_64', folder)).toBe(base);
  });

  it('names the cache folder, under the first of three places that is set', () => {
    const hash = recipeHash('arm64');
    expect(layerFolder('arm64', { SLUICE_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe(`/a/ffmpeg-layer/${hash}`);
    expect(layerFolder('arm64', { XDG_CACHE_HOME: '/b' })).toBe(`/b/sluice/ffmpeg-layer/${hash}`);
    expect(layerFolder('arm64', {})).toMatch(new RegExp(`/.cache/sluice/ffmpeg-layer/${hash}$`));
  });
});

describe('wayToBuild', () => {
  const twelve = 'ID=debian\nVERSION_ID="12"\n';
  it.each<[LayerArch, Partial<Machine>, string]>([
    ['x86_64', { arch: 'x64', osRelease: twelve }, 'native'],
    ['arm64', { arch: 'x64', osRelease: twelve }, 'native'],
    ['arm64', { arch: 'arm64', osRelease: twelve }, 'native'],
    ['x86_64', { arch: 'arm64', osRelease: twelve }, 'none'],
    ['x86_64', { arch: 'arm64', osRelease: twelve, docker: true }, 'docker linux/amd64'],
    ['x86_64', { arch: 'x64', osRelease: 'ID=debian\nVERSION_ID="13"\n', docker: true }, 'docker linux/amd64'],
    ['arm64', { arch: 'x64', osRelease: 'ID=ubuntu\n', docker: true }, 'docker linux/amd64'],
    ['arm64', { arch: 'arm64', platform: 'darwin', docker: true }, 'docker linux/arm64'],
    ['x86_64', { arch: 'x64', osRelease: 'ID=ubuntu\n' }, 'none'],
  ])('%s on %o: %s', (arch, facts, expected) => {
    const way = wayToBuild(arch, {
      platform: 'linux',
      arch: 'x64',
      osRelease: '',
      docker: false,
      ...facts,
    });
    expect(way.by === 'docker' ? `docker ${way.platform}` : way.by).toBe(expected);
  });

  it('says what to do when there is none', () => {
    const way = wayToBuild('arm64', { platform: 'darwin', arch: 'arm64', osRelease: '', docker: false });
    expect(way).toEqual({ by: 'none', reason: expect.stringMatching(/arm64 .*Start Docker .* SLUICE_FFMPEG_LAYER/) });
  });
});

describe('a lock', () => {
  it('is stale when its process is gone, and only then', () => {
    const path = join(fresh(), 'lock');
    const dead = spawnSync('true').pid;
    const hour = 60 * 60 * 1000;
    const cases: [string, number, boolean][] = [
      [`${process.pid} ${hostname()}`, 5 * hour, false],
      [`${dead} ${hostname()}`, 0, true],
      ['1 elsewhere', 0, false],
      ['1 elsewhere', 2 * hour, true],
      ['', 0, false],
      ['', 60_000, true],
    ];
    for (const [text, age, stale] of cases) {
      writeFileSync(path, text);
      expect(isStale(path, Date.now() + age), `${text} after ${age} ms`).toBe(stale);
    }
    rmSync(path);
    expect(isStale(path)).toBe(false);
  });
});

// These run a stand-in recipe natively; where this machine would take Docker, Docker's own build is not tried here.
describe.runIf(native)('ensureLayer (native; needs Debian 12)', () => {
  const quiet = (): void => {};

  it('builds once for concurrent callers, then takes it from the cache', async () => {
    const env = { ...process.env, SLUICE_FFMPEG_LAYER: '', SLUICE_CACHE: fresh(), COUNT: join(fresh(), 'count') };
    const slow = recipe('echo built >>"$COUNT"; mkdir -p "$1/bin"; sleep 0.3; echo $TARGET_ARCH >"$1/bin/ffmpeg"');
    const folders = await Promise.all([1, 2, 3].map(() => ensureLayer(own, quiet, { env, recipe: slow })));
    const folder = layerFolder(own, env, slow);
    expect(folders).toEqual([folder, folder, folder]);
    expect(await ensureLayer(own, quiet, { env, recipe: slow })).toBe(folder);
    expect(readFileSync(env.COUNT, 'utf8')).toBe('built\n');
    expect(readFileSync(join(folder, 'bin/ffmpeg'), 'utf8')).toBe(`${own}\n`);
    expect(readdirSync(dirname(folder))).toEqual([recipeHash(own, slow)]);
  });

  it('leaves nothing when the build fails, and says its last words', async () => {
    const env = { ...process.env, SLUICE_FFMPEG_LAYER: '', SLUICE_CACHE: fresh() };
    const bad = recipe('mkdir -p "$1/bin"; echo "no luck today" >&2; exit 1');
    await expect(ensureLayer(own, quiet, { env, recipe: bad })).rejects.toThrow(/failed: no luck today/);
    expect(readdirSync(join(env.SLUICE_CACHE, 'ffmpeg-layer'))).toEqual([]);
  });

  it('leaves nothing and no process when it is stopped', async () => {
    const env = { ...process.env, SLUICE_FFMPEG_LAYER: '', SLUICE_CACHE: fresh(), PIDS: join(fresh(), 'pids') };
    const endless = recipe('mkdir -p "$1/bin"; sleep 60 & echo $! >"$PIDS"; echo started; wait');
    const stop = new AbortController();
    const building = ensureLayer(own, (line) => line === 'started' && stop.abort(), {
      env,
      recipe: endless,
      signal: stop.signal,
    });
    await expect(building).rejects.toThrow(/interrupted/);
    expect(readdirSync(join(env.SLUICE_CACHE, 'ffmpeg-layer'))).toEqual([]);
    const pid = Number(readFileSync(env.PIDS, 'utf8'));
    // Its parent is gone too: whoever adopts it takes a moment to reap it.
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), 30_000);
  });

  it('clears what a killed build left behind', async () => {
    const env = { ...process.env, SLUICE_FFMPEG_LAYER: '', SLUICE_CACHE: fresh() };
    const quick = recipe('mkdir -p "$1/bin"; touch "$1/bin/ffmpeg"');
    const folder = layerFolder(own, env, quick);
    mkdirSync(`${folder}.draft-1/bin`, { recursive: true });
    writeFileSync(`${folder}.lock`, `${spawnSync('true').pid} ${hostname()}\n`);
    await ensureLayer(own, quiet, { env, recipe: quick });
    expect(readdirSync(dirname(folder))).toEqual([recipeHash(own, quick)]);
  });
});

describe('a layer given by hand', () => {
  it('is used as it is', async () => {
    const folder = fresh();
    expect(await ensureLayer(own, undefined, { env: { SLUICE_FFMPEG_LAYER: folder } })).toBe(folder);
  });

  it('must exist', async () => {
    const env = { SLUICE_FFMPEG_LAYER: join(root, 'nowhere') };
    await expect(ensureLayer(own, undefined, { env })).rejects.toThrow(LayerError);
    await expect(ensureLayer(own, undefined, { env })).rejects.toThrow(/SLUICE_FFMPEG_LAYER/);
  });
});

describe('FfmpegLayer', () => {
  it('states architecture and licence', () => {
    const folder = fresh();
    writeFileSync(join(folder, 'any'), 'content');
    const stack = new Stack(new App(), 'Test');
    new FfmpegLayer(stack, 'Ffmpeg', { architecture: 'arm64', folder });
    const layers = Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion');
    expect(Object.values(layers).map((one) => one['Properties'])).toEqual([
      expect.objectContaining({ CompatibleArchitectures: ['arm64'], LicenseInfo: 'GPL-2.0-or-later' }),
    ]);
  });

  it('is one asset, named by its recipe, when it comes from the cache', () => {
    const cache = fresh();
    const { SLUICE_CACHE, SLUICE_FFMPEG_LAYER } = process.env;
    process.env['SLUICE_CACHE'] = cache;
    delete process.env['SLUICE_FFMPEG_LAYER'];
    try {
      const folder = layerFolder('x86_64');
      mkdirSync(join(folder, 'bin'), { recursive: true });
      writeFileSync(join(folder, 'bin/ffmpeg'), 'stands in for the binary');
      const stack = new Stack(new App(), 'Test');
      new FfmpegLayer(stack, 'Ffmpeg', { architecture: 'x86_64' });
      const { Content } = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'))[0]![
        'Properties'
      ];
      // CDK names an asset by the SHA-256 of the hash it is given.
      const name = createHash('sha256').update(recipeHash('x86_64')).digest('hex');
      expect(Content.S3Key).toBe(`${name}.zip`);
    } finally {
      restore('SLUICE_CACHE', SLUICE_CACHE);
      restore('SLUICE_FFMPEG_LAYER', SLUICE_FFMPEG_LAYER);
    }
  });

  function restore(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});
