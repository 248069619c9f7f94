import { expect, it } from 'vitest';
import { EDGE, turns, turnsOf, worldX, worldY } from '../../../web/src/fleet/mercator.ts';

it('the world is a square with 0° in its middle', () => {
  expect([worldX(-180), worldX(0), worldX(180)]).toEqual([0, 0.5, 1]);
  expect(worldY(0)).toBeCloseTo(0.5, 12);
  expect(worldY(EDGE)).toBeCloseTo(0, 6);
  expect(worldY(-EDGE)).toBeCloseTo(1, 6);
  expect([worldY(90), worldY(-90)]).toEqual([worldY(EDGE), worldY(-EDGE)]);
});

it('tiles are where everybody counts them', () => {
  // Of OpenStreetMap's own page on the names of tiles: Tokyo's at zoom 18.
  const side = 2 ** 18;
  expect(Math.floor(worldX(139.7006793) * side)).toBe(232_798);
  expect(Math.floor(worldY(35.6590699) * side)).toBe(103_246);
});

it.each([
  [-170, 170, [0]],
  [170, 190, [0, 360]],
  [-200, 200, [-360, 0, 360]],
  [500, 530, [360]],
])('between %d° and %d° something of the earth is seen at %j', (west, east, found) => {
  expect(turns(west, east)).toEqual(found);
});

it.each([
  [[9, 10], [-170, 170], [0]],
  [[9, 10], [200, 371], [360]],
  [[9, 10], [20, 30], []],
  [[179, 181], [-180, -178], [-360]],
  [[179, 181], [170, 190], [0]],
  [[-181, -179], [170, 179.5], [360]],
  [
    [-600, 100],
    [0, 10],
    [0, 360],
  ],
] as const)('of %j something is seen in %j at %j', (reach, view, found) => {
  expect(turnsOf(reach, view)).toEqual(found);
});
