import type { Map as LeafletMap } from 'leaflet';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Device } from '../../../lib/contract/device.ts';
import { line } from '../fleet/brush.ts';
import { fit, moves } from '../fleet/leaflet.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { Sheet } from '../fleet/sheet.ts';
import { boundsOf, nearest, type TrackPoint } from '../fleet/track.ts';
import { clusters } from './clusters.ts';
import { pointsOf } from './devices.ts';
import { paintFleet, type Target } from './paint.ts';

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

const CLOSE = 15;

export default function FleetMap(props: Props) {
  const { devices, chosen, isFollowing, trail } = props;
  const [map, setMap] = useState<LeafletMap>();
  const isPlaced = useRef(false);
  const position = chosen?.position;
  const lines = useMemo(() => withNow(trail, position), [trail, position]);
  const index = useMemo(() => clusters(pointsOf(devices)), [devices]);
  const id = chosen?.id;
  const latest = useRef({ ...props, lines, index });
  const sheet = useRef<Sheet>(undefined);
  useEffect(() => {
    latest.current = { ...props, lines, index };
  });

  useEffect(() => {
    if (!map) return;
    let targets: readonly Target[] = [];
    sheet.current = new Sheet((brush) => {
      const { lines: ways, index: inView, chosen: one } = latest.current;
      for (const way of ways) line(brush, way, 0.55);
      targets = paintFleet(brush, inView(brush.box, brush.zoom), one?.id);
    }).addTo(map);
    // The last one lies on top.
    const targetAt = ({ x, y }: { readonly x: number; readonly y: number }) =>
      targets.findLast((target) => Math.hypot(target.x - x, target.y - y) <= target.radius);
    map.on('click', ({ containerPoint }) => {
      const shown = targetAt(containerPoint)?.shown;
      if (shown?.kind === 'device') latest.current.choose(shown.device.id);
      if (shown?.kind !== 'cluster') return;
      const zoom = Math.min(map.getMaxZoom(), Math.max(shown.opensAt(), map.getZoom() + 1));
      map.setView([shown.lat, near(map, shown.lon)], zoom, { animate: moves() });
    });
    map.on('mousemove', ({ containerPoint }) => {
      map.getContainer().style.cursor = targetAt(containerPoint) ? 'pointer' : '';
    });
    map.on('dragstart', () => latest.current.moved());
  }, [map]);

  useEffect(() => sheet.current?.repaint(), [map, lines, index, id]);

  useEffect(() => {
    const bounds = boundsOf(devices.flatMap(({ position: place }) => place ?? []));
    if (!map || bounds === undefined || isPlaced.current) return;
    isPlaced.current = true;
    if (latest.current.chosen === undefined) fit(map, bounds, { padding: 70, maxZoom: CLOSE });
  }, [map, devices]);

  const followed = useRef<string>(undefined);
  useEffect(() => {
    if (!map) return;
    const isNew = followed.current !== id;
    followed.current = id;
    if (!position || !(isFollowing || isNew)) return;
    const zoom = isNew ? Math.max(map.getZoom(), CLOSE) : map.getZoom();
    map.setView([position.lat, near(map, position.lon)], zoom, { animate: moves(), duration: 0.6 });
  }, [map, id, position, isFollowing]);

  return <MapCanvas label="Map of the devices; the list beside it says the same in words" ready={setMap} />;
}

/** The picture of a place that the map is nearest to: it goes round the earth more than once. */
const near = (map: LeafletMap, lon: number): number => nearest(lon, map.getCenter().lng);

/** The trail up to the dot itself, which is asked for more often. */
function withNow(trail: Props['trail'], position: Device['position']): { lon: number; lat: number }[][] {
  const last = trail.at(-1)?.at(-1);
  const isNewer = position !== undefined && last !== undefined && Date.parse(position.time) > last.at;
  return trail.map((run, i) => [...run, ...(isNewer && i === trail.length - 1 ? [position] : [])]);
}
