/**
 * A track's sample table (ISO/IEC 14496-12 8.6, 8.7) and edit list, read from a `moov` of anybody's making: where each
 * sample lies, when it is decoded and shown, and which can be decoded alone. Typed arrays: a day of video is 2.6 million
 * samples, 17 bytes each.
 */
import { BoxError, find, findAll, need, versionOf } from './boxes.ts';
import { withMovieMatrix } from './matrix.ts';
import { bareTrack } from './movie-build.ts';

export interface SampleTable {
  readonly count: number;
  /** Bytes from the start of the file. */
  readonly offset: Float64Array;
  /** Bytes. */
  readonly size: Uint32Array;
  /** Decode time, ticks; the first is 0, or whatever a fragment says. */
  readonly decode: Float64Array;
  /** Ticks from decoding to presentation; may be negative. */
  readonly composition: Int32Array;
  /** 1: can be decoded alone. */
  readonly sync: Uint8Array;
  /** Ticks of the last sample. */
  readonly lastDuration: number;
  /** Ticks each is shown, of text whose samples need not follow one another; absent: until the next one. */
  readonly shown?: Float64Array;
}

/** What the edit list (8.6.6) says, of the one kind that is shown as it is stored: perhaps later, perhaps from within. */
export interface Edit {
  /** Ticks of the movie by which the track is late. */
  readonly delay: number;
  /** Ticks of the track at which it is shown from. */
  readonly from: number;
  /** Ticks of the movie that are shown; undefined: to the end. */
  readonly length: number | undefined;
}

export interface IndexedTrack {
  /** Ticks a second. */
  readonly timescale: number;
  /** Content of its `trak`, without tables and edits (`bareTrack`): of a day they are 90 MB. */
  readonly trak: Buffer;
  /** Undefined: edits that repeat, pause or change speed. */
  readonly edit: Edit | undefined;
  readonly samples: SampleTable;
}

export interface MovieIndex {
  /** Ticks a second of the movie: the unit of edits. */
  readonly timescale: number;
  /** As they were asked for. */
  readonly tracks: readonly IndexedTrack[];
}

/** Samples of one track that are read: a day at 120 a second. */
export const MAX_SAMPLES = 10_500_000;

/**
 * `moov`: its content. `positions`: which of its tracks to read, counted from 0. `raw`: of those
 * that are sound without compression (PCM), how many bytes one moment of it has, all channels together.
 * @throws BoxError when a table is missing, cut short or says what cannot be.
 */
export function readMovieIndex(
  moov: Buffer,
  positions: readonly number[],
  raw: ReadonlyMap<number, number> = new Map(),
): MovieIndex {
  const all = findAll(moov, 'trak');
  const mvhd = need(moov, ['mvhd'], 4);
  const tracks = positions.map((position) => {
    const found = all[position];
    if (found === undefined) throw new BoxError(`there is no track ${position}`);
    return readTrack(withMovieMatrix(found.body, mvhd), raw.get(position));
  });
  return { timescale: timescaleOf(mvhd), tracks };
}

/** mvhd (8.2.2) and mdhd (8.4.2): after version and flags two times, of 8 bytes each in version 1 and of 4 in version 0. */
export function timescaleOf(body: Buffer): number {
  const at = 4 + (versionOf(body) === 1 ? 16 : 8);
  const timescale = at + 4 <= body.length ? body.readUInt32BE(at) : 0;
  if (timescale === 0) throw new BoxError('a header without a time scale');
  return timescale;
}

/** Bytes from the start of the file to the end of the last sample in it. */
export function endOfData({ count, offset, size }: SampleTable): number {
  let end = 0;
  for (let sample = 0; sample < count; sample += 1)
    if (size[sample]! > 0) end = Math.max(end, offset[sample]! + size[sample]!);
  return end;
}

/** Seconds to the end of the longest track, by its samples and not by what headers say; undefined where edits repeat. */
export function indexedSeconds({ timescale: movie, tracks }: MovieIndex): number | undefined {
  if (tracks.some(({ edit }) => edit === undefined)) return undefined;
  return tracks.reduce((longest, { timescale, samples, edit }) => {
    if (samples.count === 0) return longest;
    const media = (samples.decode[samples.count - 1]! + samples.lastDuration - (edit?.from ?? 0)) / timescale;
    const shown = edit?.length === undefined ? media : Math.min(media, edit.length / movie);
    return Math.max(longest, (edit?.delay ?? 0) / movie + shown);
  }, 0);
}

