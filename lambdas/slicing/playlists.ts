/** Media playlists (RFC 8216bis) and what is measured of renditions. Pure. */
import { INIT_NAME, type RenditionKind } from '../../lib/contract/keys.ts';
import type { ChunkResult, Plan, Rung } from '../../lib/contract/slicing.ts';
import type { Rendition } from '../../lib/contract/video.ts';
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
  readonly segments: readonly Segment[];
}

/** Chunk results disagree with one another. */
export class MergeError extends Error {
  override name = 'MergeError';
}

/** The renditions of all chunks, each with its segments in order. Throws MergeError when a chunk lacks one. */
export function merge(results: readonly ChunkResult[]): MergedRendition[] {
  const [first, ...rest] = [...results].sort((a, b) => a.index - b.index);
  if (!first) throw new MergeError('there are no chunks');
  return first.renditions.map(({ init, ...rendition }) => {
    const others = rest.map(({ index, renditions }) => {
      const other = renditions.find(({ kind, name }) => kind === rendition.kind && name === rendition.name);
      if (
        !other ||
        other.codecs !== rendition.codecs ||
        other.init !== init ||
        other.timescale !== rendition.timescale
      ) {
        throw new MergeError(`chunk ${index} has no ${rendition.kind} ${rendition.name} like chunk ${first.index}'s`);
      }
      return other.segments;
    });
    return { ...rendition, segments: [...rendition.segments, ...others.flat()] };
  });
}

/** Six decimals: a microsecond, finer than any track's clock that matters; no trailing zeros beyond one. */
const decimal = (seconds: number): string => seconds.toFixed(6).replace(/0{1,5}$/, '');

/** EXT-X-TARGETDURATION: every EXTINF rounded to the nearest whole second is at most this (4.4.3.1). */
export const targetDuration = (segments: readonly Segment[]): number =>
  Math.max(1, ...segments.map(({ duration }) => Math.round(duration)));

/**
 * The shared media playlist of one rendition, at `{kind}/{name}.m3u8`. Every URI carries the variable `auth`, which the
 * personal multivariant playlist defines (4.4.2.3). Version 8 because of the variable (8); EXT-X-MAP needs 6.
 */
export function mediaPlaylist({ name, segments }: MergedRendition, type: Plan['segmentType']): string {
  const uri = (file: string): string => `${name}/${file}?{$auth}`;
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:8',
    `#EXT-X-TARGETDURATION:${targetDuration(segments)}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-DEFINE:IMPORT="auth"',
    ...(type === 'fmp4' ? [`#EXT-X-MAP:URI="${uri(INIT_NAME)}"`] : []),
    ...segments.flatMap((segment) => [`#EXTINF:${decimal(segment.duration)},`, uri(segment.name)]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n');
}

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

/** What the record says of a rendition. */
export function describe(rendition: MergedRendition, plan: Plan): Rendition {
  const { kind, name, codecs, segments } = rendition;
  return {
    kind,
    name,
    codecs,
    ...SHAPES[kind](plan, rendition),
    bandwidth: Math.max(peakBitrate(segments), averageBitrate(segments)),
    averageBandwidth: averageBitrate(segments),
    bytes: sum(segments.map(({ bytes }) => bytes)),
  };
}
