import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { worldX, worldY } from '../../../web/src/fleet/mercator.ts';
import { cut, isSeam, meets, shapesOf, type Atlas, type Box, type Shape } from '../../../web/src/fleet/shapes.ts';

const { resolve } = createRequire(import.meta.url);
const read = (scale: string): Shape[] => [
  ...shapesOf(JSON.parse(readFileSync(resolve(`world-atlas/countries-${scale}.json`), 'utf8')) as Atlas),
];
const scales = { '110m': read('110m'), '50m': read('50m') } as const;

/** Whether a place is on land: by how often a line to the west of it meets a coast or a border of each country. */
const isLand = (shapes: readonly Shape[], lon: number, lat: number): boolean => {
  const [x, y] = [worldX(lon), worldY(lat)];
  return shapes.some(({ rings }) => rings.reduce((sum, { points }) => sum + crossings(points, x, y), 0) % 2 === 1);
};
function crossings(points: ArrayLike<number>, x: number, y: number): number {
  let found = 0;
  for (let i = 0; i < points.length; i += 2) {
    const j = i === 0 ? points.length - 2 : i - 2;
    const [ax, ay, bx, by] = [points[j]!, points[j + 1]!, points[i]!, points[i + 1]!];
    if (ay > y !== by > y && ax + ((y - ay) / (by - ay)) * (bx - ax) < x) found += 1;
  }
  return found;
}

const area = (points: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) {
    const j = i === 0 ? points.length - 2 : i - 2;
    sum += points[j]! * points[i + 1]! - points[i]! * points[j + 1]!;
  }
  return Math.abs(sum / 2);
};

describe.each(Object.entries(scales))('countries at 1:%s', (_, shapes) => {
  it.each([
    ['Stuttgart', 9.18, 48.77, true],
    ['Chukotka, east of 180°', -175, 67, true],
    ['Kamchatka', 160, 56, true],
    ['Lesotho, a hole in another country', 28.2, -29.6, true],
    ['the south pole', 0, -84, true],
    ['Antarctica', 150, -80, true],
    ['the Atlantic', -30, 40, false],
    ['the Pacific, at 180°', 179.9, 40, false],
    ['the Pacific, at -180°', -179.9, 40, false],
    ['the Arctic, at 60°', 60, 84, false],
    ['the Weddell Sea', -40, -70, false],
  ])('%s is land or water as it is', (__, lon, lat, expected) => {
    expect(isLand(shapes, lon, lat)).toBe(expected);
  });

  it('no line leaps across the world', () => {
    for (const { rings } of shapes)
      for (const { points } of rings)
        for (let i = 2; i < points.length; i += 2) {
          if (isSeam(points[i - 1]!, points[i + 1]!)) continue;
          expect(Math.abs(points[i]! - points[i - 2]!)).toBeLessThan(0.5);
        }
  });

  it('what reaches over a side of the square comes in at the other one', () => {
    const over = shapes.filter(({ box: [left, , right] }) => left < 0 || right > 1);
    expect(over.length).toBeGreaterThanOrEqual(6);
    expect(over.filter(({ box }) => box[0] < 0).length).toBe(over.filter(({ box }) => box[2] > 1).length);
  });
});

describe('a ring in a box', () => {
  const ring = (...points: number[]) => {
    const [xs, ys] = [points.filter((__, i) => i % 2 === 0), points.filter((__, i) => i % 2 === 1)];
    const box: Box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    return { points: Float64Array.from(points), box };
  };
  const square = ring(0, 0, 4, 0, 4, 4, 0, 4);

  it('is as it was where all of it lies within', () => expect(cut(square, [-1, -1, 5, 5])).toBe(square.points));

  it('is nothing where none of it does', () => {
    expect(cut(square, [5, 0, 6, 4])).toHaveLength(0);
    expect(meets([0, 0, 1, 1], [2, 0, 3, 1])).toBe(false);
  });

  it('is the box where it lies around it', () => {
    const kept = cut(square, [1, 1, 2, 2]);
    expect(area(kept)).toBeCloseTo(1, 12);
    for (const value of Array.from(kept)) expect([1, 2]).toContain(value);
  });

  it('ends at the sides where it leaves the box', () => {
    const kept = cut(ring(0, 0, 4, 2, 0, 4), [-1, -1, 2, 5]);
    expect(area(kept)).toBeCloseTo(6, 12);
    expect(Math.max(...Array.from(kept).filter((__, i) => i % 2 === 0))).toBe(2);
  });

  it('all tiles together are the whole', () => {
    const [left, top, right, bottom] = [0.5, 0.3, 0.75, 0.45];
    const shape = scales['110m'].filter(({ box }) => meets(box, [left, top, right, bottom]));
    const within = (box: Box) =>
      shape.flatMap(({ rings }) => rings.map((one) => area(cut(one, box)))).reduce((sum, one) => sum + one, 0);
    const parts = Array.from({ length: 16 }, (__, i) => {
      const [w, h] = [(right - left) / 4, (bottom - top) / 4];
      const [x, y] = [left + (i % 4) * w, top + Math.floor(i / 4) * h];
      return within([x, y, x + w, y + h]);
    });
    expect(parts.reduce((sum, one) => sum + one, 0)).toBeCloseTo(within([left, top, right, bottom]), 9);
    expect(within([left, top, right, bottom])).toBeGreaterThan(0.01);
  });
});
