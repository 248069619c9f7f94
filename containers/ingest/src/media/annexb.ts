/** Byte streams with start codes (ISO/IEC 14496-10 Annex B, H.265 Annex B). */
import type { Nal, VideoCodec } from './unit.ts';

const START_CODE = Buffer.from([0, 0, 1]);

/** More NAL units than any encoder puts into one picture (H.264 level 6.2 allows 600 slices; cameras use 1 to 8). */
export const MAX_NALS = 256;

/**
 * NAL units of an access unit, behind start codes of three or four bytes. Zero bytes between a NAL unit and the next start
 * code are no part of it (B.1.1, trailing_zero_8bits).
 * @returns undefined when there are more than {@link MAX_NALS}.
 */
export function findNals(data: Buffer): Nal[] | undefined {
  const nals: Nal[] = [];
  let code = data.indexOf(START_CODE);
  while (code >= 0) {
    const start = code + START_CODE.length;
    code = data.indexOf(START_CODE, start);
    let end = code < 0 ? data.length : code;
    while (end > start && data[end - 1] === 0) end -= 1;
    if (end === start) continue;
    if (nals.length === MAX_NALS) return undefined;
    nals.push({ start, end, head: headAt(data, start) });
  }
  return nals;
}

/** Three bytes, zero where there are none. */
const headAt = (data: Buffer, at: number): number =>
  ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);

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

/**
 * Of the slice that opens a picture of H.264: slice_type (7.3.3, table 7-6) is B. It is the code behind the one bit of
 * first_mb_in_slice.
 */
export function isBSlice({ head }: Nal): boolean {
  const bits = head & 0x7fff;
  const zeros = Math.clz32(bits) - 17;
  const type = zeros > 3 ? Infinity : (bits >>> (14 - 2 * zeros)) - 1;
  return type === 1 || type === 6;
}

/**
 * A copy of one NAL unit: for parameter sets, which are small and kept long. Not from the shared pool, of which a few bytes
 * would keep 64 KiB alive.
 */
export function copyNal(data: Buffer, { start, end }: Nal): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  data.copy(copy, 0, start, end);
  return copy;
}
