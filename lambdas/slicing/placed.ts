/** Tracks on the common line of time, which begins when the earliest of them does: what the segment table is laid from. */
import type { IndexedTrack } from '../../lib/media/sample-table.ts';

/** Video as the table sees it: samples in decode order. */
export interface Pictures {
  readonly track: IndexedTrack;
  /** Ticks to add to decode and composition time. */
  readonly shift: number;
  /** When its first picture is shown; earlier ones are cut off by an edit list. */
  readonly first: number;
  readonly end: number;
  /** Samples that a chunk may begin at, and when they are shown. */
  readonly keys: readonly { readonly sample: number; readonly time: number }[];
}

export interface Sound {
  readonly track: IndexedTrack;
  /** Seconds to add to decode and composition time. */
  readonly shift: number;
  /** Samples from here on are cut off by the edit list. */
  readonly count: number;
  /** Seconds. */
  readonly start: number;
  readonly end: number;
}

/** Where a segment begins. */
export interface Bound {
  /** Ticks. */
  readonly time: number;
  /** Where it is a keyframe of the source. */
  readonly sample: number | undefined;
  /** No picture begins there: the one that is shown is repeated. */
  readonly repeats?: true;
}

/** Some segments in a row. */
export interface Range {
  /** Counted from 1. */
  readonly firstSegment: number;
  readonly segments: number;
}

/** Position of the first value that is `limit` or more, of values that never fall. */
export function firstFrom(values: Float64Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The lowest composition offset, when it is below 0: they are all raised by it, since readers differ on negative ones. */
export function lowest(composition: Int32Array, first: number, end: number): number {
  let low = 0;
  for (let i = first; i < end; i += 1) low = Math.min(low, composition[i]!);
  return low;
}
