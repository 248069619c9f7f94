/**
 * One MP4 of the segments of several tracks (ISO/IEC 14496-12 8.2 to 8.7), each of one track with its own initialization
 * section: an index in front, and behind it the samples as they lie in the segments. Nothing is decoded, and no sample is
 * read here: what goes where is said, and whoever writes the file fetches it. Pure.
 */
import { BoxError, findAll, need, versionOf } from './boxes.ts';
import { box, fullBox, text, u16, u32, writeHeader, zeros } from './build.ts';
import { NON_SYNC, readFragments, type TrackFragment } from './fragments.ts';
import { bareTrack } from './movie-build.ts';
import { timescaleOf } from './sample-table.ts';

/** Samples of one segment, which lie one after another. */
export interface Run {
  /** Decode time of the first one, ticks. */
  readonly decodeTime: number;
  readonly samples: TrackFragment['samples'];
  /** First byte of the segment that belongs to them. */
  readonly from: number;
  /** Bytes. */
  readonly length: number;
}

/** A stretch of one segment's bytes in the file, in the order of the file. */
export interface Piece {
  readonly track: number;
  readonly segment: number;
  readonly from: number;
  readonly length: number;
}

export interface ProgressiveMovie {
  /** Everything before the first sample. */
  readonly header: Buffer;
  readonly pieces: readonly Piece[];
  /** Of the whole file. */
  readonly bytes: number;
}

/** `start`: a segment's first bytes, its whole `moof` among them. @throws BoxError when they are not one fragment of one track. */
export function readRun(start: Buffer): Run {
  let at = 0;
  while (at + 8 <= start.length) {
    const size = start.readUInt32BE(at);
    if (size < 8) throw new BoxError(`a box of ${size} bytes before the samples of a segment`);
    if (start.toString('latin1', at + 4, at + 8) === 'moof') {
      if (at + size > start.length) break;
      const [fragment, other] = readFragments(start.subarray(at, at + size));
      if (fragment === undefined || other !== undefined) throw new BoxError('a segment of not just one track');
      const { decodeTime, samples } = fragment;
      let next = samples[0]?.offset ?? 0;
      for (const { offset, size: bytes } of samples) {
        if (offset !== next) throw new BoxError('samples that do not lie one after another');
        next += bytes;
      }
      const first = samples[0]?.offset ?? 0;
      return { decodeTime, samples, from: at + first, length: next - first };
    }
    at += size;
  }
  throw new ShortStart(Math.max(at + 64 * 1024, start.length * 2));
}

/** The `moof` is longer than what was read of the segment. */
export class ShortStart extends Error {
  override name = 'ShortStart';
  /** Bytes to read. */
  readonly wanted: number;

  constructor(wanted: number) {
    super('a segment of which too little was read');
    this.wanted = wanted;
  }
}

interface Source {
  /** The whole initialization section, of one track. */
  readonly init: Buffer;
  readonly runs: readonly Run[];
}

/** Ticks a second of movie and edits. */
const MOVIE_SCALE = 90_000;

/** @throws BoxError when an initialization section is not of one track, or a track has no samples. */
export function progressiveMovie(sources: readonly Source[]): ProgressiveMovie {
  const tracks = sources.map(({ init, runs }, index) => trackOf(init, runs, index + 1));
  const origin = Math.min(...tracks.map(({ start }) => start));
  const order = tracks
    .flatMap(({ runs, timescale }, track) =>
      runs.map((run, segment) => ({ track, segment, run, at: run.decodeTime / timescale })),
    )
    .toSorted((a, b) => a.at - b.at || a.track - b.track);
  // The offsets of a header with offsets of zero are as long as with the right ones.
  const places = tracks.map(({ runs }) => new Float64Array(runs.length));
  const header = () => Buffer.concat([FTYP, moov(tracks, places, origin), mdatHeader(media)]);
  const media = order.reduce((sum, { run }) => sum + run.length, 0);
  let at = header().length;
  const pieces = order.map(({ track, segment, run: { from, length } }) => {
    places[track]![segment] = at;
    at += length;
    return { track, segment, from, length };
  });
  return { header: header(), pieces, bytes: at };
}

const FTYP = box('ftyp', text('isom'), u32(0x200), text('isomiso2avc1mp41'));

