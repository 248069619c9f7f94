import { describe, expect, it } from 'vitest';
import { outline, someOf, ticksTo, timesTo } from '../../../web/src/insight/scale.ts';

describe('an axis', () => {
  it.each([
    [0, 1, [0, 1]],
    [1, 1, [0, 1]],
    [2, 1, [0, 1, 2]],
    [7, 1, [0, 5, 10]],
    [87, 1, [0, 50, 100]],
    [100, 1, [0, 50, 100]],
    [123_456, 1, [0, 50_000, 100_000, 150_000]],
    [0, 0.001, [0, 0.001]],
    [0.03, 0.001, [0, 0.01, 0.02, 0.03]],
    [1, 0.001, [0, 0.5, 1]],
  ])('up to %f in steps of %f at least has %j', (max, least, ticks) => expect(ticksTo(max, least)).toEqual(ticks));

  it('reaches what it is for, in a few steps', () => {
    for (let max = 0.001; max < 1e7; max *= 1.37) {
      const ticks = ticksTo(max, 0.001);
      expect(ticks.at(-1)! * 1.000_01, String(max)).toBeGreaterThanOrEqual(max);
      expect(ticks.length, String(max)).toBeLessThanOrEqual(4);
    }
  });

  it.each([
    [8, [0, 2, 4, 6, 8]],
    [90, [0, 15, 30, 45, 60, 75, 90]],
    [754, [0, 300, 600]],
    [7200, [0, 1800, 3600, 5400, 7200]],
    [172_800, [0, 43_200, 86_400, 129_600, 172_800]],
  ])('of a video of %i s names %j', (length, times) => expect(timesTo(length)).toEqual(times));

  it('names some of the columns, the last one among them', () => {
    expect(someOf(1)).toEqual([0]);
    expect(someOf(7)).toEqual([0, 2, 4, 6]);
    expect(someOf(28)).toEqual([2, 7, 12, 17, 22, 27]);
    expect(someOf(92)).toHaveLength(6);
  });
});

it('draws a line over values, and closes it to an area', () => {
  expect(outline([1, 4, 0], 4, false)).toBe('M0 75L0.5 75L1.5 0L2.5 100L3 100');
  expect(outline([1, 4, 0], 4, true)).toBe('M0 100L0 75L0.5 75L1.5 0L2.5 100L3 100L3 100Z');
  expect(outline([], 4, true)).toBe('');
});