function readTrack(trak: Buffer, momentBytes: number | undefined): IndexedTrack {
  const timescale = timescaleOf(need(trak, ['mdia', 'mdhd'], 4));
  const stbl = need(trak, ['mdia', 'minf', 'stbl'], 8);
  const isRaw = momentBytes !== undefined && isTickByTick(need(stbl, ['stts'], 8));
  const samples = isRaw ? readBlocks(stbl, momentBytes) : readSamples(stbl);
  return { timescale, trak: bareTrack(trak), edit: readEdit(find(trak, 'edts', 'elst')), samples };
}

/** elst: entries of length, media time and rate; a media time of -1 is an empty edit, which delays what follows. */
export function readEdit(elst: Buffer | undefined): Edit | undefined {
  if (elst === undefined) return { delay: 0, from: 0, length: undefined };
  const wide = versionOf(elst) === 1;
  const bytes = wide ? 20 : 12;
  const count = wordAt(elst, 4);
  if (8 + count * bytes > elst.length) throw new BoxError('elst is cut short');
  let delay = 0;
  for (let index = 0, at = 8; index < count; index += 1, at += bytes) {
    const length = wide ? Number(elst.readBigUInt64BE(at)) : elst.readUInt32BE(at);
    const from = wide ? Number(elst.readBigInt64BE(at + 8)) : elst.readInt32BE(at + 4);
    if (from === -1) {
      delay += length;
      continue;
    }
    const rate = elst.readUInt32BE(at + bytes - 4);
    if (index !== count - 1 || rate !== 0x0001_0000 || from < 0) return undefined;
    // Of length 0: all that follows (8.6.6.1).
    return { delay, from, length: length === 0 ? undefined : length };
  }
  return count === 0 ? { delay: 0, from: 0, length: undefined } : undefined;
}

function readSamples(stbl: Buffer): SampleTable {
  const { size, count } = readSizes(stbl);
  const { decode, lastDuration } = readTimes(need(stbl, ['stts'], 8), count);
  return {
    count,
    size,
    decode,
    lastDuration,
    offset: readOffsets(stbl, size),
    composition: readComposition(find(stbl, 'ctts'), count),
    sync: readSync(find(stbl, 'stss'), count),
  };
}

/** Moments of raw sound that are taken for one sample: a tenth of a second, so that a day has a million of them. */
const BLOCK = 4096;

/** Whether each sample lasts one tick: that is raw sound, of which a sample is one moment. Writers of packets say more. */
function isTickByTick(stts: Buffer): boolean {
  let all = wordAt(stts, 4) > 0;
  runs(stts, 'stts', (_, delta) => {
    all &&= delta === 1;
  });
  return all;
}

/**
 * The table of raw sound, in blocks of moments that lie one after another. Their size is the description's: in stsz,
 * QuickTime's older files have 1 for any.
 */
function readBlocks(stbl: Buffer, momentBytes: number): SampleTable {
  const moments = wordAt(need(stbl, ['stsz'], 12), 8);
  const each = (block: (place: number, length: number) => void): number => {
    let left = moments;
    if (left === 0) return 0;
    eachChunk(stbl, (place, count) => {
      const there = Math.min(count, left);
      for (let at = 0; at < there; at += BLOCK) block(place + at * momentBytes, Math.min(BLOCK, there - at));
      left -= there;
      return left > 0;
    });
    return left;
  };
  let count = 0;
  const missing = each(() => {
    count += 1;
    if (count > MAX_SAMPLES) throw new BoxError(`raw sound in more than ${MAX_SAMPLES} pieces`);
  });
  if (missing > 0) throw new BoxError(`places of ${moments - missing} of ${moments} samples`);
  const [offset, decode, size] = [new Float64Array(count), new Float64Array(count), new Uint32Array(count)];
  let block = 0;
  let time = 0;
  let lastDuration = 0;
  each((place, length) => {
    offset[block] = place;
    decode[block] = time;
    size[block] = length * momentBytes;
    block += 1;
    time += length;
    lastDuration = length;
  });
  const none = { composition: new Int32Array(count), sync: new Uint8Array(count).fill(1) };
  return { count, offset, size, decode, lastDuration, ...none };
}

/** stsz and stz2 (8.7.3). */
function readSizes(stbl: Buffer): { size: Uint32Array; count: number } {
  const stsz = find(stbl, 'stsz');
  const body = stsz ?? need(stbl, ['stz2'], 12);
  const count = wordAt(body, 8);
  if (count > MAX_SAMPLES) throw new BoxError(`a track of ${count} samples; up to ${MAX_SAMPLES} are read`);
  const size = new Uint32Array(count);
  const constant = stsz === undefined ? 0 : wordAt(body, 4);
  if (constant > 0) return { size: size.fill(constant), count };
  const bits = stsz === undefined ? body.readUInt8(7) : 32;
  if (![4, 8, 16, 32].includes(bits)) throw new BoxError(`stz2 with fields of ${bits} bits`);
  if (12 + Math.ceil((count * bits) / 8) > body.length) throw new BoxError(`too few sizes for ${count} samples`);
  for (let index = 0; index < count; index += 1) {
    if (bits === 4) size[index] = (body[12 + (index >> 1)]! >> (index % 2 === 0 ? 4 : 0)) & 15;
    else size[index] = body.readUIntBE(12 + (index * bits) / 8, bits / 8);
  }
  return { size, count };
}

