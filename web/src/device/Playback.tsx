import { ActionIcon, Button, Loader, NativeSelect } from '@mantine/core';
import {
  IconMaximize,
  IconMinimize,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerSkipBackFilled,
  IconPlayerSkipForwardFilled,
  IconVolume,
  IconVolumeOff,
} from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { useSession } from '../auth/SessionContext.tsx';
import type { Stretch } from '../fleet/stretch.ts';
import { useFullscreen } from '../shared/useFullscreen.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { actionOf, nextRate } from '../video/player-keys.ts';
import { usePictures } from '../video/usePictures.ts';
import { Recorder, type RecorderState } from './recorder.ts';
import { nextRecording, previousRecording, recordingAt } from './recordings.ts';
import { timeOfDay } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly device: string;
  readonly channel: number;
  readonly day: Stretch;
  /** Undefined while it loads. */
  readonly recordings: readonly Stretch[] | undefined;
  /** The moment the page is at; epoch ms. */
  readonly at: number;
  /** Counts the times somebody moved that moment by hand: then the video follows, else it leads. */
  readonly jumps: number;
  readonly goTo: (at: number) => void;
  readonly playsAt: (at: number) => void;
  /** Somebody wants to see a moment: they moved it, or came by an address that names one. */
  readonly isAsked: boolean;
  /** Where the channel plays live, if it may be watched now. */
  readonly live: string | undefined;
}

const RATES = [0.5, 1, 2, 4, 8];

