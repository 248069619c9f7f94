/**
 * What a playlist lists can grow while somebody watches: rungs, captions. A player reads it once, so a second one reads the
 * newer playlist and goes on with the first one's buffers, on the same element: what is playing plays on.
 */
import type { HlsConfig, MediaPlaylist } from 'hls.js';
import type HlsVideoElement from 'hls-video-element';
import { Hls } from 'hls-video-element';
import { loadFrom, sameRung } from './picking-up.ts';

/** Seconds ahead of what is on show that stay as they are: as long as it may take to fetch something better. */
const KEEP = 10;

/** How an hls.js is set up by who plays. */
export type Settings = Partial<HlsConfig>;

/**
 * Resolves to the player that has taken over, or to undefined where nothing changed: the playlist did not come, there is
 * nothing yet to take over from, or `signal` said that it is no longer wanted.
 */
export async function takeOver(
  element: HlsVideoElement,
  src: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<Hls | undefined> {
  const old = element.api;
  if (!old || old.levels.length === 0) return undefined;
  const next = new Hls({ liveDurationInfinity: true, ...settings, autoStartLoad: false, startPosition: -1 });
  const isRead = await read(next, src, signal);
  const media = element.nativeEl;
  if (!isRead || signal.aborted || element.api !== old || old.media !== media) {
    next.destroy();
    return undefined;
  }
  // As it is chosen by now: the playlist takes its time, and whoever watches does not wait for it.
  const sound = old.audioTracks[old.audioTrack];
  const text = shownOf(old);
  Object.assign(next.config, {
    ...(sound && { audioPreference: named(sound) }),
    ...(text && { subtitlePreference: named(text) }),
  });
  // Until somebody plays, little is loaded; the element set that for the first one only.
  const { maxBufferLength, maxBufferSize } = next.config;
  if (media.paused && media.played.length === 0) {
    Object.assign(next.config, { maxBufferLength: 1, maxBufferSize: 1 });
    const play = () => Object.assign(next.config, { maxBufferLength, maxBufferSize });
    media.addEventListener('play', play, { once: true });
    next.once(Hls.Events.DESTROYING, () => media.removeEventListener('play', play));
  }
  next.bandwidthEstimate = old.bandwidthEstimate;
  const chosen = old.autoLevelEnabled ? undefined : old.levels[old.loadLevel];
  const index = sameRung(chosen, next.levels);
  if (index >= 0) next.loadLevel = index;
  const from = loadFrom(media.currentTime, media.duration, rangesOf(media));
  const texts = old.subtitleTracks.map(({ trackNode }) => trackNode);
  const isBetter = index < 0 && tallest(next) > tallest(old);
  const held = old.transferMedia();
  element.api = next;
  old.destroy();
  // Those of the first one are left on the element; the next one makes its own.
  for (const track of texts) track?.remove();
  if (isBetter) {
    // A low rung may be there for minutes ahead: nobody need watch that to its end.
    next.once(Hls.Events.MEDIA_ATTACHED, () => {
      const range = { startOffset: media.currentTime + KEEP, endOffset: Number.POSITIVE_INFINITY };
      next.trigger(Hls.Events.BUFFER_FLUSHING, { ...range, type: 'video' });
    });
  }
  next.attachMedia(held ?? media);
  next.startLoad(from, true);
  offer(element, next, index, sound?.name);
  return next;
}

/** The captions on show. Of a choice of this very moment the element knows, and hls.js not yet: it is told by an event. */
const shownOf = ({ subtitleTracks }: Hls): MediaPlaylist | undefined =>
  subtitleTracks.find(({ trackNode }) => trackNode?.track.mode === 'showing');

const tallest = ({ levels }: Hls): number => Math.max(0, ...levels.map(({ height }) => height));

const named = ({ name, lang }: MediaPlaylist) => ({ name, ...(lang !== undefined && { lang }) });

const rangesOf = ({ buffered }: HTMLVideoElement): [number, number][] =>
  Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);

/** Whether the playlist came. */
function read(hls: Hls, src: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    hls.once(Hls.Events.MANIFEST_PARSED, () => resolve(true));
    hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && resolve(false));
    signal.addEventListener('abort', () => resolve(false), { once: true });
    hls.loadSource(src);
  });
}

/** What the element has besides what its types say (media-tracks). */
interface Lists {
  readonly addVideoTrack: (kind: string) => {
    id?: string;
    selected: boolean;
    readonly addRendition: (src: string, ...about: (string | number | undefined)[]) => { id?: string };
  };
  readonly addAudioTrack: (kind: string, label: string, language?: string) => { id?: string; enabled: boolean };
  readonly videoRenditions: { selectedIndex: number };
}

/** The element's own lists, which its menus show: it fills them for the first player only. */
function offer(of: HlsVideoElement, hls: Hls, chosen: number, sound: string | undefined): void {
  const element = of as unknown as Lists;
  const video = element.addVideoTrack('main');
  video.id = 'main';
  video.selected = true;
  for (const [id, { url, width, height, videoCodec, bitrate }] of hls.levels.entries()) {
    const rendition = video.addRendition(url[0] ?? '', width, height, videoCodec, bitrate);
    rendition.id = String(id);
  }
  if (chosen >= 0) element.videoRenditions.selectedIndex = chosen;
  for (const [id, { name, lang, default: isDefault }] of hls.allAudioTracks.entries()) {
    const track = element.addAudioTrack(isDefault ? 'main' : 'alternative', name, lang);
    track.id = String(id);
    track.enabled = sound === undefined ? isDefault : name === sound;
  }
}
