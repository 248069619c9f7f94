/** media-chrome's controls around hls.js. The access token goes with playlist requests to our API and nowhere else. */
import type { HlsConfig } from 'hls.js';
import type HlsVideoElement from 'hls-video-element';
import { Hls } from 'hls-video-element';
import HlsVideo from 'hls-video-element/react';
import { MediaController, MediaLoadingIndicator, MediaPosterImage } from 'media-chrome/react';
import { Button } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { vodPrefix } from '../../../lib/contract/keys.ts';
import { isOver, openedBy, readFrom, refusedText, Signature } from '../shared/signature.ts';
import { pathOf } from '../api/client.ts';
import { hasCode, isPassing, problemOf, type ApiProblem } from '../api/problem.ts';
import { useReach } from '../shared/ReachNote.tsx';
import { licensed } from './licence.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { Controls } from './Controls.tsx';
import { perform } from './perform.ts';
import { actionOf, type PlayerAction } from './player-keys.ts';
import { inSession } from './links.ts';
import { useStoryboard } from './storyboard.ts';
import { takeOver } from './take-over.ts';
import { usePictures } from './usePictures.ts';
import classes from './player.module.css';

/** ms until what the network broke off is begun again, where the platform can be reached. */
const AGAIN = 1_500;
/** ms in which a refusal is mended once: a right that is over stays over. */
const MEND = 20_000;
/** Seconds between two tries to read a newer playlist, at most. */
const LONGEST_WAIT = 30;

/** ms that it is said what a key has done. */
const SAID = 1_200;

