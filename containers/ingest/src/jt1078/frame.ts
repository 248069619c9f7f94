/** Collects one channel's frame: its packets' bodies, one behind the other. */
import { findNals, isSlice, nalType } from '../media/annexb.ts';
import type { VideoCodec } from '../media/unit.ts';

/** Bytes to begin with. */
const FIRST = 8 * 1024;
/** Bytes kept from frame to frame: most keyframes of what cameras send over a mobile network. */
const KEPT = 128 * 1024;
const EMPTY = Buffer.alloc(0);

export class FrameBuffer {
  #buffer: Buffer = EMPTY;
  /** Bytes at its beginning that hold no slice, as far as was asked. */
  #sliceless = 0;
  bytes = 0;
  /** Bodies added. */
  pieces = 0;
  timestamp = 0;
  dataType = 0;
  /** Its latest packet said that it is the last. */
  isWhole = false;

  get empty(): boolean {
    return this.pieces === 0;
  }

  /** Copies `start` to `end` of what was read, which lies in memory that the next read overwrites. */
  add(from: Buffer, start: number, end: number): void {
    const needed = this.bytes + end - start;
    if (needed > this.#buffer.length) this.#grow(needed);
    from.copy(this.#buffer, this.bytes, start, end);
    this.bytes = needed;
    this.pieces += 1;
  }

  /** Holds a slice, or so many NAL units at a time that it may. Of bodies whose NAL units are whole; nothing is looked at twice. */
  hasSlice(codec: VideoCodec): boolean {
    const nals = findNals(this.#buffer.subarray(this.#sliceless, this.bytes));
    if (nals === undefined || nals.some((nal) => isSlice(codec, nalType(codec, nal)))) return true;
    this.#sliceless = this.bytes;
    return false;
  }

  /** The frame, and is empty: a view that is good until the next `add`. */
  take(): Buffer {
    const frame = this.#buffer.subarray(0, this.bytes);
    this.clear();
    return frame;
  }

  clear(): void {
    this.bytes = 0;
    this.pieces = 0;
    this.isWhole = false;
    this.#sliceless = 0;
    if (this.#buffer.length > KEPT) this.#buffer = EMPTY;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, FIRST, 2 * this.#buffer.length));
    this.#buffer.copy(grown, 0, 0, this.bytes);
    this.#buffer = grown;
  }
}
