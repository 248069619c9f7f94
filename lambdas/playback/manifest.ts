/**
 * Playlists of one viewer, as text. Pure. Media playlists are shared by all viewers and say `{$auth}` where a signature
 * belongs; what is made here supplies it (RFC 8216bis 4.3, 4.4.2.3), or spells it out for players without variables.
 */
import { LICENCE_VARIABLE } from '../../lib/contract/encryption.ts';
import { keyTagsOf } from '../../lib/contract/drm.ts';
import { playlistPath, revisionPrefix, textPath, vodPrefix, type RenditionKind } from '../../lib/contract/keys.ts';
import { EVENTS_ID, GROWS, STORYBOARD_ID, TITLE_ID } from '../../lib/contract/manifest.ts';
import { ticketed, ticketPath } from '../../lib/contract/ticket.ts';
import type { Rendition, TextTrack, VideoRecord } from '../../lib/contract/video.ts';

/** Variable that media playlists import. No `-` in it: Shaka does not replace such a name. */
export const AUTH_VARIABLE = 'auth';

/**
 * How the player gets its rights to the media, whose every path has the session's `ticket` in it:
 * `define`: a signature in a variable, which every URL of every playlist ends with;
 * `expand`: media playlists come through the API, each URL signed; `token` lets the player fetch them;
 * `cookies`: the browser sends signed cookies, and the variable is there but says nothing;
 * `expand` with `cookies`: media playlists come through the API, their URLs bare.
 */
export type Access =
  | ({ readonly way: 'define'; readonly query: string; readonly ticket: string } & Licensed)
  | { readonly way: 'expand'; readonly token: string; readonly cookies?: boolean }
  | ({ readonly way: 'cookies'; readonly ticket: string } & Licensed);

interface Licensed {
  /** Of media that needs one: the query by which a licence is asked for, another variable. */
  readonly licence?: string | undefined;
}

/** bit/s. The variant Apple's HLS Authoring Specification recommends as the default one on Wi-Fi. */
const FIRST_VARIANT_BITRATE = 2_000_000;

type Published = Pick<VideoRecord, 'id' | 'revision' | 'renditions' | 'texts' | 'protection'>;

/** What a multivariant playlist says beside what it lists. */
export interface Beside {
  /** The next one will list more. */
  readonly grows?: boolean;
  readonly title?: string;
  /** Path of the pictures for scrubbing. */
  readonly storyboard?: string;
  /** Where to begin, seconds. */
  readonly start?: number | undefined;
  /** Where this session's events go. */
  readonly events?: string | undefined;
}

/** The multivariant playlist (RFC 8216bis 4.4.6) of a published video. */
export function multivariant(video: Published, access: Access, beside: Beside = {}): string {
  const audio = video.renditions.filter((rendition) => rendition.kind === 'audio');
  const isSoundAlone = video.renditions.every(({ kind }) => kind === 'audio');
  const texts = video.texts ?? [];
  const subtitles = texts.map((text, index) => textMedia(text, index, texts, uriOf(video, 'text', text.id, access)));
  const tags: Record<RenditionKind, string[]> = {
    // Of sound alone in one language, the variant says it all.
    audio: (isSoundAlone && audio.length === 1 ? [] : audio).map((rendition, index) =>
      media(rendition, index, audio, uriOf(video, 'audio', rendition.name, access)),
    ),
    video: inOrder(video.renditions).flatMap((rendition) => [
      `#EXT-X-STREAM-INF:${variant(rendition, audio, texts.length > 0)}`,
      uriOf(video, 'video', rendition.name, access),
    ]),
  };
  if (isSoundAlone) tags.video.push(...soundAlone(video, audio, access));
  const first = [
    '#EXTM3U',
    ...header(access),
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...besides(beside),
    ...sessionKeys(video),
  ];
  return `${[...first, ...tags.audio, ...subtitles, ...tags.video].join('\n')}\n`;
}

/** So that licences are asked for before the first segment is there (4.4.6.5). Of what is listed alone, and each once. */
const sessionKeys = ({ renditions, protection = {} }: Published): string[] => [
  ...new Set(
    renditions.flatMap(({ kind, name }) => {
      const found = protection[`${kind}/${name}`];
      return found === undefined ? [] : keyTagsOf('EXT-X-SESSION-KEY', found);
    }),
  ),
];

