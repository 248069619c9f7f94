import { useEffect, useRef, useState } from 'react';
import type { Device } from '../../../lib/contract/device.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { coloursNow, markName, type GeoJSONSource, type MapLibre } from '../fleet/maplibre.ts';
import { boundsOf, type TrackPoint } from '../fleet/track.ts';
import { pointsOf } from './devices.ts';

interface Props {
  readonly devices: readonly Device[];
  /** The chosen device. */
  readonly chosen: Device | undefined;
  /** Keep the chosen one in the middle. */
  readonly isFollowing: boolean;
  /** Where the chosen one was lately. */
  readonly trail: readonly (readonly TrackPoint[])[];
  readonly choose: (id: string | undefined) => void;
  /** A person has moved the map. */
  readonly moved: () => void;
}

/** Zoom from which no clusters are made any more. */
const CLUSTERS_TO = 13;
const CLOSE = 14;

export default function FleetMap(props: Props) {
  const { devices, chosen, isFollowing, trail } = props;
  const [map, setMap] = useState<MapLibre>();
  const latest = useRef(props);
  const isPlaced = useRef(false);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!map) return;
    draw(map);
    const pick = (id: string | undefined) => latest.current.choose(id);
    map.on('click', 'devices', ({ features }) => pick(features?.[0]?.properties['id'] as string | undefined));
    map.on('click', 'clusters', ({ features }) => {
      const [cluster] = features ?? [];
      if (cluster?.geometry.type !== 'Point') return;
      const center = cluster.geometry.coordinates as [number, number];
      void map
        .getSource<GeoJSONSource>('fleet')!
        .getClusterExpansionZoom(cluster.properties['cluster_id'] as number)
        .then((zoom) => map.easeTo({ center, zoom: Math.max(zoom, map.getZoom() + 1) }));
    });
    for (const layer of ['devices', 'clusters']) {
      map.on('mouseenter', layer, () => (map.getCanvas().style.cursor = 'pointer'));
      map.on('mouseleave', layer, () => (map.getCanvas().style.cursor = ''));
    }
    map.on('dragstart', () => latest.current.moved());
  }, [map]);

  useEffect(() => {
    if (!map) return;
    void map.getSource<GeoJSONSource>('fleet')?.setData(pointsOf(devices));
    const bounds = boundsOf(devices.flatMap(({ position }) => position ?? []));
    if (bounds === undefined || isPlaced.current) return;
    isPlaced.current = true;
    if (latest.current.chosen === undefined) map.fitBounds(bounds, { padding: 70, maxZoom: CLOSE, animate: false });
  }, [map, devices]);

  const position = chosen?.position;
  useEffect(() => {
    if (!map) return;
    // Up to the dot itself, which is asked for more often.
    const last = trail.at(-1)?.at(-1);
    const isNewer = position !== undefined && last !== undefined && Date.parse(position.time) > last.at;
    const lines = trail.map((run, i) => [
      ...run.map(({ lon, lat }) => [lon, lat]),
      ...(isNewer && i === trail.length - 1 ? [[position.lon, position.lat]] : []),
    ]);
    void map.getSource<GeoJSONSource>('trail')?.setData({
      type: 'FeatureCollection',
      features: lines
        .filter((line) => line.length > 1)
        .map((coordinates) => ({ type: 'Feature', geometry: { type: 'LineString', coordinates }, properties: {} })),
    });
  }, [map, trail, position]);

  const id = chosen?.id;
  const followed = useRef<string>(undefined);
  useEffect(() => {
    if (!map) return;
    map.setFilter('chosen', ['==', ['get', 'id'], id ?? '']);
    const isNew = followed.current !== id;
    followed.current = id;
    if (!position || !(isFollowing || isNew)) return;
    const center: [number, number] = [position.lon, position.lat];
    map.easeTo({ center, zoom: isNew ? Math.max(map.getZoom(), CLOSE) : map.getZoom(), duration: 600 });
  }, [map, id, position, isFollowing]);

  return <MapCanvas label="Map of the devices; the list beside it says the same in words" ready={setMap} />;
}

function draw(map: MapLibre): void {
  const colours = coloursNow();
  map.addSource('trail', { type: 'geojson', data: pointsOf([]) });
  map.addLayer({
    id: 'trail',
    type: 'line',
    source: 'trail',
    layout: { 'line-join': 'round', 'line-cap': 'round' },
    paint: { 'line-color': colours.accent, 'line-width': 4, 'line-opacity': 0.55 },
  });
  map.addSource('fleet', {
    type: 'geojson',
    data: pointsOf([]),
    cluster: true,
    clusterMaxZoom: CLUSTERS_TO,
    clusterRadius: 42,
    clusterProperties: { alarms: ['+', ['case', ['==', ['get', 'state'], 'alarm'], 1, 0]] },
  });
  map.addLayer({
    id: 'clusters',
    type: 'circle',
    source: 'fleet',
    filter: ['has', 'point_count'],
    paint: {
      'circle-radius': ['interpolate', ['linear'], ['get', 'point_count'], 2, 15, 100, 24, 1000, 32],
      'circle-color': colours.surface,
      'circle-stroke-width': ['case', ['>', ['get', 'alarms'], 0], 4, 2],
      'circle-stroke-color': ['case', ['>', ['get', 'alarms'], 0], colours.bad, colours.accent],
    },
  });
  map.addLayer({
    id: 'counts',
    type: 'symbol',
    source: 'fleet',
    filter: ['has', 'point_count'],
    layout: {
      'text-field': [
        'case',
        ['>', ['get', 'alarms'], 0],
        ['concat', ['get', 'point_count_abbreviated'], ' !'],
        ['to-string', ['get', 'point_count_abbreviated']],
      ],
      'text-size': 13,
      'text-allow-overlap': true,
    },
    paint: { 'text-color': colours.text },
  });
  map.addLayer({
    id: 'chosen',
    type: 'circle',
    source: 'fleet',
    filter: ['==', ['get', 'id'], ''],
    paint: {
      'circle-radius': 19,
      'circle-color': colours.accent,
      'circle-opacity': 0.22,
      'circle-stroke-width': 2,
      'circle-stroke-color': colours.accent,
    },
  });
  map.addLayer({
    id: 'devices',
    type: 'symbol',
    source: 'fleet',
    filter: ['!', ['has', 'point_count']],
    layout: {
      'icon-image': ['concat', markName(''), ['get', 'state']],
      'icon-rotate': ['get', 'turn'],
      'icon-rotation-alignment': 'map',
      'icon-allow-overlap': true,
      'text-field': ['get', 'name'],
      'text-size': 12,
      'text-offset': [0, 1.3],
      'text-anchor': 'top',
      'text-optional': true,
    },
    paint: { 'text-color': colours.text, 'text-halo-color': colours.body, 'text-halo-width': 2 },
  });
}
