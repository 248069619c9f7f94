import { expect, it } from 'vitest';
import { metresBetween, MOST_PLACES, near, placesOf, type Place } from '../../../lib/contract/places.ts';

it.each<[string, Place, Place, number]>([
  ['a degree of latitude', [0, 0], [1_000_000, 0], 111_195],
  ['a degree of longitude at 60° north', [60_000_000, 10_000_000], [60_000_000, 11_000_000], 55_597],
  ['over 180°', [0, 179_999_000], [0, -179_999_000], 222],
  ['over the pole', [89_999_000, 0], [89_999_000, 180_000_000], 222],
  ['to the other side of the earth', [90_000_000, 0], [-90_000_000, 77_000_000], 20_015_115],
  ['Berlin to Paris', [52_520_000, 13_405_000], [48_856_600, 2_352_200], 877_464],
  ['to itself', [31_230_416, 121_473_701], [31_230_416, 121_473_701], 0],
])('%s', (_, a, b, metres) => {
  expect(Math.abs(metresBetween(a, b) - metres)).toBeLessThan(Math.max(1, metres / 1000));
  expect(metresBetween(b, a)).toBeCloseTo(metresBetween(a, b), 6);
});

const way = (some: number, step: number) =>
  Array.from({ length: some }, (_, i) => ({ latE6: 31_000_000 + i * step, lonE6: 121_000_000 }));

it('keeps of a way what lies apart, from its first, and of a long one so many, evenly', () => {
  expect(placesOf([])).toEqual([]);
  expect(placesOf(way(100, 1))).toEqual([[31_000_000, 121_000_000]]);
  // Every 100 m.
  expect(placesOf(way(5, 900))).toHaveLength(5);
  const long = placesOf(way(5000, 900));
  expect(long).toHaveLength(MOST_PLACES);
  expect([long[0], long.at(-1)]).toEqual([
    [31_000_000, 121_000_000],
    [31_000_000 + 4999 * 900, 121_000_000],
  ]);
  const steps = long.slice(1).map((to, i) => metresBetween(long[i]!, to));
  expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.02);
});

it('leaves out what is no place on earth', () => {
  const odd = [
    [90_000_001, 0],
    [0, 180_000_001],
    [4_294_967_295, 4_294_967_295],
    [NaN, 0],
    [0.5, 0],
  ].map(([latE6, lonE6]) => ({ latE6: latE6!, lonE6: lonE6! }));
  expect(placesOf([...odd, { latE6: -90_000_000, lonE6: 180_000_000 }])).toEqual([[-90_000_000, 180_000_000]]);
});

it.each([
  ['52.52,13.405', [52_520_000, 13_405_000]],
  ['-90,-180', [-90_000_000, -180_000_000]],
  ['0.0000004,0.0000006', [0, 1]],
])('reads %s', (text, expected) => {
  expect(near.parse(text)).toEqual(expected);
});
it.each([
  '',
  ',',
  '1',
  '1,',
  '1,2,3',
  ' 1,2',
  '+1,2',
  '.5,1',
  '1.,2',
  '90.1,0',
  '-91,0',
  '0,181',
  '1e1,1',
  '0x1,1',
  'Infinity,0',
])('does not read %j', (text) => {
  expect(near.safeParse(text).success).toBe(false);
});
