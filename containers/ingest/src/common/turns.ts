/** Work on one thing, done one after another; on different things at once. */
export class Turns {
  /** What was asked for last, by thing. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Things that are being worked on. */
  get size(): number {
    return this.#last.size;
  }

  /** Does `work` when all that was asked for before has ended, well or not. */
  async take<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(thing, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(thing) === mine) this.#last.delete(thing);
    }
  }
}
