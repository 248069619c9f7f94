/** A place picked on a map, for the filter by where devices recorded: pointed at, or brought to the middle by keys and taken. */
import { Button, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { LatLng, Map as LeafletMap } from 'leaflet';
import { useEffect, useId, useRef, useState } from 'react';
import { line, mark } from '../fleet/brush.ts';
import { fit } from '../fleet/leaflet.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { Sheet } from '../fleet/sheet.ts';
import { boundsOf, nearest } from '../fleet/track.ts';
import { around, type Circle } from './circle.ts';
import classes from './filters.module.css';

interface Props {
  /** What the fields ask for; undefined where they name no place. */
  readonly circle: Circle | undefined;
  /** The same in words. */
  readonly said: string;
  /** Degrees, longitudes up to 180. */
  readonly pick: (lat: number, lon: number) => void;
}

export default function PlaceMap({ circle, said, pick }: Props) {
  const [map, setMap] = useState<LeafletMap>();
  const help = useId();
  const latest = useRef({ circle, pick });
  const sheet = useRef<Sheet>(undefined);
  useEffect(() => {
    latest.current = { circle, pick };
    sheet.current?.repaint();
  });
  useEffect(() => {
    if (!map) return;
    sheet.current = new Sheet((brush) => {
      const asked = latest.current.circle;
      if (asked === undefined) return;
      line(brush, around(asked), 0.9);
      for (const turn of brush.turns) mark(brush, 'standing', brush.place(asked.lon + turn, asked.lat));
    }).addTo(map);
    const container = map.getContainer();
    container.setAttribute('aria-describedby', help);
    map.on('click', ({ latlng }) => latest.current.pick(...degrees(latlng)));
    map.on('keydown', ({ originalEvent }) => {
      // Not of the buttons on it.
      if (originalEvent.key === 'Enter' && originalEvent.target === container)
        latest.current.pick(...degrees(map.getCenter()));
    });
  }, [map, help]);

  const shown = useRef<LeafletMap>(undefined);
  const { lat, lon } = circle ?? {};
  useEffect(() => {
    if (!map) return;
    const isNew = shown.current !== map;
    shown.current = map;
    const asked = latest.current.circle;
    const bounds = asked && boundsOf(around(asked));
    if (!asked || !bounds) return;
    // Whoever points at it has it in view, and goes on from there; what is typed may be anywhere.
    const isInView = map.getBounds().contains([asked.lat, nearest(asked.lon, map.getCenter().lng)]);
    if (isNew || !isInView) fit(map, bounds, { padding: 24, maxZoom: 16 });
  }, [map, lat, lon]);

  return (
    <div className={classes.place}>
      <div className={classes.map}>
        <MapCanvas label="Map to pick a place on" ready={setMap} />
        <IconPlus className={classes.cross ?? ''} size={24} stroke={1.4} aria-hidden />
      </div>
      <Text size="sm" component="p" role="status">
        {said}
      </Text>
      <div className={classes.below}>
        <Button variant="default" size="compact-sm" onClick={() => map && pick(...degrees(map.getCenter()))}>
          Take the middle
        </Button>
        <Text c="dimmed" size="sm" component="p" id={help}>
          Click a place; or move the map with arrow keys, + and −, and take its middle with Enter.
        </Text>
      </div>
    </div>
  );
}

function degrees(place: LatLng): [lat: number, lon: number] {
  const { lat, lng } = place.wrap();
  return [lat, lng];
}
