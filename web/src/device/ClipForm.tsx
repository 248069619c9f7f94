import { Button, Checkbox, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconScissors } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../api/client.ts';
import { span } from '../shared/format.ts';
import { fromField, toField } from './day.ts';
import { joined, recordedMs, type Stretch } from './recordings.ts';
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
  const change = (part: Partial<Stretch>) => {
    make.reset();
    mark({ ...marked, ...part });
  };
  const held = recordedMs(within(recordings, marked));
  const isStretch = marked.to > marked.from;
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
        label="Keep the positions of this stretch beside it"
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
      {make.error && (
        <Text size="sm" c="red" role="alert">
          {make.error.message}
        </Text>
      )}
      {make.data ? (
        <div className={classes.buttons} role="status">
          <Button component={Link} to={`/v/${make.data.id}`}>
            Open the clip
          </Button>
          <Button variant="default" onClick={() => mark(undefined)}>
            Done
          </Button>
        </div>
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

const within = (recordings: readonly Stretch[], { from, to }: Stretch): Stretch[] =>
  joined(
    recordings
      .map((one) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
      .filter((one) => one.to > one.from),
  );
