/**
 * A small MP4 of parts of another's tracks (ISO/IEC 14496-12 8.2 to 8.7): descriptions as they are, tables for the samples
 * that are in it, no edits. What a decoder makes of a sample here is what it makes of it in the original.
 */
import { boxes, find, need } from './boxes.ts';
import { box, fullBox, text, u32, zeros } from './build.ts';

export interface PartOfTrack {
  /** Content of a `trak` (`bareTrack`). */
  readonly trak: Buffer;
  /** Of each sample, from the first byte of `mdat`'s content. */
  readonly offset: readonly number[];
  /** Bytes. */
  readonly size: readonly number[];
  /** Ticks. */
  readonly duration: readonly number[];
  /** Ticks, not negative. */
  readonly composition: readonly number[];
  /** Positions of sync samples. */
  readonly sync: readonly number[];
}

/** What of a track speaks of samples by number, or of times: it does not hold for a part of them. */
const TABLES = new Set(
  [
    'stts',
    'ctts',
    'cslg',
    'stss',
    'stps',
    'stsh',
    'stsz',
    'stz2',
    'stsc',
    'stco',
    'co64',
    'sdtp',
    'stdp',
    'padb',
  ].concat(['sbgp', 'sgpd', 'subs', 'saiz', 'saio', 'edts', 'tref', 'udta', 'meta']),
);

/** A `trak` (content) without tables, edits and user data: what is left describes the track. */
export function bareTrack(trak: Buffer): Buffer {
  const mdia = need(trak, ['mdia'], 8);
  const minf = need(mdia, ['minf'], 8);
  const stbl = need(minf, ['stbl'], 8);
  const inner = replaced(minf, 'stbl', without(stbl, TABLES));
  return replaced(without(trak, TABLES), 'mdia', replaced(mdia, 'minf', inner));
}

/** `ftyp`, `moov` and the header of an `mdat` of `mediaBytes`, which is to follow. */
export function movieHeader(timescale: number, parts: readonly PartOfTrack[], mediaBytes: number): Buffer {
  const start = (base: number) => {
    const traks = parts.map((part) => box('trak', withTables(part, base)));
    const ftyp = box('ftyp', text('isom'), u32(0x200), text('isomiso2'));
    // mvhd (8.2.2): times, time scale, no duration; rate, volume, matrix, and the next track's id are nobody's concern.
    const mvhd = fullBox(
      'mvhd',
      0,
      0,
      u32(0, 0, timescale, 0, 0x0001_0000),
      zeros(12),
      IDENTITY,
      zeros(24),
      u32(0xffff_ffff),
    );
    // A large size (4.2): chunks of high-rate sources may pass 4 GiB.
    const mdat = Buffer.concat([u32(1), text('mdat'), word64(mediaBytes + 16)]);
    return Buffer.concat([ftyp, box('moov', mvhd, ...traks), mdat]);
  };
  // Offsets have a fixed width, so the header is as long with the right ones.
  return start(start(0).length);
}

const IDENTITY = u32(0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000);

function withTables(part: PartOfTrack, base: number): Buffer {
  const stbl = need(part.trak, ['mdia', 'minf', 'stbl'], 8);
  const tables = [
    fullBox('stts', 0, 0, runs(part.duration)),
    ...(part.composition.some((value) => value !== 0) ? [fullBox('ctts', 0, 0, runs(part.composition))] : []),
    ...(part.sync.length === part.size.length
      ? []
      : [fullBox('stss', 0, 0, u32(part.sync.length, ...part.sync.map((position) => position + 1)))]),
    fullBox('stsz', 0, 0, u32(0, part.size.length, ...part.size)),
    // Every sample is a chunk of its own.
    fullBox('stsc', 0, 0, u32(1, 1, 1, 1)),
    fullBox('co64', 0, 0, u32(part.offset.length), ...part.offset.map((offset) => word64(base + offset))),
  ];
  const mdia = need(part.trak, ['mdia'], 8);
  const minf = replaced(need(mdia, ['minf'], 8), 'stbl', Buffer.concat([stbl, ...tables]));
  return replaced(part.trak, 'mdia', replaced(mdia, 'minf', minf));
}

/** Entries of how many and what: stts and ctts (8.6.1). */
function runs(values: readonly number[]): Buffer {
  const entries: number[] = [];
  let count = 0;
  values.forEach((value, index) => {
    count += 1;
    if (value !== values[index + 1]) {
      entries.push(count, value);
      count = 0;
    }
  });
  return u32(entries.length / 2, ...entries);
}

function word64(value: number): Buffer {
  const out = Buffer.allocUnsafe(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

/** The boxes of `bytes`, but for these types. */
function without(bytes: Buffer, types: ReadonlySet<string>): Buffer {
  return Buffer.concat(
    [...boxes(bytes)].filter(({ type }) => !types.has(type)).map(({ type, body }) => box(type, body)),
  );
}

/** `bytes` with the content of its first box of that type replaced. */
function replaced(bytes: Buffer, type: string, content: Buffer): Buffer {
  const old = find(bytes, type);
  return Buffer.concat(
    [...boxes(bytes)].map((one) =>
      box(one.type, old?.byteOffset === one.body.byteOffset && one.type === type ? content : one.body),
    ),
  );
}
