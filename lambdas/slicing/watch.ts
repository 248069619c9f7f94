/** Keeps the record's progress up to date while a chunk is encoded, and notices when the video is no longer wanted. */
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import { logger } from '../shared/logger.ts';
import { changeVideo } from '../shared/videos.ts';
import { countChunk, raiseProgress } from './done.ts';
import { percent } from './progress.ts';

/** The video was deleted, or has failed by another chunk; whoever sees this stops and tidies up. */
export class Stopped extends Error {
  override name = 'Stopped';
}

/** Milliseconds between two writes. */
const EVERY_MS = 2000;

export class Watch {
  readonly #plan: Plan;
  readonly #chunk: Chunk;
  readonly #stop = new AbortController();
  #percent = 0;
  #due = 0;
  #writing: Promise<void> | undefined;

  constructor(plan: Plan, chunk: Chunk) {
    this.#plan = plan;
    this.#chunk = chunk;
  }

  /** Aborts, with Stopped as its reason, once the video is not this run's any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Seconds of the chunk encoded so far. Writes at most every two seconds, one write at a time. */
  progress(seconds: number): void {
    // Of several chunks nobody knows the others' seconds: what counts is how many are done.
    if (this.#whole) this.#percent = Math.max(this.#percent, percent(seconds, this.#plan.source.info.duration));
    if (this.#writing || Date.now() < this.#due) return;
    this.#due = Date.now() + EVERY_MS;
    this.#writing = this.check()
      // A missed update is no reason to lose the encode; being told to stop arrives through the signal.
      .catch((error: unknown) => {
        if (!(error instanceof Stopped)) logger.warn('progress not written', { error: error as Error });
      })
      .finally(() => (this.#writing = undefined));
  }

  get #whole(): boolean {
    // Of a video that is ready the progress is over, whatever is made besides.
    return this.#plan.timescale === null && this.#plan.ladder !== true;
  }

  /** Writes the progress under the run's guard. Throws Stopped when it does not hold. */
  async check(): Promise<void> {
    const { videoId, execution } = this.#plan;
    const change = this.#whole ? { set: { progress: this.#percent } } : {};
    // A task that was thought lost may go on while others end without it: what it writes is the same.
    const from = this.#whole ? (['probed', 'playable'] as const) : (['probed', 'playable', 'ready'] as const);
    const held = await changeVideo(videoId, change, { from, execution });
    if (!held) this.#abort();
  }

  /** The task is done; done again after a retry it counts once. Answers all that are. Throws Stopped like `check`. */
  async done(): Promise<ReadonlySet<number>> {
    if (this.#plan.timescale === null) {
      await this.check();
      return new Set([this.#chunk.index]);
    }
    const done = await countChunk(this.#plan, this.#chunk.index);
    if (done === undefined) return this.#abort();
    await raiseProgress(this.#plan, percent(done.size, this.#plan.chunkCount));
    return done;
  }

  #abort(): never {
    const stopped = new Stopped('the video is no longer being sliced by this run');
    this.#stop.abort(stopped);
    throw stopped;
  }

  /** No more writes after this: one that is under way would set the progress back once the next step has begun. */
  async end(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    await this.#writing;
  }
}
