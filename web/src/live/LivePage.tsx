import '@mantine/core/styles/FloatingIndicator.css';
import '@mantine/core/styles/SegmentedControl.css';
import { ActionIcon, Button, SegmentedControl, Skeleton, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDeviceCctv, IconMaximize, IconMinimize, IconPlus } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { hasCode } from '../api/problem.ts';
import { devicesQuery } from '../fleet/queries.ts';
import {
  formatWall,
  GRIDS,
  isEmpty,
  parseWall,
  placeKey,
  put,
  suggested,
  toggle,
  type Grid,
  type Wall,
} from '../fleet/wall.ts';
import { Failure, NoRight, Stale, State } from '../shared/states.tsx';
import { AlarmBanner } from './AlarmBanner.tsx';
import { Picker } from './Picker.tsx';
import { useFullscreen } from '../shared/useFullscreen.ts';
import { Tile } from './Tile.tsx';
import classes from './live.module.css';

/** The last wall of this browser, for who comes without an address that names one. */
const MEMORY = 'sluice.wall';

export default function LivePage() {
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const wall = useMemo(() => parseWall(search), [search]);
  const { data, error, isPending, refetch } = useQuery(devicesQuery(15));
  const [isPicking, setPicking] = useState(false);
  const [loud, setLoud] = useState<string>();
  const frame = useRef<HTMLDivElement>(null);
  const [isFull, toggleFull, mayFull] = useFullscreen(frame);

  const show = (next: Wall, replace = false) => {
    const query = formatWall(next);
    localStorage.setItem(MEMORY, query);
    void navigate({ search: query }, { replace });
  };
  const hasChoice = search.has('show') || search.has('grid');
  useEffect(() => {
    // While the code of another page is on its way this one still stands, but the address is no more its own.
    if (hasChoice || !data || !window.location.pathname.startsWith('/live')) return;
    const remembered = parseWall(new URLSearchParams(localStorage.getItem(MEMORY) ?? ''));
    const query = formatWall(isEmpty(remembered) ? suggested(data.devices) : remembered);
    if (query !== '') void navigate({ search: query }, { replace: true });
  }, [hasChoice, data, navigate]);

  const shown = wall.places.slice(0, wall.grid);
  const onWall = useMemo(
    () => new Set(wall.places.slice(0, wall.grid).flatMap((place) => place?.device ?? [])),
    [wall],
  );
  const devices = data?.devices ?? [];
  const deviceOf = (id: string) => devices.find((one) => one.id === id);

  return (
    <div className={classes.page}>
      <title>Live wall · Sluice</title>
      <div className={classes.head}>
        <Title order={1} fz="h3">
          Live wall
        </Title>
        <div className={classes.tools}>
          <SegmentedControl
            aria-label="Tiles"
            size="sm"
            data={GRIDS.map((n) => ({ value: String(n), label: String(n) }))}
            value={String(wall.grid)}
            onChange={(value) => show({ ...wall, grid: Number(value) as Grid })}
          />
          <Button variant="default" leftSection={<IconDeviceCctv size={17} />} onClick={() => setPicking(true)}>
            Channels
          </Button>
          <Button
            variant="default"
            className={classes.full}
            leftSection={<IconMaximize size={17} />}
            disabled={isEmpty(wall) || !mayFull}
            onClick={toggleFull}
          >
            Full screen
          </Button>
        </div>
      </div>
      {data && error && (
        <div className={classes.notice}>
          <Stale error={error} />
        </div>
      )}
      {isPending && isEmpty(wall) ? (
        <ul className={classes.grid} data-grid="4" aria-busy="true">
          {Array.from({ length: 4 }, (_, i) => (
            <li key={i}>
              <Skeleton className={classes.skeleton} radius={8} />
            </li>
          ))}
        </ul>
      ) : !data && isEmpty(wall) ? (
        hasCode(error, 'forbidden') ? (
          <NoRight>Ask an administrator to make you a viewer of a device.</NoRight>
        ) : (
          <Failure error={error} retry={() => void refetch()} />
        )
      ) : isEmpty(wall) && !search.has('grid') ? (
        <>
          <AlarmBanner onWall={onWall} />
          <Nothing hasDevices={devices.length > 0} pick={() => setPicking(true)} />
        </>
      ) : (
        <div ref={frame} className={classes.wall}>
          <AlarmBanner onWall={onWall} />
          <ul className={classes.grid} data-grid={wall.grid} aria-label="Tiles of the wall">
            {shown.map((place, i) => (
              <li key={place ? placeKey(place) : `empty ${i}`}>
                {place ? (
                  <Tile
                    place={place}
                    device={deviceOf(place.device)}
                    isListed={data !== undefined || error !== null}
                    isLoud={loud === placeKey(place)}
                    setLoud={(isLoud) => setLoud(isLoud ? placeKey(place) : undefined)}
                    remove={() => show(put(wall, i, undefined))}
                  />
                ) : (
                  <button type="button" className={classes.empty} onClick={() => setPicking(true)}>
                    <IconPlus size={22} stroke={1.6} aria-hidden />
                    Choose a channel
                  </button>
                )}
              </li>
            ))}
          </ul>
          {isFull && (
            <ActionIcon
              variant="transparent"
              size="lg"
              className={classes.leave}
              aria-label="Leave full screen"
              title="Leave full screen (Esc)"
              onClick={toggleFull}
            >
              <IconMinimize size={20} />
            </ActionIcon>
          )}
        </div>
      )}
      <Picker
        opened={isPicking}
        close={() => setPicking(false)}
        devices={devices}
        wall={wall}
        toggle={(place) => show(toggle(wall, place), true)}
      />
    </div>
  );
}

function Nothing({ hasDevices, pick }: { hasDevices: boolean; pick: () => void }) {
  return hasDevices ? (
    <State
      icon={IconDeviceCctv}
      title="Nothing on the wall yet"
      action={<Button onClick={pick}>Choose channels</Button>}
    >
      Choose up to 16 channels. The wall is kept in the address, so it can be shared or opened on another screen.
    </State>
  ) : (
    <State
      icon={IconDeviceCctv}
      title="No device yet"
      action={
        <Button variant="default" component={Link} to="/map">
          To the devices
        </Button>
      }
    >
      Devices appear here once an administrator has registered them and made you a viewer.
    </State>
  );
}
