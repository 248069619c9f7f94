/**
 * The segment table of a source whose packets are published as they are: segments begin at keyframes that need nothing
 * before them, and nothing is shown outside its segment. Pure.
 */
import { TIME_OFFSET } from '../../lib/contract/plan.ts';
import type { CopyTable } from '../../lib/contract/segment-table.ts';
import type { CopiedSound, CopiedVideo } from './copy.ts';
import { videoInit } from './copy-init.ts';
import { addBytes, copySounds, segmentsOf, soundTracks, sum } from './copy-sound.ts';
import { decodeTimes } from './decode-times.ts';
import { lowest, type Bound, type Pictures, type Range, type Sound } from './placed.ts';
import { areFew } from './repeats.ts';

/** What is asked for: the source's own description of its tracks, and what players bear. */
export interface CopyWish {
  /** Undefined: sound alone. */
  readonly video: CopiedVideo | undefined;
  /** Of each sound rendition: undefined where it is encoded. */
  readonly sounds: readonly (CopiedSound | undefined)[];
  /** bit/s, on average. */
  readonly maxBitrate: number;
}

/** What is copied, and how. */
export interface Copied {
  /** Undefined: sound alone. */
  readonly video: CopiedVideo | undefined;
  readonly sounds: readonly (CopiedSound | undefined)[];
  readonly bounds: readonly Bound[];
  /** Of each segment, picture and copied sound. */
  readonly bytes: readonly number[];
  /** bit/s: of the segment with the most, the picture's where there is one. */
  readonly peakBitrate: number;
  /** Where the segments' keyframes lie, to look at. */
  readonly keyframes: readonly { readonly offset: number; readonly size: number }[];
  readonly part: (range: Range, names: Names) => CopyTable;
}

/** How the renditions are called. */
export interface Names {
  readonly video: string;
  readonly sounds: readonly string[];
}

/** Seconds. Longer segments make players wait, and hls.js stall. */
const LONGEST_SEGMENT = 10.5;
/** A segment's bits over those of the average that is allowed. */
const PEAK = 2;

/** Undefined: it has to be encoded. `timescale`: ticks a second of the renditions. */
export function copiedOf(
  pictures: Pictures,
  sounds: readonly (Sound | undefined)[],
  wish: CopyWish & { readonly video: CopiedVideo },
  target: number,
  timescale: number,
): Copied | undefined {
  const { track, shift, end, keys } = pictures;
  const { samples } = track;
  const [first] = keys;
  // What an edit list cuts off would be seen.
  if (first === undefined || first.time !== pictures.first || shownAfter(pictures, end)) return undefined;
  if (samples.sync[first.sample] === 0 || areFew(samples.count, end / track.timescale)) return undefined;
  // Browsers stop at a sample without bytes, which is a picture that stays for those that decode it.
  if (samples.size.indexOf(0, first.sample) !== -1) return undefined;
  const closed = closedKeys(pictures);
  if (closed === undefined) return undefined;
  const bounds = closedBounds(pictures, closed, target);
  const begins = new Set(closed.map(({ sample }) => sample));
  const starts = bounds.map(({ sample }) => sample!);
  const endOf = (segment: number) => starts[segment + 1] ?? samples.count;
  const low = lowest(samples.composition, starts[0]!, samples.count);
  // Decode times must not be negative once all is moved by the same second.
  if (samples.decode[starts[0]!]! + shift + low < -TIME_OFFSET * track.timescale) return undefined;

  const lengths = bounds.map(({ time }, i) => ((bounds[i + 1]?.time ?? end) - time) / track.timescale);
  const bytes = starts.map((start, i) => sum(samples.size, start, endOf(i)));
  const rates = bytes.map((size, i) => (size * 8) / lengths[i]!);
  const average = (bytes.reduce((a, b) => a + b, 0) * 8) / lengths.reduce((a, b) => a + b, 0);
  if (Math.max(...lengths) > LONGEST_SEGMENT) return undefined;
  if (average > wish.maxBitrate || Math.max(...rates) > wish.maxBitrate * PEAK) return undefined;

  const seconds = bounds.map(({ time }) => time / track.timescale);
  const ends = end / track.timescale;
  const heard = copySounds(sounds, wish.sounds, seconds, ends);
  for (const sound of heard) if (sound) addBytes(bytes, sound);

  const factor = timescale / track.timescale;
  const video = (range: Range, name: string): CopyTable['tracks'][number] => {
    const from = starts[range.firstSegment - 1]!;
    const to = endOf(range.firstSegment + range.segments - 2);
    const all = Array.from({ length: to - from }, (_, i) => from + i);
    const shown = all.map((i) => samples.decode[i]! + samples.composition[i]! + shift);
    // The first picture is shown from the beginning, when the sound begins before it.
    if (range.firstSegment === 1) shown[0] = Math.min(shown[0]!, 0);
    const endsAt = (segment: number) => bounds[segment + 1]?.time ?? end;
    const decoded = Array.from({ length: range.segments }, (_, i) => range.firstSegment - 1 + i).flatMap((segment) =>
      decodeTimes(
        all
          .slice(starts[segment]! - from, endOf(segment) - from)
          .map((i) => ({ dts: samples.decode[i]! + shift + low, pts: shown[i - from]! })),
        endsAt(segment),
      ),
    );
    const ends = endsAt(range.firstSegment + range.segments - 2);
    return {
      kind: 'video',
      name,
      codecs: wish.video.codecs,
      init: videoInit(wish.video, timescale).toString('base64'),
      timescale,
      decode: decoded[0]! * factor,
      offset: all.map((i) => samples.offset[i]!),
      size: all.map((i) => samples.size[i]!),
      duration: decoded.map((time, i) => ((decoded[i + 1] ?? ends) - time) * factor),
      composition: decoded.map((time, i) => (shown[i]! - time) * factor),
      // Where nothing before it is needed: others lead pictures that refer to what was before.
      sync: all.filter((i) => begins.has(i)).map((i) => i - from),
      segments: segmentsOf(range, (segment) => ({
        samples: endOf(segment) - starts[segment]!,
        duration: lengths[segment]!,
      })),
    };
  };
  return {
    video: wish.video,
    sounds: heard.map((sound) => sound?.description),
    bounds,
    bytes,
    peakBitrate: Math.ceil(Math.max(...rates)),
    keyframes: starts.map((i) => ({ offset: samples.offset[i]!, size: samples.size[i]! })),
    part: (range, names) => ({
      tracks: [video(range, names.video), ...soundTracks(heard, range, names.sounds)],
    }),
  };
}

