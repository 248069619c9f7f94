/** Calls of the API that bear a bad moment: tried again when the platform or the way to it is busy, signed in anew after 401. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResponseOf, RouteKey } from '../../lib/contract/api.ts';
import { ClientError } from '../client.ts';
import type { Access } from './access.ts';

/** Nothing goes on with it: for every file the same. */
export class FatalError extends Error {
  override name = 'FatalError';
}

/** Times something is tried, with waits that double from half a second: half a minute in all. */
export const TRIES = 7;

interface Options {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
}

export async function ask<K extends RouteKey>(
  access: Access,
  route: K,
  options: Options,
  signal: AbortSignal,
): Promise<ResponseOf<K>> {
  let renewed = false;
  return await again(async () => {
    try {
      return await access.client().call(route, options);
    } catch (error) {
      if (!(error instanceof ClientError) || error.status !== 401) throw error;
      if (renewed || !(await access.renew())) {
        throw new FatalError(
          'The token is not taken, or not any more. Run the same command again with a new one: it goes on where it was.',
          { cause: error },
        );
      }
      renewed = true;
      return await access.client().call(route, options);
    }
  }, signal);
}

/** Does `work` again as long as it fails for the moment only. Throws its last error, or the reason of `signal`. */
export async function again<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || attempt === TRIES) throw error;
      await sleep(500 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof FatalError) return false;
  // No answer at all: the network.
  if (!(error instanceof ClientError)) return true;
  return error.status >= 500 || error.status === 408 || (error.status === 429 && codeOf(error) === undefined);
}

/** The stable code of a problem document; undefined for other answers. */
export const codeOf = ({ body }: ClientError): string | undefined => (body as { code?: string } | undefined)?.code;

/** What went wrong, in the platform's own words where it has some. */
export function said(error: unknown): string {
  if (error instanceof ClientError) return (error.body as { detail?: string } | undefined)?.detail ?? error.message;
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' && message === 'fetch failed'
    ? `${message}: ${cause.message}`
    : message;
}
