/** The first load must stay small: what the browser fetches before the library shows, compressed as the edge does. */
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';
import { expect, test, vi } from 'vitest';

const LIMIT = 150_000;
const web = fileURLToPath(new URL('../../web', import.meta.url));

async function chunks(): Promise<Map<string, Rolldown.OutputChunk>> {
  // The test runner's own value would make this a development build.
  vi.stubEnv('NODE_ENV', 'production');
  const output = (await build({
    root: web,
    configFile: `${web}/vite.config.ts`,
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput | Rolldown.RolldownOutput[];
  const files = (Array.isArray(output) ? output : [output]).flatMap((one) => one.output);
  return new Map(files.filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
}

/** The entry and everything it imports statically. */
function firstLoad(all: Map<string, Rolldown.OutputChunk>): Rolldown.OutputChunk[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const next of all.get(name)?.imports ?? []) visit(next);
  };
  for (const chunk of all.values()) if (chunk.isEntry) visit(chunk.fileName);
  return [...found].map((name) => all.get(name)!);
}

test('first load is at most 150 kB of compressed script, without player, uploader or schema library', async () => {
  const all = await chunks();
  const first = firstLoad(all);
  const sizes = first.map((chunk) => [chunk.fileName, gzipSync(chunk.code).length] as const);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(first.some((chunk) => chunk.isEntry)).toBe(true);
  expect(total, `${total} bytes: ${JSON.stringify(sizes)}`).toBeLessThanOrEqual(LIMIT);

  const modules = first.flatMap((chunk) => Object.keys(chunk.modules));
  expect(modules.filter((id) => /node_modules\/(hls\.js|media-chrome|@uppy)\//.test(id))).toEqual([]);
  const everything = [...all.values()].flatMap((chunk) => Object.keys(chunk.modules));
  expect(everything.some((id) => id.includes('node_modules/hls.js/'))).toBe(true);
  expect(everything.filter((id) => id.includes('node_modules/zod/'))).toEqual([]);
  process.stdout.write(`first load: ${(total / 1000).toFixed(1)} kB compressed script in ${first.length} files\n`);
}, 60_000);
