/** maplibre-gl with its worker as a file of its own: the policy allows no script from elsewhere. Loaded with the first map. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { graticule, type Box } from './graticule.ts';
import { drawMark, markColours } from './marks.ts';
import type { DeviceState } from '../device/words.ts';

setWorkerUrl(worker);

export { LngLatBounds, type GeoJSONSource } from 'maplibre-gl';
export type { MapLibre };

/** Signs of the states are named so in the style. */
export const markName = (state: string): string => `mark-${state}`;

export interface Colours {
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

/** A plain map with lines of latitude and longitude, a scale and the states' signs. Throws where there is no WebGL. */
export function createMap(container: HTMLElement, label: string): MapLibre {
  const colours = coloursNow();
  const map = new MapLibre({
    container,
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
      sources: { lines: { type: 'geojson', data: graticule([-180, -85, 180, 85]) } },
      layers: [
        { id: 'ground', type: 'background', paint: { 'background-color': colours.body } },
        { id: 'lines', type: 'line', source: 'lines', paint: { 'line-color': colours.line, 'line-width': 1 } },
        {
          id: 'degrees',
          type: 'symbol',
          source: 'lines',
          layout: { 'symbol-placement': 'line', 'text-field': ['get', 'text'], 'text-size': 10, 'symbol-spacing': 500 },
          paint: { 'text-color': colours.dim, 'text-halo-color': colours.body, 'text-halo-width': 2 },
        },
      ],
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
    const source = map.getSource('lines');
    if (source !== undefined && 'setData' in source) (source as { setData(d: unknown): void }).setData(graticule(box));
  };
  map.on('load', drawLines);
  map.on('moveend', drawLines);
  return map;
}
