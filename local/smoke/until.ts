/** Waiting for what takes its time, and no longer than it may. */
import { setTimeout as sleep } from 'node:timers/promises';

export class SmokeError extends Error {
  override name = 'SmokeError';
}

/**
 * Asks again until there is an answer. @throws SmokeError after `seconds`, with what was last in the way; and at once what
 * is `final`, which waiting does not mend.
 */
export async function until<T>(
  what: string,
  seconds: number,
  signal: AbortSignal,
  look: () => Promise<T | undefined>,
  final: (error: unknown) => boolean = () => false,
): Promise<T> {
  let trouble = '';
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    signal.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      trouble = '';
    } catch (error) {
      if (final(error)) throw error;
      trouble = `: ${String(error)}`;
    }
    await sleep(250, undefined, { signal });
  }
  throw new SmokeError(`no ${what} within ${seconds} s${trouble}`);
}
