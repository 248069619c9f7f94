/**
 * Common encryption, scheme `cbcs` (ISO/IEC 23001-7:2016, 10.4), of CMAF tracks of H.264 and AAC as they are made here: one
 * track, one sample entry, fragments whose offsets count from their moof. One key and one constant IV for a track. Pure: the
 * cipher is handed in.
 *
 * Pictures: of each slice, after its header, one block of 16 bytes is encrypted and nine are not (pattern 1:9), the cipher
 * beginning anew with each slice. All else of a sample (parameter sets, SEI, slice headers) is in clear. Sound: all whole
 * blocks of each sample. What is left of a block at the end of either is in clear.
 */
import { boxes, BoxError, find, findAll, flagsOf, need, wholeOf } from './boxes.ts';
import { box, fullBox, text, u16, u32, u8 } from './build.ts';
import { readFragments, TFHD_BASE_IS_MOOF, TFHD_BASE_OFFSET, TRUN_OFFSET, type Sample } from './fragments.ts';
import { H264_IDR, H264_SLICE, SliceHeaders } from './h264-slice.ts';

const BLOCK = 16;
/** Blocks that are encrypted, and those that follow in clear. */
const CRYPT = 1;
const SKIP = 9;
/** default_KID and default_constant_IV have so many bytes. */
const ID_BYTES = 16;

/** Whose licences any player may ask for (W3C, "cenc" Initialization Data Format, 4). */
const COMMON_SYSTEM = Buffer.from('1077efecc0b24d02ace33c1e52e2fb4b', 'hex');

export interface CbcsKey {
  /** 16 bytes, by which a licence is asked for. */
  readonly kid: Buffer;
  /** 16 bytes. */
  readonly iv: Buffer;
  /** AES-128 in CBC mode of whole blocks, each call beginning with `iv`, without padding. */
  readonly encrypt: (blocks: Buffer) => Buffer;
}

/** Fields of a sample entry before its boxes, header included (14496-12 12.1.3, 12.2.3), and what it is called encrypted. */
const ENTRIES: Readonly<Record<string, { readonly fields: number; readonly sealed: string }>> = {
  avc1: { fields: 78, sealed: 'encv' },
  mp4a: { fields: 28, sealed: 'enca' },
};

const STSD = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'] as const;

/** A track whose initialization section is known: what that reads when sealed, and the same of its segments. */
export class CbcsTrack {
  /** The initialization section, which says how the track is encrypted. */
  readonly init: Buffer;
  readonly #key: CbcsKey;
  /** Of H.264. */
  readonly #video: { readonly lengthBytes: number; readonly sets: readonly Buffer[] } | undefined;

