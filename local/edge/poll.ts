/** Looking at the engine again and again, for what deployed code has asked of CloudFront. */

export interface Watcher {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export interface PollOptions {
  /** Throws what went wrong; `signal` ends it. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  /** Called when it stops. */
  readonly done: () => void;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** What cannot be read when a look fails, such as `invalidations`. */
  readonly what: string;
  readonly log: (line: string) => void;
}

/** Looks at once and then every `interval`. What fails is logged once until it works again; it never throws. */
export function poll({ look, done, interval, what, log }: PollOptions): Watcher {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    let lastFailure = '';
    while (!stopping.signal.aborted) {
      try {
        await look(stopping.signal);
        lastFailure = '';
      } catch (error) {
        const failure = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        if (!stopping.signal.aborted && failure !== lastFailure) log(`${what} cannot be read: ${failure}`);
        lastFailure = failure;
      }
      await sleep(interval, stopping.signal);
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
      done();
    },
  };
}

/** Resolves after `ms`, or at once when stopped. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
