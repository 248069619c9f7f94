/**
 * The index of a Matroska or WebM file, as an MP4's would be: its frames are what an MP4's samples are, so nothing is to be
 * written again. What describes its tracks is taken from a remuxed piece of its beginning, which the frames there are held
 * against. Pure.
 */
import { MatroskaError } from '../../lib/media/matroska.ts';
import type { IndexedTrack, MovieIndex, SampleTable } from '../../lib/media/sample-table.ts';
import { evened } from './even-sound.ts';
import type { TrackFrames } from './matroska-frames.ts';
import type { Remuxed } from './remuxer.ts';

/** Frames of each track that are held against the piece of the beginning; of fewer nothing is concluded. */
const COMPARED = 8;
/** Seconds that times are rounded by. */
const APART = 0.002;

/**
 * `frames`: the picture, sounds and texts. `head`: the index of the remuxed beginning, its picture and sounds.
 * @throws MatroskaError when the beginning is not what it was remuxed to
 */
export function matroskaIndex(frames: readonly TrackFrames[], head: MovieIndex): Pick<Remuxed, 'index' | 'fresh'> {
  const { timescale, tracks } = head;
  const all = tracks.map((track, position) => {
    const own = frames[position];
    if (own === undefined || own.size.length === 0) throw new MatroskaError('a track without frames');
    return like(track, position === 0 ? pictures(own, track.timescale) : sounds(own, track.timescale));
  });
  // What is counted from another beginning there is so for all tracks.
  const moved = all.flatMap(({ samples, timescale: ticks }, i) =>
    tracks[i]!.samples.count > 0 ? [(shown(samples, 0) - shown(tracks[i]!.samples, 0)) / ticks] : [],
  );
  if (moved.length > 0 && Math.max(...moved) - Math.min(...moved) > 2 * APART)
    throw new MatroskaError('tracks are otherwise apart');
  const [picture, ...heard] = all;
  const others = [...heard.map(evened), ...frames.slice(tracks.length).map(texts)];
  const fresh = { ...picture!.samples, sync: Uint8Array.from(frames[0]!.key, (key) => (key === 2 ? 1 : 0)) };
  return {
    index: { timescale, tracks: [picture!, ...others] },
    fresh: fresh.sync.includes(1) ? { timescale, tracks: [{ ...picture!, samples: fresh }, ...others] } : undefined,
  };
}

/** Ticks at which a sample is shown. */
const shown = (table: SampleTable, i: number): number => table.decode[i]! + table.composition[i]!;

/** The track with these samples, whose first ones are those it had. */
function like(track: IndexedTrack, samples: SampleTable): IndexedTrack {
  // Of a track that was described by ourselves there is nothing to compare.
  if (track.samples.count === 0) return { ...track, samples };
  // The last one may have been cut in its middle.
  const compared = track.samples.count - 1;
  if (compared < Math.min(COMPARED, samples.count - 1)) throw new MatroskaError('too few frames to compare');
  for (let i = 0; i < compared; i += 1) {
    const off = shown(samples, i) - shown(samples, 0) - (shown(track.samples, i) - shown(track.samples, 0));
    const isSame = samples.size[i] === track.samples.size[i] && samples.sync[i] === track.samples.sync[i];
    if (!isSame || Math.abs(off) > APART * track.timescale)
      throw new MatroskaError(`frame ${i} is not what it is remuxed to`);
  }
  return { ...track, edit: NO_EDIT, samples };
}

const NO_EDIT = { delay: 0, from: 0, length: undefined };

/** Frames are decoded in the order they are stored in, and as far apart as they are shown, early enough for each. */
function pictures(frames: TrackFrames, timescale: number): SampleTable {
  const times = timesOf(frames).map((time) => Math.round((time * timescale) / 1e9));
  const decode = times.toSorted();
  const late = times.reduce((most, time, i) => Math.max(most, decode[i]! - time), 0);
  for (let i = 0; i < decode.length; i += 1) decode[i]! -= late;
  const composition = Int32Array.from(times, (time, i) => time - decode[i]!);
  return tableOf(
    frames,
    decode,
    composition,
    Uint8Array.from(frames.key, (key) => (key > 0 ? 1 : 0)),
    timescale,
  );
}

function sounds(frames: TrackFrames, timescale: number): SampleTable {
  const decode = timesOf(frames).map((time) => Math.round((time * timescale) / 1e9));
  for (let i = 1; i < decode.length; i += 1) decode[i] = Math.max(decode[i]!, decode[i - 1]!);
  const { length } = decode;
  return tableOf(frames, decode, new Int32Array(length), new Uint8Array(length).fill(1), timescale);
}

function tableOf(
  { offset, size, duration }: TrackFrames,
  decode: Float64Array,
  composition: Int32Array,
  sync: Uint8Array,
  timescale: number,
): SampleTable {
  const count = size.length;
  const said = Math.round((duration[count - 1]! * timescale) / 1e9);
  // As long as the others are, where nobody says.
  const usual = count > 1 ? Math.round((decode[count - 1]! - decode[0]!) / (count - 1)) : 0;
  return {
    count,
    offset,
    size: Uint32Array.from(size),
    decode,
    composition,
    sync,
    lastDuration: said > 0 ? said : usual,
  };
}

/** Of frames in one block the first has a time: the others are evenly apart, up to the next block. */
function timesOf({ time, duration }: TrackFrames): Float64Array {
  const times = Float64Array.from(time);
  for (let i = 0; i < times.length; i += 1) {
    if (!Number.isNaN(times[i])) continue;
    let next = i;
    while (next < times.length && Number.isNaN(times[next])) next += 1;
    const from = times[i - 1] ?? 0;
    const each = next < times.length ? (times[next]! - from) / (next - i + 1) : duration[i]!;
    for (let j = i; j < next; j += 1) times[j] = from + each * (j - i + 1);
  }
  return times;
}

/** Milliseconds something is shown whose container does not say how long. */
const UNSAID_MS = 4000;

/** A track of text, in milliseconds. */
function texts(frames: TrackFrames): IndexedTrack {
  const order = Array.from(frames.time, (_, i) => i).toSorted((a, b) => frames.time[a]! - frames.time[b]!);
  const of = (values: Float64Array) => Float64Array.from(order, (i) => values[i]!);
  const lasts = of(frames.duration).map((duration) => (duration > 0 ? duration / 1e6 : UNSAID_MS));
  return {
    timescale: 1000,
    trak: Buffer.alloc(0),
    edit: NO_EDIT,
    samples: {
      count: order.length,
      offset: of(frames.offset),
      size: Uint32Array.from(of(frames.size)),
      decode: of(frames.time).map((time) => time / 1e6),
      composition: new Int32Array(order.length),
      sync: new Uint8Array(order.length).fill(1),
      lastDuration: lasts.at(-1) ?? 0,
      shown: lasts,
    },
  };
}
