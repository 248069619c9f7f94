/** How fast bytes go, over the last few seconds. Pure but for its samples. */

/** ms of history that count; parts of a slow upload report seldom, so it is not shorter. */
const WINDOW = 8000;

export class Rate {
  #samples: { bytes: number; at: number }[] = [];

  /** `bytes` sent in all so far, at `at` ms of a steady clock. */
  add(bytes: number, at: number): void {
    const last = this.#samples.at(-1);
    // Progress runs back when a part is sent again: start over rather than show a negative speed.
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ bytes, at });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > WINDOW) this.#samples.shift();
  }

  /** Bytes per second; undefined until there is enough to tell. */
  perSecond(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at - first.at < 500) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
  }

  /** Seconds until `remaining` bytes are sent; undefined until there is enough to tell. */
  secondsFor(remaining: number): number | undefined {
    const rate = this.perSecond();
    return rate === undefined || rate <= 0 ? undefined : remaining / rate;
  }
}
