/**
 * The segment table: where every segment of every rendition begins and ends, laid down once from the source's own index,
 * and what each chunk reads of the source. Pure. Times are presentation times in ticks of the video track, from the
 * moment the earliest track starts.
 */
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { ChunkTable, SoundPart, TrackPart } from '../../lib/contract/segment-table.ts';
import type { IndexedTrack, MovieIndex } from '../../lib/media/sample-table.ts';
import { copiedAlone, copiedOf, type Copied, type CopyWish } from './copy-table.ts';
import { areFew, FEW, longestSegment } from './repeats.ts';
import { fitsTask, segmentBytes } from './room.ts';
import { saidIn, textPart, textShift, type Text } from './text-samples.ts';
import { firstFrom, lowest, type Bound, type Pictures, type Range, type Sound } from './placed.ts';

/** AAC frames are this many samples long. */
export const AAC_FRAME = 1024;
/** Frames encoded ahead of a chunk's first one and dropped: joins are inaudible from 4 on. */
const RUN_IN = 8;
/** Seconds of sound read ahead of what is encoded: decoders of MP3 and Opus need that to come to themselves. */
const READ_AHEAD = 0.5;
/** Samples of a sound track a second, beyond which its index is that of raw samples. */
const MAX_SOUND_RATE = 1000;

export interface SegmentTable {
  /** Ticks a second that the renditions are written with. */
  readonly timescale: number;
  /** What is encoded at a time, where all of it is. */
  readonly chunks: readonly TableChunk[];
  /** Seconds at which each segment begins. */
  readonly starts: readonly number[];
  /** Bytes of the source's samples in each segment. */
  readonly bytes: readonly number[];
  /** Where the source's own packets are published. */
  readonly copied: Copied | undefined;
  /** Of the whole, whatever headers say: to the end of the last picture. */
  readonly seconds: number;
  /** What is read to encode these segments. Made one at a time: together they are as large as the index. */
  readonly part: (range: Range) => ChunkTable;
}

/** A chunk of which everything is known. */
export type TableChunk = Chunk & Range & { readonly duration: number };

interface TableOptions {
  readonly segmentSeconds: number;
  /** Target, seconds. */
  readonly chunkSeconds: number;
  readonly maxChunks: number;
  /** The sound renditions, as the plan has them. */
  readonly audio: readonly Pick<Plan['audio'][number], 'sampleRate'>[];
  readonly copy?: CopyWish | undefined;
}

/**
 * `index`: the chosen video track, those of the sound renditions, then those of text. Of sound alone the first of them stands
 * for the pictures, too: segments begin where frames of it do. Undefined when the source has to be read whole:
 * edits that repeat or change speed, times that run backwards, raw sound.
 */
export function segmentTable(index: MovieIndex, options: TableOptions): SegmentTable | undefined {
  const [video, ...others] = index.tracks;
  const tracks = others.slice(0, options.audio.length);
  if (video === undefined || video.samples.count === 0) return undefined;
  const pictures = placePictures(video, index.timescale);
  const sounds = tracks.map((track) => (track.samples.count > 0 ? placeSound(track, index.timescale) : undefined));
  if (pictures === undefined || !sounds.every((sound) => sound !== 'unreadable')) return undefined;
  const starts = sounds.flatMap((sound) => (sound ? [Math.round(sound.start * video.timescale)] : []));
  const zero = Math.min(pictures.first, ...starts);
  const placed = moved(pictures, zero);
  if (placed === undefined) return undefined;
  const late = zero / video.timescale;
  const heard = sounds.map(
    (sound) => sound && { ...sound, shift: sound.shift - late, start: sound.start - late, end: sound.end - late },
  );
  const texts = others
    .slice(tracks.length)
    .map((track): Text => ({ track, shift: textShift(track, index.timescale) - late }));
  return lay(placed, heard, texts, options);
}

type Unplaced = Omit<Pictures, 'keys'>;

function placePictures(track: IndexedTrack, movieTimescale: number): Unplaced | undefined {
  const { samples, edit, timescale } = track;
  if (edit === undefined) return undefined;
  const delay = Math.round((edit.delay * timescale) / movieTimescale);
  const length = edit.length === undefined ? Infinity : Math.round((edit.length * timescale) / movieTimescale);
  const shift = delay - edit.from;
  let first = Infinity;
  let last = -Infinity;
  for (let i = 0; i < samples.count; i += 1) {
    const shown = samples.decode[i]! + samples.composition[i]! + shift;
    // What an edit list cuts off at the start is decoded and not shown; where there is none, all is shown.
    if ((edit.from > 0 && shown < delay) || shown >= delay + length) continue;
    if (shown < first) first = shown;
    if (shown > last) last = shown;
  }
  if (first === Infinity) return undefined;
  return { track, shift, first, end: Math.min(last + Math.max(1, samples.lastDuration), delay + length) };
}

