/** So much of each name in a window. */
import { expect, it } from 'vitest';
import { Rate } from '../../../../containers/ingest/src/common/rate.ts';

it('gives everybody as much in a window, and anew in the next', () => {
  const rate = new Rate(2, 1000);
  expect(['a', 'a', 'a', 'b'].map((name) => rate.take(name, 500))).toEqual([true, true, false, true]);
  expect(rate.take('a', 999)).toBe(false);
  expect(rate.take('a', 1000)).toBe(true);
});

it('takes as much as is asked for, or nothing', () => {
  const rate = new Rate(2, 1000);
  expect([rate.take('a', 0, 1.5), rate.take('a', 0, 1), rate.take('a', 0, 0.5), rate.take('a', 0, 0.1)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
