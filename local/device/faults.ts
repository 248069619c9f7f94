/** What can be wrong with a device, its clock and its link, on demand. Chances are 0 to 1 and decided by a seeded generator. */

export interface Faults {
  /** Chance that a media packet, or a piece of an attachment, is never sent. */
  readonly loss: number;
  /** Chance that 1 to 200 random bytes stand before a media packet or a control frame. */
  readonly garbage: number;
  /** Chance that a control frame's checksum is wrong. */
  readonly badChecksum: number;
  /** All connections are closed and opened again every so many seconds; 0 never. */
  readonly reconnectSeconds: number;
  /** Every media packet has the timestamp of the first. */
  readonly stuckClock: boolean;
  /** What each media or attachment connection carries at most; pictures beyond it are dropped, as devices do. 0 no limit. */
  readonly slowKbit: number;
  /** Bytes of a write; 0 as it comes. */
  readonly fragment: number;
  /** Each stream is cut once, in the middle of a frame of its second GOP (TCP reset), and comes again. */
  readonly killMidSegment: boolean;
}

export const noFaults: Faults = {
  loss: 0,
  garbage: 0,
  badChecksum: 0,
  reconnectSeconds: 0,
  stuckClock: false,
  slowKbit: 0,
  fragment: 0,
  killMidSegment: false,
};

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** 1 to 200 bytes, none of them 7e: garbage is no frame's end. */
export function garbage(next: () => number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: 1 + Math.floor(next() * 200) }, () => {
      const byte = Math.floor(next() * 256);
      return byte === 0x7e ? 0x7f : byte;
    }),
  );
}

/** The frame with another checksum: its last byte before the flag, changed so that it needs no escape. */
export function spoil(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  const at = copy.length - 2;
  copy[at] = copy[at] === 0x55 ? 0x56 : 0x55;
  return copy;
}
