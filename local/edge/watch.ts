/** Looks at the engine again and again. */

export interface Watcher {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

interface WatchOptions {
  look: (abortSignal: AbortSignal) => Promise<void>;
  /** Milliseconds between two looks. */
  interval: number;
  log: (line: string) => void;
  /** What is looked at, for the log. */
  what: string;
}

/** Looks at once and then every `interval`. What fails is logged once until it works again; it never throws. */
export function watch({ look, interval, log, what }: WatchOptions): Watcher {
  const stopping = new AbortController();
  let lastFailure = '';
  const run = async (): Promise<void> => {
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
