/**
 * Writes that may wait and must come to be: at most so many under way, the latest of each key only. One that fails is tried
 * again, after pauses that grow and waver, until it is written or a later one of its key takes its place; so what the tables say
 * comes to what it should be, however long they cannot be written. What waits is bounded: beyond it the oldest is dropped and
 * counted.
 */

export interface OutboxOptions {
  readonly parallel: number;
  readonly waiting: number;
  readonly failed: (error: unknown) => void;
  readonly dropped: () => void;
  readonly pauses?: Pauses;
}

/** Milliseconds before a write that failed is tried again, at first and at most; doubled each time, and half of it by chance. */
export interface Pauses {
  readonly first: number;
  readonly last: number;
}
/** The SDK has tried three times by itself before a write has failed here. */
const PAUSES: Pauses = { first: 500, last: 15_000 };
/** Milliseconds at most while the task ends. */
const HURRY = 500;

type Write = () => Promise<unknown>;

interface Entry {
  readonly write: Write;
  tries: number;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pauses: Pauses;
  readonly #waiting = new Map<string, Entry>();
  /** Keys under way: the next write of one waits, so that two never overtake one another. */
  readonly #running = new Set<string>();
  /** Failed, and to be tried again. */
  readonly #resting = new Map<string, { readonly entry: Entry; readonly timer: NodeJS.Timeout }>();
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#pauses = options.pauses ?? PAUSES;
  }

  get size(): number {
    return this.#waiting.size + this.#running.size + this.#resting.size;
  }

  /** A write of this key is still to come, or under way. */
  has(key: string): boolean {
    return this.#waiting.has(key) || this.#running.has(key) || this.#resting.has(key);
  }

  /** Replaces a write of the same key that has not begun, or has failed. Done twice it must do no harm: an answer may be lost. */
  put(key: string, write: Write): void {
    if (this.#closed) return;
    this.#forget(key);
    this.#waiting.set(key, { write, tries: 0 });
    if (this.#waiting.size + this.#resting.size > this.#options.waiting) {
      this.#forget((this.#resting.keys().next().value ?? this.#waiting.keys().next().value)!);
      this.#options.dropped();
    }
    this.#next();
  }

  /** Resolves when nothing waits and nothing is under way. From now on what fails is tried again soon. */
  drained(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    for (const key of this.#resting.keys()) this.#resume(key);
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** The task ends: what has not been written is given up. */
  close(): void {
    this.#closed = true;
    for (const key of [...this.#waiting.keys(), ...this.#resting.keys()]) this.#forget(key);
    this.#settle();
  }

  #forget(key: string): void {
    this.#waiting.delete(key);
    clearTimeout(this.#resting.get(key)?.timer);
    this.#resting.delete(key);
  }

  #next(): void {
    if (this.#running.size >= this.#options.parallel) return;
    for (const [key, entry] of this.#waiting) {
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key, entry);
      if (this.#running.size >= this.#options.parallel) return;
    }
  }

  async #run(key: string, entry: Entry): Promise<void> {
    try {
      await entry.write();
    } catch (error) {
      this.#options.failed(error);
      if (!isDefect(error) && !this.#waiting.has(key) && !this.#closed) this.#rest(key, entry);
    }
    this.#running.delete(key);
    if (this.#waiting.size > 0) this.#next();
    this.#settle();
  }

  #rest(key: string, entry: Entry): void {
    const { first, last } = this.#pauses;
    const pause = Math.min(this.#idle.length > 0 ? HURRY : last, first * 2 ** entry.tries);
    entry.tries += 1;
    const timer = setTimeout(() => this.#resume(key), pause * (0.5 + Math.random() / 2)).unref();
    this.#resting.set(key, { entry, timer });
  }

  #resume(key: string): void {
    const rested = this.#resting.get(key);
    if (rested === undefined) return;
    this.#forget(key);
    this.#waiting.set(key, rested.entry);
    this.#next();
  }

  #settle(): void {
    if (this.size === 0 || this.#closed) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Names of errors that come again however often the same is tried: our own, and what a table says of a malformed request. */
const DEFECTS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'ZodError', 'ValidationException']);

const isDefect = (error: unknown): boolean => error instanceof Error && DEFECTS.has(error.name);
