import { expect, it } from 'vitest';
import { together, videoNews } from '../../../lambdas/presence/news.ts';

const ID = 'abcdefghij0123456789';
const record = {
  id: ID,
  status: 'probed',
  progress: 10,
  updatedAt: '2026-01-01T00:00:00Z',
  title: 'A',
  chunksDone: new Set([1, 2]),
  bytes: { source: 1, media: 0 },
};
const moved = { ...record, progress: 11, updatedAt: '2026-01-01T00:00:01Z', chunksDone: new Set([1, 2, 3]) };
const told = { topic: `video:${ID}`, status: 'probed', progress: 11, updatedAt: moved.updatedAt };

it.each([
  ['progress alone', record, moved, { ...told, isMore: false }],
  ['another title, too', record, { ...moved, title: 'B' }, { ...told, isMore: true }],
  ['a status', record, { ...moved, status: 'playable' }, { ...told, status: 'playable', isMore: true }],
  ['an attribute more', record, { ...moved, poster: 'x' }, { ...told, isMore: true }],
  ['an attribute less', { ...record, failure: 'x' }, moved, { ...told, isMore: true }],
  ['its beginning', undefined, moved, { ...told, isMore: true }],
  ['its end', moved, undefined, { ...told, status: 'deleted', isMore: true }],
  // Of a ready video, what is done is its ladder's, whose progress the record does not say.
  [
    'a rung more of one that is ready',
    { ...record, status: 'ready' },
    { ...moved, status: 'ready' },
    { ...told, status: 'ready', isMore: true },
  ],
])('tells %s', (_, before, now, news) => {
  expect(videoNews({ before, now })).toEqual(news);
});

it('tells nothing where nothing changed, a set in another order included, or where there is no video', () => {
  expect(videoNews({ before: record, now: { ...record, chunksDone: new Set([2, 1]) } })).toBeUndefined();
  expect(videoNews({})).toBeUndefined();
  expect(videoNews({ now: { id: ID, status: 'unknown' } })).toBeUndefined();
});

it('says of each topic the last, and that there is more where any before it did', () => {
  const [first, last] = [videoNews({ now: record })!, videoNews({ before: record, now: moved })!];
  const other = { ...last, topic: 'video:other' };
  expect([...together([first, other, last]).values()]).toEqual([{ ...last, isMore: true }, other]);
});