/** Whether any picture that would be copied is shown from `end` on. */
function shownAfter({ track: { samples }, shift, keys }: Pictures, end: number): boolean {
  for (let i = keys[0]!.sample; i < samples.count; i += 1) {
    if (samples.decode[i]! + samples.composition[i]! + shift >= end) return true;
  }
  return false;
}

/** Of sound alone, whose segments begin there, seconds, and end at `ends`. Undefined: all of it has to be encoded. */
export function copiedAlone(
  bounds: readonly Bound[],
  seconds: readonly number[],
  ends: number,
  sounds: readonly (Sound | undefined)[],
  wish: CopyWish,
): Copied | undefined {
  const heard = copySounds(sounds, wish.sounds, seconds, ends);
  if (!heard.some(Boolean)) return undefined;
  const bytes = seconds.map(() => 0);
  for (const sound of heard) if (sound) addBytes(bytes, sound);
  return {
    video: undefined,
    sounds: heard.map((sound) => sound?.description),
    bounds,
    bytes,
    peakBitrate: Math.max(...bytes.map((size, i) => (size * 8) / ((seconds[i + 1] ?? ends) - seconds[i]!))),
    keyframes: [],
    part: (range, names) => ({ tracks: soundTracks(heard, range, names.sounds) }),
  };
}

interface Key {
  readonly sample: number;
  readonly time: number;
}

/**
 * Keyframes whose groups are closed: all that is decoded before one is shown before it, and all after it after it. Undefined
 * where the first is none.
 */
function closedKeys({ track: { samples }, shift, keys }: Pictures): Key[] | undefined {
  const shown = (i: number) => samples.decode[i]! + samples.composition[i]! + shift;
  const first = keys[0]!.sample;
  const isKey = new Map(keys.map(({ sample, time }) => [sample, time]));
  const laterThan = new Set<number>();
  let latest = -Infinity;
  for (let i = first; i < samples.count; i += 1) {
    if (isKey.has(i) && latest < shown(i)) laterThan.add(i);
    latest = Math.max(latest, shown(i));
  }
  const closed: Key[] = [];
  let earliest = Infinity;
  for (let i = samples.count - 1; i >= first; i -= 1) {
    if (laterThan.has(i) && shown(i) < earliest) closed.push({ sample: i, time: shown(i) });
    earliest = Math.min(earliest, shown(i));
  }
  closed.reverse();
  return closed[0]?.sample === first ? closed : undefined;
}

/** Segments from one to another, each the one nearest to its target or, where none is near, the next one there is. */
function closedBounds({ end }: Pictures, closed: readonly Key[], target: number): Bound[] {
  const bounds: Bound[] = [{ sample: closed[0]!.sample, time: 0 }];
  for (let at = 0, next = 1; end - at > 1.25 * target && next < closed.length;) {
    while (next < closed.length - 1 && closed[next]!.time <= at + target / 2) next += 1;
    while (
      next < closed.length - 1 &&
      Math.abs(closed[next + 1]!.time - at - target) < Math.abs(closed[next]!.time - at - target)
    )
      next += 1;
    // The rest must not be a sliver.
    if (closed[next]!.time <= at || end - closed[next]!.time < target / 4) break;
    bounds.push(closed[next]!);
    at = closed[next]!.time;
    next += 1;
  }
  return bounds;
}
