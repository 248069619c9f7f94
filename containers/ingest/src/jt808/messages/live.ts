/** Live video signalling: JT/T 1078-2016 5.3 to 5.5 (0x1003, 0x1005, 0x9101, 0x9102, 0x9105). */

import { Reader, Writer } from '../bytes.ts';
import type { BcdTime } from '../time.ts';

/** 0x1003: what the terminal's audio and video can do. Codecs are payload types of JT/T 1078-2016 table 12. */
export interface AvAttributes {
  readonly audioCodec: number;
  readonly audioChannels: number;
  /** 0 8 kHz, 1 22.05 kHz, 2 44.1 kHz, 3 48 kHz. */
  readonly sampleRate: number;
  /** 0 8 bits, 1 16 bits, 2 32 bits. */
  readonly sampleBits: number;
  /** Bytes of one audio frame. */
  readonly audioFrameBytes: number;
  readonly audioOutput: boolean;
  readonly videoCodec: number;
  readonly maxAudioChannels: number;
  readonly maxVideoChannels: number;
}

export function decodeAvAttributes(body: Buffer): AvAttributes | undefined {
  const r = new Reader(body);
  const value = {
    audioCodec: r.u8(),
    audioChannels: r.u8(),
    sampleRate: r.u8(),
    sampleBits: r.u8(),
    audioFrameBytes: r.u16(),
    audioOutput: r.u8() !== 0,
    videoCodec: r.u8(),
    maxAudioChannels: r.u8(),
    maxVideoChannels: r.u8(),
  };
  return r.ok ? value : undefined;
}

export function encodeAvAttributes(value: AvAttributes): Buffer {
  const w = new Writer().u8(value.audioCodec).u8(value.audioChannels).u8(value.sampleRate).u8(value.sampleBits);
  w.u16(value.audioFrameBytes)
    .u8(value.audioOutput ? 1 : 0)
    .u8(value.videoCodec);
  return w.u8(value.maxAudioChannels).u8(value.maxVideoChannels).done();
}

/** 0x1005: passengers on and off. */
export interface Passengers {
  readonly start: BcdTime;
  readonly end: BcdTime;
  readonly on: number;
  readonly off: number;
}

export function decodePassengers(body: Buffer): Passengers | undefined {
  const r = new Reader(body);
  const value = { start: r.hex(6), end: r.hex(6), on: r.u16(), off: r.u16() };
  return r.ok ? value : undefined;
}

export function encodePassengers(value: Passengers): Buffer {
  return new Writer().hex(value.start, 6).hex(value.end, 6).u16(value.on).u16(value.off).done();
}

/** 0x9101: connect to `host` and stream. */
export interface StartLive {
  /** An address by the standard; many devices take a name too. */
  readonly host: string;
  /** 0 when this transport is not to be used. */
  readonly tcpPort: number;
  readonly udpPort: number;
  readonly channel: number;
  /** 0 audio and video, 1 video, 2 two-way talk, 3 listen, 4 broadcast to the device, 5 transparent. */
  readonly dataType: number;
  /** **0 main, 1 sub** here and in 0x9102; elsewhere (0x9201, 0x9205, 0x9206, 0x1205) 1 main, 2 sub. */
  readonly stream: number;
}

/** Extension bytes that some platforms add at the end are ignored. */
export function decodeStartLive(body: Buffer): StartLive | undefined {
  const r = new Reader(body);
  const value = {
    host: r.shortText(),
    tcpPort: r.u16(),
    udpPort: r.u16(),
    channel: r.u8(),
    dataType: r.u8(),
    stream: r.u8(),
  };
  return r.ok ? value : undefined;
}

export function encodeStartLive(value: StartLive): Buffer {
  const w = new Writer().shortText(value.host).u16(value.tcpPort).u16(value.udpPort);
  return w.u8(value.channel).u8(value.dataType).u8(value.stream).done();
}

/** 0x9102: control of a running stream. */
export interface ControlLive {
  readonly channel: number;
  /** 0 close audio and video, 1 switch stream, 2 pause all, 3 resume, 4 close talk. */
  readonly command: number;
  /** 0 all, 1 audio only, 2 video only. */
  readonly closeType: number;
  /** 0 main, 1 sub. */
  readonly stream: number;
}

export function decodeControlLive(body: Buffer): ControlLive | undefined {
  const r = new Reader(body);
  const value = { channel: r.u8(), command: r.u8(), closeType: r.u8(), stream: r.u8() };
  return r.ok ? value : undefined;
}

export function encodeControlLive(value: ControlLive): Buffer {
  return new Writer().u8(value.channel).u8(value.command).u8(value.closeType).u8(value.stream).done();
}

/** 0x9105: what the platform lost, sent now and then while a stream runs. */
export interface LiveStatus {
  readonly channel: number;
  /** Percent. */
  readonly loss: number;
}

export function decodeLiveStatus(body: Buffer): LiveStatus | undefined {
  const r = new Reader(body);
  const value = { channel: r.u8(), loss: r.u8() };
  return r.ok ? value : undefined;
}

export function encodeLiveStatus(value: LiveStatus): Buffer {
  return new Writer().u8(value.channel).u8(value.loss).done();
}
