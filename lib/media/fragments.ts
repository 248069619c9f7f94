/**
 * Movie fragments (ISO/IEC 14496-12 8.8): reading a `moof` by the book, and writing one into memory that is there
 * already, since the ingest task writes one for every stream every two seconds. What goes into a track's samples is the
 * writers' own: `writeTrun` ends where their fields begin.
 */
import { BoxError, boxes, findAll, flagsOf, need, versionOf } from './boxes.ts';
import { writeHeader } from './build.ts';

/** sample_flags (8.8.3.1): depends on nothing; and: depends on others, is no sync sample. */
export const SYNC_FLAGS = 0x0200_0000;
export const DELTA_FLAGS = 0x0101_0000;
/** Of these, sample_is_non_sync_sample. */
export const NON_SYNC = 0x0001_0000;

/** tfhd flags (8.8.7.1): the fields that are there, and that offsets count from the moof. */
export const TFHD_BASE_OFFSET = 0x00_0001;
export const TFHD_DESCRIPTION = 0x00_0002;
export const TFHD_DURATION = 0x00_0008;
export const TFHD_SIZE = 0x00_0010;
export const TFHD_FLAGS = 0x00_0020;
export const TFHD_BASE_IS_MOOF = 0x02_0000;

/** trun flags (8.8.8.1): data offset, flags of the first sample, then what is said of each sample. */
export const TRUN_OFFSET = 0x00_0001;
export const TRUN_FIRST_FLAGS = 0x00_0004;
export const TRUN_DURATION = 0x00_0100;
export const TRUN_SIZE = 0x00_0200;
export const TRUN_FLAGS = 0x00_0400;
export const TRUN_COMPOSITION = 0x00_0800;

export interface Sample {
  /** Ticks. */
  readonly duration: number;
  /** Bytes. */
  readonly size: number;
  readonly flags: number;
  /** Ticks from decoding to presentation. */
  readonly compositionOffset: number;
  /** Where it begins, from the moof's first byte. */
  readonly offset: number;
}

export interface TrackFragment {
  readonly track: number;
  /** Decode time of the first sample, ticks. */
  readonly decodeTime: number;
  readonly samples: readonly Sample[];
}

/** What holds of a track's samples where a fragment says nothing else (trex, 8.8.3). */
export type TrackDefaults = Pick<Sample, 'duration' | 'size' | 'flags'>;

interface FragmentContext {
  /** By track id; a track without is all 0. */
  readonly defaults?: ReadonlyMap<number, TrackDefaults>;
  /** Byte of the file at which the moof begins: what base data offsets are counted against (8.8.7.1). */
  readonly at?: number;
}

/** `moof`: the whole box; the samples' offsets count from its first byte. @throws BoxError */
export function readFragments(moof: Buffer, context: FragmentContext = {}): TrackFragment[] {
  let end = 0;
  return findAll(moof, 'moof', 'traf').map(({ body }) => {
    const fragment = readTraf(body, moof.length, context, end);
    end = fragment.samples.reduce((last, { offset, size }) => Math.max(last, offset + size), end);
    return fragment;
  });
}

const NO_DEFAULTS: TrackDefaults = { duration: 0, size: 0, flags: 0 };

/** `before`: where the data of the track fragment before this one ends. */
function readTraf(
  traf: Buffer,
  moofBytes: number,
  { defaults: tracks, at = 0 }: FragmentContext,
  before: number,
): TrackFragment {
  const tfhd = need(traf, ['tfhd'], 8);
  const track = tfhd.readUInt32BE(4);
  const { said, ...defaults } = readTfhd(tfhd, tracks?.get(track) ?? NO_DEFAULTS);
  // Where nothing is said, the first one's counts from the moof and any other from where the one before ends (8.8.7.1).
  const base = said === undefined ? (flagsOf(tfhd) & TFHD_BASE_IS_MOOF ? 0 : before) : said - at;
  const samples: Sample[] = [];
  // Without an offset of its own the data begins with the mdat that follows.
  let offset = moofBytes + 8;
  for (const { type, body } of boxes(traf)) {
    if (type === 'trun') offset = readTrun(body, defaults, base, offset, samples);
  }
  return { track, decodeTime: readDecodeTime(traf), samples };
}

/** tfdt (8.8.12). Encoder delay makes the first one negative, which the unsigned field wraps: read it signed. */
function readDecodeTime(traf: Buffer): number {
  const tfdt = need(traf, ['tfdt'], 8);
  const wide = versionOf(tfdt) === 1;
  if (wide && tfdt.length < 12) throw new BoxError('tfdt is cut short');
  return wide ? Number(tfdt.readBigInt64BE(4)) : tfdt.readInt32BE(4);
}

/** Of one trun: where every field is a default, samples cost no byte. No fragment of ours or ffmpeg's comes near it. */
const MAX_SAMPLES = 1_000_000;

