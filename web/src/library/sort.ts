/** The API lists newest first; other orders are made here, of what has been loaded. Pure. */
import type { Video } from '../../../lib/contract/video.ts';

export const sorts = {
  newest: 'Newest',
  oldest: 'Oldest',
  title: 'By title',
  longest: 'Longest',
  largest: 'Largest',
} as const;
export type Sort = keyof typeof sorts;

export const isSort = (text: string | null): text is Sort => text !== null && Object.hasOwn(sorts, text);

const order: Readonly<Record<Exclude<Sort, 'newest'>, (a: Video, b: Video) => number>> = {
  oldest: (a, b) => a.createdAt.localeCompare(b.createdAt),
  title: (a, b) => a.title.localeCompare(b.title, undefined, { numeric: true, sensitivity: 'base' }),
  longest: (a, b) => (b.duration ?? -1) - (a.duration ?? -1),
  largest: (a, b) => b.bytes.source - a.bytes.source,
};

export function sorted(videos: readonly Video[], sort: Sort): readonly Video[] {
  return sort === 'newest' ? videos : videos.toSorted(order[sort]);
}

/** Tags of these videos, the most used first; at most `limit`. */
export function tagsOf(videos: readonly Video[], limit: number): string[] {
  const counts = new Map<string, number>();
  for (const tag of videos.flatMap((video) => video.tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, n], [b, m]) => m - n || a.localeCompare(b))
    .slice(0, limit)
    .map(([tag]) => tag);
}

/** Ids between the last one touched and this one, both included: what a shift-click selects. */
export function between(ids: readonly string[], from: string | undefined, to: string): readonly string[] {
  const [a, b] = [from === undefined ? -1 : ids.indexOf(from), ids.indexOf(to)];
  return a < 0 || b < 0 ? [to] : ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}
