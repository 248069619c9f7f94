/**
 * One file being received: which bytes are here, and the parts of it that are not yet in S3. Data comes in any order, twice
 * and overlapping. Parts of a fixed size are kept in memory until they are whole, then handed on; what does not fit the
 * memory there is stays missing and is asked for again.
 */
import { Intervals } from '../../jt808/subiao/intervals.ts';
import { SNIFF_BYTES } from '../../jt808/subiao/sniff.ts';
import type { Budget } from '../../common/memory.ts';

/** Bytes of a part; S3 takes no smaller ones than 5 MiB but for the last. */
export const PART_BYTES = 8 * 1024 * 1024;

export interface Part {
  /** From 0. */
  readonly index: number;
  readonly bytes: Buffer;
}

interface Open extends Part {
  readonly ranges: Intervals;
}

export class IncomingFile {
  readonly name: string;
  readonly size: number;
  readonly #budget: Budget;
  readonly #whole: (part: Part) => void;
  readonly #ranges = new Intervals();
  readonly #open = new Map<number, Open>();
  readonly #done = new Set<number>();
  /** Its first bytes, once they are here. */
  head: Buffer | undefined;

  /** `whole` takes each part as it is complete, and frees its memory (`release`) when it is done with it. */
  constructor(name: string, size: number, budget: Budget, whole: (part: Part) => void) {
    this.name = name;
    this.size = size;
    this.#budget = budget;
    this.#whole = whole;
  }

  get parts(): number {
    return Math.ceil(this.size / PART_BYTES);
  }

  get complete(): boolean {
    return this.#ranges.complete(this.size);
  }

  missing(): { offset: number; length: number }[] {
    return this.#ranges.missing(this.size);
  }

  /** False when some of it was refused: beyond the announced size, or no memory for it. */
  write(offset: number, data: Buffer): boolean {
    if (offset + data.length > this.size) return false;
    let all = true;
    for (let at = 0; at < data.length;) {
      const index = Math.floor((offset + at) / PART_BYTES);
      const from = offset + at - index * PART_BYTES;
      const length = Math.min(data.length - at, PART_BYTES - from);
      all = this.#writePart(index, from, data.subarray(at, at + length)) && all;
      at += length;
    }
    return all;
  }

  release(part: Part): void {
    this.#budget.free(part.bytes.length);
  }

  /** Frees what was received of a file that will not be finished. */
  abandon(): void {
    for (const part of this.#open.values()) this.release(part);
    this.#open.clear();
  }

  #writePart(index: number, from: number, data: Buffer): boolean {
    if (this.#done.has(index)) return true;
    const part = this.#open.get(index) ?? this.#begin(index);
    if (part === undefined) return false;
    const start = index * PART_BYTES;
    if (!part.ranges.add(from, from + data.length)) return false;
    if (!this.#ranges.add(start + from, start + from + data.length)) return false;
    data.copy(part.bytes, from);
    if (!part.ranges.complete(part.bytes.length)) return true;
    this.#open.delete(index);
    this.#done.add(index);
    if (index === 0) this.head = Buffer.from(part.bytes.subarray(0, SNIFF_BYTES));
    this.#whole(part);
    return true;
  }

  #begin(index: number): Open | undefined {
    const size = Math.min(PART_BYTES, this.size - index * PART_BYTES);
    if (!this.#budget.take(size)) return undefined;
    const part = { index, bytes: Buffer.allocUnsafeSlow(size), ranges: new Intervals() };
    this.#open.set(index, part);
    return part;
  }
}
