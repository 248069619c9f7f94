/** Media playlists (RFC 8216bis) and what is measured of renditions. Pure. */
import type { DrmProtection } from '../../lib/contract/drm.ts';
import { INIT_NAME, RENDITION_KINDS, type RenditionKind } from '../../lib/contract/keys.ts';
import type { Plan, Rung } from '../../lib/contract/plan.ts';
import type { ChunkResult } from '../../lib/contract/slicing.ts';
import type { Rendition } from '../../lib/contract/video.ts';
import type { KeyTags } from './key-tags.ts';
import { mostFrames } from './plan.ts';

export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

export interface Segment {
  readonly name: string;
  /** Seconds. */
  readonly duration: number;
  readonly bytes: number;
  /** Of a video, as far as they were counted. */
  readonly frames?: number | undefined;
}

export interface MergedRendition {
  readonly kind: RenditionKind;
  readonly name: string;
  readonly codecs: string;
  /** Ticks a second of fMP4 segments, whose durations are whole ticks. */
  readonly timescale?: number | undefined;
  /** Of `drm`: by which key, and when its first frame is shown on the media's clock, seconds. */
  readonly protection?: DrmProtection | undefined;
  readonly begins?: number | undefined;
  readonly segments: readonly Segment[];
}

/** Chunk results disagree with one another. */
export class MergeError extends Error {
  override name = 'MergeError';
}

/**
 * The renditions of all tasks, each with its segments in order. `count`: segments that each must have; without it every
 * task made every rendition. Throws MergeError when something is missing or does not fit.
 */
export function merge(results: readonly ChunkResult[], count?: number): MergedRendition[] {
  const ordered = results.toSorted((a, b) => a.index - b.index);
  if (ordered.length === 0) throw new MergeError('there are no chunks');
  const merged = new Map<string, { rendition: ChunkResult['renditions'][number]; from: number; segments: Segment[] }>();
  for (const { index, renditions } of ordered) {
    for (const rendition of renditions) {
      const path = `${rendition.kind} ${rendition.name}`;
      const known = merged.get(path);
      const isLike = ({ codecs, init, timescale }: typeof rendition) =>
        codecs === rendition.codecs && init === rendition.init && timescale === rendition.timescale;
      if (known && !isLike(known.rendition))
        throw new MergeError(`chunk ${index} has no ${path} like chunk ${known.from}'s`);
      if (known) known.segments.push(...rendition.segments);
      else merged.set(path, { rendition, from: index, segments: [...rendition.segments] });
    }
  }
  const [first] = ordered;
  // What only reads the text along makes none.
  const made = ordered.filter(({ renditions, texts }) => renditions.length > 0 || texts === undefined);
  for (const { index, renditions } of count === undefined ? made : []) {
    if (renditions.length !== merged.size)
      throw new MergeError(`chunk ${index} has not all that chunk ${first!.index} has`);
  }
  // Pictures first, whichever task made them.
  return [...merged.entries()]
    .map(
      ([
        path,
        {
          rendition: { kind, name, codecs, timescale, protection, begins },
          segments,
        },
      ]) => {
        segments.sort((a, b) => (a.name < b.name ? -1 : 1));
        if (count !== undefined && segments.length !== count)
          throw new MergeError(`${path} has ${segments.length} segments of ${count}`);
        return {
          kind,
          name,
          codecs,
          ...(timescale !== undefined && { timescale }),
          ...(protection && { protection, begins }),
          segments,
        };
      },
    )
    .toSorted((a, b) => RENDITION_KINDS.indexOf(a.kind) - RENDITION_KINDS.indexOf(b.kind));
}

/** Six decimals: a microsecond, finer than any track's clock that matters; no trailing zeros beyond one. */
const decimal = (seconds: number): string => seconds.toFixed(6).replace(/0{1,5}$/, '');

/** EXT-X-TARGETDURATION: every EXTINF rounded to the nearest whole second is at most this (4.4.3.1). */
export const targetDuration = (segments: readonly Segment[]): number =>
  Math.max(1, ...segments.map(({ duration }) => Math.round(duration)));

/** Every URI carries the variable `auth`, which the personal multivariant playlist defines (4.4.2.3). */
const uri = (folder: string, file: string): string => `${folder}/${file}?{$auth}`;

/** What keys bring of variables stands before the first tag of a segment, of which EXT-X-MAP is one: Shaka finds it there alone. */
const isImport = (line: string): boolean => line.startsWith('#EXT-X-DEFINE:IMPORT=');

/** Version 8 because of the variable (8); EXT-X-MAP needs 6. */
const head = (
  name: string,
  type: Plan['segmentType'],
  target: number,
  keys: KeyTags,
  more: readonly string[],
): string[] => [
  '#EXTM3U',
  '#EXT-X-VERSION:8',
  `#EXT-X-TARGETDURATION:${target}`,
  ...more,
  '#EXT-X-INDEPENDENT-SEGMENTS',
  '#EXT-X-DEFINE:IMPORT="auth"',
  ...keys(1).filter(isImport),
  ...(type === 'fmp4' ? [`#EXT-X-MAP:URI="${uri(name, INIT_NAME)}"`] : []),
];

const NO_KEYS: KeyTags = () => [];

const entries = (name: string, segments: readonly Segment[], keys: KeyTags): string[] =>
  segments.flatMap((segment) => [
    ...keys(Number.parseInt(segment.name, 10)).filter((line) => !isImport(line)),
    `#EXTINF:${decimal(segment.duration)},`,
    uri(name, segment.name),
  ]);

