import '@mantine/core/styles/FloatingIndicator.css';
import '@mantine/core/styles/SegmentedControl.css';
import '@mantine/core/styles/Checkbox.css';
import { ActionIcon, Button, Skeleton, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import {
  IconChevronLeft,
  IconChevronRight,
  IconLivePhoto,
  IconScissors,
  IconSettings,
  IconShare2,
} from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import type { Channel, Device } from '../../../lib/contract/device.ts';
import { DEVICE_ID } from '../../../lib/contract/live-keys.ts';
import { hasCode } from '../api/problem.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { deviceQuery, trackQuery } from '../fleet/queries.ts';
import { StateMark } from '../fleet/StateMark.tsx';
import type { Stretch } from '../fleet/stretch.ts';
import { runsOf } from '../fleet/track.ts';
import { wallOf } from '../fleet/wall.ts';
import { describe, stateOf } from '../fleet/words.ts';
import { unturned } from '../shared/unturned.ts';
import { Fence } from '../shared/Fence.tsx';
import { exact } from '../shared/format.ts';
import { Failure, NoRight, NotFound, Stale } from '../shared/states.tsx';
import { Ago, hinting, useNow } from '../shared/Time.tsx';
import { stretchFor } from './addresses.ts';
import { AlarmList } from './AlarmList.tsx';
import { Archive } from './Archive.tsx';
import { ClipForm } from './ClipForm.tsx';
import { atTime, dayOf, shifted, stretchOf, toTimeField } from './day.ts';
import { Playback } from './Playback.tsx';
import { alarmsQuery, recordingsQuery } from './queries.ts';
import { aroundWithin, firstMoment } from './recordings.ts';
import { Timeline } from './Timeline.tsx';
import { placeAt } from './track.ts';
import { motion, thereClock } from './words.ts';
import classes from './device.module.css';

const DeviceMap = lazy(() => import('./DeviceMap.tsx'));
const SettingsDialog = lazy(() => import('./SettingsDialog.tsx'));
const ShareDialog = lazy(() => import('./ShareDialog.tsx'));
const WatchingDevice = lazy(() => import('./WatchingDevice.tsx'));

const NONE: ReadonlyMap<number, readonly Stretch[]> = new Map();

export default function DevicePage() {
  const { id = '' } = useParams();
  const isId = DEVICE_ID.test(id);
  const { data: device, error, isPending, refetch } = useQuery({ ...deviceQuery(id), enabled: isId });
  if (!isId || hasCode(error, 'not-found')) return <NotFound what="device" />;
  if (hasCode(error, 'forbidden')) return <NoRight>Ask an administrator to make you a viewer of this device.</NoRight>;
  if (isPending) return <PageSkeleton />;
  if (!device) return <Failure error={error} retry={() => void refetch()} />;
  return <Loaded key={device.id} device={device} error={error} />;
}

function Loaded({ device, error }: { device: Device; error: unknown }) {
  const { isAdmin, mayUpload } = usePerson();
  const navigate = useNavigate();
  const now = useNow();
  const [search, setSearch] = useSearchParams();
  const [hasSettings, setSettings] = useState(false);
  const [isSharing, setSharing] = useState(false);
  const [marked, mark] = useState<Stretch>();

  // A moment names its day; who names neither sees the last day there can be anything of.
  const asked = Number(search.get('at'));
  const named = search.get('day') ?? '';
  const today = dayOf(now);
  const latest = device.online || device.lastSeenAt === undefined ? today : dayOf(Date.parse(device.lastSeenAt));
  const dayName = asked > 0 && asked < 1e14 ? dayOf(asked) : stretchOf(named) ? named : latest;
  const day = useMemo(() => stretchOf(dayName)!, [dayName]);
  const channel = Number(search.get('channel') ?? device.channels[0]?.number ?? 1);
  const chosen: Channel = device.channels.find(({ number }) => number === channel) ?? {
    number: channel,
    name: `Channel ${channel}`,
    live: 'never',
    stream: 'main',
  };
  const change = (changes: Readonly<Record<string, string | number | undefined>>, replace = false) => {
    // Not of this render: the router is a moment behind.
    const next = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) next.delete(name);
      else next.set(name, String(value));
    }
    setSearch(next, { replace, preventScrollReset: true });
  };
  const goToDay = (text: string) => {
    mark(undefined);
    change({ day: text, at: undefined });
  };

  const track = useQuery(trackQuery(device.id, day));
  const alarms = useQuery(alarmsQuery(device.id, day));
  const numbers = device.channels.map(({ number }) => number);
  const listings = useQuery(recordingsQuery(device.id, numbers, day));
  const recordings = listings.data ?? NONE;
  const runs = useMemo(() => (track.data ? runsOf(track.data) : []), [track.data]);
  const here = listings.data && (listings.data.get(channel) ?? []);

  // The one moment that time line, map and video are at. Whoever moves it by hand counts in `jumps`.
  const [held, setHeld] = useState(asked);
  const moment = held >= day.from && held < day.to ? held : undefined;
  const [jumps, setJumps] = useState(0);
  const [isAsked, setAsked] = useState(asked > 0);
  const isKnown = here !== undefined && (track.data !== undefined || track.isError);
  const first = isKnown ? firstMoment(here, runs.at(-1)?.at(-1)?.at, day) : undefined;
  useEffect(() => {
    if (moment !== undefined || first === undefined) return;
    // By an address, or what came before it in the history, to a moment of another day.
    setHeld(asked >= day.from && asked < day.to ? asked : first);
    setJumps((n) => n + 1);
  }, [moment, first, asked, day]);
  const at = moment ?? day.from;
  // So that the address can be shared. Only hands write it: playing would, several times a second.
  const writing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(writing.current), [day]);
  const goTo = (to: number) => {
    const target = Math.round(Math.min(day.to - 1, Math.max(day.from, to)));
    setHeld(target);
    setAsked(true);
    setJumps((n) => n + 1);
    clearTimeout(writing.current);
    const here = window.location.pathname;
    writing.current = setTimeout(() => {
      // While the code of another page is on its way this one still stands, but the address is no more its own.
      if (window.location.pathname === here) change({ at: target, day: undefined }, true);
    }, 800);
  };

  const place = placeAt(runs, at);
  const there = thereClock(device.timeZone, now);
  const isLive = dayName === today && device.online && chosen.live !== 'never';
  return (
    <div className={classes.page}>
      <title>{`${unturned(device.name)} · Sluice`}</title>
      <header className={classes.head}>
        <div>
          <Title order={1} fz="h3">
            {device.name}
          </Title>
          <p className={classes.facts}>
            <StateMark state={stateOf(device)} />
            <span {...(device.lastSeenAt !== undefined && hinting(() => exact(device.lastSeenAt!)))}>
              {describe(device, now)}
            </span>
            <span className={classes.dim}>
              number {device.id}
              {device.lastSeenAt !== undefined && (
                <>
                  {' · heard of '}
                  <Ago at={device.lastSeenAt} />
                </>
              )}
              {there !== undefined && <span title={`Its time zone is ${device.timeZone}`}>{` · ${there}`}</span>}
            </span>
          </p>
          {error !== null && <Stale error={error} />}
        </div>
        <div className={classes.buttons}>
          <Button
            component={Link}
            to={`/live?${wallOf(device)}`}
            variant="default"
            leftSection={<IconLivePhoto size={17} />}
          >
            Watch live
          </Button>
          <Button
            variant="default"
            leftSection={<IconShare2 size={17} />}
            disabled={device.channels.length === 0}
            onClick={() => setSharing(true)}
          >
            Share
          </Button>
          {isAdmin && (
            <Button variant="default" leftSection={<IconSettings size={17} />} onClick={() => setSettings(true)}>
              Settings
            </Button>
          )}
        </div>
      </header>

      <div className={classes.days}>
        <ActionIcon variant="default" size={36} aria-label="Day before" onClick={() => goToDay(shifted(dayName, -1))}>
          <IconChevronLeft size={18} />
        </ActionIcon>
        <TextInput
          type="date"
          aria-label="Day"
          value={dayName}
          max={today}
          onChange={(event) => stretchOf(event.currentTarget.value) && goToDay(event.currentTarget.value)}
        />
        <ActionIcon
          variant="default"
          size={36}
          aria-label="Day after"
          disabled={dayName >= today}
          onClick={() => goToDay(shifted(dayName, 1))}
        >
          <IconChevronRight size={18} />
        </ActionIcon>
        <TimeField at={at} day={day} goTo={goTo} />
        <span className={classes.place}>
          {place
            ? `${place.isKnown ? '' : 'last heard of at '}${place.lat.toFixed(5)}, ${place.lon.toFixed(5)} · ${motion(place.speedKmh, place.direction)}`
            : track.isPending
              ? ''
              : runs.length === 0
                ? 'No positions on this day'
                : 'No position yet at this moment'}
        </span>
        {mayUpload && (
          <Button
            variant="default"
            leftSection={<IconScissors size={17} />}
            disabled={marked !== undefined || !here || here.length === 0}
            onClick={() => mark(aroundWithin(here ?? [], at))}
          >
            Clip
          </Button>
        )}
      </div>

      <div className={classes.columns}>
        <div className={classes.left}>
          <Playback
            device={device.id}
            channel={channel}
            day={day}
            recordings={here}
            at={at}
            jumps={jumps}
            goTo={goTo}
            playsAt={setHeld}
            isAsked={isAsked}
            live={isLive ? `/live?show=${device.id}.${channel}` : undefined}
          />
          {listings.error && !here ? (
            <Failure error={listings.error} retry={() => void listings.refetch()} />
          ) : (
            <Timeline
              day={day}
              at={at}
              goTo={goTo}
              channels={device.channels}
              chosen={channel}
              choose={(number) => change({ channel: number })}
              recordings={recordings}
              alarms={alarms.data?.alarms ?? []}
              marked={marked}
            />
          )}
          {marked && (
            <ClipForm
              device={device.id}
              channel={channel}
              channelName={chosen.name}
              at={at}
              day={day}
              recordings={here ?? []}
              marked={marked}
              mark={mark}
            />
          )}
          {device.channels.length > 0 && (
            <Archive
              key={`${dayName} ${channel}`}
              device={device}
              channel={chosen}
              day={day}
              recordings={here ?? []}
              goTo={goTo}
            />
          )}
        </div>
        <div className={classes.right}>
          <div className={classes.map}>
            {track.error && !track.data ? (
              <Failure error={track.error} retry={() => void track.refetch()} />
            ) : (
              <Fence>
                <Suspense fallback={<Skeleton height="100%" radius={0} />}>
                  <DeviceMap
                    runs={runs}
                    alarms={alarms.data?.alarms ?? []}
                    at={at}
                    goTo={goTo}
                    label="Map of the track; the time line says the same in words"
                  />
                </Suspense>
              </Fence>
            )}
          </div>
          <AlarmList
            alarms={alarms.data?.alarms}
            hasMore={alarms.data !== undefined && alarms.data.cursor !== null}
            error={alarms.error}
            retry={() => void alarms.refetch()}
            at={at}
            goTo={goTo}
          />
          {isAdmin && (
            <Suspense>
              <WatchingDevice device={device} />
            </Suspense>
          )}
        </div>
      </div>
      {isSharing && (
        <Suspense>
          <ShareDialog
            device={device}
            channel={chosen}
            stretch={stretchFor(at, day, marked)}
            close={() => setSharing(false)}
          />
        </Suspense>
      )}
      {hasSettings && (
        <Suspense>
          <SettingsDialog
            device={device}
            close={() => setSettings(false)}
            deleted={() => void navigate('/map', { replace: true })}
          />
        </Suspense>
      )}
    </div>
  );
}

/** The moment as a field, for who knows the time. While somebody is in it, playing does not write over it. */
function TimeField({ at, day, goTo }: { at: number; day: Stretch; goTo: (at: number) => void }) {
  const [draft, setDraft] = useState<string>();
  return (
    <TextInput
      type="time"
      step={1}
      aria-label="Time"
      className={classes.time}
      value={draft ?? toTimeField(at)}
      onFocus={() => setDraft(toTimeField(at))}
      onBlur={() => setDraft(undefined)}
      onChange={({ currentTarget: { value } }) => {
        setDraft(value);
        const moment = atTime(day, value);
        if (moment !== undefined) goTo(moment);
      }}
    />
  );
}

function PageSkeleton() {
  return (
    <div className={classes.page} aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading the device
      </span>
      <div className={classes.head}>
        <Skeleton height={28} width={220} />
      </div>
      <div className={classes.days}>
        <Skeleton height={36} width={240} />
      </div>
      <div className={classes.columns}>
        <div className={classes.left}>
          <Skeleton className={classes.screen} radius={0} />
          <Skeleton height={140} />
        </div>
        <div className={classes.right}>
          <Skeleton className={classes.map} />
          <Skeleton height={120} />
        </div>
      </div>
    </div>
  );
}