/** Everything counted from `zero`; undefined when keyframes are not shown in the order they are decoded in. */
function moved({ track, shift, first, end }: Unplaced, zero: number): Pictures | undefined {
  const { samples } = track;
  const keys: { sample: number; time: number }[] = [];
  for (let sample = 0; sample < samples.count; sample += 1) {
    if (samples.sync[sample] === 0) continue;
    const time = samples.decode[sample]! + samples.composition[sample]! + shift - zero;
    if (time >= end - zero) break;
    const before = keys.at(-1);
    if (before !== undefined && time <= before.time) return undefined;
    // Of those shown before the beginning, the last one is where decoding begins.
    if (time <= first - zero) keys.length = 0;
    keys.push({ sample, time });
  }
  const [start] = keys;
  if (start === undefined) return undefined;
  // What is shown before the first one that is called a keyframe is decoded from the beginning, as players of the file do.
  if (start.sample > 0 && start.time > first - zero) keys.unshift({ sample: 0, time: first - zero });
  return { track, shift: shift - zero, first: first - zero, end: end - zero, keys };
}

function placeSound(track: IndexedTrack, movieTimescale: number): Sound | 'unreadable' {
  const { samples, edit, timescale } = track;
  if (edit === undefined) return 'unreadable';
  const seconds = (samples.decode[samples.count - 1]! + samples.lastDuration) / timescale;
  if (samples.count > 100 + seconds * MAX_SOUND_RATE) return 'unreadable';
  const delay = edit.delay / movieTimescale;
  const shift = delay - edit.from / timescale;
  const limit = edit.length === undefined ? Infinity : delay + edit.length / movieTimescale;
  const count = Math.min(samples.count, firstFrom(samples.decode, (limit - shift) * timescale));
  const start = Math.max(delay, shift + samples.decode[0]! / timescale);
  return { track, shift, count, start, end: Math.min(limit, seconds + shift) };
}

/** Seconds: a command line holds the moments of as many segments. Whether a function is done in its time, engine.ts says. */
const LONGEST_CHUNK = 3600;

function lay(
  pictures: Pictures,
  sounds: readonly (Sound | undefined)[],
  texts: readonly Text[],
  options: TableOptions,
): SegmentTable | undefined {
  const { timescale, samples } = pictures.track;
  const seconds = (ticks: number) => ticks / timescale;
  // All sound lasts until the last of it does, and where that is clearly longer, the last picture is held.
  const heard = Math.max(0, ...sounds.flatMap((sound) => (sound ? [sound.end] : [])));
  const held = heard > seconds(pictures.end) + HELD_SECONDS ? Math.round(heard * timescale) : pictures.end;
  const whole = Math.max(seconds(held), heard);
  const target = options.segmentSeconds * timescale;
  const isFine = timescale > MAX_TIMESCALE;
  const ticks = isFine ? MAX_TIMESCALE : timescale * Math.ceil(MIN_TIMESCALE / timescale);
  // Its own packets have its own times.
  const wish = held === pictures.end && !isFine ? options.copy : undefined;
  const { video: picture } = wish ?? {};
  const pictured = wish && picture && copiedOf(pictures, sounds, { ...wish, video: picture }, target, ticks);
  const bounds = pictured?.bounds ?? segmentBounds(pictures, held, options.segmentSeconds);
  const begins = bounds.map(({ time }) => seconds(time));
  const copied = wish && !picture ? copiedAlone(bounds, begins, whole, sounds, wish) : pictured;
  const bytes = segmentBytes(pictures, sounds, bounds, begins);
  const { chunkSeconds, maxChunks } = options;
  const wished = Math.round(seconds(held) / chunkSeconds);
  const isCopied = copied !== undefined;
  const starts = chunkStarts(bounds, bytes, chunkTimes(held, bounds.length, wished, maxChunks, isCopied), held);
  const chunks = starts.map((at, index): TableChunk => {
    const next = starts[index + 1];
    const start = seconds(bounds[at]!.time);
    return {
      index,
      start,
      duration: seconds(next === undefined ? held : bounds[next]!.time) - start,
      firstSegment: at + 1,
      segments: (next ?? bounds.length) - at,
    };
  });
  if (chunks.some(({ duration }) => duration > LONGEST_CHUNK)) return undefined;
  const said = saidIn(texts);
  const part = ({ firstSegment, segments }: Range): ChunkTable => {
    const from = firstSegment - 1;
    const to = from + segments;
    const begins = seconds(bounds[from]!.time);
    const next = bounds[to];
    const first = bounds[from]!.sample!;
    const end = next === undefined ? samples.count : endOf(pictures, next.sample!, next.time);
    const composition = lowest(samples.composition, first, end);
    const origin = samples.decode[first]! + pictures.shift + composition;
    const ends = next === undefined ? whole : seconds(next.time);
    const inside = bounds.slice(from + 1, to);
    const repeats = inside.filter((bound) => bound.repeats).map(({ time }) => seconds(time) - begins);
    return {
      cuts: inside.map(({ time }) => seconds(time) - begins),
      ...(repeats.length > 0 && { repeats }),
      video: {
        ...trackPart(pictures.track, first, end, composition),
        start: bounds[from]!.time - origin,
        from: Math.max(bounds[from]!.time, pictures.first) - origin,
        to: (next?.time ?? pictures.end) - origin,
      },
      audio: options.audio.map(({ sampleRate }, position) => {
        const frames = framesOf(begins, ends, sampleRate);
        const sound = sounds[position];
        return { part: sound ? soundPart(sound, frames, sampleRate) : null, ...frames };
      }),
      ...(texts.length > 0 && {
        texts: said.map((text) => textPart(text, begins, next ? seconds(next.time) : Infinity)),
      }),
    };
  };
  return {
    timescale: ticks,
    chunks,
    starts: begins,
    bytes,
    copied,
    seconds: seconds(held),
    part,
  };
}

