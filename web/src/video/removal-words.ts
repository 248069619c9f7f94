/** What is said of videos that were deleted. Pure. */
import type { RemovalState } from '../../../lib/contract/removal.ts';
import { count, span } from '../shared/format.ts';

/** In words, of those that have anything at the edge; `isDone`: nothing is to come. */
export function wordsOf(states: readonly RemovalState[], all: number): { words: string; isDone: boolean } {
  const videos = all === 1 ? 'The video' : count(all, 'video');
  const reach = (what: 'refusedAt' | 'removedAt' | 'emptiedAt') => states.every((one) => one[what] !== null);
  if (reach('emptiedAt')) {
    const took = Math.max(0, ...states.map(({ askedAt, emptiedAt }) => Date.parse(emptiedAt!) - Date.parse(askedAt)));
    const after = states.length === 0 ? '' : `; caches emptied ${span(Math.max(1, Math.round(took / 1000)))} after`;
    return { words: `${videos} taken down${after}.`, isDone: true };
  }
  const isRefused = reach('refusedAt') ? 'refused at the edge' : 'being refused at the edge';
  const files = reach('removedAt') ? ', files deleted' : '';
  return { words: `${videos} taken down: ${isRefused}${files}; caches are being emptied.`, isDone: false };
}
