/**
 * Reading what ffmpeg's mp4 muxer writes fragment by fragment, and writing CMAF segments (ISO/IEC 23000-19) from it.
 * One track per stream. Names and layouts are those of ISO/IEC 14496-12.
 */
import { boxHeader, children, find } from './boxes.ts';

/** The stream is not what our own ffmpeg command writes. */
export class Fmp4Error extends Error {
  override name = 'Fmp4Error';
}

/** No box of ours comes near this; it bounds memory. */
const MAX_BOX_BYTES = 512 * 1024 * 1024;

/** Cuts a byte stream into whole top-level boxes. */
export async function* readBoxes(stream: AsyncIterable<Buffer>): AsyncGenerator<{ type: string; bytes: Buffer }> {
  let held: Buffer[] = [];
  let length = 0;
  let wanted = 16;
  const join = (): Buffer => {
    if (held.length > 1) held = [Buffer.concat(held, length)];
    return held[0]!;
  };
  for await (const piece of stream) {
    held.push(piece);
    length += piece.length;
    while (length >= wanted) {
      const all = join();
      const box = boxHeader(all, 0, Number.MAX_SAFE_INTEGER);
      if (!box || box.size > MAX_BOX_BYTES) throw new Fmp4Error('not a box, or one too large');
      if (length < box.size) {
        wanted = box.size;
        break;
      }
      yield { type: box.type, bytes: all.subarray(0, box.size) };
      held = length > box.size ? [all.subarray(box.size)] : [];
      length -= box.size;
      wanted = 16;
    }
  }
  // The last box may be shorter than a large header.
  const rest = length >= 8 ? boxHeader(join(), 0, Number.MAX_SAFE_INTEGER) : undefined;
  if (rest?.size === length) yield { type: rest.type, bytes: join() };
  else if (length > 0) throw new Fmp4Error('the stream ends inside a box');
}

/** What a `moov` says of its one track. */
export interface Track {
  /** Ticks per second. */
  readonly timescale: number;
  /** RFC 6381, e.g. `avc1.64001f` or `mp4a.40.2`. */
  readonly codecs: string;
}

export function readTrack(moov: Buffer): Track {
  const content = moov.subarray(8);
  const mdhd = find(content, 'trak', 'mdia', 'mdhd');
  const stsd = find(content, 'trak', 'mdia', 'minf', 'stbl', 'stsd');
  if (!mdhd || !stsd) throw new Fmp4Error('moov without a track');
  // mdhd (8.4.2): version 1 has 64-bit times before the timescale. stsd (8.5.2): 4 bytes version, 4 bytes count.
  return { timescale: mdhd.readUInt32BE(mdhd[0] === 1 ? 20 : 12), codecs: codecsOf(stsd.subarray(8)) };
}

function codecsOf(entries: Buffer): string {
  for (const { type, body } of children(entries)) {
    if (type === 'avc1') {
      // VisualSampleEntry (12.1.3) has 78 bytes before its boxes; avcC (14496-15 5.3.3.1): version, profile,
      // constraints, level.
      const avcC = find(body.subarray(78), 'avcC');
      if (avcC && avcC.length >= 4) return `avc1.${avcC.toString('hex', 1, 4)}`;
    }
    if (type === 'mp4a') {
      // AudioSampleEntry (12.2.3) has 28 bytes before its boxes.
      const esds = find(body.subarray(28), 'esds');
      const objectType = esds && audioObjectType(esds.subarray(4));
      if (objectType) return `mp4a.40.${objectType}`;
    }
  }
  throw new Fmp4Error('no H.264 or AAC description in moov');
}

/** First five bits of AudioSpecificConfig, inside ES_Descriptor > DecoderConfigDescriptor (14496-1 7.2.6). */
function audioObjectType(descriptors: Buffer): number | undefined {
  let offset = 0;
  while (offset + 2 <= descriptors.length) {
    const tag = descriptors[offset++]!;
    // Expandable size (14496-1 8.3.3): seven bits a byte, the top bit says that more follow.
    while (descriptors[offset++]! & 0x80);
    if (tag === 0x03) offset += 3; // ES_ID and flags; our streams have no optional fields
    else if (tag === 0x04) offset += 13; // object type, stream type, buffer size, bit rates
    else return tag === 0x05 ? descriptors[offset]! >> 3 : undefined;
  }
  return undefined;
}

export interface Sample {
  /** Decode time, ticks; may be negative (encoder delay). Tick counts stay far below 2^53. */
  readonly dts: number;
  /** Presentation time, ticks. */
  readonly pts: number;
  /** Ticks, as the muxer knew it. */
  readonly duration: number;
  /** Can be decoded alone. */
  readonly sync: boolean;
  readonly data: Buffer;
}

