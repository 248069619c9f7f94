import { Button, Checkbox, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { IconPlayerPlayFilled, IconScissors } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { videoQuery } from '../api/queries.ts';
import type { Stretch } from '../fleet/stretch.ts';
import { span } from '../shared/format.ts';
import { isPlayable } from '../shared/status.ts';
import { ProgressLine, StatusChip } from '../shared/StatusChip.tsx';
import { within } from './held.ts';
import { fromField, toField } from './day.ts';
import { recordingsQuery } from './queries.ts';
import { recordedMs, wholeWords } from './recordings.ts';
import classes from './device.module.css';

interface Props {
  readonly device: string;
  readonly channel: number;
  readonly channelName: string;
  readonly at: number;
  readonly day: Stretch;
  readonly recordings: readonly Stretch[];
  readonly marked: Stretch;
  readonly mark: (stretch: Stretch | undefined) => void;
}

/** Makes an ordinary video of a stretch. */
export function ClipForm({ device, channel, channelName, at, day, recordings, marked, mark }: Props) {
  const [title, setTitle] = useState('');
  const [positions, setPositions] = useState(true);
  const make = useMutation({
    mutationFn: () =>
      call('POST /api/devices/{id}/clips', {
        params: { id: device },
        body: {
          channel,
          from: new Date(marked.from).toISOString(),
          to: new Date(marked.to).toISOString(),
          positions,
          ...(title.trim() !== '' && { title: title.trim() }),
        },
      }),
  });
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // It opens below the time line, which may be the window's end.
    form.current?.scrollIntoView({ block: 'nearest' });
    form.current?.querySelector<HTMLElement>('input')?.focus({ preventScroll: true });
  }, []);
  const change = (part: Partial<Stretch>) => {
    make.reset();
    mark({ ...marked, ...part });
  };
  const held = recordedMs(within(recordings, marked));
  const isStretch = marked.to > marked.from;
  const whole = useWhole(device, channel, isStretch && held > 0 ? marked : undefined);
  const field = (name: 'from' | 'to', label: string) => (
    <div className={classes.when}>
      <TextInput
        type="datetime-local"
        step={1}
        label={label}
        value={toField(marked[name])}
        min={toField(day.from)}
        max={toField(day.to)}
        onChange={(event) => {
          const value = fromField(event.currentTarget.value);
          if (value !== undefined) change({ [name]: value });
        }}
      />
      <Button variant="default" size="compact-sm" onClick={() => change({ [name]: at })}>
        Here
      </Button>
    </div>
  );
  return (
    <form
      ref={form}
      className={classes.clip}
      aria-label="Make a clip"
      onSubmit={(event) => {
        event.preventDefault();
        if (isStretch && held > 0) make.mutate();
      }}
    >
      <h2>Clip of {channelName}</h2>
      <div className={classes.whens}>
        {field('from', 'From')}
        {field('to', 'To')}
      </div>
      <TextInput
        label="Title"
        placeholder="Device, channel and time"
        value={title}
        maxLength={200}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Checkbox
        label="Keep where it was, for who may see the device"
        checked={positions}
        onChange={(event) => setPositions(event.currentTarget.checked)}
      />
      <Text size="sm" c={isStretch && held > 0 ? 'dimmed' : 'red'} role="status">
        {!isStretch
          ? 'The end must come after the beginning.'
          : held === 0
            ? 'Nothing is recorded of this stretch.'
            : `${span((marked.to - marked.from) / 1000)}, of which ${span(held / 1000)} are recorded.`}
      </Text>
      {whole !== undefined && (
        <Text size="sm" c="dimmed">
          {wholeWords(whole, held)}
        </Text>
      )}
      {make.error && (
        <Text size="sm" c="red" role="alert">
          {make.error.message}
        </Text>
      )}
      {make.data ? (
        <Made video={make.data} done={() => mark(undefined)} />
      ) : (
        <div className={classes.buttons}>
          <Button
            type="submit"
            leftSection={<IconScissors size={16} />}
            disabled={!isStretch || held === 0}
            loading={make.isPending}
          >
            Make clip
          </Button>
          <Button variant="default" onClick={() => mark(undefined)}>
            Cancel
          </Button>
        </div>
      )}
    </form>
  );
}

/** ms that a hand may rest before it is asked what there is. */
const SETTLE = 300;

/** What there is of a stretch by whole segments, of which a clip is made; undefined while nobody knows. */
function useWhole(device: string, channel: number, stretch: Stretch | undefined): readonly Stretch[] | undefined {
  const [settled, setSettled] = useState(stretch);
  const [from, to] = [stretch?.from, stretch?.to];
  useEffect(() => {
    const next = from === undefined || to === undefined ? undefined : { from, to };
    const timer = setTimeout(() => setSettled(next), SETTLE);
    return () => clearTimeout(timer);
  }, [from, to]);
  const query = recordingsQuery(device, [channel], settled ?? { from: 0, to: 1 });
  const { data } = useQuery({ ...query, enabled: settled !== undefined, refetchInterval: false });
  const isSettled = stretch !== undefined && stretch.from === settled?.from && stretch.to === settled.to;
  return isSettled ? data?.get(channel) : undefined;
}

/** How far a clip has come: put together from its segments, then sliced like an upload. */
function Made({ video, done }: { video: Video; done: () => void }) {
  const { data = video } = useQuery(videoQuery(video.id, video));
  const isReady = isPlayable(data);
  return (
    <div className={classes.made}>
      <p role="status">
        {data.status === 'uploading' ? (
          'Putting the segments together. The clip goes on without this page.'
        ) : (
          <>
            <StatusChip video={data} />{' '}
            {data.status === 'failed'
              ? (data.failure?.reason ?? 'The clip could not be made.')
              : isReady
                ? 'The clip can be played.'
                : 'The clip is being sliced.'}
          </>
        )}
      </p>
      <ProgressLine video={data} />
      <div className={classes.buttons}>
        <Button
          component={Link}
          to={`/v/${video.id}`}
          variant={isReady ? 'filled' : 'default'}
          leftSection={isReady && <IconPlayerPlayFilled size={15} />}
        >
          {isReady ? 'Play the clip' : 'Open the clip'}
        </Button>
        <Button variant="default" onClick={done}>
          Done
        </Button>
      </div>
    </div>
  );
}
