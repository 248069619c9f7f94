import { Button, Skeleton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconDownload, IconListSearch } from '@tabler/icons-react';
import { useEffect, useMemo, useState } from 'react';
import type { Channel, Device } from '../../../lib/contract/device.ts';
import type { Stretch } from '../fleet/stretch.ts';
import { bytes, count, span } from '../shared/format.ts';
import { heldOf, isHere, partHere, type Held } from './held.ts';
import { ask } from './commands.ts';
import { recordedMs } from './recordings.ts';
import { timeOfDay } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly device: Pick<Device, 'id' | 'online'>;
  readonly channel: Channel;
  readonly day: Stretch;
  /** What is here of that channel. */
  readonly recordings: readonly Stretch[];
  readonly goTo: (at: number) => void;
}

const iso = (at: number) => new Date(at).toISOString();

/** What the device itself has of the day: listed when asked for, and fetched by having it play it back to us. */
export function Archive({ device, channel, day, recordings, goTo }: Props) {
  const list = useMutation({
    mutationFn: () =>
      ask(device.id, {
        type: 'list-recordings',
        channel: channel.number,
        from: iso(day.from),
        to: iso(Math.min(day.to, Date.now())),
        stream: channel.stream,
      }),
  });
  const held = useMemo(() => list.data && heldOf(list.data, channel.number), [list.data, channel.number]);
  const fetching = useFetching(device.id, channel.number, recordings);
  const total = list.data?.total ?? 0;
  return (
    <section className={`${classes.alarms} ${classes.archive}`} aria-labelledby="archive-title">
      <div className={classes.archiveHead}>
        <h2 id="archive-title">On the device</h2>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconListSearch size={15} />}
          disabled={!device.online}
          loading={list.isPending}
          onClick={() => list.mutate()}
        >
          {held ? 'Ask again' : 'Ask what it has'}
        </Button>
      </div>
      {list.isPending && <Skeleton height={52} mt={8} aria-busy="true" />}
      {list.error && !list.isPending && (
        <p className={classes.bad} role="alert">
          {list.error.message}
        </p>
      )}
      {!list.isPending && !held && !list.error && (
        <p className={classes.dim}>
          {device.online
            ? `Devices keep recordings of their own. Ask for those of ${channel.name} on this day, and fetch what is missing here.`
            : 'The device is not connected. What it recorded by itself can be asked for when it is.'}
        </p>
      )}
      {held && !list.isPending && (
        <>
          <p className={classes.dim} role="status">
            {held.length === 0
              ? `It has nothing of ${channel.name} on this day.`
              : `${count(held.length, 'recording')} of ${channel.name}, ${span(recordedMs(held) / 1000)}${total > (list.data?.recordings?.length ?? 0) ? `; it has ${total}, more than it could list` : ''}. Fetching one takes as long as it lasts.`}
          </p>
          {held.length > 0 && (
            <ul aria-label="Recordings on the device">
              {held.map((one) => (
                <HeldRow
                  key={one.from}
                  one={one}
                  part={partHere(recordings, one)}
                  isHere={isHere(recordings, one)}
                  isOnline={device.online}
                  fetching={fetching}
                  goTo={goTo}
                />
              ))}
            </ul>
          )}
          {fetching.error && (
            <p className={classes.bad} role="alert">
              {fetching.error}
            </p>
          )}
        </>
      )}
    </section>
  );
}

interface RowProps {
  readonly one: Held;
  readonly part: number;
  readonly isHere: boolean;
  readonly isOnline: boolean;
  readonly fetching: Fetching;
  readonly goTo: (at: number) => void;
}

function HeldRow({ one, part, isHere: isWhole, isOnline, fetching, goTo }: RowProps) {
  const isFetching = fetching.current?.from === one.from;
  const times = `${timeOfDay(one.from)} – ${timeOfDay(one.to)}`;
  return (
    <li className={classes.held}>
      <span>
        <strong>{times}</strong>
        <small>
          {span((one.to - one.from) / 1000)}, {bytes(one.bytes)}
          {isWhole ? ', here already' : part > 0.01 ? `, ${Math.floor(part * 100)} % here` : ''}
        </small>
        {isFetching && (
          <progress className={classes.progress} value={part} max={1} aria-label={`Fetching ${times}`}>
            {Math.floor(part * 100)} %
          </progress>
        )}
      </span>
      {isFetching ? (
        <Button variant="default" size="compact-sm" loading={fetching.isEnding} onClick={fetching.end}>
          Stop
        </Button>
      ) : isWhole ? (
        <Button variant="subtle" size="compact-sm" aria-label={`Show ${times}`} onClick={() => goTo(one.from + 1000)}>
          Show
        </Button>
      ) : (
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconDownload size={15} />}
          aria-label={`Fetch ${times}`}
          disabled={!isOnline || fetching.current !== undefined}
          onClick={() => fetching.begin(one)}
        >
          Fetch
        </Button>
      )}
    </li>
  );
}

interface Fetching {
  readonly current: Held | undefined;
  readonly error: string | undefined;
  readonly isEnding: boolean;
  readonly begin: (one: Held) => void;
  readonly end: () => void;
}

/** ms between two looks at what has come, and without anything new until the device is taken to have ended. */
const LOOK = 3_000;
const SILENCE = 25_000;

/** One recording at a time: a channel has one playback. */
function useFetching(id: string, channel: number, recordings: readonly Stretch[]): Fetching {
  const client = useQueryClient();
  const [current, setCurrent] = useState<Held>();
  const [note, setNote] = useState<string>();
  const play = useMutation({
    mutationFn: (one: Held) => ask(id, { type: 'play', channel, from: iso(one.from), to: iso(one.to), speed: 1 }),
    onMutate: (one) => {
      setNote(undefined);
      setCurrent(one);
    },
    onError: () => setCurrent(undefined),
  });
  const end = useMutation({
    mutationFn: () => ask(id, { type: 'control-playback', channel, action: 'end' }),
    onSettled: () => setCurrent(undefined),
  });
  const here = current && partHere(recordings, current);
  const isDone = current !== undefined && isHere(recordings, current);
  useEffect(() => {
    if (isDone) setCurrent(undefined);
  }, [isDone]);
  useEffect(() => {
    if (!current) return undefined;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: ['recordings', id] }), LOOK);
    return () => clearInterval(timer);
  }, [client, id, current]);
  useEffect(() => {
    if (!current) return undefined;
    const timer = setTimeout(() => {
      setCurrent(undefined);
      setNote('The device stopped sending. What has come stays; fetch the rest again.');
    }, SILENCE);
    return () => clearTimeout(timer);
  }, [current, here]);
  return {
    current,
    error: play.error?.message ?? end.error?.message ?? note,
    isEnding: end.isPending,
    begin: (one) => play.mutate(one),
    end: () => end.mutate(),
  };
}
