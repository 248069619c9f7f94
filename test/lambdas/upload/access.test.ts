import { describe, expect, it } from 'vitest';
import { checkMayUpload, ownUpload, videoOfKey } from '../../../lambdas/upload/access.ts';
import { freeSlots } from '../../../lambdas/shared/slots.ts';
import { newRecord } from '../../../lambdas/upload/draft.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { problemOf } from '../problem.ts';

const id = 'a'.repeat(20);
const now = 1_800_000_000;
const olga = { subject: 'olga', groups: ['uploader'] };
const record: VideoRecord = newRecord({
  id,
  owner: 'olga',
  draft: { title: 't', description: '', tags: [], visibility: 'public', filename: 'f', type: 'video/mp4' },
  upload: { kind: 'multipart', id: 'u1', slot: 0 },
  now: now * 1000,
  expireSeconds: 60,
});

it('finds the video of a key the server chose', () => {
  expect(videoOfKey(`uploads/${id}/source`)).toBe(id);
});

it.each([
  '',
  'source',
  `uploads/${id}/source2`,
  `uploads/${id}/form`,
  `/uploads/${id}/source`,
  `uploads/../${id}/source`,
  `vod/${id}/r1/x`,
])('the key %j was never given out', async (key) => {
  expect(await problemOf(() => videoOfKey(key))).toMatchObject({ code: 'not-found', status: 404 });
});

describe("whose upload it is: somebody else's reads the same as none", () => {
  it.each([
    ['no record', undefined, olga, 'u1'],
    ['another person', record, { subject: 'sam', groups: ['uploader'] }, 'u1'],
    ['an admin', record, { subject: 'ada', groups: ['admin'] }, 'u1'],
    ['another upload id', record, olga, 'u2'],
    ['a form upload', { ...record, upload: { kind: 'form' as const, slot: 0 } }, olga, 'u1'],
    ['a video being removed', { ...record, status: 'deleted' as const }, olga, 'u1'],
    ['an upload that has expired', { ...record, expiresAt: now }, olga, 'u1'],
  ])('%s', async (_, video, viewer, uploadId) => {
    expect(await problemOf(() => ownUpload(video, viewer, uploadId, now))).toMatchObject({
      code: 'not-found',
      detail: 'You have no upload of that id and key. Start a new one.',
    });
  });

  it('the owner gets it, finished or not', () => {
    expect(ownUpload(record, olga, 'u1', now)).toBe(record);
    const ready = { ...record, status: 'ready' as const, expiresAt: now - 1 };
    expect(ownUpload(ready, olga, 'u1', now)).toBe(ready);
  });
});

it('only uploaders and admins upload', async () => {
  expect(await problemOf(() => checkMayUpload({ subject: 'v', groups: [] }))).toMatchObject({ code: 'forbidden' });
  expect(() => checkMayUpload(olga)).not.toThrow();
  expect(() => checkMayUpload({ subject: 'ada', groups: ['admin'] })).not.toThrow();
});

it.each([
  [[], 3, 1, [1, 2, 0]],
  [[1], 3, 1, [2, 0]],
  [[0, 1, 2], 3, 0, []],
  [[7], 3, 2, [2, 0, 1]],
])('with %j taken of %i, from %i on: %j', (taken, count, first, free) => {
  expect(freeSlots(new Set(taken), count, first)).toEqual(free);
});
