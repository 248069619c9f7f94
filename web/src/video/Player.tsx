/** media-chrome's controls around hls.js. The access token goes with playlist requests to our API and nowhere else. */
import type HlsVideoElement from 'hls-video-element';
import HlsVideo from 'hls-video-element/react';
import { MediaController, MediaLoadingIndicator, MediaPosterImage } from 'media-chrome/react';
import { Button } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { hasCode, isPassing, type ApiProblem } from '../api/problem.ts';
import { newSession, Playing, UNFETCHED } from '../player/playing.ts';
import { plays as noted } from '../push/mine.ts';
import { useReach } from '../shared/ReachNote.tsx';
import { isOver } from '../shared/signature.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { Controls } from './Controls.tsx';
import { perform } from './perform.ts';
import { actionOf, type PlayerAction } from './player-keys.ts';
import { isOfLink } from './refusal.ts';
import { useStoryboard } from './storyboard.ts';
import { usePictures } from './usePictures.ts';
import '../player/player.css';
import classes from './player.module.css';

/** ms that it is said what a key has done. */
const SAID = 1_200;

export interface PlayerProps {
  readonly id: string;
  /** Multivariant playlist on this host. */
  readonly src: string;
  /** What its first session is called, where somebody else asks for the playlist in it, too. */
  readonly session?: string;
  /** What the playlist lists, in any words: when it changes, the newer playlist takes over while playback goes on. */
  readonly listed?: string | undefined;
  readonly title: string;
  readonly poster?: string | undefined;
  /** Path of the pictures for scrubbing, where there are any. */
  readonly storyboard?: string | undefined;
  /** Display size of the source in pixels; keeps the place while nothing has loaded. */
  readonly width: number | null;
  readonly height: number | null;
  /** Token for playlists; undefined for those who watch without signing in. */
  readonly token?: () => Promise<string | undefined>;
  /** An address that needs no header, for browsers that play HLS themselves and leave no place for one. */
  readonly bareSrc?: () => Promise<string>;
  /** What it means where the right to watch ends. */
  readonly ended?: string;
  /** Ends all else that this person watches. */
  readonly endOthers?: () => Promise<unknown>;
  /** It plays as soon as it can. */
  readonly plays?: boolean;
  /** Drawn over its time line. */
  readonly above?: ReactNode;
  /** What a key has asked for before there was a player. */
  readonly first?: PlayerAction | undefined;
  /** The poster that it stands in place of had the focus. */
  readonly takesFocus?: boolean;
}

