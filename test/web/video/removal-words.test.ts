/** What is said of videos that were deleted, until caches are empty of them. */
import { expect, it } from 'vitest';
import type { RemovalState } from '../../../lib/contract/removal.ts';
import { wordsOf } from '../../../web/src/video/removal-words.ts';

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000).toISOString();
const state = (refused?: number, removed?: number, emptied?: number): RemovalState => ({
  askedAt: at(0),
  refusedAt: refused === undefined ? null : at(refused),
  removedAt: removed === undefined ? null : at(removed),
  emptiedAt: emptied === undefined ? null : at(emptied),
});

it.each([
  [[state()], 1, 'The video taken down: being refused at the edge; caches are being emptied.', false],
  [[state(1)], 1, 'The video taken down: refused at the edge; caches are being emptied.', false],
  [[state(1, 2)], 1, 'The video taken down: refused at the edge, files deleted; caches are being emptied.', false],
  [[state(1, 2, 40)], 1, 'The video taken down; caches emptied 40 s after.', true],
  [
    [state(1, 2, 40), state(1, 2)],
    3,
    '3 videos taken down: refused at the edge, files deleted; caches are being emptied.',
    false,
  ],
  [[state(1, 2, 40), state(1, 2, 20)], 3, '3 videos taken down; caches emptied 40 s after.', true],
  [[], 1, 'The video taken down.', true],
])('%#', (states, all, words, isDone) => expect(wordsOf(states, all)).toEqual({ words, isDone }));
