/** What lies under everything else on a map: plain ground with lines of degrees, and tiles over it where there are any. Pure. */
import type { LayerSpecification, SourceSpecification } from 'maplibre-gl';
import type { ConsoleConfig } from '../auth/session.ts';
import { degrees, graticule } from './graticule.ts';

export type Tiles = NonNullable<ConsoleConfig['map']>;

interface GroundColours {
  readonly body: string;
  readonly line: string;
  readonly dim: string;
}

/** Side of a tile in pixels, and the zoom from which no server has more detail. */
const TILE = { tileSize: 256, maxzoom: 19 };

const WORLD = [-180, -85, 180, 85] as const;

/**
 * Lines come before the tiles: where a tile does not come, they show. `url` makes an address of a path, which workers
 * need.
 */
export function ground(
  colours: GroundColours,
  isDark: boolean,
  tiles: Tiles | undefined,
  url: (path: string) => string,
) {
  const labels = degrees(WORLD);
  const sources: Record<string, SourceSpecification> = {
    lines: { type: 'geojson', data: graticule(WORLD) },
    lons: { type: 'geojson', data: labels.lons },
    lats: { type: 'geojson', data: labels.lats },
    ...(tiles && { tiles: { type: 'raster', tiles: [url(tiles.tiles)], ...TILE } }),
  };
  const written = (id: 'lons' | 'lats', anchor: 'top' | 'left', offset: [number, number]): LayerSpecification => ({
    id,
    type: 'symbol',
    source: id,
    layout: { 'text-field': ['get', 'text'], 'text-size': 10, 'text-anchor': anchor, 'text-offset': offset },
    paint: { 'text-color': colours.dim, 'text-halo-color': colours.body, 'text-halo-width': 2 },
  });
  const layers: LayerSpecification[] = [
    { id: 'ground', type: 'background', paint: { 'background-color': colours.body } },
    { id: 'lines', type: 'line', source: 'lines', paint: { 'line-color': colours.line, 'line-width': 1 } },
    ...(tiles
      ? [{ id: 'tiles', type: 'raster' as const, source: 'tiles', ...(isDark && { paint: DARK_TILES }) }]
      : [written('lons', 'top', [0, 0.5]), written('lats', 'left', [0.5, 0])]),
  ];
  return { sources, layers };
}

/** Tiles are drawn for daylight. */
const DARK_TILES = { 'raster-brightness-max': 0.7, 'raster-saturation': -0.4, 'raster-contrast': 0.1 };