export default function Player(props: PlayerProps) {
  const { id, src, listed, title, poster, storyboard, width, height, token, bareSrc } = props;
  const { ended = 'The right to watch this has ended, or was never there.' } = props;
  const video = useRef<HlsVideoElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const playing = useRef<Playing>(undefined);
  /** Why nothing plays on. */
  const [refused, setRefused] = useState<ApiProblem>();
  /** The network broke it off. Nothing is said of it over what still plays. */
  const [isTroubled, setTroubled] = useState(false);
  const [motion, setMotion] = useState<'new' | 'moves' | 'stands'>('new');
  /** Why what was asked for to mend it was not done. */
  const [lack, setLack] = useState<string>();
  const reached = useReach();
  const sheets = useStoryboard(storyboard);
  // `load` counts how often it was begun anew, in the same session or in another.
  const [load, setLoad] = useState(0);
  const [session, setSession] = useState<string>(() => props.session ?? newSession());
  const resumeAt = useRef(0);
  const isPlaying = useRef(props.plays ?? false);
  // Where nothing can take over, what was added is loaded anew.
  const [edition, setEdition] = useState(0);
  const told = useRef({ load, listed });
  const pictures = usePictures(() => video.current?.nativeEl, `${src} ${load} ${edition}`);
  const [isEnding, setEnding] = useState(false);
  /** What a key has done that nothing else shows. */
  const [said, say] = useState<{ readonly words: string }>();

  // Before what follows is over: its place is free at once for who may watch a few things at a time only.
  useEffect(() => {
    const leave = () => playing.current?.goodbye();
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [id, src, session]);
  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    const startAt = load + edition > 0 ? resumeAt.current : -1;
    const plays = isPlaying.current;
    const target = { origin: location.origin, id, src, token, bare: bareSrc, session, startAt, plays };
    const now = new Playing(element, target, { refused: setRefused, troubled: setTroubled });
    playing.current = now;
    now.begin();
    const playsNoMore = noted(now);
    const halt = () => setMotion('stands');
    const note = () => {
      setMotion('moves');
      resumeAt.current = element.currentTime || resumeAt.current;
      isPlaying.current = !element.paused;
    };
    element.addEventListener('timeupdate', note);
    element.addEventListener('waiting', halt);
    return () => {
      playsNoMore();
      now.stop();
      element.removeEventListener('timeupdate', note);
      element.removeEventListener('waiting', halt);
    };
  }, [id, src, session, load, edition, token, bareSrc]);

  // Who was at the poster, or pressed a key, goes on from here.
  const { first, takesFocus } = props;
  useEffect(() => {
    if (takesFocus) frame.current?.querySelector<HTMLElement>('media-controller')?.focus({ preventScroll: true });
  }, [takesFocus]);
  useEffect(() => {
    const element = video.current;
    if (!first || !element) return undefined;
    const controller = new AbortController();
    const act = () => void perform(first, element, frame.current, pictures.current.length);
    element.addEventListener('loadedmetadata', act, { once: true, signal: controller.signal });
    return () => controller.abort();
  }, [first, pictures]);

  // At once when the network is back.
  const before = useRef(reached);
  useEffect(() => {
    const wasAway = before.current !== 'reached';
    before.current = reached;
    if (wasAway && reached === 'reached') playing.current?.resume();
  }, [reached]);
  const isPassed = motion === 'moves' || (!isTroubled && (motion === 'new' || reached === 'reached'));
  const words = lack ?? (refused ? wordsOf(refused, ended) : isPassed ? undefined : UNFETCHED);
  const again = () => {
    if (refused === undefined) return playing.current?.resume();
    if (isOver(refused)) setSession(newSession());
    isPlaying.current = true;
    setRefused(undefined);
    setTroubled(false);
    setLack(undefined);
    setLoad((n) => n + 1);
  };

  useEffect(() => {
    const now = { load, listed };
    if (told.current.load !== load) told.current = now;
    if (!playing.current || told.current.listed === listed) return;
    const take = async (from: Playing) => {
      const isTaken = await from.takeOver();
      if (playing.current !== from) return;
      told.current = now;
      if (!isTaken) setEdition((n) => n + 1);
    };
    void take(playing.current);
  }, [listed, load]);

  // With the picture itself: a key that is pressed as soon as there is one finds it.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || isControl(event.target, event.key)) return;
      if (document.querySelector('[aria-modal="true"]')) return;
      const action = actionOf(event.key);
      if (!action || !video.current) return;
      event.preventDefault();
      const words = perform(action, video.current, frame.current, pictures.current.length);
      if (words !== undefined) say({ words });
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [pictures]);

  useEffect(() => {
    if (said === undefined) return undefined;
    const timer = setTimeout(() => say(undefined), SAID);
    return () => clearTimeout(timer);
  }, [said]);

  const here = async (end: () => Promise<unknown>) => {
    setEnding(true);
    try {
      await end();
      again();
    } catch (cause) {
      setLack(cause instanceof Error ? cause.message : undefined);
    } finally {
      setEnding(false);
    }
  };

  const ratio = width && height ? width / height : 16 / 9;
  return (
    <div ref={frame} className={`sluice-player ${classes.frame}`} style={{ '--ratio': ratio } as React.CSSProperties}>
      <MediaController className={classes.controller} noHotkeys aria-label={`Player: ${title}`}>
        <HlsVideo
          key={`${load}-${edition}`}
          ref={video}
          slot="media"
          preload="metadata"
          playsInline
          crossOrigin="anonymous"
        >
          {sheets !== undefined && <track key={sheets} kind="metadata" label="thumbnails" default src={sheets} />}
        </HlsVideo>
        {poster !== undefined && <MediaPosterImage slot="poster" src={poster} aria-hidden="true" />}
        <MediaLoadingIndicator slot="centered-chrome" noAutohide />
        <Controls above={props.above} />
      </MediaController>
      <div className="said" role="status">
        {said && <span>{said.words}</span>}
      </div>
      {words !== undefined && (
        <div className="over" role="alert">
          <p>{words}</p>
          {hasCode(refused, 'too-many-sessions') && props.endOthers && (
            <Button variant="white" color="dark" loading={isEnding} onClick={() => void here(props.endOthers!)}>
              Stop that and watch here
            </Button>
          )}
          <Button variant="white" color="dark" onClick={again}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** What became of a link, or of a session, the platform says itself. */
function wordsOf(why: ApiProblem, ended: string): string {
  const { status, code, message } = why;
  if (isOver(why) || isOfLink(code)) return message;
  if (status === 401 || status === 403) return ended;
  if (status === 404) return 'The video is not there any more.';
  return isPassing(status) ? UNFETCHED : message;
}
