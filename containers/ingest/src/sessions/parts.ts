/** The sub-packaged messages of one sender, within the memory that all of them share. */
import type { Budget } from '../common/memory.ts';
import type { Header } from '../jt808/header.ts';
import { Reassembler, defaultLimits, type Complete, type Missing, type PartResult } from '../jt808/subpackage.ts';

export class Parts {
  readonly #memory: Budget;
  readonly #bytes: number;
  #reassembler: Reassembler | undefined;

  /** `bytes`: of all its unfinished messages. */
  constructor(memory: Budget, bytes: number) {
    this.#memory = memory;
    this.#bytes = bytes;
  }

  /** Undefined: there is no memory for it. `now` is monotonic milliseconds. */
  add(header: Header, body: Buffer, now: number): PartResult | undefined {
    if (!this.#memory.take(body.length)) return undefined;
    // Most senders have none.
    this.#reassembler ??= new Reassembler({ ...defaultLimits, bytes: this.#bytes });
    const before = this.#reassembler.held.bytes;
    const result = this.#reassembler.add(header, body, now);
    this.#memory.free(body.length - (this.#reassembler.held.bytes - before));
    return result;
  }

  /** What is whole by what was asked for again, and what to ask for; what is too old is given up. */
  due(now: number): { readonly whole: Complete[]; readonly missing: Missing[] } {
    if (this.#reassembler === undefined) return { whole: [], missing: [] };
    const before = this.#reassembler.held.bytes;
    const whole = this.#reassembler.joined(now);
    const missing = this.#reassembler.due(now);
    this.#memory.free(before - this.#reassembler.held.bytes);
    return { whole, missing };
  }

  end(): void {
    this.#memory.free(this.#reassembler?.held.bytes ?? 0);
    this.#reassembler = undefined;
  }
}
