import { expect, it } from 'vitest';
import { routes } from '../../../lib/contract/api.ts';
import { clipped, moreIn, moreOf } from '../../../web/src/library/more.ts';

const of = (address: Record<string, string>) => moreIn((name) => address[name] ?? null);
const none = moreOf(() => null);

it('takes of an address what the API takes', () => {
  const asked = {
    owner: 'auth0|1',
    visibility: 'public',
    from: '2024-02-29',
    to: '2026-11-30',
    near: '-33.8688,151.2093',
    within: '750',
    recordedFrom: '2026-11-04T12:00:00.000Z',
    recordedTo: '2026-11-04T15:00:00+02:00',
  };
  expect(of(asked)).toEqual(asked);
  expect(routes['GET /api/videos'].query.safeParse(asked).success).toBe(true);
});

it.each(['0,0', '-9.5,-180', '90,179.999999', '52.52,13.405', '8,100.5', '-89.123456,99'])(
  'takes the place %s',
  (near) => {
    expect(of({ near }).near).toBe(near);
  },
);

it.each([
  { near: '99,999' },
  { near: '52.52' },
  { near: '91,0' },
  { near: '0,181' },
  { near: 'Berlin' },
  { within: '1000' },
])('leaves out what it refuses: %j', (address) => {
  const query = routes['GET /api/videos'].query;
  expect(query.safeParse(address).success).toBe(false);
  expect(of(address)).toEqual(none);
});

it('clips words to as many as may be searched for', () => {
  const words = clipped('harbour '.repeat(100), 200);
  expect(words).toHaveLength(200);
  expect(routes['GET /api/videos'].query.safeParse({ q: words }).success).toBe(true);
  expect(clipped(null, 200)).toBe('');
});
