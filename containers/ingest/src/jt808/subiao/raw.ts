/**
 * The raw stream frame that carries attachment data beside 808 frames (T/JSATL 12-2017 4.6.4): magic 30 31 63 64, a name,
 * an offset, a length, then that many bytes, nothing escaped. The name field is fixed (50 bytes, 00 padded) or, in
 * Heilongjiang, one length byte and the name.
 */

import { Reader, Writer } from '../bytes.ts';
import { encodeGbk } from '../gbk.ts';
import { isName } from './names.ts';
import type { Region } from './sign.ts';

export type RawLayout = 'fixed' | 'prefixed';

export interface RawHeader {
  readonly name: string;
  /** Where in the file the data belongs, bytes. */
  readonly offset: number;
  /** Bytes of data that follow the header. */
  readonly length: number;
  /** Bytes of the header itself, magic included. */
  readonly headerBytes: number;
}

export interface RawOptions {
  /** Known once 0x1210 told the region; guessed from the bytes while it is not. */
  layout?: RawLayout;
  /** Whether 0x1210 announced this name: settles the one case where a header can be read both ways. */
  announced?: (name: string) => boolean;
}

const NAME_BYTES = 50;
const FIXED_HEADER = 62;

/** Longer frames are taken for garbage. The standard's default is 64 KiB; data is handed on as it comes, not collected. */
export const MAX_RAW_LENGTH = 16 * 1024 * 1024;

export const RAW_MAGIC = Buffer.from('30316364', 'hex');

export const rawLayoutOf = (region: Region): RawLayout => (region === 'heilongjiang' ? 'prefixed' : 'fixed');

/** What a connection's, or a unit's, first bytes are: on a shared port they are all there is to tell by. */
export type Opening = 'frame' | 'media' | 'attachment' | 'unknown' | 'more';

/**
 * 7e opens an 808 frame. 30 31 63 64 opens both JT/T 1078 packets and attachment data; byte 4 of the first is V P X CC
 * with its top bit set (0x81), of the second a name's first character, a length or 00, all below 0x80.
 */
export function opening(bytes: Buffer, at = 0): Opening {
  if (bytes[at] === 0x7e) return 'frame';
  for (let n = 0; n < 4; n++) {
    if (at + n >= bytes.length) return 'more';
    if (bytes[at + n] !== RAW_MAGIC[n]) return 'unknown';
  }
  const fifth = bytes[at + 4];
  if (fifth === undefined) return 'more';
  return fifth >= 0x80 ? 'media' : 'attachment';
}

/**
 * The header that starts with the magic at `bytes[0]`; undefined when it is none, as soon as that shows, and 'more' while
 * it may become one.
 */
export function decodeRawHeader(bytes: Buffer, options: RawOptions = {}): RawHeader | 'more' | undefined {
  const fifth = bytes[4];
  if (fifth === undefined) return 'more';
  // The magic twice: the first was garbage, and no name begins like that.
  if (bytes.subarray(4, 8).equals(RAW_MAGIC)) return undefined;
  if (fifth >= 0x80) return readAnnounced(bytes, options);
  if (options.layout === 'fixed' || fifth === 0) return readFixed(bytes);
  // A first character below 0x20 is no name: it is a length.
  if (options.layout === 'prefixed' || fifth < 0x20) return readPrefixed(bytes, options);
  const prefixed = readPrefixed(bytes, options);
  if (typeof prefixed === 'object' && options.announced?.(prefixed.name) === true) return prefixed;
  const fixed = readFixed(bytes);
  return fixed ?? prefixed;
}

function readFixed(bytes: Buffer): RawHeader | 'more' | undefined {
  const nameBytes = bytes.subarray(4, 4 + NAME_BYTES);
  // The beginning of a name is a name; of padding alone nothing can be said before it ends.
  const blank = nameBytes.length < NAME_BYTES && nameBytes.every((byte) => byte === 0);
  if (!blank && !isName(nameBytes)) return undefined;
  if (bytes.length < FIXED_HEADER) return 'more';
  return finish(new Reader(bytes), NAME_BYTES, nameBytes, 4);
}

function readPrefixed(bytes: Buffer, options: RawOptions): RawHeader | 'more' | undefined {
  const length = bytes[4] ?? 0;
  const nameBytes = bytes.subarray(5, 5 + length);
  if (nameBytes.length === 0 && length > 0) return 'more';
  const isAscii = (nameBytes[0] ?? 0) < 0x80;
  if (nameBytes.includes(0) || !isName(nameBytes, options.announced ? 'any' : 'ascii')) return undefined;
  if (bytes.length < 13 + length) return 'more';
  const header = finish(new Reader(bytes), length, nameBytes, 5);
  return isAscii || header === undefined || options.announced?.(header.name) === true ? header : undefined;
}

/** A name that begins with no ASCII character is one only where it was announced. */
function readAnnounced(bytes: Buffer, { announced }: RawOptions): RawHeader | 'more' | undefined {
  if (announced === undefined || !isName(bytes.subarray(4, 4 + NAME_BYTES), 'any')) return undefined;
  if (bytes.length < FIXED_HEADER) return 'more';
  const header = finish(new Reader(bytes), NAME_BYTES, bytes.subarray(4, 4 + NAME_BYTES), 4);
  return header !== undefined && announced(header.name) ? header : undefined;
}

function finish(r: Reader, size: number, nameBytes: Buffer, at: number): RawHeader | undefined {
  r.at = at + size;
  const offset = r.u32();
  const length = r.u32();
  if (length > MAX_RAW_LENGTH || offset + length > 0xffffffff) return undefined;
  return { name: new Reader(nameBytes).name(size), offset, length, headerBytes: r.at };
}

/** A frame's header; its `length` bytes of data are sent after it. A name too long for its field is cut. */
export function encodeRawHeader(name: string, offset: number, length: number, layout: RawLayout = 'fixed'): Buffer {
  const w = new Writer().bytes(RAW_MAGIC);
  if (layout === 'fixed') w.padded(name, NAME_BYTES);
  else {
    const bytes = encodeGbk(name, 127);
    w.u8(bytes.length).bytes(bytes);
  }
  return w.u32(offset).u32(length).done();
}
