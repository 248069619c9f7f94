/** Functions that come when they are asked for: as many as are free, no faster than they may be started, some tried again. */
import { PARAMETERS as P } from './parameters.ts';

/** The same numbers for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Task {
  /** Of work, on the function's processors. */
  readonly seconds: number;
  /** When it may begin at the earliest. */
  readonly from: number;
  /** It copies: where functions are reserved, by others than those that encode. */
  readonly copy: boolean;
}

/** At a time: of all tasks together, or as a deployment reserves them (lib/concurrency.ts). */
export type Functions = number | { readonly copies: number; readonly chunks: number };

export interface Done {
  readonly ended: number;
  /** What is billed: work and start, of each try. */
  readonly billed: number;
  readonly tries: number;
}

/**
 * When each task ends, begun in their order. A function that is new starts cold; one whose task has ended takes the next.
 */
export function runAll(tasks: readonly Task[], at: Functions, chance: () => number): Done[] {
  const pool = (functions: number) => ({ functions, free: [] as number[] });
  const all = pool(typeof at === 'number' ? at : at.chunks);
  const copies = typeof at === 'number' ? all : pool(at.copies);
  return tasks.map(({ seconds, from, copy }, index) => {
    /** When each function there is has nothing to do. */
    const { free, functions } = copy ? copies : all;
    let at = from + index / P.mapStarts.value + P.step.value;
    let billed = 0;
    let tries = 0;
    for (;;) {
      tries += 1;
      const idle = free.findIndex((time) => time <= at);
      let cold = 0;
      let slot = idle;
      if (idle === -1 && free.length < functions) {
        slot = free.length;
        // A thousand at once, then a hundred a second.
        const ramp = Math.max(0, (slot + 1 - P.rampFunctions.value) / (P.rampFunctions.value / 10));
        at = Math.max(at, from + ramp);
        cold = P.coldStart.value * P.coldShare.value;
      } else if (idle === -1) {
        slot = free.indexOf(Math.min(...free));
        at = Math.max(at, free[slot]!);
      }
      const work = cold + (seconds / P.speed.value) * (1 + P.spread.value * (2 * chance() - 1));
      if (chance() >= P.retried.value) {
        free[slot] = at + work;
        return { ended: at + work, billed: billed + work, tries };
      }
      // Died somewhere on the way.
      const part = work * chance();
      free[slot] = at + part;
      billed += part;
      at += part + P.retryWait.value + P.step.value;
    }
  });
}
