/**
 * Memory for segments, used again and again. Were it allocated for each segment and left to the garbage collector, every
 * allocation would drive the collector on: that took a quarter of the task's time.
 */

export const BLOCK_BYTES = 32 * 1024;

export class Blocks {
  readonly #free: Buffer[] = [];
  /** The fewest that were free since the last {@link trim}: so many were not needed. */
  #spare = 0;

  take(): Buffer {
    const block = this.#free.pop();
    this.#spare = Math.min(this.#spare, this.#free.length);
    return block ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Nobody may read or write it any more. Blocks that are not given back are the garbage collector's. */
  give(block: Buffer): void {
    this.#free.push(block);
  }

  /** Lets go of what was not needed since it was last called. */
  trim(): void {
    this.#free.splice(0, this.#spare);
    this.#spare = this.#free.length;
  }
}

/** The process's. */
export const blocks = new Blocks();
