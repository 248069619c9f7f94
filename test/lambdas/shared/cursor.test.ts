import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { seal, unseal, type List } from '../../../lambdas/shared/sealed.ts';
import { Signer } from '../../../lambdas/shared/signing.ts';
import { problemOf } from '../problem.ts';
import { playbackSecret } from '../../support/secret.ts';

const key = randomBytes(32);
const position = z.object({ name: z.string(), id: z.string() });
const hidden = { name: 'Prisoner transport 沪A12345', id: '13912345678' };
const list: List = {
  route: 'GET /api/devices',
  viewer: { subject: 'vera', groups: [] },
  query: { limit: 100, q: 'bus', cursor: undefined },
};
const cursor = seal(key, list, hidden);
const REFUSED = { status: 400, code: 'invalid-request', errors: [{ path: 'query.cursor' }] };

describe('a sealed cursor', () => {
  it('comes back as it went out, with another limit and itself among the query', () => {
    const next = { ...list, query: { q: 'bus', cursor, limit: 7 } };
    expect(unseal(key, next, cursor, position)).toEqual(hidden);
    expect(unseal(key, { ...list, viewer: { subject: 'vera', groups: ['admin'] } }, cursor, position)).toEqual(hidden);
  });

  it('says nothing of the row it goes on behind, not even how long its name is', () => {
    const read = Buffer.from(cursor, 'base64url').toString('latin1');
    for (const text of [cursor, read])
      for (const word of ['Prison', '139', '12345', 'name']) expect(text).not.toContain(word);
    expect(seal(key, list, hidden)).not.toBe(cursor);
    const lengths = ['a', 'a name', 'a longer name of it'].map((name) => seal(key, list, { name, id: '1' }).length);
    expect(new Set(lengths).size).toBe(1);
    expect(cursor).toMatch(/^[\w-]+$/);
  });

  it('of the longest names still fits the query', () => {
    for (const letter of ['x', '京', '\u{1F690}'.slice(0, 1), '\u0001', '"'])
      expect(seal(key, list, { name: letter.repeat(200), id: '1'.repeat(20) }).length).toBeLessThanOrEqual(2000);
  });

  const other = (change: Partial<List>): List => ({ ...list, ...change });
  it.each<[string, List]>([
    ['another person', other({ viewer: { subject: 'sam', groups: [] } })],
    ['another list', other({ route: 'GET /api/videos' })],
    ['another filter', other({ query: { q: 'tram' } })],
    ['one filter more', other({ query: { q: 'bus', owner: 'olga' } })],
    ['one filter less', other({ query: {} })],
    ['a filter of another name', other({ query: { tag: 'bus' } })],
    ['the list of something', other({ params: { id: '139' } })],
  ])('is refused of %s', async (_, asked) => {
    expect(await problemOf(() => unseal(key, asked, cursor, position))).toMatchObject(REFUSED);
  });

  it('is refused when its key is another, as after the signing secret was replaced', async () => {
    expect(await problemOf(() => unseal(randomBytes(32), list, cursor, position))).toMatchObject(REFUSED);
  });

  it('is refused with any bit turned, and at any other length', async () => {
    const bytes = Buffer.from(cursor, 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const bent = Buffer.from(bytes);
      bent[at]! ^= 1 << (at % 8);
      expect(await problemOf(() => unseal(key, list, bent.toString('base64url'), position))).toMatchObject(REFUSED);
      const cut = bytes.subarray(0, at).toString('base64url');
      expect(await problemOf(() => unseal(key, list, cut, position))).toMatchObject(REFUSED);
    }
  });

  it.each([
    ['nothing', ''],
    ['no base64url', '%%%'],
    ['something behind it', `${cursor}=`],
    ['white space', ` ${cursor}`],
    ['one of an earlier version', Buffer.from(JSON.stringify([hidden.name, hidden.id])).toString('base64url')],
  ])('%s is none', async (_, text) => {
    expect(await problemOf(() => unseal(key, list, text, position))).toMatchObject(REFUSED);
  });

  it('of what is no position any more is refused', async () => {
    expect(await problemOf(() => unseal(key, list, seal(key, list, ['a', 1]), position))).toMatchObject(REFUSED);
  });
});

it('has a key of its own, the same in every process', () => {
  const { secret } = playbackSecret();
  const made = () => new Signer({ secret, publicUrl: 'https://a' });
  const { cursorKey, tokenKey } = made();
  expect(cursorKey).toHaveLength(32);
  expect(Buffer.from(cursorKey).equals(Buffer.from(tokenKey))).toBe(false);
  expect(made().cursorKey).toEqual(cursorKey);
});
