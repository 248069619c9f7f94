/** The synthesized app for the local run, kept while nothing it is made from changes: synthesizing is the slow part. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Everything templates and bundles are made from. */
const SOURCES = ['bin', 'lib', 'lambdas', 'containers', 'web', 'cdk.json', 'package-lock.json'];
/** One for the local run and those that the tests deploy; 90 MB each. */
const KEPT = 6;
/** Milliseconds in which whoever was given one has copied it: what is in use is not taken away by another run. */
const IN_USE = 3_600_000;

/** The folder of the assembly that `synthesize` makes, or made earlier of the same sources and `parameters`. */
export async function assembly(parameters: unknown, synthesize: (folder: string) => Promise<unknown>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(parameters));
  for (const source of SOURCES) await addToHash(hash, join(root, source), source);
  const all = cacheFolder('assembly');
  const folder = join(all, hash.digest('hex').slice(0, 32));
  if (existsSync(folder)) {
    await utimes(folder, new Date(), new Date());
    return folder;
  }
  await mkdir(all, { recursive: true });
  // Another run may make the same: whoever is first puts it in place.
  const draft = `${folder}.draft-${process.pid}`;
  try {
    await synthesize(draft);
    await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await prune(all);
  return folder;
}

async function addToHash(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  if ((await stat(path)).isFile()) {
    const content = await readFile(path);
    hash.update(`${name} ${content.length}\n`).update(content);
    return;
  }
  const entries = await readdir(path);
  for (const entry of entries.toSorted()) {
    if (entry === 'dist' || entry === 'node_modules') continue;
    await addToHash(hash, join(path, entry), `${name}/${entry}`);
  }
}

/** Keeps the newest few; what a killed run left half-made goes after an hour. */
async function prune(all: string): Promise<void> {
  const found = await Promise.all(
    (await readdir(all)).map(async (name) => ({ name, time: (await stat(join(all, name))).mtimeMs })),
  );
  const old = found.toSorted((a, b) => b.time - a.time);
  const unused = (time: number) => time < Date.now() - IN_USE;
  const drafts = old.filter(({ name, time }) => name.includes('.draft-') && unused(time));
  const surplus = old
    .filter(({ name }) => !name.includes('.draft-'))
    .slice(KEPT)
    .filter(({ time }) => unused(time));
  for (const { name } of [...drafts, ...surplus]) await rm(join(all, name), { recursive: true, force: true });
}
