import { ActionIcon, Button } from '@mantine/core';
import { IconAlertTriangle, IconMaximize, IconMinimize, IconVolume, IconVolumeOff, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import type { Device } from '../../../lib/contract/device.ts';
import { alarmWord } from '../fleet/words.ts';
import type { Place } from '../fleet/wall.ts';
import { NEVER, sentenceOf, wordsOf, type Phase } from './phase.ts';
import { useFullscreen } from '../shared/useFullscreen.ts';
import { useInView, useLiveStream } from './useLiveStream.ts';
import classes from './live.module.css';

interface Props {
  readonly place: Place;
  /** Undefined until it is known, and for who may not see it. */
  readonly device: Device | undefined;
  /** Whether devices have been asked for: until then nobody knows if this channel may be asked for at all. */
  readonly isListed: boolean;
  readonly isLoud: boolean;
  readonly setLoud: (isLoud: boolean) => void;
  readonly remove: () => void;
}

const TONES: Readonly<Record<Phase['kind'], string>> = {
  idle: 'quiet',
  starting: 'busy',
  live: 'good',
  still: 'bad',
  offline: 'quiet',
  busy: 'bad',
  lost: 'bad',
  refused: 'bad',
};

/** Said once; what is seen counts seconds. */
const SAID: Partial<Record<Phase['kind'], string>> = { live: 'live', still: 'no new picture' };

export function Tile({ place, device, isListed, isLoud, setLoud, remove }: Props) {
  const frame = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const isInView = useInView(frame);
  const channel = device?.channels.find(({ number }) => number === place.channel);
  const isNever = channel?.live === 'never';
  const { phase: asked, retry } = useLiveStream(place, video, isInView && isListed && !isNever);
  const phase: Phase = isNever ? NEVER : isInView && !isListed ? { kind: 'starting' } : asked;
  const [isFull, toggleFull, mayFull] = useFullscreen(frame);
  const now = useSecond(phase.kind === 'lost' || phase.kind === 'still');
  const name = device?.name ?? place.device;
  const channelName = channel?.name ?? `Channel ${place.channel}`;
  const title = `${name}, ${channelName}`;
  const speed = device?.online === true && device.position ? `${Math.round(device.position.speedKmh)} km/h` : undefined;
  const alarms = device?.online === true ? device.alarms : [];
  const isLive = phase.kind === 'live';
  const isHeard = isLive || phase.kind === 'still';
  useEffect(() => {
    if (video.current) video.current.muted = !isLoud;
  }, [isLoud]);

  const recordings = `/d/${place.device}?channel=${place.channel}`;

  const press = (event: React.KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'f') toggleFull();
    else if (event.key === 'm') setLoud(!isLoud);
    else if (event.key === 'Delete') remove();
    else return;
    event.preventDefault();
  };

  return (
    <article
      ref={frame}
      className={classes.tile}
      data-phase={phase.kind}
      data-loud={isLoud}
      aria-label={title}
      onKeyDown={press}
    >
      <video ref={video} muted playsInline disablePictureInPicture tabIndex={-1} onDoubleClick={toggleFull} />
      {!isLive && (
        <div className={classes.middle}>
          <strong>{wordsOf(phase, now)}</strong>
          <span>{sentenceOf(phase, now)}</span>
          {phase.kind === 'lost' && (
            <Button variant="white" color="dark" size="compact-sm" onClick={retry}>
              Try now
            </Button>
          )}
          {device && (phase.kind === 'offline' || isNever) && device.lastSeenAt !== undefined && (
            <Link className={classes.back} to={recordings}>
              What it recorded
            </Link>
          )}
        </div>
      )}
      <header>
        <Link to={recordings} title={title}>
          {name}
          <small>
            {channelName}
            {speed !== undefined && <span className={classes.rest}>{` · ${speed}`}</span>}
          </small>
        </Link>
        <span className={classes.chips}>
          {alarms.length > 0 && (
            <span className={classes.state} data-tone="bad" title={alarms.map(alarmWord).join(', ')}>
              <IconAlertTriangle size={13} aria-hidden />
              <span className={classes.rest}>{alarmWord(alarms[0]!)}</span>
              <span className="visually-hidden">Alarm: {alarms.map(alarmWord).join(', ')}</span>
            </span>
          )}
          {isLive && (
            <span className={classes.state} data-tone={TONES[phase.kind]} title={wordsOf(phase, now)}>
              Live<span className={classes.rest}>{wordsOf(phase, now).slice('Live'.length)}</span>
            </span>
          )}
        </span>
      </header>
      <footer>
        {isHeard && (
          <ActionIcon
            variant="transparent"
            aria-label={`Sound of ${title}`}
            aria-pressed={isLoud}
            title={isLoud ? 'Sound off (m)' : 'Sound on (m)'}
            onClick={() => setLoud(!isLoud)}
          >
            {isLoud ? <IconVolume size={18} /> : <IconVolumeOff size={18} />}
          </ActionIcon>
        )}
        {mayFull && (isLive || isFull) && (
          <ActionIcon
            variant="transparent"
            aria-label={isFull ? 'Leave full screen' : `Full screen of ${title}`}
            title="Full screen (f)"
            onClick={toggleFull}
          >
            {isFull ? <IconMinimize size={18} /> : <IconMaximize size={18} />}
          </ActionIcon>
        )}
        <ActionIcon
          variant="transparent"
          aria-label={`Take ${title} off the wall`}
          title="Take off the wall (Delete)"
          onClick={remove}
        >
          <IconX size={18} />
        </ActionIcon>
      </footer>
      {/* Said once a change, not every second. */}
      <span className="visually-hidden" role="status">
        {`${title}: ${SAID[phase.kind] ?? wordsOf(phase, now)}`}
      </span>
    </article>
  );
}

/** Epoch ms, each second while `isOn`. */
function useSecond(isOn: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (!isOn) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOn]);
  return now;
}
