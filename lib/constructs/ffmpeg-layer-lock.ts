/** A lock file between processes of one machine, for builds that must not run twice at once. */
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks at a lock somebody else holds. */
const POLL = 500;
/** Milliseconds after which a lock counts as left behind although its owner cannot be checked (another host's). */
const OLDEST = 60 * 60 * 1000;

/**
 * Takes the lock at `path` and returns the function that gives it back, waiting while another live process holds it.
 * Returns undefined as soon as `done()` says that the other one finished what the lock was wanted for.
 */
export async function takeLock(
  path: string,
  done: () => boolean,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<(() => void) | undefined> {
  let said = false;
  for (;;) {
    signal?.throwIfAborted();
    if (create(path)) {
      if (!done()) return () => rmSync(path, { force: true });
      rmSync(path, { force: true });
      return undefined;
    }
    if (done()) return undefined;
    if (isStale(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!said) log(`another process is building it (${path}); waiting`);
    said = true;
    await sleep(POLL);
  }
}

function create(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, `${process.pid} ${hostname()}\n`);
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Left behind by a process that is gone. */
export function isStale(path: string, now = Date.now()): boolean {
  let text: string;
  let age: number;
  try {
    text = readFileSync(path, 'utf8');
    age = now - statSync(path).mtimeMs;
  } catch {
    return false; // given back in the meantime
  }
  const [pid, host] = text.trim().split(' ');
  // Created but not yet written: give its owner time to do so.
  if (!pid || !host) return age > 10_000;
  if (host !== hostname()) return age > OLDEST;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