/** With a 64-bit size (4.2). */
const mdatHeader = (media: number) => Buffer.concat([u32(1), text('mdat'), word64(media + 16)]);

interface BuiltTrack {
  readonly id: number;
  readonly trak: Buffer;
  readonly timescale: number;
  readonly runs: readonly Run[];
  readonly tables: Tables;
  /** Seconds at which it is first shown, on the clock of the segments. */
  readonly start: number;
}

function trackOf(init: Buffer, runs: readonly Run[], id: number): BuiltTrack {
  const moov = need(init, ['moov'], 8);
  const [found, other] = findAll(moov, 'trak');
  if (found === undefined || other !== undefined) throw new BoxError('an initialization section of not just one track');
  const trak = bareTrack(found.body);
  const timescale = timescaleOf(need(trak, ['mdia', 'mdhd'], 4));
  const tables = tablesOf(runs);
  return { id, trak, timescale, runs, tables, start: (runs[0]!.decodeTime + tables.shownAt) / timescale };
}

interface Tables {
  readonly durations: Uint32Array;
  readonly sizes: Uint32Array;
  readonly compositions: Int32Array;
  /** Numbers of sync samples, from 1. */
  readonly sync: readonly number[];
  /** Ticks of all samples. */
  readonly duration: number;
  /** Ticks from the first decoding to the first picture or sound. */
  readonly shownAt: number;
}

function tablesOf(runs: readonly Run[]): Tables {
  const count = runs.reduce((sum, { samples }) => sum + samples.length, 0);
  if (count === 0) throw new BoxError('a track without samples');
  const [durations, sizes, compositions] = [new Uint32Array(count), new Uint32Array(count), new Int32Array(count)];
  const sync: number[] = [];
  const first = runs[0]!.decodeTime;
  let [i, time, shownAt] = [0, 0, Infinity];
  for (const { decodeTime, samples } of runs) {
    // The clock of the segments is the truth: the last sample before lasts until the next segment begins.
    const behind = decodeTime - first - time;
    if (i > 0 && behind !== 0) {
      durations[i - 1] = Math.max(0, durations[i - 1]! + behind);
      time = decodeTime - first;
    }
    for (const { duration, size, flags, compositionOffset } of samples) {
      durations[i] = duration;
      sizes[i] = size;
      compositions[i] = compositionOffset;
      if ((flags & NON_SYNC) === 0) sync.push(i + 1);
      shownAt = Math.min(shownAt, time + compositionOffset);
      time += duration;
      i += 1;
    }
  }
  return { durations, sizes, compositions, sync, duration: time, shownAt };
}

function moov(tracks: readonly BuiltTrack[], places: readonly Float64Array[], origin: number): Buffer {
  const shown = tracks.map((track) => shownTicks(track, origin));
  const traks = tracks.map((track, i) => trakBox(track, places[i]!, origin, shown[i]!));
  // mvhd (8.2.2), version 1: times, time scale and duration; rate, volume, reserved, matrix, reserved, the next track's id.
  const times = Buffer.concat([zeros(16), u32(MOVIE_SCALE), word64(Math.max(...shown))]);
  const rest = Buffer.concat([u32(0x0001_0000), u16(0x0100), zeros(10), IDENTITY, zeros(24), u32(tracks.length + 1)]);
  return box('moov', fullBox('mvhd', 1, 0, times, rest), ...traks);
}

const IDENTITY = u32(0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000);

/** Ticks of the movie by which the track begins late. */
const lateTicks = ({ start }: BuiltTrack, origin: number) => Math.round((start - origin) * MOVIE_SCALE);
/** Ticks of the movie that are shown of the track. */
const lengthTicks = ({ tables: { duration, shownAt }, timescale }: BuiltTrack) =>
  Math.round(((duration - Math.max(0, shownAt)) / timescale) * MOVIE_SCALE);
const shownTicks = (track: BuiltTrack, origin: number) => lateTicks(track, origin) + lengthTicks(track);

