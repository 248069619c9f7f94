import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, fillPage, isThere, matches, whose } from '../../../lambdas/catalog/listing.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { problemOf } from '../problem.ts';
import { aRecord, idOf } from './record.ts';

const at = '2026-01-02T03:04:05.000Z';

describe('the cursor', () => {
  it('comes back as it went out', () => {
    expect(decodeCursor(encodeCursor({ createdAt: at, id: idOf(1) }))).toEqual({ createdAt: at, id: idOf(1) });
  });
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    ['nothing', ''],
    ['no base64url', '%%%'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['null', encoded(null)],
    ['an object', encoded({ createdAt: at, id: idOf(1) })],
    ['no time', encoded(['yesterday', idOf(1)])],
    ['no id', encoded([at, 'x'])],
    ['more than two', encoded([at, idOf(1), 'olga'])],
    ['something behind it', `${encodeCursor({ createdAt: at, id: idOf(1) })}==`],
    ['white space in it', Buffer.from(`["${at}", "${idOf(1)}"]`).toString('base64url')],
  ])('%s is refused', async (_, cursor) => {
    expect(await problemOf(() => decodeCursor(cursor))).toMatchObject({
      status: 400,
      code: 'invalid-request',
      errors: [{ path: 'query.cursor' }],
    });
  });
});

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
  [{ q: 'OUR' }, true],
  [{ q: 'Ä' }, true],
  [{ q: '.mp4' }, true],
  [{ q: 'their' }, false],
  [{ status: 'ready', tag: 'sea', q: 'day' }, true],
  [{ status: 'ready', tag: 'sun', q: 'day' }, false],
] as const)('%j matches: %s', (filter, expected) => {
  expect(matches(aRecord({ title: 'Our ä day', tags: ['sea'] }), filter)).toBe(expected);
});

describe('filling a page', () => {
  let read = 0;
  async function* rows(count: number, from = 0): AsyncGenerator<VideoRecord> {
    for (let n = from; n < count; n++) {
      read++;
      yield aRecord({ id: idOf(n), createdAt: at });
    }
  }
  const every = (step: number) => (record: VideoRecord) => Number(record.id.replace(/^v+/, '')) % step === 0;
  const after = (cursor: string | null) => Number(decodeCursor(cursor!).id.replace(/^v+/, '')) + 1;

  it.each([
    ['none', 0, 10, 0, false],
    ['fewer than a page', 9, 10, 9, false],
    ['exactly a page: no cursor to an empty one', 10, 10, 10, false],
    ['one more', 11, 10, 10, true],
  ])('%s', async (_, count, limit, taken, more) => {
    const page = await fillPage(rows(count), () => true, limit, 1000);
    expect([page.records.length, page.cursor !== null]).toEqual([taken, more]);
  });

  it('is full even when most rows are not wanted', async () => {
    const page = await fillPage(rows(1000), every(30), 10, 1000);
    expect(page.records.map((record) => record.id)).toEqual(Array.from({ length: 10 }, (_, n) => idOf(n * 30)));
    expect(after(page.cursor)).toBe(271);
  });

  it('looks at a bounded number of rows, and the next call goes on behind them', async () => {
    read = 0;
    const first = await fillPage(rows(500), every(400), 10, 100);
    expect([first.records.length, read, after(first.cursor)]).toEqual([1, 100, 100]);
  });

  it.each([1, 3, 7, 100])('page after page of %i shows each wanted row once, in order', async (limit) => {
    const seen: string[] = [];
    for (let start = 0, turn = 0; turn < 1000; turn++) {
      const page = await fillPage(rows(250, start), every(4), limit, 50);
      seen.push(...page.records.map((record) => record.id));
      if (page.cursor === null) break;
      start = after(page.cursor);
    }
    expect(seen).toEqual(Array.from({ length: 63 }, (_, n) => idOf(n * 4)));
  });
});
