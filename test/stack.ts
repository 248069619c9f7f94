/**
 * One running stack for all tests that need one. `SLUICE_READY_FILE` naming the file of a running `npm start` uses that
 * stack; otherwise one is started here and ended with the tests.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocal, type Ready } from '../local/stack.ts';

/** Lets a test see the end of what usually takes longer. */
const SHORT = { 'live.onDemandMinutes': '1', 'live.idleStopSeconds': '5' };

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['SLUICE_READY_FILE'];
  if (given !== undefined) {
    JSON.parse(await readFile(given, 'utf8'));
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const stack = await startLocal({ port: 0, context: SHORT, log: () => {} });
  const file = join(folder, 'ready.json');
  await writeFile(file, JSON.stringify(await stack.ready()));
  process.env['SLUICE_READY_FILE'] = file;
  return async () => {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  };
}

/** The running stack, as its ready file describes it. */
export function runningStack(): Ready {
  const file = process.env['SLUICE_READY_FILE'];
  if (file === undefined) throw new Error('no stack is running: start these tests through `npm test -- stack`');
  return JSON.parse(readFileSync(file, 'utf8')) as Ready;
}