const END = '#EXT-X-ENDLIST';

/**
 * The shared media playlist of one rendition, at `{kind}/{name}.m3u8`. `target`: of the segment table, where there is one.
 * `keys`: of segments that are encrypted.
 */
export function mediaPlaylist(
  { name, segments }: MergedRendition,
  type: Plan['segmentType'],
  target?: number,
  keys: KeyTags = NO_KEYS,
): string {
  return [
    ...head(name, type, target ?? targetDuration(segments), keys, ['#EXT-X-PLAYLIST-TYPE:VOD']),
    ...entries(name, segments, keys),
    END,
    '',
  ].join('\n');
}

/**
 * What a playlist begins with that is published while it grows: after it only segments are added, and at last the end.
 * Players begin at 0, not at what was added last: Shaka takes an offset of 0 for none.
 */
export const growingHead = (name: string, target: number, keys: KeyTags = NO_KEYS): string =>
  [
    ...head(name, 'fmp4', target, keys, ['#EXT-X-PLAYLIST-TYPE:EVENT', '#EXT-X-START:TIME-OFFSET=0.001,PRECISE=YES']),
    '',
  ].join('\n');

/** A growing playlist with these segments added. */
export const grown = (
  text: string,
  name: string,
  segments: readonly Segment[],
  ended: boolean,
  keys: KeyTags = NO_KEYS,
): string => [text.trimEnd(), ...entries(name, segments, keys), ...(ended ? [END] : []), ''].join('\n');

/** How many segments a playlist lists, and whether it ends. */
export const listed = (text: string): { readonly count: number; readonly ended: boolean } => ({
  count: text.split('\n#EXTINF:').length - 1,
  ended: text.includes(`\n${END}`),
});

/**
 * Peak segment bit rate, bit/s (4.1): the largest of any run of segments that lasts between half and one and a half
 * times the target duration. A rendition shorter than that has only its average.
 */
export function peakBitrate(segments: readonly Segment[]): number {
  const target = targetDuration(segments);
  let peak = 0;
  for (let first = 0; first < segments.length; first += 1) {
    let duration = 0;
    let bytes = 0;
    for (let last = first; last < segments.length; last += 1) {
      duration += segments[last]!.duration;
      bytes += segments[last]!.bytes;
      if (duration > target * 1.5) break;
      if (duration >= target * 0.5) peak = Math.max(peak, (bytes * 8) / duration);
    }
  }
  return Math.ceil(peak) || averageBitrate(segments);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Bits of all segments over their duration, bit/s. */
export const averageBitrate = (segments: readonly Segment[]): number =>
  Math.max(1, Math.ceil((sum(segments.map(({ bytes }) => bytes)) * 8) / sum(segments.map((s) => s.duration))));

/** A segment shorter than this is too short to tell a rate by, seconds. */
const TELLING_SECONDS = 1;

/** What a clock of frames may be off. */
const OFF = 1.02;

/**
 * The most frames a second that there are (FRAME-RATE, 4.4.6.2): the lowest rate that the source said and the segment with
 * the most keeps to, since a source may say anything; else what is let through at most.
 */
function frameRateOf({ source }: Plan, rung: Rung, segments: readonly Segment[]): number {
  const long = segments.filter(({ duration }) => duration >= TELLING_SECONDS);
  const rates = (long.length > 0 ? long : segments).flatMap(({ frames, duration }) =>
    frames === undefined ? [] : [frames / duration],
  );
  if (rates.length === 0) return rung.frameRate;
  const most = Math.max(...rates);
  const cap = mostFrames(rung.frameRate);
  const said = [source.info.video.frameRate, rung.frameRate].filter((rate) => rate <= cap && most <= rate * OFF);
  return Math.min(cap, ...said);
}

type Shape = Pick<Rendition, 'width' | 'height' | 'frameRate' | 'channels' | 'language' | 'label'>;

/** What the plan says of a rendition, by its kind. */
const SHAPES: Record<RenditionKind, (plan: Plan, rendition: MergedRendition) => Shape> = {
  video: (plan, { name, segments }) => {
    const rung = plan.video.find((candidate) => candidate.name === name);
    if (!rung) throw new MergeError(`the plan has no rung ${name}`);
    return { width: rung.width, height: rung.height, frameRate: frameRateOf(plan, rung, segments) };
  },
  audio: ({ audio }, { name }) => {
    const sound = audio.find((candidate) => candidate.name === name);
    if (!sound) throw new MergeError(`the plan has no sound ${name}`);
    const { channels, language, label } = sound;
    return { channels, ...(language !== undefined && { language }), label };
  },
};

/** bit/s that the plan expects at most of what is not all there yet. */
const expected = ({ video, audio }: Plan, { kind, name }: MergedRendition): number =>
  kind === 'video'
    ? (video.find((rung) => rung.name === name)?.maxBitrate ?? 0)
    : (audio.find((sound) => sound.name === name)?.bitrate ?? 0);

/** What the record says of a rendition. `grows`: its segments are not all there yet. */
export function describe(rendition: MergedRendition, plan: Plan, grows = false): Rendition {
  const { kind, name, codecs, segments } = rendition;
  return {
    kind,
    name,
    codecs,
    ...SHAPES[kind](plan, rendition),
    bandwidth: Math.max(peakBitrate(segments), averageBitrate(segments), grows ? expected(plan, rendition) : 0),
    averageBandwidth: averageBitrate(segments),
    bytes: sum(segments.map(({ bytes }) => bytes)),
  };
}
