/** So much of each name in a window. */
import { expect, it } from 'vitest';
import { Rate } from '../../../../containers/ingest/src/common/rate.ts';

it('gives everybody as much in a window, and anew in the next', () => {
  const rate = new Rate(2, 1000);
  expect(['a', 'a', 'a', 'b'].map((name) => rate.take(name, 500))).toEqual([true, true, false, true]);
  expect(rate.take('a', 999)).toBe(false);
  expect(rate.take('a', 1000)).toBe(true);
});
