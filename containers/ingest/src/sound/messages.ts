/** What the task and its sound worker tell one another. Both are of one build, so types are all there is to agree on. */
import type { RawAudioCodec } from '../media/unit.ts';

/** One packet of sound. Its bytes lie in the batch's `bytes`. */
export interface RawSound {
  readonly id: number;
  readonly codec: RawAudioCodec;
  /** Device clock, milliseconds. */
  readonly timestamp: number;
  readonly receivedAt: number;
  readonly start: number;
  readonly end: number;
}

/** One batch is under way at a time; the worker answers each with one {@link Encoded}. */
export interface Batch {
  readonly sounds: readonly RawSound[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Milliseconds of sound to leave out (or, negative, to wait) from now on, and the number of that correction. */
  readonly shifts: readonly { readonly id: number; readonly ms: number; readonly count: number }[];
  /** Streams that are over. */
  readonly ended: readonly number[];
}

export interface EncodedFrame {
  readonly id: number;
  /** Device clock, milliseconds: when its first sample sounds. */
  readonly timestamp: number;
  readonly receivedAt: number;
  /** The latest correction that had been made when it was recorded. */
  readonly shifts: number;
  readonly start: number;
  readonly end: number;
}

export interface Encoded {
  readonly frames: readonly EncodedFrame[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Packets that were encoded. */
  readonly sounds: number;
  /** Why streams had to begin anew, if any. */
  readonly faults: readonly string[];
}

export interface WorkerOptions {
  /** Address of the encoder's file. */
  readonly library: string;
}
