import { Button, Text, useComputedColorScheme } from '@mantine/core';
import type { Map as LeafletMap } from 'leaflet';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import { createMap, type Made } from './leaflet.ts';
import { NoTiles } from './no-tiles.ts';
import classes from './canvas.module.css';

interface Props {
  /** For screen readers. */
  readonly label: string;
  /** Called once with the map, which can be drawn on; again with another where there is one. */
  readonly ready: (map: LeafletMap) => void;
}

const NO_COASTS = 'Coasts and borders could not be fetched.';

/** An empty map. What stands on it is the screen's own. */
export default function MapCanvas({ label, ready }: Props) {
  const tiles = useSession().config.map;
  const scheme = useComputedColorScheme('light');
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(ready);
  const made = useRef<Made>(undefined);
  const [lack, setLack] = useState<string>();
  const load = useCallback(async () => {
    setLack(undefined);
    const asked = made.current;
    try {
      await asked?.load();
    } catch (error) {
      // Of a map that is still the one on show.
      if (made.current === asked) setLack(error instanceof NoTiles ? error.message : NO_COASTS);
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
      {lack !== undefined && (
        <div className={classes.lacking} role="alert">
          <div>
            <Text fw={600} size="sm">
              The map did not come
            </Text>
            <Text size="sm">{lack} Everything else works without.</Text>
          </div>
          <Button variant="default" size="compact-sm" onClick={() => void load()}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}
