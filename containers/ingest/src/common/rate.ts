/** So much of each name in a window of time, all windows beginning together. For what strangers can do as often as they like. */

/** Names remembered; beyond it everybody begins anew. */
const MOST_NAMES = 50_000;

export class Rate {
  readonly #most: number;
  readonly #windowMs: number;
  #window = -1;
  #counts = new Map<string, number>();

  constructor(most: number, windowMs: number) {
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** False, and nothing taken: that much is not left in this window. `now` epoch milliseconds; `amount` over 0. */
  take(name: string, now = Date.now(), amount = 1): boolean {
    const window = Math.floor(now / this.#windowMs);
    if (window !== this.#window || this.#counts.size >= MOST_NAMES) {
      this.#window = window;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(name) ?? 0) + amount;
    if (count > this.#most) return false;
    this.#counts.set(name, count);
    return true;
  }
}
