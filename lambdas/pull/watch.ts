/** Of a pull under way: writes how far it is into the record, and notices when the video is deleted. */
import { logger } from '../shared/logger.ts';
import { changeVideo } from '../shared/videos.ts';
import { Gone } from './failure.ts';

/** Milliseconds between two writes. */
const EVERY = 3000;

export class Watch {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #videoId: string;
  readonly #total: number | undefined;
  #received: number;
  #writing = false;

  /** Bytes: `total` where it is known, and what was there before. */
  constructor(videoId: string, total: number | undefined, received: number, every = EVERY) {
    this.#videoId = videoId;
    this.#total = total;
    this.#received = received;
    this.#timer = setInterval(() => void this.#write(), every);
  }

  /** Ends what is under way: the video was deleted, or `stop` was called. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly stop = (reason: unknown): void => this.#abort.abort(reason);

  /** Counts bytes that came; less than 0 where they are to come again. */
  readonly add = (bytes: number): void => void (this.#received += bytes);

  /** To be called at the end, however it came. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.signal.aborted) await this.#write();
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    const [received, total] = [this.#received, this.#total];
    // 100 is for what is done.
    const progress = total ? Math.min(99, Math.round((received * 1000) / total) / 10) : 0;
    const set = { progress, bytes: { source: total ?? received, media: 0 } };
    try {
      if ((await changeVideo(this.#videoId, { set }, { from: ['uploading'] })) === undefined)
        this.stop(new Gone('deleted'));
    } catch (error) {
      // The next one may succeed; what is pulled meanwhile is not lost.
      logger.warn('progress not written', { videoId: this.#videoId, error: error as Error });
    } finally {
      this.#writing = false;
    }
  }
}
