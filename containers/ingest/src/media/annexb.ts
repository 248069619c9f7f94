/** Byte streams with start codes (ISO/IEC 14496-10 Annex B, H.265 Annex B), in the pieces they arrived in. */
import type { Nal, VideoCodec } from './unit.ts';

const START_CODE = Buffer.from([0, 0, 1]);

/** More NAL units than any encoder puts into one picture (H.264 level 6.2 allows 600 slices; cameras use 1 to 8). */
export const MAX_NALS = 256;

/**
 * NAL units of an access unit. Start codes of three and four bytes are found wherever the pieces are cut. Zero bytes
 * between a NAL unit and the next start code are no part of it (B.1.1, trailing_zero_8bits).
 * @returns undefined when there are more than {@link MAX_NALS}.
 */
export function findNals(pieces: readonly Buffer[]): Nal[] | undefined {
  const nals: Nal[] = [];
  let start = -1; // of the NAL unit being passed over
  let head = 0;
  let base = 0; // offset of the piece's first byte
  let zeros = 0; // how many zero bytes end just before the current position
  const found = (next: number, at: number, index: number): void => {
    if (start >= 0) close(nals, pieces, start, next - 3, head);
    start = next;
    head = headAt(pieces, index, at);
  };
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index]!;
    const { length } = piece;
    // A code that began in an earlier piece ends in the first two bytes of this one.
    for (let i = 0; i < length && i < 2; i += 1) {
      const byte = piece[i]!;
      if (byte === 1 && zeros >= 2) found(base + i + 1, i + 1, index);
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    for (let at = length < 3 ? -1 : piece.indexOf(START_CODE); at >= 0; at = piece.indexOf(START_CODE, at + 3)) {
      found(base + at + 3, at + 3, index);
      if (nals.length > MAX_NALS) return undefined;
    }
    if (length > 2) {
      zeros = 0;
      while (zeros < 3 && piece[length - 1 - zeros] === 0) zeros += 1;
    }
    if (nals.length > MAX_NALS) return undefined;
    base += length;
  }
  if (start >= 0) close(nals, pieces, start, base, head);
  return nals;
}

function close(nals: Nal[], pieces: readonly Buffer[], start: number, limit: number, head: number): void {
  const end = limit - trailingZeros(pieces, start, limit);
  if (end > start) nals.push({ start, end, head });
}

/** How many of the bytes before `limit`, back to `start`, are zero. */
function trailingZeros(pieces: readonly Buffer[], start: number, limit: number): number {
  let base = 0;
  for (const piece of pieces) base += piece.length;
  let zeros = 0;
  for (let index = pieces.length - 1; index >= 0 && limit - zeros > start; index -= 1) {
    const piece = pieces[index]!;
    base -= piece.length;
    for (let i = Math.min(limit - zeros - base, piece.length) - 1; i >= 0; i -= 1) {
      if (piece[i] !== 0 || limit - zeros <= start) return zeros;
      zeros += 1;
    }
  }
  return zeros;
}

/** Three bytes from position `at` of piece `index` on, zero where there are none. */
function headAt(pieces: readonly Buffer[], index: number, at: number): number {
  let head = 0;
  let left = 3;
  for (let position = at; left > 0 && index < pieces.length;) {
    const byte = pieces[index]![position];
    if (byte === undefined) {
      index += 1;
      position = 0;
    } else {
      head = head * 256 + byte;
      left -= 1;
      position += 1;
    }
  }
  return head * 256 ** left;
}

/** nal_unit_type: 7.3.1 of H.264 (low five bits), 7.3.1.2 of H.265 (six bits after the first). */
export const nalType = (codec: VideoCodec, nal: Nal): number =>
  codec === 'h264' ? (nal.head >>> 16) & 0x1f : (nal.head >>> 17) & 0x3f;

/** It carries a part of a picture. H.264 table 7-1: types 1 to 5; H.265 table 7-1: types 0 to 31. */
export const isSlice = (codec: VideoCodec, type: number): boolean =>
  codec === 'h264' ? type >= 1 && type <= 5 : type <= 31;

/** It carries a part of a picture that decoding can start at: IDR of H.264, IRAP of H.265 (16 to 23). */
export const isKeySlice = (codec: VideoCodec, type: number): boolean =>
  codec === 'h264' ? type === 5 : type >= 16 && type <= 23;

/**
 * A slice that opens a picture: first_mb_in_slice is 0, written as one bit `1` (H.264 7.3.3), or
 * first_slice_segment_in_pic_flag (H.265 7.3.6.1), the first bit after a header of one or two bytes.
 */
export const opensPicture = (codec: VideoCodec, nal: Nal): boolean =>
  (nal.head & (codec === 'h264' ? 0x8000 : 0x80)) !== 0;

/** Appends the pieces of bytes `start` to `end` to `out`, copying nothing. */
export function slicePieces(pieces: readonly Buffer[], start: number, end: number, out: Buffer[]): void {
  let base = 0;
  for (const piece of pieces) {
    const next = base + piece.length;
    if (next > start) {
      if (base >= start && next <= end) out.push(piece);
      else out.push(piece.subarray(Math.max(0, start - base), Math.min(piece.length, end - base)));
    }
    if (next >= end) return;
    base = next;
  }
}

/**
 * A copy of one NAL unit in one buffer: for parameter sets, which are small and kept long. Not from the shared pool, of
 * which a few bytes would keep 64 KiB alive.
 */
export function copyNal(pieces: readonly Buffer[], nal: Nal): Buffer {
  const parts: Buffer[] = [];
  slicePieces(pieces, nal.start, nal.end, parts);
  const copy = Buffer.allocUnsafeSlow(nal.end - nal.start);
  let at = 0;
  for (const part of parts) at += part.copy(copy, at);
  return copy;
}
