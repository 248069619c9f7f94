/** Where the alarms that are listed were raised. */
import type { Map as LeafletMap } from 'leaflet';
import { useEffect, useRef, useState } from 'react';
import type { InboxAlarm } from '../../../lib/contract/inbox.ts';
import { mark } from '../fleet/brush.ts';
import { fit } from '../fleet/leaflet.ts';
import MapCanvas from '../fleet/MapCanvas.tsx';
import { Sheet } from '../fleet/sheet.ts';
import { boundsOf } from '../fleet/track.ts';

export default function InboxMap({ alarms }: { alarms: readonly InboxAlarm[] }) {
  const [map, setMap] = useState<LeafletMap>();
  const latest = useRef(alarms);
  const sheet = useRef<Sheet>(undefined);
  const places = alarms.flatMap(({ position }) => position ?? []);
  const where = JSON.stringify(boundsOf(places));
  useEffect(() => {
    latest.current = alarms;
    sheet.current?.repaint();
  }, [alarms]);
  useEffect(() => {
    if (!map) return;
    sheet.current = new Sheet((brush) => {
      for (const { position, state } of latest.current) {
        if (!position) continue;
        const sign = state === 'new' ? 'alarm' : 'standing';
        for (const turn of brush.turns) mark(brush, sign, brush.place(position.lon + turn, position.lat), 0.9);
      }
    }).addTo(map);
  }, [map]);
  useEffect(() => {
    // Asked for again, the same places are another object.
    const bounds = JSON.parse(where ?? 'null') as ReturnType<typeof boundsOf> | null;
    if (map && bounds) fit(map, bounds, { padding: 32, maxZoom: 14 });
  }, [map, where]);
  // The same, however many: of another label there is another map.
  return <MapCanvas label="Map of the alarms listed" ready={setMap} />;
}
