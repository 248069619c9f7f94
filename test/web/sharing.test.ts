/** Who is given what in the console: whom a text means, what is said of a grant, and how a list is put in order. */
import { expect, it, vi } from 'vitest';
import { choice, choices, conditions, NO_LIMITS, said, subjectOf, whom } from '../../web/src/sharing/giving.ts';
import { move, putIn, takeOut } from '../../web/src/collections/order.ts';
import { rearrange } from '../../web/src/collections/queries.ts';

const anna = { subject: 'auth0|1', name: 'Anna Meier', email: 'anna@example.com' };
const other = { ...anna, subject: 'auth0|2' };
const now = Date.UTC(2026, 0, 1);

it('names people so that they can be told apart', () => {
  expect(choice(anna)).toBe('Anna Meier (anna@example.com)');
  expect(choice({ ...anna, name: null })).toBe('anna@example.com');
  expect(choice({ ...anna, name: null, email: null })).toBe('auth0|1');
  expect([...choices([anna, other, { ...anna, subject: '3', email: 'a@b.example' }]).keys()]).toEqual([
    'Anna Meier (anna@example.com) · auth0|1',
    'Anna Meier (anna@example.com) · auth0|2',
    'Anna Meier (a@b.example)',
  ]);
});

it.each([
  ['who was chosen', 'Anna', anna, [], 'person:auth0|1'],
  ['an address', ' Ben@Example.COM ', undefined, [], 'email:ben@example.com'],
  ['the one who is called so', 'anna meier', undefined, [anna], 'person:auth0|1'],
  ['of several who are called so, a subject', 'Anna Meier', undefined, [anna, other], 'person:Anna Meier'],
  ['not who is only found by it', 'anna', undefined, [anna], 'person:anna'],
  ['a subject', ' google-oauth2|7 ', undefined, [], 'person:google-oauth2|7'],
])('%s: %j', (_, text, chosen, found, subject) => {
  expect(subjectOf(text, chosen, found)).toBe(subject);
});

it('says only limits that were chosen', () => {
  expect(conditions(NO_LIMITS, now)).toEqual({});
  expect(conditions({ seconds: '60', maxHeight: '720', maxSessions: '2', countries: ' de,AT; ch de' }, now)).toEqual({
    expiresAt: now / 1000 + 60,
    maxHeight: 720,
    maxSessions: 2,
    countries: { only: ['DE', 'AT', 'CH'] },
  });
  expect(conditions({ ...NO_LIMITS, countries: ' , ' }, now)).toEqual({});
});

it.each([
  ['person:a:b', { kind: 'person', subject: 'a:b' }],
  ['email:a@b.example', { kind: 'invited', name: 'a@b.example' }],
  ['group:crew', { kind: 'group', name: 'Group crew' }],
  ['everyone', { kind: 'everyone', name: 'Everyone' }],
])('%s is shown as what it is', (subject, shown) => {
  expect(whom(subject)).toEqual(shown);
});

const grant = { subject: 'everyone', effect: 'allow', grantedBy: 'olga', createdAt: '2026-01-01T00:00:00Z' } as const;
const later = now / 1000 + 86_400;
it.each([
  [{}, 'until taken back'],
  [{ effect: 'deny' as const }, 'may not watch'],
  [{ maxHeight: 720, maxSessions: 2 }, 'up to 720p · 2 at a time'],
  [{ expiresAt: later }, /^until .*2026$/],
  [{ expiresAt: now / 1000 - 1 }, /^ended /],
  [{ notBefore: later }, /^from .*2026$/],
  [{ notBefore: now / 1000 - 1 }, 'until taken back'],
  [{ pendingUntil: later }, /^invited, open until /],
  [{ pendingUntil: now / 1000 - 1 }, 'invitation over'],
  [{ ip: '192.0.2.7', sites: ['https://a.example'] }, 'from 192.0.2.7 only · on a.example'],
  [{ sites: ['https://a.example', 'https://b.example'] }, 'on 2 sites'],
  [{ countries: { only: ['DE', 'AT'] } }, 'in Germany, Austria only'],
  [{ countries: { except: ['US', 'CA', 'MX', 'GB'] } }, 'but for 4 countries'],
  [{ effect: 'deny' as const, countries: { only: ['US'] } }, 'may not watch · in United States only'],
])('of %j says %s', (over, words) => {
  const text = said({ ...grant, ...over }, now);
  if (typeof words === 'string') expect(text).toBe(words);
  else expect(text).toMatch(words);
});

it.each([
  ['after the next', move('a', 'after', 'b'), ['b', 'a', 'c']],
  ['before the one before', move('c', 'before', 'b'), ['a', 'c', 'b']],
  ['past an end', move('a', 'before', undefined), ['a', 'b', 'c']],
  ['beside what is gone', move('a', 'after', 'x'), ['a', 'b', 'c']],
  ['when it is gone itself', move('x', 'after', 'a'), ['a', 'b', 'c']],
])('moves one %s, twice as once', (_, step, order) => {
  expect(step(['a', 'b', 'c'])).toEqual(order);
  expect(step(step(['a', 'b', 'c']))).toEqual(order);
});

it('does what is done to a collection to the order that it has by then', async () => {
  let videos = ['a', 'b', 'from uma'];
  vi.stubGlobal('fetch', async (_url: string, init?: RequestInit) => {
    if (init?.method === 'PUT') ({ videos } = JSON.parse(init.body as string) as { videos: string[] });
    return Response.json({ videoIds: videos });
  });
  await rearrange('c', putIn('from ada'));
  expect(videos).toEqual(['a', 'b', 'from uma', 'from ada']);
  await rearrange('c', takeOut('a'));
  await rearrange('c', move('from ada', 'before', 'b'));
  expect(videos).toEqual(['from ada', 'b', 'from uma']);
  vi.unstubAllGlobals();
});
