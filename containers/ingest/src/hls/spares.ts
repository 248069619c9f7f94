/** Buffers that are used again: the latest given back is the first taken. */
export class Spares {
  readonly #free: Buffer[] = [];
  /** The fewest that were free since the last {@link trim}: so many were not needed. */
  #unneeded = 0;

  take(): Buffer | undefined {
    const buffer = this.#free.pop();
    this.#unneeded = Math.min(this.#unneeded, this.#free.length);
    return buffer;
  }

  /** Nobody may read or write it any more. One that is not given back is the garbage collector's. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }

  /** Lets go of what was not needed since it was last called. */
  trim(): void {
    this.#free.splice(0, this.#unneeded);
    this.#unneeded = this.#free.length;
  }
}