interface Fault {
  readonly message: string;
  /** Goes on where it was; of what may pass. */
  readonly resume?: () => void;
  /** The session is over: playing again is another one. */
  readonly isOver?: boolean;
  /** As many play already as may: ending those makes room. */
  readonly isTaken?: boolean;
}

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
  const [fault, setFault] = useState<Fault>();
  /** Of a fault that may pass nothing is said over what still plays. */
  const [motion, setMotion] = useState<'new' | 'moves' | 'stands'>('new');
  const reached = useReach();
  const sheets = useStoryboard(storyboard);
  // A signature outlived (the page stood open over night) is mended by a new playlist; `load` counts those.
  const [load, setLoad] = useState(0);
  const [session, setSession] = useState<string>(() => props.session ?? crypto.randomUUID());
  const source = inSession(src, session);
  const mended = useRef(0);
  const resumeAt = useRef(0);
  const isPlaying = useRef(props.plays ?? false);
  // Where the browser plays by itself, nothing can take over: then what was added is loaded anew.
  const [edition, setEdition] = useState(0);
  const told = useRef({ load, listed });
  const pictures = usePictures(() => video.current?.nativeEl, `${src} ${load} ${edition}`);
  const [isEnding, setEnding] = useState(false);
  /** What a key has done that nothing else shows. */
  const [said, say] = useState<{ readonly words: string }>();

  /** Somebody ended it, or as many play already as may: what is on show stops at once, and it is said why. */
  const finish = useCallback((why: ApiProblem) => {
    const element = video.current;
    resumeAt.current = element?.currentTime || resumeAt.current;
    element?.pause();
    element?.api?.stopLoad();
    isPlaying.current = false;
    setFault({ message: why.message, isOver: true, isTaken: hasCode(why, 'too-many-sessions') });
  }, []);
  const signature = useMemo(() => {
    const read = () => readFrom(source);
    return new Signature({ prefix: `/${vodPrefix(id)}`, base: location.href, read, over: finish });
  }, [id, source, finish]);

  // Its place is free at once for who may watch a few things at a time only.
  useEffect(() => {
    const leave = () => {
      const { ticket } = signature;
      if (ticket === undefined || signature.isOver) return;
      navigator.sendBeacon(pathOf('POST /api/play/{id}/goodbye', { id }, { session, ticket }));
    };
    window.addEventListener('pagehide', leave);
    return () => {
      window.removeEventListener('pagehide', leave);
      leave();
    };
  }, [id, session, signature]);
  const config = useMemo<Partial<HlsConfig>>(
    () => ({
      capLevelToPlayerSize: true,
      // Of a low rung minutes would be fetched ahead, and better ones may be on their way.
      maxMaxBufferLength: 60,
      startPosition: load + edition > 0 ? resumeAt.current : -1,
      xhrSetup: openedBy(signature, token),
      ...licensed(),
    }),
    [signature, token, load, edition],
  );

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

  /** What goes wrong for good is mended, or said. */
  const heed = useCallback(
    (hls: Hls) => {
      hls.on(Hls.Events.ERROR, (_, data) => {
        const code = data.response?.code;
        if (!data.fatal) {
          // hls.js tries again for as long as something is buffered. Whether it was ended, and by whom, only the API says.
          if (code === 403) void signature.renew();
          return;
        }
        const isNetwork = data.type === Hls.ErrorTypes.NETWORK_ERROR;
        resumeAt.current = video.current?.currentTime || resumeAt.current;
        const refusal = problemOf(code ?? 0, refusedText(data));
        if (isOver(refusal)) {
          finish(refusal);
        } else if (code !== undefined && [401, 403].includes(code) && Date.now() - mended.current > MEND) {
          // A machine that slept, say, or a clock that is wrong. With another signature the same player goes on; else anew.
          mended.current = Date.now();
          const mend = async () => {
            if ((await signature.renew()) && data.frag) hls.startLoad();
            else if (!signature.isOver) setLoad((n) => n + 1);
          };
          void mend();
        } else if (isNetwork && isPassing(code)) {
          const resume = () => {
            if (video.current?.api !== hls) return;
            if (hls.levels.length === 0) hls.loadSource(source);
            else hls.startLoad();
          };
          setFault({ message: sentence(code, isNetwork, ended), resume });
        } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && load === 0) hls.recoverMediaError();
        else setFault({ message: sentence(code, isNetwork, ended) });
      });
      const goesOn = () => setFault((before) => (before?.resume ? undefined : before));
      hls.on(Hls.Events.MANIFEST_PARSED, goesOn);
      hls.on(Hls.Events.FRAG_BUFFERED, goesOn);
    },
    [load, signature, ended, source, finish],
  );

  // What the network broke off is tried again by itself, with all that is buffered.
  const resume = fault?.resume;
  useEffect(() => {
    if (!resume || reached !== 'reached') return undefined;
    const timer = setTimeout(resume, AGAIN);
    return () => clearTimeout(timer);
  }, [resume, reached]);
  // And at once when it is back: hls.js waits ever longer between its own tries.
  const before = useRef(reached);
  useEffect(() => {
    const wasAway = before.current !== 'reached';
    before.current = reached;
    const hls = video.current?.api;
    if (wasAway && reached === 'reached' && hls && hls.levels.length > 0) hls.startLoad();
  }, [reached]);
  const isPassed = motion === 'moves' || (fault === undefined && (motion === 'new' || reached === 'reached'));
  const words = fault && !fault.resume ? fault.message : isPassed ? undefined : (fault?.message ?? UNFETCHED);
  const again = () => {
    if (resume) return resume();
    if (fault?.isOver) {
      isPlaying.current = true;
      setSession(crypto.randomUUID());
    }
    setFault(undefined);
    setLoad((n) => n + 1);
  };

  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    let isGone = false;
    // In this order: the element makes its hls.js instance, with the configuration of that moment, when `src` is set.
    element.config = config;
    if (Hls.isSupported() || !bareSrc) element.src = source;
    else {
      void bareSrc().then(
        (address) => isGone || (element.src = address),
        (cause: unknown) =>
          setFault({ message: cause instanceof Error ? cause.message : sentence(undefined, true, ended) }),
      );
    }
    const attach = () => {
      if (!isGone && element.api) heed(element.api);
    };
    // One microtask later, that is.
    void Promise.resolve().then(() => Promise.resolve().then(attach));
    const halt = () => setMotion('stands');
    const note = () => {
      setMotion('moves');
      resumeAt.current = element.currentTime || resumeAt.current;
      isPlaying.current = !element.paused;
    };
    element.addEventListener('timeupdate', note);
    element.addEventListener('waiting', halt);
    // Whoever watched goes on watching; once it loads, since a source that is put in pauses what was told to play before.
    const goOn = () => void element.play().catch(() => undefined);
    if (isPlaying.current) element.addEventListener('loadstart', goOn, { once: true });
    return () => {
      isGone = true;
      element.removeEventListener('loadstart', goOn);
      element.removeEventListener('timeupdate', note);
      element.removeEventListener('waiting', halt);
    };
  }, [source, load, config, bareSrc, heed, ended]);

  useEffect(() => {
    const element = video.current;
    const now = { load, listed };
    if (!element || told.current.load !== load) told.current = now;
    if (!element || told.current.listed === listed) return undefined;
    // Nor can keys be handed over: the element keeps those it plays by.
    if (!Hls.isSupported() || element.nativeEl.mediaKeys) {
      told.current = now;
      setEdition((n) => n + 1);
      return undefined;
    }
    const controller = new AbortController();
    const { signal } = controller;
    const go = async () => {
      for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
        const next = await takeOver(element, source, config, signal);
        if (next) {
          told.current = now;
          heed(next);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      }
    };
    void go();
    return () => controller.abort();
  }, [listed, load, source, config, heed]);

  useEffect(() => {
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
      setFault((before) => before && { ...before, message: cause instanceof Error ? cause.message : before.message });
    } finally {
      setEnding(false);
    }
  };

  const ratio = width && height ? width / height : 16 / 9;
  return (
    <div ref={frame} className={classes.frame} style={{ '--ratio': ratio } as React.CSSProperties}>
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
        <Controls />
      </MediaController>
      <div className={classes.said} role="status">
        {said && <span>{said.words}</span>}
      </div>
      {words !== undefined && (
        <div className={classes.error} role="alert">
          <p>{words}</p>
          {fault?.isTaken && props.endOthers && (
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

const UNFETCHED = 'The video could not be fetched. Check the connection; it goes on by itself when there is one.';

function sentence(status: number | undefined, isNetwork: boolean, ended: string): string {
  if (status === 401 || status === 403) return ended;
  if (status === 404) return 'The video is not there any more.';
  return isNetwork ? UNFETCHED : 'This browser could not decode the video.';
}
