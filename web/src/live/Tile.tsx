import { ActionIcon, Button } from '@mantine/core';
import { IconMaximize, IconMinimize, IconVolume, IconVolumeOff, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { sentenceOf, wordsOf, type Phase } from './phase.ts';
import type { Place } from './selection.ts';
import { useInView, useLiveStream } from './useLiveStream.ts';
import classes from './live.module.css';

interface Props {
  readonly place: Place;
  /** Of device and channel; their numbers until the names are known. */
  readonly name: string;
  readonly channelName: string;
  readonly isLoud: boolean;
  readonly setLoud: (isLoud: boolean) => void;
  readonly remove: () => void;
}

const TONES: Readonly<Record<Phase['kind'], string>> = {
  idle: 'quiet',
  starting: 'busy',
  live: 'good',
  offline: 'quiet',
  busy: 'bad',
  lost: 'bad',
  refused: 'bad',
};

export function Tile({ place, name, channelName, isLoud, setLoud, remove }: Props) {
  const frame = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const isInView = useInView(frame);
  const { phase, retry } = useLiveStream(place, video, isInView);
  const [isFull, toggleFull] = useFullscreen(frame);
  const now = useSecond(phase.kind === 'lost');
  const title = `${name}, ${channelName}`;
  const isLive = phase.kind === 'live';
  useEffect(() => {
    if (video.current) video.current.muted = !isLoud;
  }, [isLoud]);

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
        </div>
      )}
      <header>
        <Link to={`/d/${place.device}?channel=${place.channel}`} title={title}>
          {name}
          <small>{channelName}</small>
        </Link>
        {isLive && (
          <span className={classes.state} data-tone={TONES[phase.kind]}>
            {wordsOf(phase, now)}
          </span>
        )}
      </header>
      <footer>
        <ActionIcon
          variant="transparent"
          aria-label={`Sound of ${title}`}
          aria-pressed={isLoud}
          title={isLoud ? 'Sound off (m)' : 'Sound on (m)'}
          onClick={() => setLoud(!isLoud)}
        >
          {isLoud ? <IconVolume size={18} /> : <IconVolumeOff size={18} />}
        </ActionIcon>
        <ActionIcon
          variant="transparent"
          aria-label={isFull ? 'Leave full screen' : `Full screen of ${title}`}
          title="Full screen (f)"
          onClick={toggleFull}
        >
          {isFull ? <IconMinimize size={18} /> : <IconMaximize size={18} />}
        </ActionIcon>
        <ActionIcon
          variant="transparent"
          aria-label={`Take ${title} off the wall`}
          title="Take off the wall"
          onClick={remove}
        >
          <IconX size={18} />
        </ActionIcon>
      </footer>
      {/* Said once a change, not every second. */}
      <span className="visually-hidden" role="status">
        {`${title}: ${phase.kind === 'live' ? 'live' : wordsOf(phase, now)}`}
      </span>
    </article>
  );
}

export function useFullscreen(element: React.RefObject<HTMLElement | null>): [boolean, () => void] {
  const [isFull, setFull] = useState(false);
  useEffect(() => {
    const change = () => setFull(document.fullscreenElement !== null && document.fullscreenElement === element.current);
    document.addEventListener('fullscreenchange', change);
    return () => document.removeEventListener('fullscreenchange', change);
  }, [element]);
  const toggle = () => {
    if (document.fullscreenElement === element.current && document.fullscreenElement !== null)
      void document.exitFullscreen();
    else void element.current?.requestFullscreen();
  };
  return [isFull, toggle];
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