/** A last frame of sound may end a little after the last picture without anybody holding that. */
const HELD_SECONDS = 0.25;

/** Ticks a second of a rendition at least: frames of an odd rate are placed a tenth of a millisecond off at worst. */
const MIN_TIMESCALE = 10_000;
/** And at most: a sample's duration has 32 bits, which are 42 seconds of these. */
const MAX_TIMESCALE = 100_000_000;

/**
 * Segments begin at the source's keyframes, the one nearest to each target within half a target of it; where the source
 * has none there, at the first picture from the target on, or, where one is held for too long, at the target: then it is
 * repeated. Of very few pictures the target is a quarter of all. `end`: to which the last one is held.
 */
function segmentBounds(pictures: Pictures, end: number, segmentSeconds: number): Bound[] {
  const { keys, track } = pictures;
  const isFew = areFew(track.samples.count, end / track.timescale);
  const target = Math.min(segmentSeconds * track.timescale, isFew ? end / FEW : Infinity);
  const longest = isFew ? target * 1.5 : longestSegment(segmentSeconds) * track.timescale;
  let shown: Float64Array | undefined;
  const bounds: Bound[] = [{ time: 0, sample: keys[0]!.sample }];
  let key = 1;
  for (let at = 0; end - at > 1.25 * target;) {
    const ideal = at + target;
    while (key < keys.length && keys[key]!.time <= at + target / 2) key += 1;
    let best: { sample: number; time: number } | undefined;
    for (let i = key; i < keys.length && keys[i]!.time < at + 1.5 * target; i += 1) {
      if (best === undefined || Math.abs(keys[i]!.time - ideal) < Math.abs(best.time - ideal)) best = keys[i];
    }
    // The rest must not be a sliver.
    if (best !== undefined && end - best.time < target / 4) break;
    shown ??= best ? undefined : timesOf(pictures);
    // The first one is shown from the start, however late it is.
    const time = best?.time ?? shown![firstFrom(shown!, Math.max(Math.round(ideal), pictures.first + 1))] ?? end;
    const repeats = time - at > longest;
    if (time >= end && !repeats) break;
    at = repeats ? Math.round(ideal) : time;
    bounds.push(
      repeats
        ? { time: at, sample: undefined, repeats }
        : { time, sample: best?.sample ?? keys.find((one) => one.time === time)?.sample },
    );
  }
  return bounds;
}

/** When each sample is shown, in that order. */
const timesOf = ({ track: { samples }, shift }: Pictures): Float64Array =>
  Float64Array.from(samples.decode, (time, sample) => time + samples.composition[sample]! + shift).sort();

/** Which bounds begin a chunk: keyframes, as near as they are to where it should, and more of them where there is no room for so much. */
function chunkStarts(
  bounds: readonly Bound[],
  bytes: readonly number[],
  ideal: readonly number[],
  end: number,
): number[] {
  const starts = [0];
  let even = 1;
  for (let index = 1; index < bounds.length; index += 1) {
    const { sample, time } = bounds[index]!;
    if (sample === undefined) continue;
    let next = index + 1;
    while (next < bounds.length && bounds[next]!.sample === undefined) next += 1;
    const due = ideal[even];
    // This one or the next keyframe, whichever is nearer to where the next chunk should begin.
    const isDue =
      due !== undefined &&
      (next === bounds.length
        ? time >= due - ((ideal[even + 1] ?? end) - due) / 2
        : Math.abs(time - due) <= Math.abs(bounds[next]!.time - due));
    if (isDue) even += 1;
    const last = starts.at(-1)!;
    if (isDue || !fitsTask(bytes, { firstSegment: last + 1, segments: next - last })) starts.push(index);
  }
  return starts;
}

