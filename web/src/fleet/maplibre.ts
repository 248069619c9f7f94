/** maplibre-gl with its worker as a file of its own: the policy allows no script from elsewhere. Loaded with the first map. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl';
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { degrees, graticule, type Box } from './graticule.ts';
import { ground, type Tiles } from './ground.ts';
import { drawMark, markColours } from './marks.ts';
import type { DeviceState } from './words.ts';

setWorkerUrl(worker);

export { LngLatBounds, type GeoJSONSource } from 'maplibre-gl';
export type { MapLibre };

/** Signs of the states are named so in the style. */
export const markName = (state: string): string => `mark-${state}`;

interface Colours {
  readonly body: string;
  readonly surface: string;
  readonly text: string;
  readonly dim: string;
  readonly line: string;
  readonly accent: string;
  readonly bad: string;
}

/** The console's colours in the scheme of this moment. */
export function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    body: of('--surface-2'),
    surface: of('--surface'),
    text: of('--mantine-color-text'),
    dim: of('--mantine-color-dimmed'),
    line: of('--line'),
    accent: of('--accent'),
    bad: of('--bad'),
  };
}

interface MapOptions {
  /** For screen readers. */
  readonly label: string;
  readonly isDark: boolean;
  readonly tiles: Tiles | undefined;
}

/** A map with its ground, a scale and the states' signs. Throws where there is no WebGL. */
export function createMap(container: HTMLElement, { label, isDark, tiles }: MapOptions): MapLibre {
  const colours = coloursNow();
  const map = new MapLibre({
    container,
    // Whose tiles they are is said by MapCanvas, as text.
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    maxPitch: 0,
    maxZoom: 19,
    center: [10, 30],
    zoom: 1,
    fadeDuration: 0,
    // Names and numbers are drawn from the system's fonts: without `glyphs` nothing is fetched.
    style: {
      version: 8,
      ...ground(colours, isDark, tiles, (path) => (path.startsWith('/') ? location.origin + path : path)),
    },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
  map.addControl(new ScaleControl({ maxWidth: 120 }), 'bottom-left');
  const canvas = map.getCanvas();
  canvas.setAttribute('aria-label', label);
  canvas.setAttribute('role', 'application');
  const style = getComputedStyle(document.documentElement);
  map.on('load', () => {
    for (const state of Object.keys(markColours) as DeviceState[]) {
      const colour = style.getPropertyValue(markColours[state]).trim();
      map.addImage(markName(state), drawMark(state, colour, colours.surface), { pixelRatio: 2 });
    }
  });
  const drawLines = () => {
    const bounds = map.getBounds();
    const box: Box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const labels = degrees(box);
    void map.getSource<GeoJSONSource>('lines')?.setData(graticule(box));
    void map.getSource<GeoJSONSource>('lons')?.setData(labels.lons);
    void map.getSource<GeoJSONSource>('lats')?.setData(labels.lats);
  };
  map.on('load', drawLines);
  map.on('moveend', drawLines);
  return map;
}
