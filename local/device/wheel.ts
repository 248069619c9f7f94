/** One timer for thousands of streams: a wheel of slots a few milliseconds wide, each holding who is due in it. */

export interface Timed {
  /** Called once, at `due` or a little later. `now` is milliseconds of performance.now(). */
  run(now: number): void;
}

const SLOT_MS = 4;
/** Four seconds; who is due later goes round again. */
const SLOTS = 1024;

interface Entry {
  readonly timed: Timed;
  readonly slot: number;
}

export class Wheel {
  readonly #slots: Entry[][];
  #spare: Entry[] = [];
  /** The slot that is looked at next; it counts on without end. */
  #next = 0;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Longest that anybody was called late since it was last read: milliseconds. */
  #late = 0;

  constructor(slots = SLOTS) {
    this.#slots = Array.from({ length: slots }, () => []);
  }

  /** How late the latest call was since this was asked last: milliseconds. Beyond a few, the machine is too slow. */
  takeLate(): number {
    const late = this.#late;
    this.#late = 0;
    return late;
  }

  /** `due` on the clock of performance.now(). To forget it, let `run` do nothing. */
  add(timed: Timed, due: number): void {
    const now = Math.floor(performance.now() / SLOT_MS);
    if (this.#count === 0) this.#next = now;
    const slot = Math.max(this.#next, Math.ceil(due / SLOT_MS));
    this.#slots[slot % this.#slots.length]!.push({ timed, slot });
    this.#count += 1;
    if (this.#timer === undefined) this.#timer = setTimeout(this.#turn, SLOT_MS);
  }

  readonly #turn = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const last = Math.floor(now / SLOT_MS);
    while (this.#next <= last && this.#count > 0) {
      const index = this.#next % this.#slots.length;
      const due = this.#slots[index]!;
      this.#next += 1;
      if (due.length === 0) continue;
      this.#slots[index] = this.#spare;
      this.#count -= due.length;
      for (const entry of due) {
        if (entry.slot < this.#next) {
          this.#late = Math.max(this.#late, now - entry.slot * SLOT_MS);
          entry.timed.run(now);
        } else {
          // A later turn of the wheel.
          this.#slots[index].push(entry);
          this.#count += 1;
        }
      }
      due.length = 0;
      this.#spare = due;
    }
    if (this.#count > 0 && this.#timer === undefined)
      this.#timer = setTimeout(this.#turn, Math.max(1, this.#next * SLOT_MS - performance.now()));
  };
}

/** All streams of this process turn with this one. */
export const wheel = new Wheel();
