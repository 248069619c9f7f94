import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  inUpdates,
  latest,
  MOST_KEYS,
  SESSION_BYTES,
  STORE_BYTES,
  sweepOf,
  withRoom,
} from '../../../lambdas/revocation/plan.ts';
import { keyOf, valueOf, type Revocation } from '../../../lib/contract/revocation.ts';

const NOW = 1_796_000_000;
const session = (n: number, until = NOW + 43_200): Revocation => ({
  key: keyOf('session', `0tij4k2${String(n).padStart(16, '0')}`),
  at: NOW,
  until,
});
const link = (n: number): Revocation => ({
  key: keyOf('link', `L${String(n).padStart(15, '0')}`),
  at: NOW,
  until: NOW + 604_800,
});
const video = (n: number): Revocation => ({
  key: keyOf('video', `abcdefghij${String(n).padStart(10, '0')}`),
  at: NOW,
  until: NOW + 43_200,
});

describe('an entry', () => {
  it('is a key that the function in front of media reads, and when it was revoked and until when that matters', () => {
    expect(keyOf('session', '0tij4k20000000000000001')).toBe('s:0tij4k20000000000000001');
    expect(keyOf('subject', 'a-b_c')).toBe('u:a-b_c');
    expect(keyOf('link', 'L1')).toBe('l:L1');
    expect(keyOf('video', 'v')).toBe('v:v');
    expect(keyOf('device', '1391')).toBe('d:1391');
    expect(valueOf(session(1))).toBe('1796000000 1796043200');
    expect(valueOf({ ...session(1), open: true })).toBe('1796000000 1796043200 open');
    expect(bytesOf(session(1))).toBe(46);
    for (const wrong of ['', '-.', 'a b', 'a/b', 'x'.repeat(65)])
      expect(() => keyOf('link', wrong)).toThrow('must be a part of a ticket');
  });
});

describe('of one key', () => {
  it('what was revoked last counts, in whatever order messages come', () => {
    const first = session(1);
    const again = { ...first, at: NOW + 5, until: NOW + 90_000 };
    for (const order of [
      [first, again],
      [again, first],
    ])
      expect(latest([...order, session(2)])).toEqual([again, session(2)]);
  });
});

describe('updates', () => {
  it('have 50 keys at most, and all of them', () => {
    expect(inUpdates([])).toEqual([]);
    const updates = inUpdates(Array.from({ length: 101 }, (_, i) => session(i)));
    expect(updates.map((one) => one.length)).toEqual([MOST_KEYS, MOST_KEYS, 1]);
  });
});

describe('room', () => {
  it('is for all while there is any', () => {
    const all = [session(1), video(1), session(2)];
    const { fit, wait } = withRoom(all, 0);
    expect(fit.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(
      all.toSorted((a, b) => a.key.localeCompare(b.key)),
    );
    expect(wait).toEqual([]);
  });

  it('goes first to what refuses many, then to sessions whose signatures would live longest', () => {
    const [short, long] = [session(1, NOW + 60), session(2, NOW + 90_000)];
    const one = bytesOf(short);
    const { fit, wait } = withRoom([short, long, video(1)], SESSION_BYTES - one - bytesOf(video(1)));
    expect(fit).toEqual([video(1), long]);
    expect(wait).toEqual([short]);
  });

  it('of the last tenth is kept for what refuses many', () => {
    expect(withRoom([session(1), video(1)], SESSION_BYTES).fit).toEqual([video(1)]);
    expect(withRoom([video(1)], STORE_BYTES - bytesOf(video(1))).fit).toEqual([video(1)]);
    expect(withRoom([video(1)], STORE_BYTES - bytesOf(video(1)) + 1).wait).toEqual([video(1)]);
  });

  it('of the last tenth is kept from links, too, however many are ended; of the rest they come before sessions', () => {
    const links = Array.from({ length: 130_000 }, (_, n) => link(n));
    const { fit, wait } = withRoom(links, 0);
    const filled = fit.reduce((sum, one) => sum + bytesOf(one), 0);
    expect(filled).toBeLessThanOrEqual(SESSION_BYTES);
    expect(wait.length).toBeGreaterThan(0);
    const person: Revocation = { key: keyOf('subject', 'abcdefghijk'), at: NOW, until: NOW + 43_200 };
    expect(withRoom([link(0), video(1), person], filled)).toEqual({ fit: [person, video(1)], wait: [link(0)] });
    const room = SESSION_BYTES - bytesOf(link(0));
    expect(withRoom([session(1, NOW + 900_000), link(0)], room)).toMatchObject({ fit: [link(0)] });
  });

  it('is for 97,826 sessions and 11,627 videos', () => {
    expect(Math.floor(SESSION_BYTES / bytesOf(session(1)))).toBe(97_826);
    expect(Math.floor((STORE_BYTES - SESSION_BYTES) / bytesOf(video(1)))).toBe(11_627);
  });
});

describe('a sweep', () => {
  const STORE = 'arn:aws:cloudfront::000000000000:key-value-store/one';
  it('takes out what is over, forgets what was never in, and brings in what is not in this store', () => {
    const over = { ...session(1, NOW), store: STORE };
    const overElsewhere = { ...session(2, NOW), store: `${STORE}-before` };
    const neverIn = session(3, NOW - 1);
    const there = { ...session(4, NOW + 1), store: STORE };
    const waits = session(5, NOW + 1);
    const elsewhere = { ...session(6, NOW + 1), store: `${STORE}-before` };
    expect(sweepOf([over, overElsewhere, neverIn, there, waits, elsewhere], STORE, NOW)).toEqual({
      remove: [over],
      forget: [overElsewhere, neverIn],
      bring: [waits, elsewhere],
    });
  });
});
