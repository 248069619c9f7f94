import { useEffect, useRef, useState } from 'react';
import type { Alarm } from '../../../lib/contract/device.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { coloursNow, LngLatBounds, markName, type GeoJSONSource, type MapLibre } from '../fleet/maplibre.ts';
import { boundsOf, type TrackPoint } from '../fleet/track.ts';
import { isMoving } from '../fleet/words.ts';
import { momentNear, placeAt } from './track.ts';

interface Props {
  readonly runs: readonly (readonly TrackPoint[])[];
  readonly alarms: readonly Alarm[];
  /** The moment everything on the page is at; epoch ms. */
  readonly at: number;
  /** A person points at a place of the track. */
  readonly goTo: (at: number) => void;
  /** For screen readers. */
  readonly label: string;
}

const nothing = { type: 'FeatureCollection' as const, features: [] };

export default function DeviceMap(props: Props) {
  const { runs, alarms, at } = props;
  const [map, setMap] = useState<MapLibre>();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!map) return;
    draw(map);
    map.on('click', ({ lngLat, point }) => {
      // Near the line is on the line; the rest of the map is for moving it.
      const reach = 12;
      const box: [[number, number], [number, number]] = [
        [point.x - reach, point.y - reach],
        [point.x + reach, point.y + reach],
      ];
      if (map.queryRenderedFeatures(box, { layers: ['track', 'alarms'] }).length === 0) return;
      const moment = momentNear(latest.current.runs, { lon: lngLat.lng, lat: lngLat.lat });
      if (moment !== undefined) latest.current.goTo(moment);
    });
    map.on('mouseenter', 'track', () => (map.getCanvas().style.cursor = 'pointer'));
    map.on('mouseleave', 'track', () => (map.getCanvas().style.cursor = ''));
  }, [map]);

  const fitted = useRef('');
  useEffect(() => {
    if (!map) return;
    void map.getSource<GeoJSONSource>('track')?.setData({
      type: 'FeatureCollection',
      features: runs.map((run) => ({
        type: 'Feature',
        geometry: { type: 'LineString', coordinates: run.map(({ lon, lat }) => [lon, lat]) },
        properties: {},
      })),
    });
    const bounds = boundsOf(runs.flat());
    const day = String(runs[0]?.[0]?.at ?? '');
    if (bounds === undefined || fitted.current === day) return;
    fitted.current = day;
    map.fitBounds(bounds, { padding: 48, maxZoom: 16, animate: false });
  }, [map, runs]);

  useEffect(() => {
    void map?.getSource<GeoJSONSource>('alarms')?.setData({
      type: 'FeatureCollection',
      features: alarms.flatMap(({ position }) =>
        position === undefined
          ? []
          : [
              {
                type: 'Feature' as const,
                geometry: { type: 'Point' as const, coordinates: [position.lon, position.lat] },
                properties: {},
              },
            ],
      ),
    });
  }, [map, alarms]);

  useEffect(() => {
    if (!map) return;
    const place = placeAt(runs, at);
    const source = map.getSource<GeoJSONSource>('cursor');
    if (place === undefined) {
      void source?.setData(nothing);
      return;
    }
    const center: [number, number] = [place.lon, place.lat];
    void source?.setData({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: center },
      properties: {
        mark: !place.isKnown ? 'offline' : isMoving(place.speedKmh) ? 'moving' : 'standing',
        turn: place.direction,
      },
    });
    // It is kept in view, and no more: a map that always moves cannot be read.
    const bounds = map.getBounds();
    const inner = new LngLatBounds(bounds.getSouthWest(), bounds.getNorthEast());
    if (!inner.contains(center)) map.easeTo({ center, duration: 300 });
  }, [map, runs, at]);

  return <MapCanvas label={props.label} ready={setMap} />;
}

function draw(map: MapLibre): void {
  const colours = coloursNow();
  for (const id of ['track', 'alarms', 'cursor']) map.addSource(id, { type: 'geojson', data: nothing });
  map.addLayer({
    id: 'track',
    type: 'line',
    source: 'track',
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': colours.accent, 'line-width': 4, 'line-opacity': 0.8 },
  });
  map.addLayer({
    id: 'alarms',
    type: 'symbol',
    source: 'alarms',
    layout: { 'icon-image': markName('alarm'), 'icon-size': 0.8, 'icon-allow-overlap': true },
  });
  map.addLayer({
    id: 'cursor',
    type: 'symbol',
    source: 'cursor',
    layout: {
      'icon-image': ['concat', markName(''), ['get', 'mark']],
      'icon-rotate': ['case', ['==', ['get', 'mark'], 'moving'], ['get', 'turn'], 0],
      'icon-rotation-alignment': 'map',
      'icon-allow-overlap': true,
      'icon-size': 1.25,
    },
  });
}
