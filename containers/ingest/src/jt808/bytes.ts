/**
 * Reading and writing message bodies: everything big-endian (JT/T 808-2019 4.2). The reader never throws: reading past
 * the end answers zeros and leaves `ok` false, so that a decoder checks once, at its end.
 */

import { decodeExactly, decodeGbk, encodeGbk } from './gbk.ts';

const EMPTY = Buffer.alloc(0);

export class Reader {
  readonly buffer: Buffer;
  at = 0;
  /** False once something was read past the end. */
  ok = true;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.buffer.length - this.at;
  }

  private take(size: number): number {
    const at = this.at;
    if (size > this.buffer.length - at) {
      this.ok = false;
      this.at = this.buffer.length;
      return -1;
    }
    this.at = at + size;
    return at;
  }

  u8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : (this.buffer[at] ?? 0);
  }

  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.buffer.readUInt16BE(at);
  }

  i16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : this.buffer.readInt16BE(at);
  }

  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : this.buffer.readUInt32BE(at);
  }

  /** A view of the next `size` bytes, not a copy. */
  bytes(size: number): Buffer {
    const at = this.take(size);
    return at < 0 ? EMPTY : this.buffer.subarray(at, at + size);
  }

  /** The next `size` bytes as hex digits: how BCD is kept, exact even when it is no BCD. */
  hex(size: number): string {
    const at = this.take(size);
    return at < 0 ? '' : this.buffer.toString('hex', at, at + size);
  }

  /** STRING of `size` bytes. */
  text(size: number): string {
    return decodeGbk(this.bytes(size));
  }

  /** BYTE n, STRING[n]. */
  shortText(): string {
    return this.text(this.u8());
  }

  /** A fixed field of `size` bytes, its padding (00 and spaces, on either side) removed. */
  padded(size: number): string {
    return decodeGbk(trimPadding(this.bytes(size)));
  }

  /** As `padded`, of a name that is sent back: written again it is the same bytes, GBK or not. */
  name(size: number): string {
    return decodeExactly(trimPadding(this.bytes(size)));
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }
}

/** `bytes` without 00 and space on either side: the standards pad right or left, devices do what they like. */
export function trimPadding(bytes: Buffer): Buffer {
  let start = 0;
  let end = bytes.length;
  while (start < end && (bytes[start] === 0 || bytes[start] === 0x20)) start++;
  while (end > start && (bytes[end - 1] === 0 || bytes[end - 1] === 0x20)) end--;
  return bytes.subarray(start, end);
}

/** Builds one body; values are cut to their field's width. Not for the media path: it grows by doubling. */
export class Writer {
  private buffer = Buffer.allocUnsafe(64);
  private length = 0;

  private room(size: number): number {
    const at = this.length;
    const need = at + size;
    if (need > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(need, this.buffer.length * 2));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    this.length = need;
    return at;
  }

  u8(value: number): this {
    const at = this.room(1);
    this.buffer[at] = value & 0xff;
    return this;
  }

  u16(value: number): this {
    const at = this.room(2);
    this.buffer.writeUInt16BE(value & 0xffff, at);
    return this;
  }

  u32(value: number): this {
    const at = this.room(4);
    this.buffer.writeUInt32BE(value >>> 0, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.room(value.length);
    this.buffer.set(value, at);
    return this;
  }

  /** Hex digits into exactly `size` bytes: too short is padded left with 0, too long keeps the last digits. */
  hex(digits: string, size: number): this {
    const clean = /^[0-9a-f]*$/i.test(digits) ? digits : '';
    return this.bytes(Buffer.from(clean.padStart(size * 2, '0').slice(-size * 2), 'hex'));
  }

  text(value: string): this {
    return this.bytes(encodeGbk(value));
  }

  /** BYTE n, STRING[n]; at most 255 bytes are written. */
  shortText(value: string): this {
    const encoded = encodeGbk(value, 255);
    return this.u8(encoded.length).bytes(encoded);
  }

  /** A fixed field of `size` bytes, padded right with 00. */
  padded(value: string, size: number): this {
    const at = this.room(size);
    this.buffer.fill(0, at, at + size);
    encodeGbk(value, size).copy(this.buffer, at);
    return this;
  }

  done(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}
