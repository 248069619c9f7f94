import { Button, Skeleton, useComputedColorScheme } from '@mantine/core';
import { IconMapOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import { State } from '../shared/states.tsx';
import { createMap, type MapLibre } from './maplibre.ts';
import classes from './canvas.module.css';

interface Props {
  /** For screen readers. */
  readonly label: string;
  /** Called once with the map when it can be drawn on, and again with another when the colour scheme changes. */
  readonly ready: (map: MapLibre) => void;
}

/** ms after which a map that is still not there says so: a part of it may not have come, and it would say nothing itself. */
const LATE = 15_000;

/** An empty map. What stands on it is the screen's own. */
export default function MapCanvas({ label, ready }: Props) {
  const scheme = useComputedColorScheme('light');
  const [tries, setTries] = useState(0);
  return (
    <Canvas
      key={`${scheme} ${tries}`}
      isDark={scheme === 'dark'}
      label={label}
      ready={ready}
      again={() => setTries(tries + 1)}
    />
  );
}

function Canvas({ label, ready, isDark, again }: Props & { isDark: boolean; again: () => void }) {
  const tiles = useSession().config.map;
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(ready);
  const [state, setState] = useState<'loading' | 'late' | 'ready' | 'failed'>('loading');
  useEffect(() => {
    latest.current = ready;
  });
  useEffect(() => {
    let map: MapLibre | undefined;
    try {
      map = createMap(container.current!, { label, isDark, tiles });
    } catch {
      setState('failed');
      return undefined;
    }
    const made = map;
    const timer = setTimeout(() => setState('late'), LATE);
    made.once('load', () => {
      clearTimeout(timer);
      setState('ready');
      latest.current(made);
    });
    return () => {
      clearTimeout(timer);
      made.remove();
    };
  }, [label, isDark, tiles]);
  return (
    <div className={classes.canvas}>
      <div ref={container} className={classes.fill} />
      {tiles && state === 'ready' && (
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
      {state === 'loading' && <Skeleton className={classes.fill} radius={0} />}
      {state === 'late' && (
        <div className={`${classes.fill} ${classes.late}`} role="alert">
          <State
            icon={IconMapOff}
            title="The map did not come"
            action={
              <Button variant="default" onClick={again}>
                Try again
              </Button>
            }
          >
            A part of it could not be fetched, or this machine is busy. Everything else on this page works without it.
          </State>
        </div>
      )}
      {state === 'failed' && (
        <div className={classes.fill}>
          <State icon={IconMapOff} title="No map here">
            This browser offers no WebGL, which the map is drawn with. Everything else on this page works without it.
          </State>
        </div>
      )}
    </div>
  );
}
