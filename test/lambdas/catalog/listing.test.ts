import { describe, expect, it } from 'vitest';
import { isThere, matches, Tags, whose } from '../../../lambdas/catalog/listing.ts';
import { problemOf } from '../problem.ts';
import { aRecord } from './record.ts';

describe('whose videos are listed', () => {
  const sam = { subject: 'sam', groups: ['uploader'] };
  const ada = { subject: 'ada', groups: ['admin'] };
  it.each([
    ['a person without owner: their own', sam, undefined, 'sam'],
    ['a person by their own name', sam, 'sam', 'sam'],
    ["an admin without owner: everybody's", ada, undefined, undefined],
    ["an admin by name: that subject's", ada, 'sam', 'sam'],
  ])('%s', (_, viewer, owner, expected) => {
    expect(whose(viewer, owner)).toBe(expected);
  });
  it('a person by another name is refused', async () => {
    expect(await problemOf(() => whose(sam, 'olga'))).toMatchObject({ code: 'forbidden', status: 403 });
  });
});

it.each([
  ['ready', undefined, true],
  ['failed', undefined, true],
  ['uploading', undefined, true],
  ['uploading', 101, true],
  ['uploading', 100, false],
  ['uploaded', 99, true],
  ['deleted', undefined, false],
] as const)('%s, expiring at %s, at 100: there %s', (status, expiresAt, there) => {
  expect(isThere({ status, ...(expiresAt !== undefined && { expiresAt }) }, 100)).toBe(there);
});

it.each([
  [{}, true],
  [{ status: 'ready' }, true],
  [{ status: 'failed' }, false],
  [{ tag: 'sea' }, true],
  [{ tag: 'se' }, false],
  [{ visibility: 'private' }, true],
  [{ visibility: 'public' }, false],
  [{ from: '2026-01-02', to: '2026-01-02' }, true],
  [{ from: '2026-01-03' }, false],
  [{ to: '2026-01-01' }, false],
  [{ q: 'OUR' }, true],
  [{ q: 'Ä' }, true],
  [{ q: '.mp4' }, true],
  [{ q: 'their' }, false],
  [{ status: 'ready', tag: 'sea', q: 'day' }, true],
  [{ status: 'ready', tag: 'sun', q: 'day' }, false],
] as const)('%j matches: %s', (filter, expected) => {
  expect(matches(aRecord({ title: 'Our ä day', tags: ['sea'] }), filter)).toBe(expected);
});

it('counts tags, the most used first, each once a video, and of very many says that there are more', () => {
  const tags = new Tags();
  for (const one of [['sea', 'sea', 'boat'], ['sea'], ['air']]) tags.add({ tags: one });
  expect(tags.list()).toEqual({
    tags: [
      { tag: 'sea', videos: 2 },
      { tag: 'air', videos: 1 },
      { tag: 'boat', videos: 1 },
    ],
    isWhole: true,
  });
  for (let i = 0; i < 200; i += 1) tags.add({ tags: [`tag ${i}`] });
  expect(tags.list().tags).toHaveLength(200);
  expect(tags.list().isWhole).toBe(false);
});
