/** Keeps the record's progress up to date while a chunk is encoded, and notices when the video is no longer wanted. */
import type { Plan } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { changeVideo } from '../shared/videos.ts';
import { percent } from './progress.ts';

/** The video was deleted, or has failed by another chunk; whoever sees this stops and tidies up. */
export class Stopped extends Error {
  override name = 'Stopped';
}

/** Milliseconds between two writes. */
const EVERY_MS = 2000;

export class Watch {
  readonly #plan: Plan;
  readonly #stop = new AbortController();
  #percent = 0;
  #due = 0;
  #writing: Promise<void> | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Aborts, with Stopped as its reason, once the video is not this run's any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Seconds encoded so far. Writes at most every two seconds, one write at a time. */
  progress(seconds: number): void {
    this.#percent = Math.max(this.#percent, percent(seconds, this.#plan.source.info.duration));
    if (this.#writing || Date.now() < this.#due) return;
    this.#due = Date.now() + EVERY_MS;
    this.#writing = this.check()
      // A missed update is no reason to lose the encode; being told to stop arrives through the signal.
      .catch((error: unknown) => {
        if (!(error instanceof Stopped)) logger.warn('progress not written', { error: error as Error });
      })
      .finally(() => (this.#writing = undefined));
  }

  /** Writes the progress under the run's guard. Throws Stopped when it does not hold. */
  async check(): Promise<void> {
    const { videoId, execution } = this.#plan;
    const change = { set: { progress: this.#percent } };
    const held = await changeVideo(videoId, change, { from: ['probed', 'playable'], execution });
    if (held) return;
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
