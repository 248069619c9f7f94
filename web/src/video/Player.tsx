/** media-chrome's controls around hls.js. The access token goes with playlist requests to our API and nowhere else. */
import type { HlsConfig } from 'hls.js';
import type HlsVideoElement from 'hls-video-element';
import { Hls } from 'hls-video-element';
import HlsVideo from 'hls-video-element/react';
import {
  MediaControlBar,
  MediaController,
  MediaFullscreenButton,
  MediaLoadingIndicator,
  MediaMuteButton,
  MediaPipButton,
  MediaPlayButton,
  MediaPosterImage,
  MediaTimeDisplay,
  MediaTimeRange,
  MediaVolumeRange,
} from 'media-chrome/react';
import {
  MediaAudioTrackMenu,
  MediaAudioTrackMenuButton,
  MediaCaptionsMenu,
  MediaCaptionsMenuButton,
  MediaPlaybackRateMenu,
  MediaPlaybackRateMenuButton,
  MediaRenditionMenu,
  MediaRenditionMenuButton,
} from 'media-chrome/react/menu';
import { Button } from '@mantine/core';
import { IconGauge } from '@tabler/icons-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { apiPath } from '../api/token-fetch.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { actionOf, type PlayerAction } from './player-keys.ts';
import { useStoryboard } from './storyboard.ts';
import { takeOver } from './take-over.ts';
import classes from './player.module.css';

/** Seconds between two tries to read a newer playlist, at most. */
const LONGEST_WAIT = 30;

interface PlayerProps {
  /** Multivariant playlist on this host. */
  readonly src: string;
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
}

