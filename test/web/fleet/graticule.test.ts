import { describe, expect, it } from 'vitest';
import { degrees, graticule } from '../../../web/src/fleet/graticule.ts';

describe('lines of latitude and longitude', () => {
  it.each([
    [[-180, -85, 180, 85]],
    [[9, 48, 9.4, 48.2]],
    [[179.9, -0.05, 180.1, 0.05]],
    [[9.1801, 48.7701, 9.1809, 48.7704]],
  ] as const)('%j has some, not too many, at round degrees', (box) => {
    const { features } = graticule(box);
    expect(features.length).toBeGreaterThanOrEqual(3);
    expect(features.length).toBeLessThanOrEqual(32);
    expect(new Set(features.map(({ properties }) => properties.text)).size).toBeGreaterThan(1);
    for (const { geometry } of features)
      for (const [, lat] of geometry.coordinates) expect(Math.abs(lat)).toBeLessThanOrEqual(85.001);
  });

  it('count anew east of 180°', () => {
    const texts = graticule([179.9, 0, 180.1, 0.1]).features.map(({ properties }) => properties.text);
    expect(texts).toContain('-179.90°');
    expect(texts).not.toContain('180.10°');
  });
});

describe('degrees', () => {
  it.each([[[9, 48, 9.4, 48.2]], [[-180, -85, 180, 85]], [[121.46, 31.22, 121.49, 31.25]]] as const)(
    'of %j stand at the west and north sides, clear of buttons and scale',
    (box) => {
      const [west, south, east, north] = box;
      const { lons, lats } = degrees(box);
      expect(lons.features.length).toBeGreaterThan(1);
      expect(lats.features.length).toBeGreaterThan(1);
      for (const { geometry } of lons.features) {
        expect(geometry.coordinates[1]).toBe(north);
        expect(geometry.coordinates[0]).toBeLessThan(east - 0.1 * (east - west));
      }
      for (const { geometry } of lats.features) {
        expect(geometry.coordinates[0]).toBe(west);
        expect(geometry.coordinates[1]).toBeGreaterThan(south + 0.1 * (north - south));
      }
    },
  );
});