/** `PRECISE`: pictures before the one that was asked for are not shown (RFC 8216bis 4.4.2.2). */
export const besides = ({ grows, title, storyboard, start, events }: Beside): string[] => [
  ...(start === undefined ? [] : [`#EXT-X-START:TIME-OFFSET=${start},PRECISE=YES`]),
  ...(grows === true ? [GROWS] : []),
  ...(title === undefined ? [] : [sessionData(TITLE_ID, title)]),
  ...(storyboard === undefined ? [] : [sessionData(STORYBOARD_ID, storyboard)]),
  ...(events === undefined ? [] : [sessionData(EVENTS_ID, events)]),
];

/** A quoted-string has no quotes and no line ends (4.2), and what looks like a variable in it would be taken for one (4.4.2.3). */
const sessionData = (id: string, value: string): string =>
  `#EXT-X-SESSION-DATA:DATA-ID="${id}",VALUE="${value
    .replaceAll('"', '”')
    .replaceAll('{$', '{ $')
    .replaceAll(/[\r\n]+/g, ' ')}"`;

/**
 * One audio rendition; the first is the default one (RFC 8216bis 4.4.6.1). A player may choose by itself the first one of
 * each language only (4.4.6.1.1): what else is in it, a commentary say, is for who asks for it.
 */
function media(rendition: Rendition, index: number, all: readonly Rendition[], address: string): string {
  const { name, channels, language, label } = rendition;
  const auto = all.findIndex((other) => other.language === language) === index;
  const attributes = [
    'TYPE=AUDIO',
    'GROUP-ID="audio"',
    ...(language === undefined ? [] : [`LANGUAGE="${language}"`]),
    `NAME="${label ?? name}"`,
    `DEFAULT=${index === 0 ? 'YES' : 'NO'}`,
    `AUTOSELECT=${auto ? 'YES' : 'NO'}`,
    ...(channels === undefined ? [] : [`CHANNELS="${channels}"`]),
    `URI="${address}"`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(',')}`;
}

/** One text track; none is shown before somebody asks for it, or the player knows that its language is wanted. */
function textMedia(text: TextTrack, index: number, all: readonly TextTrack[], address: string): string {
  const { language, label } = text;
  const auto = all.findIndex((other) => other.language === language) === index;
  const attributes = [
    'TYPE=SUBTITLES',
    'GROUP-ID="text"',
    ...(language === undefined ? [] : [`LANGUAGE="${language}"`]),
    `NAME="${label}"`,
    'DEFAULT=NO',
    `AUTOSELECT=${auto ? 'YES' : 'NO'}`,
    `URI="${address}"`,
  ];
  return `#EXT-X-MEDIA:${attributes.join(',')}`;
}

/**
 * EXT-X-VERSION 8 is what variable substitution needs (RFC 8216bis 8); without it, 6 is what the media playlists need
 * (EXT-X-MAP without I-frames only). With cookies the variable holds a harmless parameter: importing an undefined one
 * is an error, and an empty value leaves a bare `?`.
 */
export function header(access: Access): string[] {
  if (access.way === 'expand') return ['#EXT-X-VERSION:6'];
  const value = access.way === 'define' ? access.query : 'signed=cookie';
  const define = (name: string, text: string) => `#EXT-X-DEFINE:NAME="${name}",VALUE="${text}"`;
  const { licence } = access;
  return [
    '#EXT-X-VERSION:8',
    define(AUTH_VARIABLE, value),
    ...(licence === undefined ? [] : [define(LICENCE_VARIABLE, licence)]),
  ];
}

/**
 * The variant listed first is where AVPlayer begins and where hls.js takes its first guess of the bandwidth from, so the
 * one nearest 2 Mbit/s leads: the tallest would stall on a slow line, the smallest looks broken on a fast one.
 */
function inOrder(renditions: readonly Rendition[]): Rendition[] {
  const videos = renditions.filter((rendition) => rendition.kind === 'video').sort((a, b) => b.bandwidth - a.bandwidth);
  const distance = (rendition: Rendition) => Math.abs(Math.log(rendition.averageBandwidth / FIRST_VARIANT_BITRATE));
  const first = videos.toSorted((a, b) => distance(a) - distance(b))[0];
  return first === undefined ? [] : [first, ...videos.filter((rendition) => rendition !== first)];
}

