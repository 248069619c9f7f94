import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Checkbox.css';
import '@mantine/core/styles/FloatingIndicator.css';
import '@mantine/core/styles/SegmentedControl.css';
import { Button, Checkbox, Modal, NativeSelect, SegmentedControl, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Channel, Device } from '../../../lib/contract/device.ts';
import { call } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import type { Stretch } from '../fleet/stretch.ts';
import { Copy } from '../shared/Copy.tsx';
import { exact, moment, span } from '../shared/format.ts';
import { embedSnippet, lifetimes } from '../video/links.ts';
import { channelUrl } from './addresses.ts';
import { timeOfDay } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly device: Pick<Device, 'id' | 'name'>;
  readonly channel: Channel;
  readonly stretch: Stretch;
  readonly close: () => void;
}

/** Playlist address and embed code of one channel, live or of the stretch on the screen. */
export default function ShareDialog(props: Props) {
  return (
    <Modal
      opened
      onClose={props.close}
      title={`Play ${props.channel.name} elsewhere`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Share {...props} />
    </Modal>
  );
}

function Share({ device, channel, stretch }: Props) {
  const isNever = channel.live === 'never';
  const [what, setWhat] = useState<'live' | 'recorded'>(isNever ? 'recorded' : 'live');
  const [seconds, setSeconds] = useState('');
  const [ceiling, setCeiling] = useState(Infinity);
  const [expand, setExpand] = useState(false);
  const mint = useMutation({
    mutationFn: () =>
      call('POST /api/devices/{id}/tokens', {
        params: { id: device.id },
        body: { channel: channel.number, ...(seconds !== '' && { expiresIn: Number(seconds) }) },
      }),
    onError: (error) => {
      const limit = error instanceof ApiProblem ? error.limit : undefined;
      if (limit?.name !== 'playback.tokenMinutes') return;
      setCeiling(limit.value * 60);
      setSeconds('');
    },
  });
  const url =
    mint.data &&
    channelUrl(location.origin, device.id, channel.number, {
      token: mint.data.token,
      stretch: what === 'live' ? undefined : stretch,
      expand,
    });
  return (
    <div className={classes.settings}>
      <SegmentedControl
        aria-label="What to play"
        data={[
          { value: 'live', label: 'Live', disabled: isNever },
          { value: 'recorded', label: `Recorded, ${timeOfDay(stretch.from)} – ${timeOfDay(stretch.to)}` },
        ]}
        value={what}
        onChange={(value) => setWhat(value)}
      />
      <div className={classes.mint}>
        <NativeSelect
          label="Works for"
          data={[
            { value: '', label: 'As long as possible' },
            ...lifetimes
              .filter(({ value }) => value <= ceiling)
              .map(({ value, label }) => ({ value: String(value), label })),
          ]}
          value={seconds}
          onChange={(event) => setSeconds(event.currentTarget.value)}
        />
        <Button variant={mint.data ? 'default' : 'filled'} loading={mint.isPending} onClick={() => mint.mutate()}>
          {mint.data ? 'Make another' : 'Make address'}
        </Button>
      </div>
      <Text size="sm" c="dimmed" component="p" m={0} role="status">
        Whoever has the address watches this channel as you until it ends, without signing in.
        {mint.data && (
          <>
            {' '}
            It works until{' '}
            <time dateTime={mint.data.expiresAt} title={exact(mint.data.expiresAt)}>
              {moment(Date.parse(mint.data.expiresAt))}
            </time>
            .
          </>
        )}
      </Text>
      {mint.error && (
        <Text c="red" size="sm" role="alert">
          {ceiling === Infinity
            ? mint.error.message
            : `Addresses work for at most ${span(ceiling)} here. Make one for as long as possible, or shorter.`}
        </Text>
      )}
      {url !== undefined && (
        <>
          <section className={classes.address}>
            <h3>Stream address (HLS)</h3>
            <Copy text={url} label="Stream address" />
            <Checkbox
              size="xs"
              label="For players without EXT-X-DEFINE, such as video.js"
              checked={expand}
              onChange={(event) => setExpand(event.currentTarget.checked)}
            />
            {what === 'live' && (
              <Text size="sm" c="dimmed" component="p" m={0}>
                While the device is not sending, it answers 409 with the state in words; a player tries again.
              </Text>
            )}
          </section>
          <section className={classes.address}>
            <h3>Embed</h3>
            <Copy text={embedSnippet(url, `${device.name}, ${channel.name}`)} label="Embed code" wide />
          </section>
        </>
      )}
    </div>
  );
}