/** tfhd (8.8.7): optional fields in this order, each with its flag. `said`: base data offset, a byte of the file. */
function readTfhd(tfhd: Buffer, track: TrackDefaults): TrackDefaults & { readonly said: number | undefined } {
  const flags = flagsOf(tfhd);
  let offset = 8;
  const next = <T>(flag: number, otherwise: T, bytes = 4): number | T => {
    if (!(flags & flag)) return otherwise;
    offset += bytes;
    if (offset > tfhd.length) throw new BoxError('tfhd is cut short');
    return bytes === 4 ? tfhd.readUInt32BE(offset - 4) : Number(tfhd.readBigUInt64BE(offset - 8));
  };
  const said = next(TFHD_BASE_OFFSET, undefined, 8);
  next(TFHD_DESCRIPTION, 0);
  return {
    said,
    duration: next(TFHD_DURATION, track.duration),
    size: next(TFHD_SIZE, track.size),
    flags: next(TFHD_FLAGS, track.flags),
  };
}

/** trun (8.8.8). `base`: what its offset counts from. @returns where the data after its last sample begins. */
function readTrun(trun: Buffer, defaults: TrackDefaults, base: number, from: number, samples: Sample[]): number {
  if (trun.length < 8) throw new BoxError('trun is cut short');
  const version = versionOf(trun);
  const flags = flagsOf(trun);
  const count = trun.readUInt32BE(4);
  const fields = [TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_COMPOSITION].filter((flag) => flags & flag).length;
  const head = [TRUN_OFFSET, TRUN_FIRST_FLAGS].filter((flag) => flags & flag).length;
  if (8 + 4 * (head + count * fields) > trun.length) throw new BoxError(`a trun too short for ${count} samples`);
  if (count > MAX_SAMPLES) throw new BoxError(`a trun of ${count} samples`);
  let at = 8;
  const word = (): number => trun.readUInt32BE((at += 4) - 4);
  let offset = flags & TRUN_OFFSET ? base + (word() | 0) : from;
  let firstFlags = flags & TRUN_FIRST_FLAGS ? word() : undefined;
  for (let index = 0; index < count; index += 1) {
    const duration = flags & TRUN_DURATION ? word() : defaults.duration;
    const size = flags & TRUN_SIZE ? word() : defaults.size;
    const sampleFlags = flags & TRUN_FLAGS ? word() : (firstFlags ?? defaults.flags);
    const raw = flags & TRUN_COMPOSITION ? word() : 0;
    samples.push({ duration, size, flags: sampleFlags, compositionOffset: version === 0 ? raw : raw | 0, offset });
    offset += size;
    firstFlags = undefined;
  }
  return offset;
}

/** Bytes of a moof's header with its mfhd. */
export const MOOF_BYTES = 8 + 16;
/** Bytes of a traf before its samples' fields: its header, tfhd without defaults, tfdt of 64 bits, trun. */
export const TRAF_BYTES = 8 + 16 + 20 + 20;

/** Header of a moof of `bytes`, and mfhd (8.8.5). @returns where the first traf goes. */
export function writeMoof(out: Buffer, at: number, bytes: number, sequence: number): number {
  let next = writeHeader(out, at, bytes, 'moof');
  next = writeHeader(out, next, 16, 'mfhd');
  next = out.writeUInt32BE(0, next);
  return out.writeUInt32BE(sequence, next);
}

/** Header of a traf of `bytes`, tfhd with its defaults in order, tfdt of 64 bits. @returns where its trun goes. */
export function writeTraf(
  out: Buffer,
  at: number,
  bytes: number,
  track: number,
  flags: number,
  defaults: readonly number[],
  decodeTime: number,
): number {
  let next = writeHeader(out, at, bytes, 'traf');
  next = writeHeader(out, next, 16 + 4 * defaults.length, 'tfhd');
  next = out.writeUInt32BE(flags, next);
  next = out.writeUInt32BE(track, next);
  for (const value of defaults) next = out.writeUInt32BE(value, next);
  next = writeHeader(out, next, 20, 'tfdt');
  next = out.writeUInt32BE(0x01000000, next); // version 1
  next = out.writeUInt32BE(Math.floor(decodeTime / 4_294_967_296), next);
  return out.writeUInt32BE(decodeTime % 4_294_967_296, next);
}

/** trun up to its samples, of which each has `sampleBytes` of fields. `version` 1: composition offsets are signed. */
export function writeTrun(
  out: Buffer,
  at: number,
  version: 0 | 1,
  flags: number,
  count: number,
  sampleBytes: number,
  dataOffset: number,
): number {
  let next = writeHeader(out, at, 20 + sampleBytes * count, 'trun');
  next = out.writeUInt32BE(version * 0x1000000 + flags, next);
  next = out.writeUInt32BE(count, next);
  return out.writeInt32BE(dataOffset, next);
}
