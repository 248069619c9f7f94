/**
 * Memory for segments, used again and again. Were it allocated for each segment and left to the garbage collector, every
 * allocation would drive the collector on: that took a quarter of the task's time.
 */
import { Spares } from './spares.ts';

export const BLOCK_BYTES = 32 * 1024;

export class Blocks {
  readonly #spares = new Spares();

  take(): Buffer {
    return this.#spares.take() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Nobody may read or write it any more. */
  give(block: Buffer): void {
    this.#spares.give(block);
  }

  /** Lets go of what was not needed since it was last called. */
  trim(): void {
    this.#spares.trim();
  }
}

/** The process's. */
export const blocks = new Blocks();
