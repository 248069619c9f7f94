/** Who was refused over one connection, and may be looked up again. */
import { afterEach, expect, it, vi } from 'vitest';
import { Refusals } from '../../../../../containers/ingest/src/sessions/control/refusals.ts';

afterEach(() => vi.useRealTimers());

it('one that is not registered is refused for five seconds, then looked up again', () => {
  const refusals = new Refusals();
  expect(refusals.standing('1', 0)).toBe('new');
  refusals.note('1', 'unknown', 1000);
  expect([1000, 5999, 6000].map((now) => refusals.standing('1', now))).toEqual(['refused', 'refused', 'again']);
  expect(refusals.standing('2', 1000)).toBe('new');
  refusals.forget('1');
  expect([refusals.standing('1', 1000), refusals.size]).toEqual(['new', 0]);
});

it('one that may still send its code is looked up each time', () => {
  const refusals = new Refusals();
  refusals.note('1', 'auth', 1000);
  expect(refusals.standing('1', 1000)).toBe('again');
});

it('all together are looked up again 600 times in a minute', () => {
  vi.useFakeTimers({ now: 0, toFake: ['Date'] });
  const refusals = new Refusals();
  refusals.note('1', 'unknown', 0);
  refusals.note('2', 'auth', 0);
  const standings = Array.from({ length: 1000 }, () => refusals.standing('1', 5000));
  expect(standings.filter((standing) => standing === 'again')).toHaveLength(600);
  expect(standings.at(-1)).toBe('refused');
  expect([refusals.standing('2', 5000), refusals.standing('3', 5000)]).toEqual(['too-often', 'new']);
  vi.setSystemTime(60_000);
  expect(refusals.standing('1', 5000)).toBe('again');
});

it('no more than 2,000 of them are remembered', () => {
  const refusals = new Refusals();
  for (let n = 0; n < 2500; n += 1) refusals.note(String(n), 'unknown', 0);
  expect(refusals.size).toBe(2000);
  expect([refusals.standing('499', 0), refusals.standing('500', 0)]).toEqual(['new', 'refused']);
});
