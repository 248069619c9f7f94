/** `<sluice-player>` is one file that needs no other, and small for what it is. */
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';
import { expect, test, vi } from 'vitest';

/** Bytes, compressed as the edge does. hls.js is most of it. */
const LIMIT = 260_000;
const web = fileURLToPath(new URL('../../web', import.meta.url));

test('the player for other pages is one file of at most 260 kB compressed, without the console and its libraries', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const output = (await build({
    root: web,
    configFile: `${web}/player.config.ts`,
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  const files = output.output.filter(({ type, fileName }) => type === 'chunk' || !fileName.endsWith('.d.ts'));
  expect(files.map(({ fileName }) => fileName)).toEqual(['sluice-player.js']);
  const [chunk] = files as [Rolldown.OutputChunk];
  expect([...chunk.imports, ...chunk.dynamicImports]).toEqual([]);
  const modules = Object.keys(chunk.modules);
  expect(modules.filter((id) => /node_modules\/(react|react-dom|@mantine|zod|oidc-client-ts)\//.test(id))).toEqual([]);
  // Nothing is fetched from anybody else's server.
  expect(
    [...chunk.code.matchAll(/https?:\/\/(?!www\.w3\.org)[a-z0-9.-]+\.[a-z]+\/[^\s"'`)]*\.(?:js|css|wasm)/g)].map(
      String,
    ),
  ).toEqual([]);
  const size = gzipSync(chunk.code).length;
  expect(size).toBeLessThanOrEqual(LIMIT);
  process.stdout.write(`the player for other pages: ${(size / 1000).toFixed(1)} kB compressed\n`);
}, 60_000);
