import { Button } from '@mantine/core';
import { IconFocus2, IconLivePhoto } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import type { Device } from '../../../lib/contract/device.ts';
import { StateMark } from '../fleet/StateMark.tsx';
import { describe, heading, isMoving, stateOf } from '../fleet/words.ts';
import { wallOf } from '../fleet/wall.ts';
import { Ago, useNow } from '../shared/Time.tsx';
import classes from './map.module.css';

interface Props {
  readonly devices: readonly Device[];
  readonly chosen: string | undefined;
  readonly isFollowing: boolean;
  readonly choose: (id: string | undefined) => void;
  readonly follow: () => void;
}

export function DeviceList({ devices, chosen, isFollowing, choose, follow }: Props) {
  const now = useNow();
  return (
    <ul className={classes.list} aria-label="Devices">
      {devices.map((device) => {
        const isChosen = device.id === chosen;
        return (
          <li key={device.id} data-chosen={isChosen}>
            <Row device={device} now={now} isChosen={isChosen} choose={choose} />
            {isChosen && (
              <div className={classes.actions}>
                <Facts device={device} />
                <Button component={Link} to={`/d/${device.id}`} size="compact-sm">
                  Open
                </Button>
                <Button
                  component={Link}
                  to={`/live?${wallOf(device)}`}
                  aria-label={`Watch ${device.name} live`}
                  variant="default"
                  size="compact-sm"
                  leftSection={<IconLivePhoto size={15} />}
                >
                  Live
                </Button>
                <Button
                  variant="default"
                  size="compact-sm"
                  leftSection={<IconFocus2 size={15} />}
                  aria-pressed={isFollowing}
                  disabled={device.position === undefined}
                  onClick={follow}
                >
                  {isFollowing ? 'Following' : 'Follow'}
                </Button>
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Facts({ device: { id, online, position } }: { device: Device }) {
  const facts = [
    position !== undefined && isMoving(position.speedKmh) && `heading ${heading(position.direction)}`,
    online && position !== undefined && `ignition ${position.accOn ? 'on' : 'off'}`,
    position !== undefined && `${position.lat.toFixed(5)}, ${position.lon.toFixed(5)}`,
    `number ${id}`,
  ].filter((fact) => fact !== false);
  return (
    <small>
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </small>
  );
}

function Row(props: { device: Device; now: number; isChosen: boolean; choose: (id: string | undefined) => void }) {
  const { device, now, isChosen, choose } = props;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isChosen) button.current?.scrollIntoView({ block: 'nearest' });
  }, [isChosen]);
  return (
    <button
      ref={button}
      type="button"
      className={classes.row}
      aria-pressed={isChosen}
      onClick={() => choose(isChosen ? undefined : device.id)}
    >
      <StateMark state={stateOf(device)} size={18} />
      <span>
        <strong title={device.name}>{device.name}</strong>
        <small>{describe(device, now)}</small>
      </span>
      {device.position !== undefined && (
        <small>
          <Ago at={device.position.time} />
        </small>
      )}
    </button>
  );
}
