/**
 * Segments encrypted as a whole: AES-128 in CBC mode with PKCS#7 padding (RFC 8216bis 4.4.4.4, METHOD=AES-128). Pure.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

/** Bytes of a key, of an initialization vector and of a block. */
export const BLOCK = 16;

const CIPHER = 'aes-128-cbc';

export function encryptSegment(bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** @throws Error when it was not encrypted by this key */
export function decryptSegment(bytes: Buffer, key: Buffer, iv: Buffer): Buffer {
  const decipher = createDecipheriv(CIPHER, key, iv);
  return Buffer.concat([decipher.update(bytes), decipher.final()]);
}

/**
 * The initialization vector of the segments of a rendition (`video/720p`) that have one key (`number`). It stands in playlists and
 * is no secret.
 */
export const vectorOf = (rendition: string, number: number): Buffer =>
  createHash('sha256').update(`${rendition} ${number}`).digest().subarray(0, BLOCK);

/** Bytes of a segment as it lies there, that one included. */
export type Range = readonly [from: number, to: number];

/** What must be read of an encrypted segment to have these bytes of it: whole blocks, and the one before them. */
export const blocksOf = ([from, to]: Range): Range => [
  Math.max(0, Math.floor(from / BLOCK) - 1) * BLOCK,
  (Math.floor(to / BLOCK) + 1) * BLOCK - 1,
];

/** The bytes of `range`, or as many as there are of them, out of `read`, which lies at `blocksOf(range)`. */
export function decryptRange(read: Buffer, range: Range, key: Buffer, iv: Buffer): Buffer {
  const [first, last] = blocksOf(range);
  const from = Math.floor(range[0] / BLOCK) * BLOCK;
  // A block is decrypted by the one before it.
  const before = first === from ? iv : read.subarray(0, BLOCK);
  const blocks = read.subarray(from - first);
  const decipher = createDecipheriv(CIPHER, key, before).setAutoPadding(false);
  const bytes = Buffer.concat([decipher.update(blocks), decipher.final()]);
  // Less than was asked for is all there is, and its end says how many of its bytes fill up the last block.
  const isEnd = read.length < last - first + 1;
  const length = isEnd ? bytes.length - (bytes.at(-1) ?? 0) : bytes.length;
  return bytes.subarray(range[0] - from, Math.min(length, range[1] - from + 1));
}
