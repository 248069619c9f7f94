import { describe, expect, it } from 'vitest';
import { graticule, written } from '../../../web/src/fleet/graticule.ts';

describe('lines of latitude and longitude', () => {
  it.each([
    [[-180, -85, 180, 85]],
    [[9, 48, 9.4, 48.2]],
    [[179.9, -0.05, 180.1, 0.05]],
    [[9.1801, 48.7701, 9.1809, 48.7704]],
  ] as const)('%j has some, not too many, at round degrees', (box) => {
    const { lons, lats } = graticule(box);
    expect(lons.length + lats.length).toBeGreaterThanOrEqual(3);
    expect(lons.length).toBeLessThanOrEqual(13);
    expect(lats.length).toBeLessThanOrEqual(13);
    for (const { degrees } of lats) expect(Math.abs(degrees)).toBeLessThanOrEqual(85.1);
    for (const { degrees, text } of [...lons, ...lats]) {
      const turned = Math.abs(degrees - Number(text.slice(0, -1))) % 360;
      expect(Math.min(turned, 360 - turned), text).toBeLessThan(1e-9);
    }
  });

  it('count anew east of 180°, and round the earth again', () => {
    const texts = (west: number, east: number) => graticule([west, 0, east, 0.1]).lons.map(({ text }) => text);
    expect(texts(179.9, 180.1)).toContain('-179.90°');
    expect(texts(179.9, 180.1)).not.toContain('180.10°');
    expect(texts(540.01, 540.19)).toContain('-179.90°');
  });
});

describe('degrees', () => {
  it.each([[[9, 48, 9.4, 48.2]], [[-180, -85, 180, 85]], [[121.46, 31.22, 121.49, 31.25]]] as const)(
    'of %j stand clear of buttons and scale',
    (box) => {
      const [west, south, east, north] = box;
      const { lons, lats } = written(box);
      expect(lons.length).toBeGreaterThan(1);
      expect(lats.length).toBeGreaterThan(1);
      for (const { degrees } of lons) expect(degrees).toBeLessThan(east - 0.1 * (east - west));
      for (const { degrees } of lats) expect(degrees).toBeGreaterThan(south + 0.1 * (north - south));
    },
  );
});
