import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import { Modal, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { Device, LivePolicy } from '../../../lib/contract/device.ts';
import { describe, stateOf } from '../fleet/words.ts';
import { StateMark } from '../fleet/StateMark.tsx';
import { MOST_TILES, same, type Place, type Wall } from '../fleet/wall.ts';
import { useNow } from '../shared/Time.tsx';
import classes from './live.module.css';

interface Props {
  readonly opened: boolean;
  readonly close: () => void;
  readonly devices: readonly Device[];
  readonly wall: Wall;
  readonly toggle: (place: Place) => void;
}

const POLICIES: Readonly<Record<LivePolicy, string>> = {
  always: 'always sends',
  'on-demand': 'starts when watched',
  never: 'not to be watched live',
};

/** Which channels stand on the wall. */
export function Picker({ opened, close, devices, wall, toggle }: Props) {
  const [text, setText] = useState('');
  const now = useNow();
  const needle = text.trim().toLocaleLowerCase();
  const found = devices
    .filter(({ name, id }) => name.toLocaleLowerCase().includes(needle) || id.includes(needle))
    .toSorted((a, b) => Number(b.online) - Number(a.online));
  const used = wall.places.filter((place) => place !== undefined).length;
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Channels on the wall"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <TextInput
        type="search"
        aria-label="Search devices"
        placeholder="Name or number"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        data-autofocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Text c="dimmed" size="sm" mt={6} role="status">
        {used} of {MOST_TILES} tiles used.
      </Text>
      <ul className={classes.picker}>
        {found.map((device) => (
          <li key={device.id}>
            <strong>
              <StateMark state={stateOf(device)} />
              {device.name}
            </strong>
            <small>{describe(device, now)}</small>
            {device.channels.map((channel) => {
              const place = { device: device.id, channel: channel.number };
              const isOn = wall.places.some((one) => same(one, place));
              return (
                <label key={channel.number}>
                  <input
                    type="checkbox"
                    checked={isOn}
                    disabled={!isOn && (channel.live === 'never' || used === MOST_TILES)}
                    onChange={() => toggle(place)}
                  />
                  {channel.name}
                  <small>{POLICIES[channel.live]}</small>
                </label>
              );
            })}
            {device.channels.length === 0 && <small>No channels.</small>}
          </li>
        ))}
        {found.length === 0 && <li>No device matches.</li>}
      </ul>
    </Modal>
  );
}
