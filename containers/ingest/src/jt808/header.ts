/**
 * A frame's header, in the layout of 2011/2013 or of 2019 (JT/T 808-2019 4.4.3, tables 2 and 3). Bit 14 of the body
 * properties says which, and some devices set it wrongly; the body's length, which the properties say too, shows it. A
 * terminal is answered in the layout, and with the phone bytes, it used itself.
 */

import { checksum, escapeInto } from './escape.ts';

/** Header generation. 2011 has the same header as 2013. */
export type Version = 2013 | 2019;

/** How a terminal wants to be spoken to. */
export interface Terminal {
  readonly version: Version;
  /** The protocol version byte of a 2019 header, 1 so far; 0 with a 2013 header, which has none. */
  readonly protocolVersion: number;
  /** The phone field as sent: 6 bytes, or 10 in 2019. Not always BCD. */
  readonly phone: Buffer;
}

export interface Part {
  readonly total: number;
  /** From 1. */
  readonly index: number;
}

export interface Header extends Terminal {
  readonly id: number;
  readonly serial: number;
  /** Bits 10 to 12: 0 plain, 1 RSA, others reserved. */
  readonly encryption: number;
  readonly part?: Part;
  /** Where the body starts in the unescaped content. */
  readonly bodyStart: number;
  readonly bodyLength: number;
}

/** Why a frame was dropped. */
export type FrameError = 'short' | 'checksum' | 'length';

const SUBPACKAGE = 1 << 13;
const VERSION_2019 = 1 << 14;

/** Largest body of one frame: ten bits. */
export const MAX_BODY = 1023;

/** Bytes before the body, but for the words of a part: id, properties, (protocol version,) phone, serial. */
const BODY_AT: Readonly<Record<Version, number>> = { 2013: 12, 2019: 17 };
const PART_BYTES = 4;
const OTHER: Readonly<Record<Version, Version>> = { 2013: 2019, 2019: 2013 };

/**
 * The header of an unescaped frame (header, body, checksum), or why it is none: too short, checksum wrong, or the length
 * it says is not the length it has. The two layouts differ by five bytes, so that a frame has the length of one at most:
 * where it is not the one that bit 14 names, the bit is wrong. `phone` is a view: copy it to keep it.
 */
export function decodeHeader(frame: Buffer): Header | FrameError {
  if (frame.length <= BODY_AT[2013]) return 'short';
  const properties = frame.readUInt16BE(2);
  const said: Version = (properties & VERSION_2019) !== 0 ? 2019 : 2013;
  const isPart = (properties & SUBPACKAGE) !== 0;
  const bodyLength = properties & MAX_BODY;
  const headerBytes = frame.length - 1 - bodyLength;
  const isOf = (one: Version) => headerBytes === BODY_AT[one] + (isPart ? PART_BYTES : 0);
  const version = isOf(OTHER[said]) ? OTHER[said] : said;
  if (frame.length <= BODY_AT[version] + (isPart ? PART_BYTES : 0)) return 'short';
  if (checksum(frame, 0, frame.length - 1) !== frame[frame.length - 1]) return 'checksum';
  if (!isOf(version)) return 'length';
  const serialAt = BODY_AT[version] - 2;
  const bodyStart = headerBytes;
  const header = {
    id: frame.readUInt16BE(0),
    version,
    protocolVersion: version === 2019 ? (frame[4] ?? 0) : 0,
    phone: frame.subarray(version === 2019 ? 5 : 4, serialAt),
    serial: frame.readUInt16BE(serialAt),
    encryption: (properties >> 10) & 7,
    bodyStart,
    bodyLength,
  };
  if (!isPart) return header;
  const part = { total: frame.readUInt16BE(bodyStart - 4), index: frame.readUInt16BE(bodyStart - 2) };
  return { ...header, part };
}

export interface FrameFields {
  readonly id: number;
  readonly serial: number;
  readonly part?: Part;
  /** Bits 10 to 12; 0 unless said. */
  readonly encryption?: number;
}

/** One whole frame as it goes over the wire, flags and escapes included. Throws RangeError when `body` exceeds 1023 bytes. */
export function encodeFrame(terminal: Terminal, fields: FrameFields, body: Buffer): Buffer {
  if (body.length > MAX_BODY)
    throw new RangeError(`a frame's body holds at most ${MAX_BODY} bytes, not ${body.length}`);
  const is2019 = terminal.version === 2019;
  const phoneSize = is2019 ? 10 : 6;
  const phoneAt = is2019 ? 5 : 4;
  const serialAt = phoneAt + phoneSize;
  const bodyAt = serialAt + 2 + (fields.part === undefined ? 0 : 4);
  const content = Buffer.alloc(bodyAt + body.length + 1);
  content.writeUInt16BE(fields.id, 0);
  const flags = (is2019 ? VERSION_2019 : 0) | (fields.part === undefined ? 0 : SUBPACKAGE);
  content.writeUInt16BE(body.length | (((fields.encryption ?? 0) & 7) << 10) | flags, 2);
  if (is2019) content[4] = terminal.protocolVersion & 0xff;
  // Padded left with 0 should a caller have fewer bytes than the field.
  const phone = terminal.phone.subarray(-phoneSize);
  phone.copy(content, serialAt - phone.length);
  content.writeUInt16BE(fields.serial & 0xffff, serialAt);
  if (fields.part !== undefined) {
    content.writeUInt16BE(fields.part.total & 0xffff, serialAt + 2);
    content.writeUInt16BE(fields.part.index & 0xffff, serialAt + 4);
  }
  body.copy(content, bodyAt);
  content[content.length - 1] = checksum(content, 0, content.length - 1);
  const wire = Buffer.allocUnsafe(content.length * 2 + 2);
  wire[0] = 0x7e;
  const end = escapeInto(content, wire, 1);
  wire[end] = 0x7e;
  return wire.subarray(0, end + 1);
}
