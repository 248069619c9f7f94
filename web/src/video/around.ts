import type { Collection } from '../../../lib/contract/collection.ts';

/** Of these collections those that a video is in, and what those are in: whoever was given one may watch it. Pure. */
export function around<C extends Pick<Collection, 'id' | 'parent' | 'videoIds'>>(id: string, all: readonly C[]): C[] {
  const holding = all.filter(({ videoIds }) => videoIds.includes(id));
  const ids = new Set(holding.flatMap((one) => [one.id, one.parent]));
  return all.filter((one) => ids.has(one.id));
}