export default function Player({ src, listed, title, poster, storyboard, width, height, token, bareSrc }: PlayerProps) {
  const video = useRef<HlsVideoElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<string>();
  const pictures = useStoryboard(storyboard);
  // A signature outlived (the page stood open over night) is mended by a new playlist; `load` counts those.
  const [load, setLoad] = useState(0);
  const resumeAt = useRef(0);
  const isPlaying = useRef(false);
  // Where the browser plays by itself, nothing can take over: then what was added is loaded anew.
  const [edition, setEdition] = useState(0);
  const told = useRef({ load, listed });

  const config = useMemo<Partial<HlsConfig>>(
    () => ({
      capLevelToPlayerSize: true,
      // Of a low rung minutes would be fetched ahead, and better ones may be on their way.
      maxMaxBufferLength: 60,
      startPosition: load + edition > 0 ? resumeAt.current : -1,
      xhrSetup: async (xhr, url) => {
        if (apiPath(url, location.origin) === undefined) return;
        const value = await token?.();
        if (xhr.readyState === XMLHttpRequest.UNSENT) xhr.open('GET', url, true);
        if (value !== undefined) xhr.setRequestHeader('authorization', `Bearer ${value}`);
      },
    }),
    [token, load, edition],
  );

  /** What goes wrong for good is mended, or said. */
  const heed = useCallback(
    (hls: Hls) => {
      hls.on(Hls.Events.ERROR, (_, data) => {
        if (!data.fatal) return;
        const refused = data.response?.code === 403 || data.response?.code === 401;
        resumeAt.current = video.current?.currentTime || resumeAt.current;
        if (refused && load === 0) setLoad(1);
        else if (data.type === Hls.ErrorTypes.MEDIA_ERROR && load === 0) hls.recoverMediaError();
        else setError(sentence(data.response?.code, data.type === Hls.ErrorTypes.NETWORK_ERROR));
      });
    },
    [load],
  );

  useEffect(() => {
    const element = video.current;
    if (!element) return undefined;
    let isGone = false;
    // In this order: the element makes its hls.js instance, with the configuration of that moment, when `src` is set.
    element.config = config;
    if (Hls.isSupported() || !bareSrc) element.src = src;
    else {
      void bareSrc().then(
        (address) => isGone || (element.src = address),
        (cause: unknown) => setError(cause instanceof Error ? cause.message : sentence(undefined, true)),
      );
    }
    const attach = () => {
      if (!isGone && element.api) heed(element.api);
    };
    // One microtask later, that is.
    void Promise.resolve().then(() => Promise.resolve().then(attach));
    const note = () => {
      resumeAt.current = element.currentTime || resumeAt.current;
      isPlaying.current = !element.paused;
    };
    element.addEventListener('timeupdate', note);
    if (isPlaying.current) void element.play().catch(() => undefined);
    return () => {
      isGone = true;
      element.removeEventListener('timeupdate', note);
    };
  }, [src, load, config, bareSrc, heed]);

  useEffect(() => {
    const element = video.current;
    const now = { load, listed };
    if (!element || told.current.load !== load) told.current = now;
    if (!element || told.current.listed === listed) return undefined;
    if (!Hls.isSupported()) {
      told.current = now;
      setEdition((n) => n + 1);
      return undefined;
    }
    const controller = new AbortController();
    const { signal } = controller;
    const go = async () => {
      for (let wait = 1; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
        const next = await takeOver(element, src, config, signal);
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
  }, [listed, load, src, config, heed]);

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || isControl(event.target, event.key)) return;
      if (document.querySelector('[aria-modal="true"]')) return;
      const action = actionOf(event.key);
      if (!action || !video.current) return;
      event.preventDefault();
      perform(action, video.current, frame.current);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);

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
          {pictures !== undefined && <track key={pictures} kind="metadata" label="thumbnails" default src={pictures} />}
        </HlsVideo>
        {poster !== undefined && <MediaPosterImage slot="poster" src={poster} aria-hidden="true" />}
        <MediaLoadingIndicator slot="centered-chrome" noAutohide />
        <MediaRenditionMenu hidden anchor="auto" />
        <MediaCaptionsMenu hidden anchor="auto" />
        <MediaAudioTrackMenu hidden anchor="auto" />
        <MediaPlaybackRateMenu hidden anchor="auto" rates={[0.5, 0.75, 1, 1.25, 1.5, 2]} />
        <div className={classes.bars}>
          <MediaTimeRange className={classes.range} />
          <MediaControlBar className={classes.bar}>
            <MediaPlayButton />
            <MediaMuteButton />
            <MediaVolumeRange className={classes.volume} />
            <MediaTimeDisplay showDuration noToggle />
            <span className={classes.space} />
            <MediaCaptionsMenuButton className={classes.captions} />
            <MediaAudioTrackMenuButton className={classes.audio} />
            <MediaPlaybackRateMenuButton className={classes.rate}>
              <IconGauge slot="icon" style={{ fill: 'none' }} aria-hidden />
            </MediaPlaybackRateMenuButton>
            <MediaRenditionMenuButton className={classes.quality} />
            <MediaPipButton className={classes.pip} />
            <MediaFullscreenButton />
          </MediaControlBar>
        </div>
      </MediaController>
      {error !== undefined && (
        <div className={classes.error} role="alert">
          <p>{error}</p>
          <Button
            variant="white"
            color="dark"
            onClick={() => {
              setError(undefined);
              setLoad((n) => n + 1);
            }}
          >
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

function sentence(status: number | undefined, isNetwork: boolean): string {
  if (status === 401 || status === 403) return 'The right to watch this has ended, or was never there.';
  if (status === 404) return 'The video is not there any more.';
  return isNetwork
    ? 'The video could not be fetched. Check the connection and try again.'
    : 'This browser could not decode the video.';
}

function perform(action: PlayerAction, video: HlsVideoElement, frame: HTMLElement | null): void {
  switch (action.do) {
    case 'toggle':
      if (video.paused) void video.play();
      else video.pause();
      break;
    case 'mute':
      video.muted = !video.muted;
      break;
    case 'fullscreen':
      if (document.fullscreenElement) void document.exitFullscreen();
      else void frame?.querySelector('media-controller')?.requestFullscreen();
      break;
    case 'captions':
      toggleCaptions([...video.textTracks].filter(({ kind }) => kind === 'subtitles' || kind === 'captions'));
      break;
    case 'seek':
      video.currentTime = clamp(video.currentTime + action.by, video.duration || 0);
      break;
    case 'jump':
      video.currentTime = action.to * (video.duration || 0);
      break;
    case 'volume':
      video.volume = clamp(video.volume + action.by, 1);
      break;
  }
}

/** All off, or one on: in the viewer's language where there is one. */
function toggleCaptions(texts: readonly TextTrack[]): void {
  const isOn = texts.some(({ mode }) => mode === 'showing');
  const wanted = navigator.languages.map((language) => language.split('-')[0]);
  const rank = ({ language }: TextTrack) =>
    (wanted.indexOf(language.split('-')[0]) + wanted.length + 1) % (wanted.length + 1);
  const [best] = texts.toSorted((a, b) => rank(a) - rank(b));
  for (const text of texts) text.mode = !isOn && text === best ? 'showing' : 'disabled';
}

const clamp = (value: number, max: number): number => Math.min(max, Math.max(0, value));
