/**
 * Keeps encoded sound in step with the pictures. The track can only place whole frames of 128 ms, and the clock sound is
 * recorded by is not the one it is stamped with; so where frames came to lie is watched, and the encoder is told to leave
 * out a little sound, or to wait a little. Pure.
 */

/** Frames observed before a correction: one second, and less when sound begins. */
const FRAMES = 8;
const FIRST_FRAMES = 3;
/** Being off by so many milliseconds is good enough. */
const GOOD_MS = 15;

export interface Shift {
  /** Of sound to leave out; negative: to wait. */
  readonly ms: number;
  readonly count: number;
}

export class Step {
  #count = 0;
  #frames = 0;
  /** The least lateness: of packets that share a timestamp, the first lies where it says. */
  #least = Infinity;

  /** A frame was put `late` milliseconds after its time, after `shifts` corrections. @returns what is to be done about it. */
  report(late: number, shifts: number): Shift | undefined {
    // Encoded before the latest correction.
    if (shifts !== this.#count) return undefined;
    this.#frames += 1;
    this.#least = Math.min(this.#least, late);
    if (this.#frames < (this.#count === 0 ? FIRST_FRAMES : FRAMES)) return undefined;
    const ms = this.#least;
    this.#frames = 0;
    this.#least = Infinity;
    if (Math.abs(ms) <= GOOD_MS) return undefined;
    this.#count += 1;
    return { ms, count: this.#count };
  }
}
