import { Button, Text, useComputedColorScheme } from '@mantine/core';
import type { Map as LeafletMap } from 'leaflet';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import { createMap, type Made } from './leaflet.ts';
import classes from './canvas.module.css';

interface Props {
  /** For screen readers. */
  readonly label: string;
  /** Called once with the map, which can be drawn on; again with another where there is one. */
  readonly ready: (map: LeafletMap) => void;
}

/** An empty map. What stands on it is the screen's own. */
export default function MapCanvas({ label, ready }: Props) {
  const tiles = useSession().config.map;
  const scheme = useComputedColorScheme('light');
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(ready);
  const made = useRef<Made>(undefined);
  const [isLacking, setLacking] = useState(false);
  const load = useCallback(async () => {
    setLacking(false);
    const asked = made.current;
    try {
      await asked?.load();
    } catch {
      // Of a map that is still the one on show.
      if (made.current === asked) setLacking(true);
    }
  }, []);
  useEffect(() => {
    latest.current = ready;
  });
  useEffect(() => {
    const one = createMap(container.current!, { label, tiles });
    made.current = one;
    latest.current(one.map);
    void load();
    return () => {
      made.current = undefined;
      one.remove();
    };
  }, [label, tiles, load]);
  useEffect(() => made.current?.repaint(), [scheme]);
  return (
    <div className={classes.canvas}>
      <div ref={container} className={classes.fill} />
      {tiles && (
        <p className={classes.attribution}>
          {tiles.attributionUrl === undefined ? (
            tiles.attribution
          ) : (
            <a href={tiles.attributionUrl} target="_blank" rel="noreferrer">
              {tiles.attribution}
            </a>
          )}
        </p>
      )}
      {isLacking && (
        <div className={classes.lacking} role="alert">
          <div>
            <Text fw={600} size="sm">
              The map did not come
            </Text>
            <Text size="sm">Coasts and borders could not be fetched. Everything else works without them.</Text>
          </div>
          <Button variant="default" size="compact-sm" onClick={() => void load()}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}
