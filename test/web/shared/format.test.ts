import { describe, expect, it } from 'vitest';
import { ago, bitRate, bytes, clock, count, span, speed } from '../../../web/src/shared/format.ts';

describe('numbers as a person reads them', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [48_200_000, '48 MB'],
    [9_940_000, '9.9 MB'],
    [9_960_000, '10 MB'],
    [999_600, '1.0 MB'],
    [53_687_091_200, '54 GB'],
    [5e15, '5000 TB'],
  ])('%i bytes are %s', (n, text) => expect(bytes(n)).toBe(text));

  it.each([
    [128_000, '128 kbit/s'],
    [999_499, '999 kbit/s'],
    [999_500, '1.0 Mbit/s'],
    [4_730_000, '4.7 Mbit/s'],
  ])('%i bit/s is %s', (n, text) => expect(bitRate(n)).toBe(text));

  it.each([
    [0, '0:00'],
    [6.6, '0:07'],
    [59.6, '1:00'],
    [754, '12:34'],
    [3723, '1:02:03'],
  ])('%f s reads %s on a clock', (n, text) => expect(clock(n)).toBe(text));

  it.each([
    [0.44, '0.4 s'],
    [12.3, '12 s'],
    [59.7, '1 min'],
    [3540, '59 min'],
    [3600, '1 h'],
    [4800, '1 h 20 min'],
    [200_000, '2 d'],
  ])('%f s is a stretch of %s', (n, text) => expect(span(n)).toBe(text));

  it('says how long ago, and the date when it is long ago', () => {
    const now = Date.UTC(2026, 5, 15, 12);
    expect(ago(now - 10_000, now)).toBe('just now');
    expect(ago(now + 5_000, now), 'a clock that is ahead').toBe('just now');
    expect(ago(now - 50_000, now)).toBe('1 min ago');
    expect(ago(now - 300_000, now)).toBe('5 min ago');
    expect(ago(now - 7_300_000, now), 'whole hours').toBe('2 h ago');
    expect(ago(now - 3 * 86_400_000, now)).toBe('3 d ago');
    expect(ago(now - 90 * 86_400_000, now)).toContain('2026');
  });

  it('counts and speeds carry their nouns and units', () => {
    expect(count(1, 'video')).toBe('1 video');
    expect(count(0, 'video')).toBe('0 videos');
    expect(speed(3_400_000)).toBe('3.4 MB/s');
  });
});
