import type { LatLng, Map as LeafletMap, Point } from 'leaflet';
import { useEffect, useRef, useState } from 'react';
import type { Alarm } from '../../../lib/contract/device.ts';
import { line, mark } from '../fleet/brush.ts';
import { fit, moves } from '../fleet/leaflet.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { Sheet } from '../fleet/sheet.ts';
import { boundsOf, nearest, type TrackPoint } from '../fleet/track.ts';
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

/** Pixels from the track within which a click is on it; the rest of the map is for moving it. */
const REACH = 14;

export default function DeviceMap(props: Props) {
  const { runs, alarms, at } = props;
  const [map, setMap] = useState<LeafletMap>();
  const latest = useRef(props);
  const sheets = useRef<{ readonly track: Sheet; readonly cursor: Sheet }>(undefined);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (!map) return;
    const track = new Sheet((brush) => {
      for (const run of latest.current.runs) line(brush, run, 0.8);
      for (const { position } of latest.current.alarms) {
        if (!position) continue;
        for (const turn of brush.turns) mark(brush, 'alarm', brush.place(position.lon + turn, position.lat), 0.8);
      }
    });
    // A sheet of its own: it moves all the time, and the track does not.
    const cursor = new Sheet((brush) => {
      const place = placeAt(latest.current.runs, latest.current.at);
      if (place === undefined) return;
      const state = !place.isKnown ? 'offline' : isMoving(place.speedKmh) ? 'moving' : 'standing';
      for (const turn of brush.turns) {
        const there = brush.place(place.lon + turn, place.lat);
        mark(brush, state, there, 1.25, state === 'moving' ? place.direction : 0);
      }
    });
    sheets.current = { track: track.addTo(map), cursor: cursor.addTo(map) };
    const momentAt = ({ latlng, containerPoint }: { readonly latlng: LatLng; readonly containerPoint: Point }) => {
      const { runs: all } = latest.current;
      const { lng: lon, lat } = latlng.wrap();
      const moment = momentNear(all, { lon, lat });
      const place = moment === undefined ? undefined : placeAt(all, moment);
      if (place === undefined) return undefined;
      const there = map.latLngToContainerPoint([place.lat, nearest(place.lon, latlng.lng)]);
      return there.distanceTo(containerPoint) <= REACH ? moment : undefined;
    };
    map.on('click', (event) => {
      const moment = momentAt(event);
      if (moment !== undefined) latest.current.goTo(moment);
    });
    map.on('mousemove', (event) => {
      map.getContainer().style.cursor = momentAt(event) === undefined ? '' : 'pointer';
    });
  }, [map]);

  const fitted = useRef('');
  useEffect(() => {
    if (!map) return;
    sheets.current?.track.repaint();
    const bounds = boundsOf(runs.flat());
    const day = String(runs[0]?.[0]?.at ?? '');
    if (bounds === undefined || fitted.current === day) return;
    fitted.current = day;
    fit(map, bounds, { padding: 48, maxZoom: 17 });
  }, [map, runs]);

  useEffect(() => sheets.current?.track.repaint(), [map, alarms]);

  useEffect(() => {
    if (!map) return;
    sheets.current?.cursor.repaint();
    const place = placeAt(runs, at);
    if (place === undefined) return;
    // It is kept in view, and no more: a map that always moves cannot be read.
    const center: [number, number] = [place.lat, nearest(place.lon, map.getCenter().lng)];
    if (!map.getBounds().contains(center)) map.panTo(center, { animate: moves(), duration: 0.3 });
  }, [map, runs, at]);

  return <MapCanvas label={props.label} ready={setMap} />;
}
