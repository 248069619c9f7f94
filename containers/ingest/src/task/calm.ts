/**
 * Collects garbage when there is time for it. V8 collects when memory is asked for, and an idle task asks for none: what
 * twenty thousand devices leave behind in connecting would stay.
 */
import { performance } from 'node:perf_hooks';

/** Calls of `tick` from one measurement to the next. */
const EVERY = 5;
/** While the event loop works for less than this part of the time, nobody notices a pause. */
const CALM = 0.35;
/** Growth that is worth a pause, bytes, and the least time from one pause to the next, milliseconds. */
const WORTH = 64 * 1024 * 1024;
const REST_MS = 30_000;

export interface Collector {
  /** Absent where Node runs without `--expose-gc`: then nothing happens here. */
  readonly collect: (() => void) | undefined;
  /** Bytes of the process. */
  readonly rss: () => number;
  /** Since it was last asked: 0 to 1. */
  readonly utilization: () => number;
}

export class CalmCollection {
  readonly #collector: Collector;
  #calls = 0;
  #rss: number;
  #at = -Infinity;

  constructor(collector: Collector = v8Collector()) {
    this.#collector = collector;
    this.#rss = collector.rss();
  }

  /** Call it once a second. `now`: monotonic milliseconds. */
  tick(now: number): void {
    const { collect, rss, utilization } = this.#collector;
    this.#calls += 1;
    if (collect === undefined || this.#calls % EVERY !== 0) return;
    const isCalm = utilization() < CALM;
    if (!isCalm || now - this.#at < REST_MS || rss() - this.#rss < WORTH) return;
    collect();
    this.#at = now;
    // What is left is in use: only growth beyond it is worth another pause.
    this.#rss = rss();
  }
}

function v8Collector(): Collector {
  const { gc } = globalThis;
  let last = performance.eventLoopUtilization();
  return {
    collect: gc && (() => gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })),
    rss: () => process.memoryUsage.rss(),
    utilization: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
  };
}