/** The samples of one `moof` with its `mdat`. */
export function readFragment(moof: Buffer, mdat: Buffer): Sample[] {
  const traf = find(moof.subarray(8), 'traf');
  const tfhd = traf && find(traf, 'tfhd');
  const tfdt = traf && find(traf, 'tfdt');
  if (!traf || !tfhd || !tfdt) throw new Fmp4Error('moof without a track fragment');
  const defaults = readTfhd(tfhd);
  // tfdt (8.8.12). Encoder delay makes the first one negative, which the unsigned field wraps: read it signed.
  let dts = tfdt[0] === 1 ? Number(tfdt.readBigInt64BE(4)) : tfdt.readInt32BE(4);
  const samples: Sample[] = [];
  let position = 8;
  for (const { type, body } of children(traf)) {
    if (type !== 'trun') continue;
    for (const entry of readTrun(body, defaults, moof.length)) {
      if (entry.offset !== undefined) position = entry.offset;
      if (position < 8 || position + entry.size > mdat.length) throw new Fmp4Error('a sample lies outside its mdat');
      samples.push({
        dts,
        pts: dts + entry.compositionOffset,
        duration: entry.duration,
        sync: (entry.flags & NON_SYNC) === 0,
        data: mdat.subarray(position, position + entry.size),
      });
      position += entry.size;
      dts += entry.duration;
    }
  }
  return samples;
}

/** sample_is_non_sync_sample (8.8.3.1). */
const NON_SYNC = 0x0001_0000;

interface Defaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** tfhd (8.8.7): optional fields in this order, each with its flag. */
function readTfhd(tfhd: Buffer): Defaults {
  const flags = tfhd.readUInt32BE(0) & 0xff_ffff;
  let offset = 8;
  const next = (flag: number, bytes = 4): number => {
    if (!(flags & flag)) return 0;
    offset += bytes;
    return bytes === 4 ? tfhd.readUInt32BE(offset - 4) : 0;
  };
  next(0x01, 8); // base-data-offset
  next(0x02); // sample-description-index
  return { duration: next(0x08), size: next(0x10), flags: next(0x20) };
}

interface Entry extends Defaults {
  readonly compositionOffset: number;
  /** Position in the mdat, on the first entry only. */
  readonly offset: number | undefined;
}

/** trun (8.8.8). Data offsets count from the moof's first byte (default-base-is-moof). */
function* readTrun(trun: Buffer, defaults: Defaults, moofLength: number): Generator<Entry> {
  const version = trun[0];
  const flags = trun.readUInt32BE(0) & 0xff_ffff;
  const count = trun.readUInt32BE(4);
  let at = 8;
  const word = (): number => trun.readUInt32BE((at += 4) - 4);
  let dataOffset = flags & 0x001 ? word() - moofLength : undefined;
  let firstFlags = flags & 0x004 ? word() : undefined;
  for (let index = 0; index < count; index += 1) {
    const duration = flags & 0x100 ? word() : defaults.duration;
    const size = flags & 0x200 ? word() : defaults.size;
    const sampleFlags = flags & 0x400 ? word() : (firstFlags ?? defaults.flags);
    const raw = flags & 0x800 ? word() : 0;
    yield {
      duration,
      size,
      flags: sampleFlags,
      compositionOffset: version === 0 ? raw : raw | 0,
      offset: dataOffset,
    };
    dataOffset = undefined;
    firstFlags = undefined;
  }
}

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
};

function box(type: string, ...parts: Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([u32(length), Buffer.from(type, 'latin1'), ...parts], length);
}

/** sample_flags (8.8.3.1): depends on nothing and sync; or depends on others and not. */
const SYNC_FLAGS = 0x0200_0000;
const OTHER_FLAGS = 0x0101_0000;

/** What goes into a segment (styp, moof, mdat). */
export interface SegmentSpec {
  /** mfhd's sequence_number. */
  readonly sequence: number;
  /** In decode order; the first is a keyframe. */
  readonly samples: readonly Sample[];
  /** Decode time of the sample after the last, so that the durations leave no gap to it. */
  readonly end: number;
  /** Added to every time, ticks. */
  readonly shift: number;
}

/** One CMAF segment. Composition offsets are never negative: ffmpeg's demuxer moves the whole track when one is. */
export function writeSegment({ sequence, samples, end, shift }: SegmentSpec): Buffer {
  const start = (samples[0]?.dts ?? -1) + shift;
  if (start < 0) throw new Fmp4Error('a segment starts before time 0');
  const entries = samples.map((sample, index) => {
    const duration = (samples[index + 1]?.dts ?? end) - sample.dts;
    const offset = sample.pts - sample.dts;
    if (duration < 0 || offset < 0) throw new Fmp4Error('decode times run backwards or past presentation');
    return u32(duration, sample.data.length, sample.sync ? SYNC_FLAGS : OTHER_FLAGS, offset);
  });
  const trunLength = 8 + 12 + entries.length * 16;
  const moofLength = 8 + 16 + 8 + 16 + 20 + trunLength;
  const baseTime = Buffer.alloc(8);
  baseTime.writeBigUInt64BE(BigInt(start));
  const moof = box(
    'moof',
    box('mfhd', u32(0, sequence)),
    box(
      'traf',
      box('tfhd', u32(0x02_0000, 1)), // default-base-is-moof, track 1
      box('tfdt', u32(0x0100_0000), baseTime),
      // version 1: data-offset, and duration, size, flags, composition offset of each sample
      box('trun', u32(0x0100_0f01, samples.length, moofLength + 8), ...entries),
    ),
  );
  const styp = box('styp', Buffer.from('cmfs', 'latin1'), u32(0), Buffer.from('cmfsmsdh', 'latin1'));
  return Buffer.concat([styp, moof, box('mdat', ...samples.map((sample) => sample.data))]);
}
