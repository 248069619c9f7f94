/**
 * Writes that may wait: at most so many under way, the latest of each key only, and a bound on how many wait. Beyond it
 * the oldest is dropped and counted: a slow table costs freshness, never memory.
 */

export interface OutboxOptions {
  readonly parallel: number;
  readonly waiting: number;
  readonly failed: (error: unknown) => void;
  readonly dropped: () => void;
}

type Write = () => Promise<unknown>;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #waiting = new Map<string, Write>();
  /** Keys under way: the next write of one waits, so that two never overtake one another. */
  readonly #running = new Set<string>();
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Replaces a write of the same key that has not begun. */
  put(key: string, write: Write): void {
    this.#waiting.delete(key);
    this.#waiting.set(key, write);
    if (this.#waiting.size > this.#options.waiting) {
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined) this.#waiting.delete(oldest);
      this.#options.dropped();
    }
    this.#next();
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    if (this.#running.size >= this.#options.parallel) return;
    for (const [key, write] of this.#waiting) {
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key, write);
      if (this.#running.size >= this.#options.parallel) return;
    }
  }

  async #run(key: string, write: Write): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#options.failed(error);
    }
    this.#running.delete(key);
    if (this.size > 0) this.#next();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }
}
