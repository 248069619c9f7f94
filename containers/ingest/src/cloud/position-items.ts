/** Points as items of the positions table: only a task writes them. */
import { createHash } from 'node:crypto';
import {
  encodePoints,
  MAX_POINTS,
  MAX_SPAN,
  startBound,
  trackKey,
  type Point,
  type PositionItem,
} from '../../../../lib/contract/positions.ts';

/**
 * Items of a device's points, in whatever order they came. `retentionDays` counts from the points' own time. The same
 * points make the same keys, so writing them twice changes nothing.
 */
export function positionItems(device: string, points: readonly Point[], retentionDays: number): PositionItem[] {
  const sorted = points.toSorted((a, b) => a.time - b.time);
  const items: PositionItem[] = [];
  let from = 0;
  for (let to = 1; to <= sorted.length; to += 1) {
    const first = sorted[from]!;
    const next = sorted[to];
    const fits =
      next !== undefined &&
      to - from < MAX_POINTS &&
      next.time - first.time < MAX_SPAN &&
      trackKey(device, next.time) === trackKey(device, first.time);
    if (fits) continue;
    items.push(item(device, sorted.slice(from, to), retentionDays));
    from = to;
  }
  return items;
}

function item(device: string, points: readonly Point[], retentionDays: number): PositionItem {
  const [first, last] = [points[0]!, points.at(-1)!];
  const bytes = encodePoints(points);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return {
    track: trackKey(device, first.time),
    start: `${startBound(first.time)}-${hash}`,
    end: last.time,
    count: points.length,
    points: bytes,
    expiresAt: Math.ceil(last.time / 1000) + retentionDays * 86_400,
  };
}
