/** Python tools in private virtual environments, each made once and kept in the cache. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../lib/process.ts';
import { cacheFolder } from './cache.ts';

/** The folder of an environment that holds exactly these requirements (`name==version`). */
export async function pythonEnvironment(
  name: string,
  requirements: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  const id = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 12);
  const folder = cacheFolder('python', `${name}-${id}`);
  const done = join(folder, 'complete');
  if (existsSync(done)) return folder;
  log(`installing ${requirements.join(', ')}`);
  await mkdir(dirname(folder), { recursive: true });
  // Virtual environments hold their own path, so they are made in place; the marker says that one is whole.
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...requirements]);
  await mkdir(`${done}.part`);
  await rename(`${done}.part`, done);
  return folder;
}
