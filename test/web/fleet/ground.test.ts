import { describe, expect, it } from 'vitest';
import { ground } from '../../../web/src/fleet/ground.ts';

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
