/** When samples are decoded: the first of a segment when it is shown, and nothing after it is. */
import { expect, it } from 'vitest';
import { decodeTimes } from '../../../lambdas/slicing/decode-times.ts';

const timed = (...pairs: readonly (readonly [dts: number, pts: number])[]) => pairs.map(([dts, pts]) => ({ dts, pts }));

it.each<[string, ReturnType<typeof timed>, number, number[]]>([
  ['pictures that are shown as they are decoded', timed([0, 0], [30, 30], [60, 60]), 90, [0, 30, 60]],
  [
    'two pictures ahead, as with a pyramid of B pictures',
    timed([-60, 0], [-30, 120], [0, 60], [30, 30], [60, 90], [90, 240], [120, 180], [150, 150], [180, 210]),
    270,
    [0, 10, 20, 30, 60, 90, 120, 150, 210],
  ],
  [
    'two ahead, and no B pictures at the end',
    timed([-60, 0], [-30, 30], [0, 60], [30, 90], [60, 120]),
    150,
    [0, 10, 20, 90, 120],
  ],
  ['a segment later on', timed([940, 1000], [970, 1060], [1000, 1030]), 1090, [1000, 1010, 1030]],
  ['seconds ahead, where few are shown', timed([-6000, 0], [0, 12_000], [6000, 6000]), 18_000, [0, 3000, 6000]],
  [
    'a hole, before which two are decoded that are shown after it',
    timed([-60, 0], [-30, 30], [0, 7530], [30, 7590], [7500, 7560], [7560, 7620]),
    7650,
    [0, 10, 7530, 7559, 7560, 7620],
  ],
  ['a first picture that is held', timed([-60, 0], [-30, 2000], [0, 2060], [2000, 2030]), 2090, [0, 1940, 2029, 2030]],
  ['a first picture that is moved to the beginning', timed([500, 0], [530, 590], [560, 560]), 620, [0, 530, 560]],
  ['pictures a tick apart', timed([-3, 0], [-2, 2], [-1, 1]), 3, [0, 0, 1]],
  ['one alone', timed([-60, 0]), 30, [0]],
  ['an open group, as it is', timed([-30, 30], [0, 0], [30, 60]), 90, [-30, 0, 30]],
  ['nothing', [], 0, []],
])('%s', (_, samples, end, times) => {
  const found = decodeTimes(samples, end);
  expect(found).toEqual(times);
  found.forEach((time, i) => {
    expect(time).toBeLessThanOrEqual(samples[i]!.pts);
    expect(time).toBeGreaterThanOrEqual(found[i - 1] ?? -Infinity);
  });
});
