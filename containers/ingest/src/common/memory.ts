/** What a task holds in memory for all its connections together, beside the limits of each. */

/** One sum in equal shares: each stream's buffer is bounded, and so is what all of them hold. */
export class Shares {
  readonly #bytes: number;
  #holders = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  enter(): void {
    this.#holders += 1;
  }

  leave(): void {
    this.#holders -= 1;
  }

  /** Bytes each holder may have now. */
  get each(): number {
    return Math.floor(this.#bytes / Math.max(1, this.#holders));
  }
}

/** Memory taken and given back, of one connection or of the whole task. */
export class Budget {
  readonly limit: number;
  readonly #parent: Budget | undefined;
  #used = 0;

  constructor(limit: number, parent?: Budget) {
    this.limit = limit;
    this.#parent = parent;
  }

  get used(): number {
    return this.#used;
  }

  /** False, and nothing taken, when it is more than there is. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.limit || this.#parent?.take(bytes) === false) return false;
    this.#used += bytes;
    return true;
  }

  free(bytes: number): void {
    this.#used -= bytes;
    this.#parent?.free(bytes);
  }
}