/** stts (8.6.1.2): runs of samples that last equally long. */
function readTimes(stts: Buffer, count: number): { decode: Float64Array; lastDuration: number } {
  const decode = new Float64Array(count);
  let index = 0;
  let time = 0;
  let lastDuration = 0;
  runs(stts, 'stts', (run, delta) => {
    for (const end = Math.min(count, index + run); index < end; index += 1, time += delta) decode[index] = time;
    lastDuration = delta;
  });
  // What no run speaks of has no time of its own.
  if (index < count) throw new BoxError(`times of ${index} of ${count} samples`);
  return { decode, lastDuration };
}

/** ctts (8.6.1.3). Version 0 is unsigned by the standard and signed by what writers do. */
function readComposition(ctts: Buffer | undefined, count: number): Int32Array {
  const composition = new Int32Array(count);
  if (ctts === undefined) return composition;
  let index = 0;
  runs(ctts, 'ctts', (run, offset) => {
    for (const end = Math.min(count, index + run); index < end; index += 1) composition[index] = offset | 0;
  });
  return composition;
}

/** Entries of two words: how many samples, and what holds of each. */
function runs(body: Buffer, name: string, each: (count: number, value: number) => void): void {
  const entries = wordAt(body, 4);
  if (8 + entries * 8 > body.length) throw new BoxError(`${name} is cut short`);
  for (let at = 8; at < 8 + entries * 8; at += 8) each(body.readUInt32BE(at), body.readUInt32BE(at + 4));
}

/** stss (8.6.2); without it every sample is a sync sample. */
function readSync(stss: Buffer | undefined, count: number): Uint8Array {
  const sync = new Uint8Array(count);
  if (stss === undefined) return sync.fill(1);
  const entries = wordAt(stss, 4);
  if (8 + entries * 4 > stss.length) throw new BoxError('stss is cut short');
  for (let at = 8; at < 8 + entries * 4; at += 4) {
    const number = stss.readUInt32BE(at);
    if (number >= 1 && number <= count) sync[number - 1] = 1;
  }
  return sync;
}

/** Samples lie in chunks, one after another. */
function readOffsets(stbl: Buffer, size: Uint32Array): Float64Array {
  const offset = new Float64Array(size.length);
  let sample = 0;
  if (size.length === 0) return offset;
  eachChunk(stbl, (start, count) => {
    let place = start;
    for (const end = Math.min(size.length, sample + count); sample < end; sample += 1) {
      offset[sample] = place;
      place += size[sample]!;
    }
    return sample < size.length;
  });
  if (sample < size.length) throw new BoxError(`places of ${sample} of ${size.length} samples`);
  return offset;
}

/**
 * stsc (8.7.4) and stco or co64 (8.7.5): where each chunk begins, and how many samples lie in it. Goes on as long as it is
 * asked to.
 */
function eachChunk(stbl: Buffer, on: (place: number, samples: number) => boolean): void {
  const stsc = need(stbl, ['stsc'], 8);
  const stco = find(stbl, 'stco');
  const table = stco ?? need(stbl, ['co64'], 8);
  const wide = stco === undefined;
  const chunks = wordAt(table, 4);
  if (8 + chunks * (wide ? 8 : 4) > table.length) throw new BoxError('chunk offsets are cut short');
  const entries = wordAt(stsc, 4);
  if (8 + entries * 12 > stsc.length) throw new BoxError('stsc is cut short');
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 8 + entry * 12;
    const first = stsc.readUInt32BE(at);
    const end = entry + 1 < entries ? stsc.readUInt32BE(at + 12) : chunks + 1;
    const samples = stsc.readUInt32BE(at + 4);
    if (stsc.readUInt32BE(at + 8) !== 1) throw new BoxError('samples of more than one description');
    if (first < 1 || end <= first || samples === 0) throw new BoxError('stsc runs backwards');
    for (let chunk = first; chunk < end && chunk <= chunks; chunk += 1) {
      const place = wide ? Number(table.readBigUInt64BE(8 + (chunk - 1) * 8)) : table.readUInt32BE(8 + (chunk - 1) * 4);
      if (!on(place, samples)) return;
    }
  }
}

function wordAt(body: Buffer, at: number): number {
  if (at + 4 > body.length) throw new BoxError('a table is cut short');
  return body.readUInt32BE(at);
}
