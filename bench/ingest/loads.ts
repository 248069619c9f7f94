/** The load, spread over as many processes as there are cores for it, and what tells whether it was the limit. */
import { round } from './figures.ts';
import type { LoadMessage, AddStreams, LoadStats } from './load.ts';
import { cores, fileOf, Program } from './pinned.ts';

/** One core is the measured task's, one is for what stands in for AWS and for this program, which rest on two cores of three. */
const MOST = 4;
export const LOAD_PROCESSES = Math.max(1, Math.min(MOST, cores - 2));
/** Ids of one process, whose streams have each its own. */
const IDS = 1_000_000;

type Totals = Omit<LoadStats, 'cpuMs'> & {
  /** Of each process, from its start. */
  readonly cpuMs: readonly number[];
};

export class Loads {
  readonly #programs: readonly Program[];
  /** Streams of each. */
  readonly #counts: number[];

  constructor(processes = LOAD_PROCESSES) {
    this.#programs = Array.from(
      { length: processes },
      (_, i) => new Program(fileOf('load.ts'), { env: { LOAD_FIRST: String(i * IDS) } }),
    );
    this.#counts = this.#programs.map(() => 0);
  }

  /** Resolves when they stream. */
  async add(streams: AddStreams): Promise<void> {
    const shares = spread(streams.count, this.#programs.length);
    await this.#all(async (program, i) => {
      if (shares[i]! > 0) await program.ask({ ...streams, count: shares[i]! });
      this.#counts[i]! += shares[i]!;
    });
  }

  /** Streams go in handfuls: answers how many went, which may be a few more. */
  async drop(count: number): Promise<number> {
    const all = this.#counts.reduce((sum, one) => sum + one, 0);
    const dropped = await this.#all(async (program, i) => {
      const gone = await program.ask<number>({ do: 'drop', count: Math.ceil((count * this.#counts[i]!) / all) });
      this.#counts[i]! -= gone;
      return gone;
    });
    return dropped.reduce((sum, one) => sum + one, 0);
  }

  async stats(): Promise<Totals> {
    const each = await this.#all((program) => program.ask<LoadStats>({ do: 'stats' }));
    const sum = (name: keyof LoadStats) => each.reduce((total, stats) => total + stats[name], 0);
    return {
      streaming: sum('streaming'),
      pictures: sum('pictures'),
      skipped: sum('skipped'),
      locations: sum('locations'),
      answered: sum('answered'),
      online: sum('online'),
      cpuMs: each.map(({ cpuMs }) => cpuMs),
    };
  }

  /** Longest that anything was sent late since this was last asked: milliseconds. */
  async late(): Promise<number> {
    return Math.max(...(await this.#all((program) => program.ask<number>({ do: 'late' }))));
  }

  /** Control connections: one process makes enough of them. */
  async connect(message: Extract<LoadMessage, { do: 'connect' }>): Promise<void> {
    await this.#programs[0]!.ask(message);
  }

  async end(): Promise<void> {
    await this.#all((program) => program.end());
  }

  #all<T>(ask: (program: Program, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#programs.map(ask));
  }
}

/** For a window: what each process took of a core, and what all cores but the measured one were busy. */
export const loadUse = (after: readonly number[], before: readonly number[], boxMs: number, seconds: number) => ({
  loadCpu: after.map((ms, i) => round((ms - before[i]!) / 1000 / seconds, 3)),
  // Where nothing is pinned nobody can tell.
  boxBusy: Number.isNaN(boxMs) ? 0 : round(boxMs / 1000 / seconds / Math.max(1, cores - 1), 3),
});

/** `count` in so many parts that differ by one at most. */
export const spread = (count: number, parts: number): number[] =>
  Array.from({ length: parts }, (_, i) => Math.floor(((i + 1) * count) / parts) - Math.floor((i * count) / parts));
