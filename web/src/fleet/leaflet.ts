/** Leaflet with the ground of our maps: drawn on canvases, without WebGL, which alone takes a slow processor half a second. */
import 'leaflet/dist/leaflet.css';
import { control, Map as LeafletMap, tileLayer, type LatLngBoundsLiteral } from 'leaflet';
import type { ConsoleConfig } from '../auth/session.ts';
import { FINE_FROM, Ground } from './ground.ts';
import { lines } from './lines.ts';
import { EDGE } from './mercator.ts';
import { outlines } from './outlines.ts';
import { Sheet } from './sheet.ts';
import classes from './canvas.module.css';

export type Tiles = NonNullable<ConsoleConfig['map']>;

/** Zoom, counted by tiles of 256 pixels, from which no server has more detail. */
const TILES_TO = 19;
const ZOOMS = { minZoom: 1, maxZoom: 20 };
/** Not beyond the poles; round the earth as often as one likes. */
const BOUNDS: LatLngBoundsLiteral = [
  [-EDGE, -36_000],
  [EDGE, 36_000],
];

interface MapOptions {
  /** For screen readers. */
  readonly label: string;
  readonly tiles: Tiles | undefined;
}

export interface Made {
  readonly map: LeafletMap;
  /**
   * Fetches coasts and borders, and what a file of tiles holds; resolves when they are there to be drawn. Rejects where they
   * cannot be fetched, with `NoTiles` where it is that file.
   */
  readonly load: () => Promise<void>;
  /** In the colours of this moment. */
  readonly repaint: () => void;
  readonly remove: () => void;
}

/** Whether the person wants things to move. */
export const moves = (): boolean => !matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A map with its ground and a scale. Leaflet writes its styles through the CSSOM, which the policy lets it. */
export function createMap(container: HTMLElement, { label, tiles }: MapOptions): Made {
  const map = new LeafletMap(container, {
    ...ZOOMS,
    center: [30, 10],
    zoom: 2,
    maxBounds: BOUNDS,
    maxBoundsViscosity: 1,
    worldCopyJump: true,
    // Whose tiles they are is said by MapCanvas, as text.
    attributionControl: false,
    zoomControl: false,
    fadeAnimation: false,
    zoomAnimation: moves(),
    inertia: moves(),
  });
  container.setAttribute('aria-label', label);
  container.setAttribute('role', 'application');
  map.addControl(control.zoom({ position: 'topright' }));
  map.addControl(control.scale({ position: 'bottomleft', maxWidth: 120, imperial: false }));
  // Below the tiles: where one does not come, they show.
  map.createPane('ground').style.zIndex = '100';
  map.createPane('lines').style.zIndex = '150';
  const ground = new Ground('ground').addTo(map);
  new Sheet(lines, 'lines').addTo(map);
  const options = { ...ZOOMS, maxNativeZoom: TILES_TO, className: classes['tiles']! };
  const archive = tiles?.tiles.endsWith('.pmtiles') === true ? tiles.tiles : undefined;
  let isRead = archive === undefined;
  let isGone = false;
  const read = async () => {
    if (archive === undefined || isRead) return;
    const { archiveLayer } = await import('./archive.ts');
    const layer = await archiveLayer(archive, options);
    if (isGone || isRead) return;
    isRead = true;
    layer.addTo(map);
  };
  // Under tiles nobody would see the difference. A file of them may be of a part of the earth only.
  let isCovered = tiles !== undefined && archive === undefined;
  const refine = async () => {
    if (isCovered || map.getZoom() < FINE_FROM) return;
    map.off('zoomend', again);
    ground.show('fine', await outlines('fine'));
  };
  // What did not come is asked for with the next zoom; meanwhile the coarse ones stay.
  const again = () => void refine().catch(() => map.on('zoomend', again));
  if (tiles && isCovered) {
    const layer = tileLayer(tiles.tiles, options).addTo(map);
    layer.once('tileerror', () => {
      isCovered = false;
      again();
    });
  }
  const watch = new ResizeObserver(() => map.invalidateSize({ animate: false }));
  watch.observe(container);
  return {
    map,
    async load() {
      const tilesRead = read();
      // Whoever waits hears of both.
      tilesRead.catch(() => undefined);
      ground.show('coarse', await outlines('coarse'));
      map.on('zoomend', again);
      again();
      await tilesRead;
    },
    repaint() {
      ground.repaint();
      map.eachLayer((layer) => layer instanceof Sheet && layer.repaint());
    },
    remove() {
      isGone = true;
      watch.disconnect();
      map.remove();
    },
  };
}

/** Shows all of a box of west, south, east, north, with so many pixels around it where there is room for them. */
export function fit(
  map: LeafletMap,
  [west, south, east, north]: readonly [number, number, number, number],
  { padding, maxZoom }: { readonly padding: number; readonly maxZoom: number },
): void {
  const { x, y } = map.getSize();
  const around = Math.min(padding, x / 4, y / 4);
  map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { padding: [around, around], maxZoom, animate: false },
  );
}
