/** What those who watch lose when a video's record changes. */
import { expect, it } from 'vitest';
import { joinedBy, takenOf } from '../../../lambdas/catalog/taken.ts';
import { ID, record } from '../playback/fixture.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';

const [shelf, inside] = ['a'.repeat(12), `${'a'.repeat(12)}-${'b'.repeat(12)}`] as const;
const NOT_PRIVATELY = ['public', 'key', 'hook', 'grant', 'device'];

it.each<[string, Partial<VideoRecord>, Partial<VideoRecord>, { reasons: string[]; from: string[] } | undefined]>([
  ['a title', {}, { title: 'Another' }, undefined],
  ['a tag more', {}, { tags: ['tour'] }, undefined],
  ['a tag less', { tags: ['tour', 'x'] }, { tags: ['x'] }, { reasons: [], from: ['tag:tour'] }],
  ['seen by more', { visibility: 'entitled' }, { visibility: 'public' }, undefined],
  ['seen by fewer', { visibility: 'public' }, { visibility: 'entitled' }, { reasons: ['public'], from: [] }],
  ['seen by nobody', { visibility: 'entitled' }, { visibility: 'private' }, { reasons: NOT_PRIVATELY, from: [] }],
  ['private as before', { visibility: 'private' }, { visibility: 'private' }, undefined],
  [
    'handed over, and so out of its collections',
    { collections: new Set([inside]) },
    { owner: 'otto' },
    { reasons: ['owner'], from: [`collection:${inside}`, `collection:${shelf}`] },
  ],
])('%s', (_, before, after, taken) => {
  const [was, is] = [record(before), record({ ...before, collections: undefined, ...after })];
  expect(takenOf(was, before.collections && after.owner === undefined ? was : is)).toEqual(
    taken === undefined ? [] : [{ of: 'videos', videos: [ID], ...taken }],
  );
});

it('what a video has come under: tags, collections and those around them', () => {
  const before = record({ tags: ['x', 'y'], collections: new Set([shelf]) });
  const after = record({ tags: ['y', 'tour'], collections: new Set([shelf, inside]) });
  expect(joinedBy(before, after)).toEqual(['tag:tour', `collection:${inside}`]);
  expect(joinedBy(record(), after)).toEqual(['tag:y', 'tag:tour', `collection:${shelf}`, `collection:${inside}`]);
  expect(joinedBy(after, after)).toEqual([]);
});
