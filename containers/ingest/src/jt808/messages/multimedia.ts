/** Pictures and other media over the control connection: JT/T 808-2019 8.55 to 8.58 (0x0800, 0x0801, 0x8800, 0x8801, 0x0805). */

import { Reader, Writer } from '../bytes.ts';
import { isDate } from '../time.ts';
import { BASIC_BYTES, type Location, type LocationFields, decodeLocation, encodeLocation } from './location.ts';

/** 0x0800, and the beginning of 0x0801. */
export interface MediaEvent {
  readonly mediaId: number;
  /** 0 image, 1 audio, 2 video. */
  readonly type: number;
  /** 0 JPEG, 1 TIF, 2 MP3, 3 WAV, 4 WMV. */
  readonly format: number;
  /** 0 platform's command, 1 timer, 2 robbery, 3 collision, 4 door open, 5 door close, 6 door closing over 20 km/h, 7 distance. */
  readonly event: number;
  readonly channel: number;
}

const EVENT_BYTES = 8;

function readEvent(r: Reader): MediaEvent {
  return { mediaId: r.u32(), type: r.u8(), format: r.u8(), event: r.u8(), channel: r.u8() };
}

function writeEvent(w: Writer, value: MediaEvent): Writer {
  return w.u32(value.mediaId).u8(value.type).u8(value.format).u8(value.event).u8(value.channel);
}

export function decodeMediaEvent(body: Buffer): MediaEvent | undefined {
  const r = new Reader(body);
  const value = readEvent(r);
  return r.ok ? value : undefined;
}

export function encodeMediaEvent(value: MediaEvent): Buffer {
  return writeEvent(new Writer(), value).done();
}

/** 0x0801, reassembled: only part 1 has what comes before the data. */
export interface MediaData<L = Location> extends MediaEvent {
  /** Where it was taken; 2011 terminals do not say. */
  readonly location?: L;
  /** A view of the body. */
  readonly data: Buffer;
}

/**
 * Data starts at 36 (2013 and 2019: a location block at 8), at 16 (2011: package count and id at 8 and 12), or at 8
 * (devices that send neither). A JPEG shows which by its first bytes; otherwise the time of a location block, then a
 * sensible count and id.
 */
export function decodeMediaData(body: Buffer): MediaData | undefined {
  const event = decodeMediaEvent(body);
  if (event === undefined) return undefined;
  const start = dataStart(body);
  const data = body.subarray(start);
  if (start !== EVENT_BYTES + BASIC_BYTES) return { ...event, data };
  const location = decodeLocation(body.subarray(EVENT_BYTES, start));
  return location === undefined ? { ...event, data } : { ...event, location, data };
}

function dataStart(body: Buffer): number {
  for (const start of [36, 16, 8]) if (body[start] === 0xff && body[start + 1] === 0xd8) return start;
  if (body.length >= 36 && isDate(body.toString('hex', 30, 36))) return 36;
  if (body.length >= 16) {
    const count = body.readUInt32BE(8);
    const id = body.readUInt32BE(12);
    if (count > 0 && count <= 0xffff && id > 0 && id <= count) return 16;
  }
  return 8;
}

export function encodeMediaData(value: MediaData<LocationFields>): Buffer {
  const w = writeEvent(new Writer(), value);
  if (value.location !== undefined) w.bytes(encodeLocation(value.location).subarray(0, BASIC_BYTES));
  return w.bytes(value.data).done();
}

/** 0x8800: complete when `missing` is left out; else parts of 0x0801 to send again, at most 125. */
export interface MediaReply {
  readonly mediaId: number;
  readonly missing?: readonly number[];
}

const MAX_MISSING = 125;

export function decodeMediaReply(body: Buffer): MediaReply | undefined {
  const r = new Reader(body);
  const mediaId = r.u32();
  if (!r.ok) return undefined;
  if (r.left === 0) return { mediaId };
  const count = r.u8();
  const missing: number[] = [];
  for (let n = 0; n < count && r.ok; n++) missing.push(r.u16());
  return r.ok ? { mediaId, missing } : undefined;
}

/** Parts beyond 125 are left out: they are asked for the next time. */
export function encodeMediaReply(value: MediaReply): Buffer {
  const w = new Writer().u32(value.mediaId);
  if (value.missing === undefined) return w.done();
  const missing = value.missing.slice(0, MAX_MISSING);
  w.u8(missing.length);
  for (const index of missing) w.u16(index);
  return w.done();
}

/** 0x8801: take pictures or record now. */
export interface Shoot {
  /** From 1. */
  readonly channel: number;
  /** 0 stop, 0xffff record, n that many pictures. */
  readonly command: number;
  /** Seconds between pictures, or of recording; 0 as fast as possible, or until stopped. */
  readonly seconds: number;
  /** Keep on the device instead of sending at once. */
  readonly save: boolean;
  /** 1 320x240, 2 640x480, 3 800x600, 4 1024x768, 5 176x144, 6 352x288, 7 704x288, 8 704x576; 2019: 0 lowest, 255 highest. */
  readonly resolution: number;
  /** 1 best … 10 smallest. */
  readonly quality: number;
  readonly brightness: number;
  /** 0 to 127. */
  readonly contrast: number;
  /** 0 to 127. */
  readonly saturation: number;
  readonly chroma: number;
}

export function decodeShoot(body: Buffer): Shoot | undefined {
  const r = new Reader(body);
  const value = {
    channel: r.u8(),
    command: r.u16(),
    seconds: r.u16(),
    save: r.u8() !== 0,
    resolution: r.u8(),
    quality: r.u8(),
    brightness: r.u8(),
    contrast: r.u8(),
    saturation: r.u8(),
    chroma: r.u8(),
  };
  return r.ok ? value : undefined;
}

export function encodeShoot(value: Shoot): Buffer {
  const w = new Writer()
    .u8(value.channel)
    .u16(value.command)
    .u16(value.seconds)
    .u8(value.save ? 1 : 0);
  w.u8(value.resolution).u8(value.quality).u8(value.brightness);
  return w.u8(value.contrast).u8(value.saturation).u8(value.chroma).done();
}

/** 0x0805, the answer to 0x8801 (some devices send 0x0001 instead). */
export interface ShootReply {
  readonly replySerial: number;
  /** 0 ok, 1 failed, 2 channel not supported. */
  readonly result: number;
  /** Media ids, when the result is 0. */
  readonly mediaIds: readonly number[];
}

export function decodeShootReply(body: Buffer): ShootReply | undefined {
  const r = new Reader(body);
  const head = { replySerial: r.u16(), result: r.u8() };
  if (!r.ok) return undefined;
  const mediaIds: number[] = [];
  const count = r.left >= 2 ? r.u16() : 0;
  if (r.left < count * 4) return undefined;
  for (let n = 0; n < count; n++) mediaIds.push(r.u32());
  return { ...head, mediaIds };
}

export function encodeShootReply(value: ShootReply): Buffer {
  const w = new Writer().u16(value.replySerial).u8(value.result);
  if (value.result !== 0) return w.done();
  w.u16(value.mediaIds.length);
  for (const id of value.mediaIds) w.u32(id);
  return w.done();
}