/** BANDWIDTH covers what is played together: the rung and the heaviest audio rendition (RFC 8216bis 4.4.6.2). */
function variant(rung: Rendition, audio: readonly Rendition[], texts: boolean): string {
  const heaviest = (of: (rendition: Rendition) => number) => Math.max(0, ...audio.map(of));
  const codecs = new Set([rung, ...audio].map((rendition) => rendition.codecs));
  const attributes = [
    `BANDWIDTH=${rung.bandwidth + heaviest((rendition) => rendition.bandwidth)}`,
    `AVERAGE-BANDWIDTH=${rung.averageBandwidth + heaviest((rendition) => rendition.averageBandwidth)}`,
    `CODECS="${[...codecs].join(',')}"`,
  ];
  if (rung.width !== undefined && rung.height !== undefined) attributes.push(`RESOLUTION=${rung.width}x${rung.height}`);
  if (rung.frameRate !== undefined) attributes.push(`FRAME-RATE=${rung.frameRate.toFixed(3)}`);
  if (audio.length > 0) attributes.push('AUDIO="audio"');
  if (texts) attributes.push('SUBTITLES="text"');
  attributes.push('CLOSED-CAPTIONS=NONE');
  return attributes.join(',');
}

/** Sound alone: the one variant is the default rendition itself. */
function soundAlone(video: Published, audio: readonly Rendition[], access: Access): string[] {
  const [main] = audio;
  if (main === undefined) return [];
  const attributes = [
    `BANDWIDTH=${Math.max(...audio.map(({ bandwidth }) => bandwidth))}`,
    `AVERAGE-BANDWIDTH=${Math.max(...audio.map(({ averageBandwidth }) => averageBandwidth))}`,
    `CODECS="${[...new Set(audio.map(({ codecs }) => codecs))].join(',')}"`,
    ...(audio.length > 1 ? ['AUDIO="audio"'] : []),
    ...((video.texts ?? []).length > 0 ? ['SUBTITLES="text"'] : []),
  ];
  return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, uriOf(video, 'audio', main.name, access)];
}

function uriOf(video: Published, kind: PlaylistKind, name: string, access: Access): string {
  if (access.way === 'expand') {
    return `/api/play/${video.id}/${kind}/${name}.m3u8?${access.cookies ? 'cookies=1&' : ''}token=${access.token}`;
  }
  const path = ticketed(playlistKey(video, kind, name), vodPrefix(video.id), access.ticket);
  return access.way === 'define' ? `${path}?{$${AUTH_VARIABLE}}` : path;
}

/** What has media playlists: the renditions of a revision, and text tracks, which are beside revisions. */
export type PlaylistKind = RenditionKind | 'text';

/** S3 key of a shared media playlist. */
export const playlistKey = (video: Published, kind: PlaylistKind, name: string): string =>
  kind === 'text'
    ? textPath(video.id, name, 'm3u8')
    : `${revisionPrefix(video.id, video.revision)}${playlistPath(kind, name)}`;

/**
 * A shared media playlist for one viewer of a player without variables: `{$auth}` replaced by `query` (undefined: left
 * out, for who holds cookies) and `{$licence}` by that, every URI made absolute from `path` (the shared playlist's own), and the
 * imports gone.
 */
export function expand(playlist: string, path: string, query: string | undefined, licence = ''): string {
  const base = new URL(path, 'https://sluice.invalid');
  const variable = query === undefined ? `?{$${AUTH_VARIABLE}}` : `{$${AUTH_VARIABLE}}`;
  const absolute = (reference: string) => {
    const url = new URL(
      reference.replaceAll(variable, () => query ?? '').replaceAll(`{$${LICENCE_VARIABLE}}`, () => licence),
      base,
    );
    return url.origin === base.origin ? `${url.pathname}${url.search}` : url.href;
  };
  return playlist
    .split(/\r?\n/)
    .filter((line) => !/^#EXT-X-DEFINE:.*IMPORT="/.test(line))
    .map((line) => {
      if (line === '') return line;
      if (!line.startsWith('#')) return absolute(line);
      return line.replace(
        /([:,]URI=")([^"]*)"/,
        (_, before: string, reference: string) => `${before}${absolute(reference)}"`,
      );
    })
    .join('\n');
}

/**
 * What all viewers share of a video, for one of them: `{$auth}` replaced by `query`, or left out with its `?`, and the ticket in
 * each path.
 */
export function withAuth(shared: string, id: string, ticket: string, query: string | undefined): string {
  const prefix = vodPrefix(id);
  const text = shared.replaceAll(`/${prefix}`, () => ticketPath(prefix, ticket));
  return query === undefined
    ? text.replaceAll(`?{$${AUTH_VARIABLE}}`, '')
    : text.replaceAll(`{$${AUTH_VARIABLE}}`, () => query);
}
