import { describe, expect, it } from 'vitest';
import { degrees } from '../../../web/src/map/graticule.ts';
import { ground } from '../../../web/src/map/ground.ts';

const colours = { body: '#fff', line: '#ccc', dim: '#666' };
const tiles = { tiles: 'https://tiles.example/{z}/{x}/{y}.png', attribution: '© Tiles' };
const same = (path: string) => path;
const ids = (isDark: boolean, given: typeof tiles | undefined) =>
  ground(colours, isDark, given, same).layers.map(({ id }) => id);

describe('the ground of a map', () => {
  it('is plain with lines and their degrees, and asks nobody for anything', () => {
    const { sources, layers } = ground(colours, false, undefined, same);
    expect(layers.map(({ id }) => id)).toEqual(['ground', 'lines', 'lons', 'lats']);
    expect(new Set(Object.values(sources).map(({ type }) => type))).toEqual(new Set(['geojson']));
    expect(JSON.stringify({ sources, layers })).not.toContain('://');
  });

  it('has the tiles over its lines, which show where a tile does not come, and below all that a screen adds', () => {
    expect(ids(false, tiles)).toEqual(['ground', 'lines', 'tiles']);
    const { sources } = ground(colours, false, tiles, same);
    expect(sources['tiles']).toEqual({ type: 'raster', tiles: [tiles.tiles], tileSize: 256, maxzoom: 19 });
  });

  it('dims tiles in the dark scheme only', () => {
    const paint = (isDark: boolean) => ground(colours, isDark, tiles, same).layers.at(-1);
    expect(paint(true)).toMatchObject({ id: 'tiles', paint: { 'raster-brightness-max': 0.7 } });
    expect(paint(false)).not.toHaveProperty('paint');
  });

  it('makes an address of a path', () => {
    const own = { ...tiles, tiles: '/tiles/{z}/{x}/{y}.png' };
    const { sources } = ground(colours, false, own, (path) => `https://video.example${path}`);
    expect(sources['tiles']).toMatchObject({ tiles: ['https://video.example/tiles/{z}/{x}/{y}.png'] });
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