function trakBox(track: BuiltTrack, places: Float64Array, origin: number, shown: number): Buffer {
  const { trak, id, timescale, tables } = track;
  // Behind the duration tkhd (8.3.2) has 60 bytes (layer, group, volume, matrix, width, height), mdhd (8.4.2) language and 0.
  const tkhd = fullBox('tkhd', 1, 7, zeros(16), u32(id, 0), word64(shown), tail(need(trak, ['tkhd'], 84), 36, 24, 60));
  const late = lateTicks(track, origin);
  const edits = [
    // An empty edit first where it begins late, then from its first picture or sound on (8.6.6, version 1).
    ...(late > 0 ? [[word64(late), word64(-1)]] : []),
    [word64(lengthTicks(track)), word64(Math.max(0, tables.shownAt))],
  ].map((words) => Buffer.concat([...words, u32(0x0001_0000)]));
  const elst = fullBox('elst', 1, 0, u32(edits.length), ...edits);
  const mdia = need(trak, ['mdia'], 8);
  const mdhd = fullBox(
    'mdhd',
    1,
    0,
    zeros(16),
    u32(timescale),
    word64(tables.duration),
    tail(need(mdia, ['mdhd'], 24), 32, 20, 4),
  );
  const minf = need(mdia, ['minf'], 8);
  const stbl = box('stbl', box('stsd', need(minf, ['stbl', 'stsd'], 8)), ...tableBoxes(track, places));
  const kept = (bytes: Buffer, type: string) => findAll(bytes, type).map(({ body }) => box(type, body));
  const described = ['vmhd', 'smhd', 'sthd', 'nmhd', 'dinf'].flatMap((type) => kept(minf, type));
  return box(
    'trak',
    tkhd,
    box('edts', elst),
    box('mdia', mdhd, ...kept(mdia, 'hdlr'), box('minf', ...described, stbl)),
  );
}

/** `length` bytes of a full box from behind its duration on: byte `wide` or `narrow`, by its version. */
function tail(body: Buffer, wide: number, narrow: number, length: number): Buffer {
  const from = versionOf(body) === 1 ? wide : narrow;
  if (from + length > body.length) throw new BoxError('a header that is cut short');
  return body.subarray(from, from + length);
}

function tableBoxes({ runs, tables }: BuiltTrack, places: Float64Array): Buffer[] {
  const { durations, sizes, compositions, sync } = tables;
  const negative = compositions.some((value) => value < 0);
  return [
    pairs('stts', 0, durations),
    ...(compositions.some((value) => value !== 0) ? [pairs('ctts', negative ? 1 : 0, compositions)] : []),
    ...(sync.length === sizes.length ? [] : [listBox('stss', [sync.length], sync)]),
    listBox('stsz', [0, sizes.length], sizes),
    stsc(runs),
    co64(places),
  ];
}

/** Entries of how many and what (8.6.1). */
function pairs(type: string, version: 0 | 1, values: Uint32Array | Int32Array): Buffer {
  const entries: number[] = [];
  let count = 0;
  values.forEach((value, index) => {
    count += 1;
    if (value !== values[index + 1]) {
      entries.push(count, value);
      count = 0;
    }
  });
  return listBox(type, [entries.length / 2], entries, version);
}

/** Samples of each chunk (8.7.4): one chunk a segment, said where it changes. */
function stsc(runs: readonly Run[]): Buffer {
  const entries: number[] = [];
  runs.forEach(({ samples }, i) => {
    if (samples.length !== runs[i - 1]?.samples.length) entries.push(i + 1, samples.length, 1);
  });
  return listBox('stsc', [entries.length / 3], entries);
}

function co64(places: Float64Array): Buffer {
  const out = Buffer.alloc(16 + 8 * places.length);
  let at = writeHeader(out, 0, out.length, 'co64');
  at = out.writeUInt32BE(places.length, at + 4);
  for (const place of places) at = out.writeBigUInt64BE(BigInt(place), at);
  return out;
}

/** A full box of words, of which there may be millions. */
function listBox(type: string, head: readonly number[], values: ArrayLike<number>, version: 0 | 1 = 0): Buffer {
  const out = Buffer.allocUnsafe(12 + 4 * (head.length + values.length));
  let at = writeHeader(out, 0, out.length, type);
  at = out.writeUInt32BE(version * 0x0100_0000, at);
  for (const value of head) at = out.writeUInt32BE(value, at);
  for (let i = 0; i < values.length; i += 1) at = out.writeUInt32BE(values[i]! >>> 0, at);
  return out;
}

function word64(value: number): Buffer {
  const out = Buffer.allocUnsafe(8);
  out.writeBigInt64BE(BigInt(value));
  return out;
}