export function Playback(props: Props) {
  const { device, channel, day, recordings, at, jumps, goTo, playsAt, isAsked, live } = props;
  const { manager } = useSession();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const recorder = useRef<Recorder>(undefined);
  const [state, setState] = useState<RecorderState>({ kind: 'empty' });
  const [isPlaying, setPlaying] = useState(false);
  const [isMuted, setMuted] = useState(false);
  const [rate, setRate] = useState(1);
  // A page that is only looked at fetches no recording and takes no place of those who may watch at a time.
  const [isNear, setNear] = useState(false);
  const isWanted = isAsked || isNear;
  const [isFull, toggleFull, mayFull] = useFullscreen(frame);
  const latest = useRef({ at, playsAt, recordings, isPlaying });
  useEffect(() => {
    latest.current = { at, playsAt, recordings, isPlaying };
  });

  useEffect(() => {
    const one = new Recorder({
      device,
      channel,
      day,
      video: video.current!,
      token: manager.token,
      show: setState,
      playsAt: (moment) => latest.current.playsAt(moment),
      over: () => setPlaying(false),
    });
    // Another channel of the same moment goes on playing.
    if (latest.current.isPlaying) one.play();
    recorder.current = one;
    return () => one.stop();
  }, [device, channel, day, manager]);

  const isKnown = recordings !== undefined;
  useEffect(() => {
    if (isKnown && isWanted) recorder.current?.goTo(latest.current.at, latest.current.recordings ?? []);
  }, [jumps, isKnown, isWanted, device, channel, day]);

  useEffect(() => {
    if (video.current) video.current.playbackRate = rate;
  }, [rate, state]);

  const pictures = usePictures(() => video.current, `${device} ${channel}`);
  const here = recordings ?? [];
  const isGap = isKnown && recordingAt(here, at) === undefined;
  const toggle = () => {
    if (isGap || !isKnown) return;
    setNear(true);
    if (isPlaying) recorder.current?.pause();
    else recorder.current?.play();
    setPlaying(!isPlaying);
  };
  const act = useRef((_key: string): boolean => false);
  // With what is on the screen, not a moment behind it: who sees that it can be played may press a key for it.
  useLayoutEffect(() => {
    act.current = (key) => {
      const action = actionOf(key);
      if (action?.do === 'toggle') toggle();
      else if (action?.do === 'seek') goTo(at + action.by * 1000);
      else if (action?.do === 'rate') setRate(nextRate(RATES, rate, action.by));
      else if (action?.do === 'step') {
        if (isPlaying) toggle();
        goTo(at + Math.ceil(action.by * pictures.current.length * 1000));
      } else if (action?.do === 'mute') setMuted(!isMuted);
      else if (action?.do === 'fullscreen') toggleFull();
      else return false;
      return true;
    };
  });
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || isControl(event.target, event.key)) return;
      if (document.querySelector('[aria-modal="true"]')) return;
      if (act.current(event.key)) event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);

  const [before, after] = [previousRecording(here, at), nextRecording(here, at)];
  return (
    <div ref={frame} className={classes.player}>
      <div className={classes.screen} onPointerEnter={({ pointerType }) => pointerType !== 'touch' && setNear(true)}>
        <video
          ref={video}
          playsInline
          muted={isMuted}
          onClick={toggle}
          onPlay={() => setPlaying(true)}
          onPause={({ currentTarget: { ended, seeking } }) =>
            !ended && !seeking && recorder.current?.isHeld !== true && setPlaying(false)
          }
        />
        {isGap && (
          <div className={classes.over} role="status">
            <strong>Nothing recorded at {timeOfDay(at)}</strong>
            {(before ?? after) === undefined ? (
              <span>There is no recording of this channel on this day.</span>
            ) : (
              <span className={classes.jump}>
                {before && (
                  <Button variant="white" color="dark" size="compact-sm" onClick={() => goTo(before.to - 10_000)}>
                    Until {timeOfDay(before.to)}
                  </Button>
                )}
                {after && (
                  <Button variant="white" color="dark" size="compact-sm" onClick={() => goTo(after.from)}>
                    From {timeOfDay(after.from)}
                  </Button>
                )}
              </span>
            )}
          </div>
        )}
        {!isGap && isKnown && !isWanted && (
          <div className={classes.over} aria-hidden style={{ pointerEvents: 'none' }}>
            <IconPlayerPlayFilled size={44} />
          </div>
        )}
        {!isGap && (!isKnown || state.kind === 'loading') && (
          <div className={classes.over} role="status" style={{ pointerEvents: 'none' }}>
            <Loader color="white" aria-hidden />
            <span className="visually-hidden">Loading the recording</span>
          </div>
        )}
        {!isGap && state.kind === 'failed' && (
          <div className={classes.over} role="alert">
            <span>{state.message}</span>
            <Button variant="white" color="dark" onClick={() => recorder.current?.goTo(at, here)}>
              Try again
            </Button>
          </div>
        )}
      </div>
      <div className={classes.controls} role="toolbar" aria-label="Player">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Previous recording"
          title="Previous recording"
          disabled={!before}
          onClick={() => before && goTo(before.from)}
        >
          <IconPlayerSkipBackFilled size={17} />
        </ActionIcon>
        <ActionIcon
          variant="filled"
          size={34}
          aria-label={isPlaying ? 'Pause' : 'Play'}
          title={isPlaying ? 'Pause (k)' : 'Play (k)'}
          disabled={isGap || !isKnown}
          onClick={toggle}
        >
          {isPlaying ? <IconPlayerPauseFilled size={18} /> : <IconPlayerPlayFilled size={18} />}
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Next recording"
          title="Next recording"
          disabled={!after}
          onClick={() => after && goTo(after.from)}
        >
          <IconPlayerSkipForwardFilled size={17} />
        </ActionIcon>
        <output className={classes.clock}>{timeOfDay(at)}</output>
        <span className={classes.grow} />
        {live !== undefined && (
          <Button component={Link} to={live} variant="subtle" size="compact-sm" className={classes.goLive}>
            Go live
          </Button>
        )}
        <NativeSelect
          aria-label="Speed"
          size="xs"
          className={classes.rate}
          data={RATES.map((value) => ({ value: String(value), label: `${value} ×` }))}
          value={String(rate)}
          onChange={(event) => setRate(Number(event.currentTarget.value))}
        />
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Sound"
          aria-pressed={!isMuted}
          title={isMuted ? 'Sound on (m)' : 'Sound off (m)'}
          onClick={() => setMuted(!isMuted)}
        >
          {isMuted ? <IconVolumeOff size={18} /> : <IconVolume size={18} />}
        </ActionIcon>
        {mayFull && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={isFull ? 'Leave full screen' : 'Full screen'}
            title={isFull ? 'Leave full screen (f)' : 'Full screen (f)'}
            onClick={toggleFull}
          >
            {isFull ? <IconMinimize size={18} /> : <IconMaximize size={18} />}
          </ActionIcon>
        )}
      </div>
    </div>
  );
}
