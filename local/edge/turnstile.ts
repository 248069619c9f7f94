/** Lets a bounded number of tasks run at once; the others wait their turn, first come first served. */
export class Turnstile {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await new Promise<void>((enter) => this.#waiting.push(enter));
    else this.#inside += 1;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed over, not given back, so that nobody slips in between.
      if (next) next();
      else this.#inside -= 1;
    }
  }
}