/**
 * Where chunks should begin, of `end`: as evenly apart as they are. Of what is so long that they are longer than wished, and of
 * which nothing can be played before, each is of whole segments, and what is over comes last, in chunks of half their length:
 * functions that are done take those, instead of waiting for a few that have a segment more than they.
 */
export function chunkTimes(end: number, segments: number, wished: number, most: number, isCopied: boolean): number[] {
  const whole = Math.floor(segments / most);
  if (wished <= most || whole === 0 || isCopied) {
    const count = Math.max(1, Math.min(most, wished));
    return Array.from({ length: count }, (_, i) => (i * end) / count);
  }
  const each = (whole * end) / segments;
  const half = (Math.ceil(whole / 2) * end) / segments;
  const rest = Math.ceil((segments - most * whole) / Math.ceil(whole / 2));
  return Array.from({ length: most + rest }, (_, i) => Math.min(i, most) * each + Math.max(0, i - most) * half);
}

/**
 * One past the last sample a chunk must decode: the next chunk's keyframe and, where its group of pictures is open, those
 * of its leading pictures that are shown before it.
 */
function endOf({ track: { samples }, shift }: Pictures, next: number, time: number): number {
  let end = next;
  for (let i = next + 1; i < samples.count && samples.sync[i] === 0; i += 1) {
    if (samples.decode[i]! + samples.composition[i]! + shift < time) end = i + 1;
  }
  return end;
}

type Frames = Omit<SoundPart, 'part'>;

/** The AAC frames of a chunk: the first is the one that begins at its start or later. */
function framesOf(start: number, end: number, rate: number): Frames {
  // A frame's thousandth early still counts.
  const frameAt = (time: number) => Math.ceil((time * rate) / AAC_FRAME - 0.001);
  const firstFrame = frameAt(start);
  return { firstFrame, frames: frameAt(end) - firstFrame, runIn: Math.min(RUN_IN, firstFrame) };
}

function soundPart(sound: Sound, frames: Frames, rate: number): SoundPart['part'] {
  const { track, shift, count } = sound;
  const begins = soundBegins(frames, rate);
  const ends = ((frames.firstFrame + frames.frames + RUN_OUT) * AAC_FRAME) / rate;
  const { decode, composition } = track.samples;
  const ticks = (time: number) => (time - shift) * track.timescale;
  // The sample under way at that moment, too.
  const first = Math.max(0, firstFrom(decode, ticks(begins - READ_AHEAD)) - 1);
  const end = Math.min(count, firstFrom(decode, ticks(ends)));
  // Sound that had ended before; what would be read is a sample that nobody hears.
  if (first >= end || (end === count && ticks(begins - READ_AHEAD) > decode[end - 1]! + track.samples.lastDuration))
    return null;
  const low = lowest(composition, first, end);
  const late = Math.round(decode[first]! + low + (shift - begins) * track.timescale);
  return { ...trackPart(track, first, end, low), late };
}

/**
 * Seconds at which a chunk's sound is decoded from: a whole second, where the samples of every rate meet, so that no piece
 * is resampled by another fraction of a sample than its neighbours.
 */
export const soundBegins = ({ firstFrame, runIn }: Frames, rate: number): number =>
  Math.floor(((firstFrame - runIn) * AAC_FRAME) / rate);

/** Frames of sound encoded past a chunk's last one: a frame is made of the next one's samples, too. */
export const RUN_OUT = 2;

function trackPart(
  { samples, timescale, trak }: IndexedTrack,
  first: number,
  end: number,
  lowestComposition: number,
): TrackPart {
  const range = Array.from({ length: end - first }, (_, i) => first + i);
  return {
    trak: trak.toString('base64'),
    timescale,
    offset: range.map((i) => samples.offset[i]!),
    size: range.map((i) => samples.size[i]!),
    duration: range.map((i) =>
      i + 1 < samples.count ? samples.decode[i + 1]! - samples.decode[i]! : samples.lastDuration,
    ),
    composition: range.map((i) => samples.composition[i]! - lowestComposition),
    sync: range.filter((i) => samples.sync[i] === 1).map((i) => i - first),
  };
}
