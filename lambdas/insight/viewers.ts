/**
 * How many different viewers there were: the smallest of their hashes (a k-minimum-values sketch, Bar-Yossef et al. 2002).
 * Exact until there are as many as are kept; from there on the distance between those kept tells how many there are, to
 * within 1/√k. Sketches are added by keeping the smallest of both. Pure.
 */
import { createHash } from 'node:crypto';

export const KEPT = 256;
const ALL = 2 ** 32;

export const hashOf = (viewer: string): number => createHash('sha256').update(viewer).digest().readUInt32BE(0);

/** Smallest first, each once. */
export function together(...sketches: readonly (readonly number[])[]): number[] {
  return [...new Set(sketches.flat())].toSorted((a, b) => a - b).slice(0, KEPT);
}

export const estimate = (sketch: readonly number[]): number =>
  sketch.length < KEPT ? sketch.length : Math.round(((KEPT - 1) * ALL) / sketch[KEPT - 1]!);

/** Four bytes each. */
export function toBytes(sketch: readonly number[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(sketch.length * 4);
  for (const [index, hash] of sketch.entries()) bytes.writeUInt32BE(hash, index * 4);
  return bytes;
}

export function ofBytes(bytes: Uint8Array): number[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(view.length / 4) }, (_, index) => view.readUInt32BE(index * 4));
}
