/**
 * Recordings on the device: list, play back, fetch. JT/T 1078-2016 5.6 and 5.7 (0x9201, 0x9202, 0x9205, 0x1205, 0x9206,
 * 0x1206, 0x9207). Streams are 1 main, 2 sub here (0 any), unlike 0x9101. All times are in the device's zone.
 */

import { Reader, Writer } from '../bytes.ts';
import type { BcdTime } from '../time.ts';

/** A stretch of recording, or what to look for; the 64 alarm bits as two numbers. */
export interface RecordingFilter {
  /** 0 all channels (0x9205). */
  readonly channel: number;
  readonly start: BcdTime;
  /** OPEN_TIME in a query: up to now. */
  readonly end: BcdTime;
  /** Alarm bits 0 to 31, those of 0x0200; 0 any. */
  readonly alarm: number;
  /** Alarm bits 32 to 63: the video alarms of item 0x14. */
  readonly videoAlarm: number;
  /** 0 audio and video, 1 audio, 2 video, 3 video or both. */
  readonly avType: number;
  /** 0 any, 1 main, 2 sub. */
  readonly stream: number;
  /** 0 any, 1 main, 2 backup. */
  readonly storage: number;
}

function readFilter(r: Reader): RecordingFilter {
  const channel = r.u8();
  const start = r.hex(6);
  const end = r.hex(6);
  const videoAlarm = r.u32();
  const alarm = r.u32();
  return { channel, start, end, alarm, videoAlarm, avType: r.u8(), stream: r.u8(), storage: r.u8() };
}

function writeFilter(w: Writer, value: RecordingFilter): Writer {
  w.u8(value.channel).hex(value.start, 6).hex(value.end, 6).u32(value.videoAlarm).u32(value.alarm);
  return w.u8(value.avType).u8(value.stream).u8(value.storage);
}

/** 0x9205. */
export function decodeListRecordings(body: Buffer): RecordingFilter | undefined {
  const r = new Reader(body);
  const value = readFilter(r);
  return r.ok ? value : undefined;
}

export function encodeListRecordings(value: RecordingFilter): Buffer {
  return writeFilter(new Writer(), value).done();
}

export interface Recording extends RecordingFilter {
  /** Bytes. */
  readonly size: number;
}

/** 0x1205. Items may straddle sub-packages: decode the reassembled body. */
export interface RecordingList {
  readonly replySerial: number;
  /** How many the terminal says there are; `items` holds those that are in this body. */
  readonly total: number;
  readonly items: readonly Recording[];
}

const RECORDING_BYTES = 28;

export function decodeRecordingList(body: Buffer): RecordingList | undefined {
  const r = new Reader(body);
  const replySerial = r.u16();
  const total = r.u32();
  if (!r.ok) return undefined;
  const items: Recording[] = [];
  while (items.length < total && r.left >= RECORDING_BYTES) items.push({ ...readFilter(r), size: r.u32() });
  return { replySerial, total, items };
}

export function encodeRecordingList(value: RecordingList): Buffer {
  const w = new Writer().u16(value.replySerial).u32(value.total);
  for (const item of value.items) writeFilter(w, item).u32(item.size);
  return w.done();
}

/** 0x9201. */
export interface StartPlayback {
  readonly host: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly channel: number;
  readonly avType: number;
  readonly stream: number;
  readonly storage: number;
  /** 0 normal, 1 fast, 2 keyframes backwards, 3 keyframes, 4 single frame. */
  readonly mode: number;
  /** 0 not applicable, 1 1x, 2 2x, 3 4x, 4 8x, 5 16x. */
  readonly speed: number;
  readonly start: BcdTime;
  readonly end: BcdTime;
}

export function decodeStartPlayback(body: Buffer): StartPlayback | undefined {
  const r = new Reader(body);
  const value = {
    host: r.shortText(),
    tcpPort: r.u16(),
    udpPort: r.u16(),
    channel: r.u8(),
    avType: r.u8(),
    stream: r.u8(),
    storage: r.u8(),
    mode: r.u8(),
    speed: r.u8(),
    start: r.hex(6),
    end: r.hex(6),
  };
  return r.ok ? value : undefined;
}

export function encodeStartPlayback(value: StartPlayback): Buffer {
  const w = new Writer().shortText(value.host).u16(value.tcpPort).u16(value.udpPort).u8(value.channel);
  w.u8(value.avType).u8(value.stream).u8(value.storage).u8(value.mode).u8(value.speed);
  return w.hex(value.start, 6).hex(value.end, 6).done();
}

/** 0x9202. */
export interface ControlPlayback {
  readonly channel: number;
  /** 0 start, 1 pause, 2 end, 3 fast, 4 keyframes backwards, 5 seek, 6 keyframes. */
  readonly control: number;
  readonly speed: number;
  readonly position: BcdTime;
}

export function decodeControlPlayback(body: Buffer): ControlPlayback | undefined {
  const r = new Reader(body);
  const value = { channel: r.u8(), control: r.u8(), speed: r.u8(), position: r.hex(6) };
  return r.ok ? value : undefined;
}

export function encodeControlPlayback(value: ControlPlayback): Buffer {
  return new Writer().u8(value.channel).u8(value.control).u8(value.speed).hex(value.position, 6).done();
}

/** 0x9206: send a recording by FTP. */
export interface UploadRecording extends RecordingFilter {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly path: string;
  /** Bit 0 on WiFi, bit 1 on LAN, bit 2 on a mobile network. */
  readonly condition: number;
}

export function decodeUploadRecording(body: Buffer): UploadRecording | undefined {
  const r = new Reader(body);
  const server = { host: r.shortText(), port: r.u16(), user: r.shortText(), password: r.shortText() };
  const value = { ...server, path: r.shortText(), ...readFilter(r), condition: r.u8() };
  return r.ok ? value : undefined;
}

export function encodeUploadRecording(value: UploadRecording): Buffer {
  const w = new Writer().shortText(value.host).u16(value.port).shortText(value.user).shortText(value.password);
  return writeFilter(w.shortText(value.path), value).u8(value.condition).done();
}

/** 0x1206: that upload's end. 0 ok, 1 failed. */
export interface UploadDone {
  readonly replySerial: number;
  readonly result: number;
}

export function decodeUploadDone(body: Buffer): UploadDone | undefined {
  const r = new Reader(body);
  const value = { replySerial: r.u16(), result: r.u8() };
  return r.ok ? value : undefined;
}

export function encodeUploadDone(value: UploadDone): Buffer {
  return new Writer().u16(value.replySerial).u8(value.result).done();
}

/** 0x9207: `control` 0 pause, 1 continue, 2 cancel. */
export interface ControlUpload {
  readonly replySerial: number;
  readonly control: number;
}

export function decodeControlUpload(body: Buffer): ControlUpload | undefined {
  const done = decodeUploadDone(body);
  return done && { replySerial: done.replySerial, control: done.result };
}

export function encodeControlUpload(value: ControlUpload): Buffer {
  return encodeUploadDone({ replySerial: value.replySerial, result: value.control });
}
