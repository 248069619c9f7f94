/** In how many stretches a source is read by several functions at a time. Pure. */
import type { Stretch } from '../../lib/contract/slicing.ts';

/** Bytes of a stretch at least, and how many there are at most: a wave of functions that a whole run has anyway. */
const STRETCH_BYTES = 128 * 1024 ** 2;
const MOST_STRETCHES = 40;

/** Stretches of a file of so many bytes, or none: one function reads it as soon. */
export function stretchesOf(bytes: number): Stretch[] {
  const count = Math.min(MOST_STRETCHES, Math.floor(bytes / STRETCH_BYTES));
  if (count < 2) return [];
  const from = (index: number) => Math.round((bytes * index) / count);
  return Array.from({ length: count }, (_, index) => ({
    index,
    from: from(index),
    until: index + 1 < count ? from(index + 1) : null,
  }));
}
