import { Skeleton, useComputedColorScheme } from '@mantine/core';
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

/** An empty map. What stands on it is the screen's own. */
export default function MapCanvas({ label, ready }: Props) {
  const scheme = useComputedColorScheme('light');
  return <Canvas key={scheme} isDark={scheme === 'dark'} label={label} ready={ready} />;
}

function Canvas({ label, ready, isDark }: Props & { isDark: boolean }) {
  const tiles = useSession().config.map;
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(ready);
  const [state, setState] = useState<'loading' | 'ready' | 'failed'>('loading');
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
    made.once('load', () => {
      setState('ready');
      latest.current(made);
    });
    return () => made.remove();
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
