/**
 * Which bytes of a file are here, as disjoint ranges in order: chunks come out of order, twice and overlapping, so their
 * bytes cannot simply be counted. The number of ranges is bounded; a chunk that would exceed it is refused, stays missing
 * and is asked for again.
 */

import type { Range } from './upload.ts';

export class Intervals {
  /** start, end (exclusive), start, end, … ascending, with a hole between each pair. */
  private readonly edges: number[] = [];
  private readonly most: number;
  /** Bytes covered. */
  covered = 0;

  /** At most `most` ranges are kept. */
  constructor(most = 1024) {
    this.most = most;
  }

  get count(): number {
    return this.edges.length / 2;
  }

  /** Adds `start`…`end` (exclusive). False when that would make one range too many: nothing is changed then. */
  add(start: number, end: number): boolean {
    if (end <= start) return true;
    const edges = this.edges;
    // In-order arrival, the ordinary case: the last range grows.
    const last = edges.length - 1;
    if (last > 0 && edges[last] === start) {
      edges[last] = end;
      this.covered += end - start;
      return true;
    }
    let first = 0;
    while (first < edges.length && (edges[first + 1] ?? 0) < start) first += 2;
    let after = first;
    let from = start;
    let to = end;
    let replaced = 0;
    while (after < edges.length && (edges[after] ?? 0) <= end) {
      const low = edges[after] ?? 0;
      const high = edges[after + 1] ?? 0;
      if (low < from) from = low;
      if (high > to) to = high;
      replaced += high - low;
      after += 2;
    }
    if (after === first && this.count >= this.most) return false;
    edges.splice(first, after - first, from, to);
    this.covered += to - from - replaced;
    return true;
  }

  /** Whether all of 0…`size` is here. */
  complete(size: number): boolean {
    return size <= 0 || (this.edges[0] === 0 && (this.edges[1] ?? 0) >= size);
  }

  /** The holes in 0…`size`, the first `limit` of them. */
  missing(size: number, limit = 95): Range[] {
    const holes: Range[] = [];
    let at = 0;
    for (let n = 0; n < this.edges.length && at < size && holes.length < limit; n += 2) {
      const start = Math.min(this.edges[n] ?? 0, size);
      if (start > at) holes.push({ offset: at, length: start - at });
      at = this.edges[n + 1] ?? at;
    }
    if (at < size && holes.length < limit) holes.push({ offset: at, length: size - at });
    return holes;
  }
}
