/**
 * The segment table of a source whose packets are published as they are: segments begin at keyframes that need nothing
 * before them, and nothing is shown outside its segment. Pure.
 */
import { TIME_OFFSET, type CopyTable } from '../../lib/contract/slicing.ts';
import type { CopiedSound, CopiedVideo } from './copy.ts';
import { soundInit, videoInit } from './copy-init.ts';
import { firstFrom, lowest, type Bound, type Pictures, type Range, type Sound } from './placed.ts';

/** What is asked for: the source's own description of its tracks, and what players bear. */
export interface CopyWish {
  readonly video: CopiedVideo;
  /** Of each sound rendition: undefined where it is encoded. */
  readonly sounds: readonly (CopiedSound | undefined)[];
  /** bit/s, on average. */
  readonly maxBitrate: number;
}

/** What is copied, and how. */
export interface Copied {
  readonly video: CopiedVideo;
  readonly sounds: readonly (CopiedSound | undefined)[];
  readonly bounds: readonly Bound[];
  /** Of each segment, picture and copied sound. */
  readonly bytes: readonly number[];
  /** bit/s: of the picture's segment with the most. */
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
/** Samples of an AAC frame. */
const FRAME = 1024;
/** Seconds that copied sound may be late, and end early or late: more than that is filled, which takes an encoder. */
const SOUND_LATE = 0.05;
const SOUND_END = 0.5;

/** Undefined: it has to be encoded. `timescale`: ticks a second of the renditions. */
export function copiedOf(
  pictures: Pictures,
  sounds: readonly (Sound | undefined)[],
  wish: CopyWish,
  target: number,
  timescale: number,
): Copied | undefined {
  const { track, shift, end, keys } = pictures;
  const { samples } = track;
  const [first] = keys;
  // What an edit list cuts off would be seen.
  if (first === undefined || first.time !== pictures.first || shownAfter(pictures, end)) return undefined;
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
  const heard = sounds.map((sound, i) => {
    const description = wish.sounds[i];
    return sound && description && fitsPicture(sound, description, ends) ? description : undefined;
  });
  const frames = sounds.map((sound, i) => (sound && heard[i] ? framesAt(sound, heard[i], seconds) : undefined));
  frames.forEach((starting, i) => {
    // A segment without sound is none.
    if (starting?.slice(1).some((at, before) => at <= starting[before]!))
      [heard[i], frames[i]] = [undefined, undefined];
  });
  frames.forEach((starting, i) => {
    if (starting === undefined) return;
    const { size } = sounds[i]!.track.samples;
    bytes.forEach((_, segment) => {
      bytes[segment]! += sum(size, starting[segment]!, starting[segment + 1]!);
    });
  });

  const factor = timescale / track.timescale;
  const video = (range: Range, name: string): CopyTable['tracks'][number] => {
    const from = starts[range.firstSegment - 1]!;
    const to = endOf(range.firstSegment + range.segments - 2);
    const all = Array.from({ length: to - from }, (_, i) => from + i);
    const composition = all.map((i) => samples.composition[i]! - low);
    const duration = all.map((i) =>
      i + 1 < samples.count ? samples.decode[i + 1]! - samples.decode[i]! : samples.lastDuration,
    );
    let decode = samples.decode[from]! + shift + low;
    if (range.firstSegment === 1) {
      // The first picture is shown from the beginning, when the sound begins before it.
      const earlier = pictures.first - Math.min(pictures.first, composition[0]!);
      composition[0]! -= pictures.first - earlier;
      decode -= earlier;
      duration[0]! += earlier;
    }
    return {
      kind: 'video',
      name,
      codecs: wish.video.codecs,
      init: videoInit(wish.video, timescale).toString('base64'),
      timescale,
      decode: decode * factor,
      offset: all.map((i) => samples.offset[i]!),
      size: all.map((i) => samples.size[i]!),
      duration: duration.map((ticks) => ticks * factor),
      composition: composition.map((ticks) => ticks * factor),
      // Where nothing before it is needed: others lead pictures that refer to what was before.
      sync: all.filter((i) => begins.has(i)).map((i) => i - from),
      segments: segmentsOf(range, (segment) => ({
        samples: endOf(segment) - starts[segment]!,
        duration: lengths[segment]!,
      })),
    };
  };
  const sound = (range: Range, position: number, name: string): CopyTable['tracks'] => {
    const [starting, description, placed] = [frames[position], heard[position], sounds[position]];
    if (starting === undefined || description === undefined || placed === undefined) return [];
    const from = starting[range.firstSegment - 1]!;
    const to = starting[range.firstSegment - 1 + range.segments]!;
    const { sampleRate } = description;
    const all = Array.from({ length: to - from }, (_, i) => from + i);
    return [
      {
        kind: 'audio',
        name,
        codecs: description.codecs,
        init: soundInit(description).toString('base64'),
        timescale: sampleRate,
        decode: timeOf(placed, from),
        offset: all.map((i) => placed.track.samples.offset[i]!),
        size: all.map((i) => placed.track.samples.size[i]!),
        duration: all.map(() => FRAME),
        composition: all.map(() => 0),
        segments: segmentsOf(range, (segment) => {
          const count = starting[segment + 1]! - starting[segment]!;
          return { samples: count, duration: (count * FRAME) / sampleRate };
        }),
      },
    ];
  };
  return {
    video: wish.video,
    sounds: heard,
    bounds,
    bytes,
    peakBitrate: Math.ceil(Math.max(...rates)),
    keyframes: starts.map((i) => ({ offset: samples.offset[i]!, size: samples.size[i]! })),
    part: (range, names) => ({
      tracks: [video(range, names.video), ...names.sounds.flatMap((name, position) => sound(range, position, name))],
    }),
  };
}

const segmentsOf = <T>({ firstSegment, segments }: Range, of: (segment: number) => T): T[] =>
  Array.from({ length: segments }, (_, i) => of(firstSegment - 1 + i));

const sum = (sizes: Uint32Array, from: number, to: number): number => {
  let total = 0;
  for (let i = from; i < to; i += 1) total += sizes[i]!;
  return total;
};

/** Whether any picture that would be copied is shown from `end` on. */
function shownAfter({ track: { samples }, shift, keys }: Pictures, end: number): boolean {
  for (let i = keys[0]!.sample; i < samples.count; i += 1) {
    if (samples.decode[i]! + samples.composition[i]! + shift >= end) return true;
  }
  return false;
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

/** Ticks, which are samples, at which a frame is heard. */
const timeOf = ({ track: { samples, timescale }, shift }: Sound, frame: number): number =>
  samples.decode[frame]! + Math.round(shift * timescale);

/** Whether its frames follow one another without a hole, from about the beginning to about the end. */
function fitsPicture(sound: Sound, { sampleRate }: CopiedSound, ends: number): boolean {
  const { track, count, start, end } = sound;
  const { samples, timescale } = track;
  if (timescale !== sampleRate || count === 0 || start > SOUND_LATE || Math.abs(end - ends) > SOUND_END) return false;
  for (let i = 0; i < count; i += 1) {
    if (samples.composition[i] !== 0) return false;
    if (i + 1 < count && samples.decode[i + 1]! - samples.decode[i]! !== FRAME) return false;
  }
  return true;
}

/** The first frame of each segment, and where the last one ends: those that begin at its start or later. */
function framesAt(sound: Sound, { sampleRate }: CopiedSound, seconds: readonly number[]): number[] {
  const { decode } = sound.track.samples;
  const ticks = Math.round(sound.shift * sound.track.timescale);
  // Frames of before the beginning are the encoder's priming; half a one may stand over it.
  const at = (time: number, early: number) => firstFrom(decode, time * sampleRate - ticks - early);
  const starts = seconds.map((time, i) => Math.min(sound.count, at(time, i === 0 ? FRAME / 2 : 1)));
  return [...starts, sound.count];
}