  /** `init`: in clear. @throws BoxError */
  constructor(init: Buffer, key: CbcsKey) {
    if (key.kid.length !== ID_BYTES || key.iv.length !== ID_BYTES) throw new RangeError('kid and iv have 16 bytes');
    const stsd = need(init, STSD, 8);
    const entries = [...boxes(stsd.subarray(8))];
    const [entry] = entries;
    const { fields, sealed } = ENTRIES[entry?.type ?? ''] ?? {};
    const isAlone = entries.length === 1 && findAll(init, 'moov', 'trak').length === 1;
    if (entry === undefined || fields === undefined || sealed === undefined || !isAlone)
      throw new BoxError('not one sample entry of H.264 or AAC');
    if (entry.body.length < fields) throw new BoxError(`${entry.type} is cut short`);
    this.#key = key;
    this.#video = entry.type === 'avc1' ? readAvcC(need(entry.body.subarray(fields), ['avcC'], 7)) : undefined;
    const protectedEntry = box(sealed, entry.body, sinf(entry.type, key, this.#video !== undefined));
    const change = (body: Buffer) => [body.subarray(0, 8), protectedEntry];
    this.init = Buffer.concat(replaced(init, STSD, change, { in: 'moov', add: pssh(key.kid) }));
  }

  /** A segment, in clear. @throws BoxError */
  seal(segment: Buffer): Buffer {
    const out: Buffer[] = [];
    // A segment begins with a picture that is decoded alone, by the track's parameter sets or by some of its own.
    const headers = new SliceHeaders();
    for (const nal of this.#video?.sets ?? []) headers.learn(nal);
    let moof: Buffer | undefined;
    for (const one of boxes(segment)) {
      const { type, body } = one;
      const whole = wholeOf(segment, one);
      if (type === 'sidx') throw new BoxError('an index of bytes that would not be true any more');
      if (type === 'moof') moof = whole;
      else if (type === 'mdat' && moof !== undefined) {
        const headerBytes = whole.length - body.length;
        const sealed = this.#fragment(moof, Buffer.from(body), headerBytes, headers);
        out.push(sealed.moof, whole.subarray(0, headerBytes), sealed.data);
        moof = undefined;
      } else out.push(whole);
    }
    if (moof !== undefined) throw new BoxError('moof without its mdat');
    return Buffer.concat(out);
  }

  /** `data`: content of the mdat behind the moof, changed in place. */
  #fragment(moof: Buffer, data: Buffer, headerBytes: number, headers: SliceHeaders): { moof: Buffer; data: Buffer } {
    const [fragment, ...more] = readFragments(moof);
    if (fragment === undefined || more.length > 0) throw new BoxError('not one track fragment');
    const runs: Subsample[][] = [];
    for (const sample of fragment.samples) {
      const bytes = dataOf(sample, data, moof.length + headerBytes);
      if (this.#video === undefined) this.#cover(bytes, bytes.length, 0);
      else {
        const subsamples = subsamplesOf(bytes, this.#video.lengthBytes, headers);
        let at = 0;
        for (const { clear, covered } of subsamples) {
          this.#cover(bytes.subarray(at + clear, at + clear + covered), CRYPT * BLOCK, SKIP * BLOCK);
          at += clear + covered;
        }
        runs.push(subsamples);
      }
    }
    return { moof: this.#video === undefined ? moof : withSubsamples(moof, runs), data };
  }

  /** Encrypts in place `crypt` bytes, leaves `skip`, and so on; whole blocks only. */
  #cover(bytes: Buffer, crypt: number, skip: number): void {
    const pieces: Buffer[] = [];
    for (let at = 0; at + BLOCK <= bytes.length; at += crypt + skip) {
      const length = Math.min(crypt, bytes.length - at);
      pieces.push(bytes.subarray(at, at + length - (length % BLOCK)));
    }
    if (pieces.length === 0) return;
    const sealed = this.#key.encrypt(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    let from = 0;
    for (const piece of pieces) from += sealed.copy(piece, 0, from, from + piece.length);
  }
}

/** AVCDecoderConfigurationRecord (14496-15 5.3.3.1): bytes of a NAL unit's length, and the parameter sets. */
function readAvcC(avcC: Buffer): { lengthBytes: number; sets: Buffer[] } {
  const sets: Buffer[] = [];
  let at = 5;
  const byte = (): number => {
    if (at >= avcC.length) throw new BoxError('avcC is cut short');
    return avcC[at++]!;
  };
  for (const mask of [0x1f, 0xff]) {
    for (let count = byte() & mask; count > 0; count -= 1) {
      const length = byte() * 256 + byte();
      if (at + length > avcC.length) throw new BoxError('avcC is cut short');
      sets.push(avcC.subarray(at, at + length));
      at += length;
    }
  }
  return { lengthBytes: 1 + (avcC[4]! & 3), sets };
}

/** ProtectionSchemeInfoBox (14496-12 8.12.1): what the entry is in clear, by which scheme it is encrypted, and how. */
const sinf = (entry: string, { kid, iv }: CbcsKey, isPattern: boolean): Buffer =>
  box(
    'sinf',
    box('frma', text(entry)),
    fullBox('schm', 0, 0, text('cbcs'), u32(0x10000)), // version 1.0
    box(
      'schi',
      // 23001-7 8.2. Version 1; reserved, pattern, isProtected, no IV of each sample, KID, the one IV of all.
      fullBox('tenc', 1, 0, u8(0, isPattern ? CRYPT * 16 + SKIP : 0, 1, 0), kid, u8(iv.length), iv),
    ),
  );

/** 23001-7 8.1, version 1: the key id, and no data. Browsers tell a page of it (`encrypted`). */
const pssh = (kid: Buffer): Buffer => fullBox('pssh', 1, 0, COMMON_SYSTEM, u32(1), kid, u32(0));

/** Boxes with the content of the one at `path` changed, and `more.add` at the end of each box called `more.in`. */
function replaced(
  bytes: Buffer,
  path: readonly string[],
  change: (body: Buffer) => readonly Buffer[],
  more?: { readonly in: string; readonly add: Buffer },
): Buffer[] {
  const [wanted, ...rest] = path;
  return [...boxes(bytes)].map((one) => {
    const { type, body } = one;
    if (type !== wanted) return wholeOf(bytes, one);
    const inner = rest.length === 0 ? change(body) : replaced(body, rest, change);
    return box(type, ...inner, ...(more?.in === type ? [more.add] : []));
  });
}

function dataOf({ offset, size }: Sample, data: Buffer, before: number): Buffer {
  const at = offset - before;
  if (at < 0 || at + size > data.length) throw new BoxError('a sample lies outside its mdat');
  return data.subarray(at, at + size);
}

/** senc flags (23001-7 7.2.1). */
const SENC_SUBSAMPLES = 2;

/** Bytes in clear, and those behind them that the pattern covers (23001-7 7.2). */
interface Subsample {
  readonly clear: number;
  readonly covered: number;
}

/** BytesOfClearData has 16 bits. */
const MOST_CLEAR = 0xffff;
/** Of one sample: saiz says its bytes of information in 8 bits, of which 2 are the count and 6 each subsample. */
const MOST_SUBSAMPLES = Math.floor((0xff - 2) / 6);
/** Bytes of a slice that stay in clear where its header cannot be read: more than headers have but for the oddest. */
const CLEAR_LEAD = 128;

/** The slices of a sample, each after its header. What is no NAL unit any more stays in clear. */
function subsamplesOf(sample: Buffer, lengthBytes: number, headers: SliceHeaders): Subsample[] {
  const slices: { from: number; size: number }[] = [];
  for (let at = 0; at + lengthBytes < sample.length;) {
    const size = sample.readUIntBE(at, lengthBytes);
    const from = at + lengthBytes;
    if (size === 0 || from + size > sample.length) break;
    const nal = sample.subarray(from, from + size);
    const type = nal[0]! & 0x1f;
    headers.learn(nal);
    if (type === H264_SLICE || type === H264_IDR) {
      const head = headers.lengthOf(nal) ?? CLEAR_LEAD;
      if (size - head >= BLOCK) slices.push({ from: from + head, size: size - head });
    }
    at = from + size;
  }
  for (let most = MOST_SUBSAMPLES; ; most -= 1) {
    const found = laidOut(largest(slices, most), sample.length);
    if (found.length <= MOST_SUBSAMPLES) return found;
    if (most === 0) throw new BoxError('more in clear than can be said of a sample');
  }
}

/** So many of them, in their order: of a picture in more slices the smallest stay in clear. */
function largest<T extends { readonly size: number }>(slices: readonly T[], most: number): readonly T[] {
  if (slices.length <= most) return slices;
  const kept = new Set(slices.toSorted((a, b) => b.size - a.size).slice(0, most));
  return slices.filter((slice) => kept.has(slice));
}

function laidOut(slices: readonly { readonly from: number; readonly size: number }[], bytes: number): Subsample[] {
  const found: Subsample[] = [];
  let at = 0;
  const add = (clear: number, covered: number) => {
    let left = clear;
    for (; left > MOST_CLEAR; left -= MOST_CLEAR) found.push({ clear: MOST_CLEAR, covered: 0 });
    if (left + covered > 0) found.push({ clear: left, covered });
  };
  for (const { from, size } of slices) {
    add(from - at, size);
    at = from + size;
  }
  add(bytes - at, 0);
  return found;
}

/** The moof with what is known of each sample: senc holds it (23001-7 7.2), saiz and saio say where (14496-12 8.7.8, 8.7.9). */
function withSubsamples(moof: Buffer, samples: readonly (readonly Subsample[])[]): Buffer {
  const sizes = samples.map((subsamples) => 2 + 6 * subsamples.length);
  const said = samples.flatMap((subsamples) => [
    u16(subsamples.length),
    ...subsamples.flatMap(({ clear, covered }) => [u16(clear), u32(covered)]),
  ]);
  const senc = fullBox('senc', 0, SENC_SUBSAMPLES, u32(samples.length), Buffer.concat(said));
  const saiz = fullBox('saiz', 0, 0, u8(0), u32(samples.length), Buffer.from(sizes));
  const saioOf = (offset: number) => fullBox('saio', 0, 0, u32(1, offset));
  const added = saiz.length + saioOf(0).length + senc.length;
  const out = Buffer.concat(
    replaced(moof, ['moof', 'traf'], (traf) => {
      if (find(traf, 'senc') ?? find(traf, 'saiz')) throw new BoxError('a fragment that is encrypted already');
      const tfhd = need(traf, ['tfhd'], 8);
      if (!(flagsOf(tfhd) & TFHD_BASE_IS_MOOF) || flagsOf(tfhd) & TFHD_BASE_OFFSET)
        throw new BoxError('offsets that do not count from the moof');
      return [moved(traf, added), saiz, saioOf(0), senc];
    }),
  );
  // The information begins behind version, flags and the count; senc is the last box of the traf, and the traf of the moof.
  const traf = [...boxes(need(out, ['moof'], 0))].at(-1);
  if (traf?.type !== 'traf') throw new BoxError('a box behind the track fragment');
  need(out, ['moof', 'traf', 'saio'], 12).writeUInt32BE(out.length - senc.length + 16, 8);
  return out;
}

/** data_offset has 32 bits, one of them the sign. */
const MOST_OFFSET = 2 ** 31 - 1;

/** A traf's content whose data begins so many bytes later. */
function moved(traf: Buffer, by: number): Buffer {
  const out = Buffer.from(traf);
  for (const { type, body } of boxes(out)) {
    if (type !== 'trun') continue;
    if (!(flagsOf(body) & TRUN_OFFSET)) throw new BoxError('a trun without an offset');
    const offset = body.readInt32BE(8) + by;
    if (offset > MOST_OFFSET) throw new BoxError('data that lies too far off');
    body.writeInt32BE(offset, 8);
  }
  return out;
}
