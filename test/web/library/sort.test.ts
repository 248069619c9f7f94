import { expect, it } from 'vitest';
import type { Video } from '../../../lib/contract/video.ts';
import { between, isSort, sorted, tagsOf } from '../../../web/src/library/sort.ts';

const video = (id: string, changes: Partial<Video>) => ({ id, tags: [], ...changes }) as unknown as Video;
const videos = [
  video('c', { title: 'clip 10', createdAt: '2026-03-01', duration: null, bytes: { source: 5, media: 0 } }),
  video('b', { title: 'Clip 2', createdAt: '2026-02-01', duration: 9, bytes: { source: 50, media: 0 } }),
  video('a', { title: 'banner', createdAt: '2026-01-01', duration: 60, bytes: { source: 1, media: 0 } }),
];
const ids = (list: readonly Video[]) => list.map(({ id }) => id).join('');

it("keeps the API's order as newest, and makes the others without touching the list", () => {
  expect(sorted(videos, 'newest')).toBe(videos);
  expect(ids(sorted(videos, 'oldest'))).toBe('abc');
  expect(ids(sorted(videos, 'title')), 'numbers as numbers, no matter the case').toBe('abc');
  expect(ids(sorted(videos, 'longest')), 'unknown lengths last').toBe('abc');
  expect(ids(sorted(videos, 'largest'))).toBe('bca');
  expect(ids(videos)).toBe('cba');
  expect(isSort('title')).toBe(true);
  expect(isSort('toString')).toBe(false);
  expect(isSort(null)).toBe(false);
});

it('lists tags, the most used first', () => {
  const tagged = [['x', 'y'], ['y'], ['z']].map((tags, index) => video(String(index), { tags }));
  expect(tagsOf(tagged, 2)).toEqual(['y', 'x']);
});

it('selects a stretch either way, or one alone when there is no other end', () => {
  const all = ['a', 'b', 'c', 'd'];
  expect(between(all, 'b', 'd')).toEqual(['b', 'c', 'd']);
  expect(between(all, 'd', 'b')).toEqual(['b', 'c', 'd']);
  expect(between(all, undefined, 'c')).toEqual(['c']);
  expect(between(all, 'gone', 'c')).toEqual(['c']);
});
