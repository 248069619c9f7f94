/** What a function's package is made of, and that a kept one is taken only while it would be made the same. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundle, stateOfSources } from '../../../lib/constructs/bundle.ts';

const ENTRY = 'console/publish.ts';
const more = { entry: ENTRY, afterBundling: (folder: string) => `echo more >"${folder}/more.txt"` };

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Name and content of every file of a package. */
async function files(one: Parameters<typeof bundle>[0], keep: string): Promise<Record<string, string>> {
  const output = join(folder, `out-${(count += 1)}`);
  await mkdir(output);
  bundle(one, output, keep);
  const read = (name: string) => readFile(join(output, name), 'utf8');
  return Object.fromEntries(
    await Promise.all((await readdir(output)).map(async (name) => [name, await read(name)] as const)),
  );
}

it('is one module with its source map that runs by itself, and what the command adds', async () => {
  const made = await files(more, '');
  expect(Object.keys(made).toSorted()).toEqual(['index.mjs', 'index.mjs.map', 'more.txt']);
  expect(made['more.txt']).toBe('more\n');
  const sources = (JSON.parse(made['index.mjs.map']!) as { sources: string[] }).sources;
  expect(sources.some((source) => source.endsWith('lambdas/console/publish.ts'))).toBe(true);
  expect(made['index.mjs']).not.toMatch(/^import .* from ["'](?!node:)[^"']*["']/m);
  const alone = join(folder, 'alone.mjs');
  await writeFile(alone, made['index.mjs']!);
  const script = `import { handler } from ${JSON.stringify(pathToFileURL(alone).href)}; console.log(typeof handler);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { SITE_BUCKET: 'site', DISTRIBUTION_ID: 'E1' },
  });
  expect(stdout).toBe('function\n');
});

it('holds the checksums of Kafka’s client too, which are in WebAssembly', async () => {
  const made = await files({ entry: 'insight/kafka/handler.ts' }, '');
  const alone = join(folder, 'kafka.mjs');
  await writeFile(alone, made['index.mjs']!);
  const script = `import { handler } from ${JSON.stringify(pathToFileURL(alone).href)}; console.log(typeof handler);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: {
      AWS_REGION: 'us-east-1',
      KAFKA: JSON.stringify({ brokers: ['localhost:9'], topic: 'reports', tls: true, sasl: 'none' }),
      KAFKA_DEAD_QUEUE: 'https://queue.example/dead.fifo',
    },
  });
  expect(stdout).toBe('function\n');
});

it('is kept where a folder is named, taken from there as it is, and nowhere else', async () => {
  const keep = join(folder, 'keep');
  const made = await files(more, keep);
  expect(await files(more, '')).toEqual(made);
  const [state] = await readdir(keep);
  expect(await readdir(join(keep, state!))).toEqual(['console-publish.ts']);
  await writeFile(join(keep, state!, 'console-publish.ts', 'more.txt'), 'kept');
  expect(await files(more, keep)).toEqual({ ...made, 'more.txt': 'kept' });
  expect(await files(more, '')).toEqual(made);
});

it('is made anew when anything changes that it is made from', async () => {
  const sources = join(folder, 'sources');
  const all = ['lambdas/a/b.ts', 'lib/contract/c.ts', 'web/src/d.tsx', 'package-lock.json', 'tsconfig.json'];
  for (const file of all) {
    await mkdir(join(sources, file, '..'), { recursive: true });
    await writeFile(join(sources, file), 'before');
  }
  const before = stateOfSources(sources);
  const other = join(folder, 'other');
  await cp(sources, other, { recursive: true });
  expect(stateOfSources(other)).toBe(before);
  expect(stateOfSources(sources, 'another mode')).not.toBe(before);
  for (const file of all) {
    await writeFile(join(sources, file), 'after');
    expect(stateOfSources(sources), file).not.toBe(before);
    await writeFile(join(sources, file), 'before');
    expect(stateOfSources(sources), file).toBe(before);
  }
  await writeFile(join(sources, 'lambdas/a/new.ts'), '');
  expect(stateOfSources(sources)).not.toBe(before);
});

it('leaves the packages of the latest few states of the sources', async () => {
  const keep = join(folder, 'few');
  for (let i = 0; i < 6; i += 1) await mkdir(join(keep, `state-${i}`), { recursive: true });
  await files({ entry: ENTRY }, keep);
  expect(await readdir(keep)).toHaveLength(4);
  expect((await readdir(keep)).filter((name) => !name.startsWith('state-'))).toHaveLength(1);
});
