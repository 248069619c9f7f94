/**
 * Trying again what failed for the moment: after waits that double, and at once when the browser is online again. As long as
 * it takes: whoever waits is told why, and ends it by the signal.
 */
import { ApiProblem } from '../api/problem.ts';

/** Why something is tried again. `status`: of HTTP, where an answer came. */
export interface Trouble {
  readonly kind: 'offline' | 'unreachable' | 'server' | 'busy';
  readonly status?: number;
  /** What the platform says of it, where it says something. */
  readonly said?: string;
}

/** S3's answer to a part that is no success; status 0 where none came. */
export class StorageProblem extends Error {
  override name = 'StorageProblem';
  readonly status: number;
  /** Of S3's error document; empty where there is none. */
  readonly code: string;

  constructor(status: number, code = '') {
    const what = `HTTP ${status}${code === '' ? '' : `, ${code}`}`;
    super(status === 0 ? 'The storage does not answer.' : `The storage refused a part of it (${what}).`);
    this.status = status;
    this.code = code;
  }
}

/** The code in an error document of S3; empty where there is none. */
export const codeIn = (document: string): string => /<Code>(\w{1,100})<\/Code>/.exec(document)?.[1] ?? '';

/** The browser can read the file no more. */
export class Unreadable extends Error {
  override name = 'Unreadable';
}

/** Milliseconds. The longest is what a person waits at most where no browser says that the network is back. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Of S3's answers HTTP 400: the line stood still, cut it short or garbled it, or what signed the address has ended. */
const PASSING_CODES = new Set(['RequestTimeout', 'IncompleteBody', 'BadDigest', 'ExpiredToken']);
/** Times that any other 400 is tried again: it may still be the line's doing, and would else be said for ever to pass. */
const DOUBTS = 5;

/** What passes by itself, or may (`isDoubtful`); undefined for what does not. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof Unreadable) return undefined;
  if (error instanceof ApiProblem) {
    const { status, message } = error;
    if (status === 0) return { kind: 'unreachable' };
    if (status === 429) return { kind: 'busy', status, said: message };
    return status === 408 || status >= 500 ? { kind: 'server', status } : undefined;
  }
  if (error instanceof StorageProblem) {
    const { status } = error;
    if (status === 0) return { kind: 'unreachable' };
    // 403: its address has ended while it was sent; the next one is signed anew.
    return [400, 403, 408, 429].includes(status) || status >= 500 ? { kind: 'server', status } : undefined;
  }
  // What fetch throws where no answer comes, and what ends an attempt: offline, or a time that is over.
  const isNetwork = error instanceof TypeError || error instanceof DOMException;
  return isNetwork ? { kind: 'unreachable' } : undefined;
}

export const isDoubtful = (error: unknown): boolean =>
  error instanceof StorageProblem && error.status === 400 && !PASSING_CODES.has(error.code);

/** Milliseconds before the next try, with `failures` behind it. `random`: 0 to 1, so that not all come at the same moment. */
export const waitAfter = (failures: number, random: number): number =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(10, failures - 1)) * (0.75 + random / 4);

interface Host {
  /** Hears `online` and `offline`, as `window` does. */
  readonly events: EventTarget;
  readonly isOnline: () => boolean;
}

/** This browser's way to the network. */
export class Line {
  readonly #host: Host;
  /** Hears `now` when somebody does not want to wait. */
  readonly #nudges = new EventTarget();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Whoever waits tries now. */
  nudge(): void {
    this.#nudges.dispatchEvent(new Event('now'));
  }

  /**
   * Does `work` until it succeeds or fails for good. Throws its last error, or the reason of `signal`. The signal that `work` is
   * given also ends with the network: what hangs in it would not know for minutes.
   */
  async again<T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
    tell: (trouble: Trouble) => void,
  ): Promise<T> {
    let doubts = 0;
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      const attempt = new AbortController();
      const cut = () => attempt.abort(new DOMException('offline', 'NetworkError'));
      this.#host.events.addEventListener('offline', cut);
      try {
        return await work(AbortSignal.any([signal, attempt.signal]));
      } catch (error) {
        signal.throwIfAborted();
        const trouble = troubleOf(error);
        if (isDoubtful(error)) doubts += 1;
        if (trouble === undefined || doubts > DOUBTS) throw error;
        tell(this.#host.isOnline() || trouble.kind !== 'unreachable' ? trouble : { kind: 'offline' });
      } finally {
        this.#host.events.removeEventListener('offline', cut);
      }
      await this.#pause(waitAfter(failures, Math.random()), signal);
    }
  }

  /** Until so many milliseconds have passed, the browser is online again, or somebody nudges. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const over = new AbortController();
      const end = () => {
        clearTimeout(timer);
        over.abort();
        resolve();
      };
      const timer = setTimeout(end, ms);
      const until = { signal: over.signal };
      this.#host.events.addEventListener('online', end, until);
      this.#nudges.addEventListener('now', end, until);
      signal.addEventListener('abort', end, until);
    });
  }
}
