/** Registration and authentication: JT/T 808-2019 8.5, 8.6, 8.8 and their 2013 and 2011 forms (0x0100, 0x8100, 0x0102). */

import { Reader, Writer } from '../bytes.ts';
import { decodeGbk } from '../gbk.ts';
import type { Version } from '../header.ts';

/** 0x0100. */
export interface Register {
  /** Which of the three layouts the body had. */
  readonly layout: 2011 | 2013 | 2019;
  readonly province: number;
  readonly city: number;
  readonly manufacturer: string;
  readonly model: string;
  readonly terminalId: string;
  /** 0 no plate: the last field is the VIN (2013 and later). */
  readonly plateColor: number;
  readonly plate: string;
}

/** Field widths: manufacturer, model, terminal id. */
const widths = { 2011: [5, 8, 7], 2013: [5, 20, 7], 2019: [11, 30, 30] } as const;

/**
 * 2011 and 2013 have the same header: a body shorter than the 37 bytes of 2013's fixed fields is 2011. A 2019 header
 * over a body too short for 2019 is read as the older ones, since such devices exist.
 */
export function decodeRegister(body: Buffer, version: Version): Register | undefined {
  const layout = version === 2019 && body.length >= 76 ? 2019 : body.length >= 37 ? 2013 : 2011;
  const [manufacturer, model, terminalId] = widths[layout];
  const r = new Reader(body);
  const value = {
    layout,
    province: r.u16(),
    city: r.u16(),
    manufacturer: r.padded(manufacturer),
    model: r.padded(model),
    terminalId: r.padded(terminalId),
    plateColor: r.u8(),
    plate: r.padded(r.left),
  } as const;
  return r.ok ? value : undefined;
}

export function encodeRegister(value: Register): Buffer {
  const [manufacturer, model, terminalId] = widths[value.layout];
  return new Writer()
    .u16(value.province)
    .u16(value.city)
    .padded(value.manufacturer, manufacturer)
    .padded(value.model, model)
    .padded(value.terminalId, terminalId)
    .u8(value.plateColor)
    .text(value.plate)
    .done();
}

/** 0 ok, 1 vehicle already registered, 2 no such vehicle, 3 terminal already registered, 4 no such terminal. */
export const RegisterResult = { ok: 0, vehicleTaken: 1, noVehicle: 2, terminalTaken: 3, noTerminal: 4 } as const;

/** 0x8100. */
export interface RegisterReply {
  readonly replySerial: number;
  /** See `RegisterResult`. */
  readonly result: number;
  /** Only when the result is 0. */
  readonly authCode?: string;
}

export function decodeRegisterReply(body: Buffer): RegisterReply | undefined {
  const r = new Reader(body);
  const reply = { replySerial: r.u16(), result: r.u8() };
  if (!r.ok) return undefined;
  return reply.result === 0 ? { ...reply, authCode: r.text(r.left) } : reply;
}

export function encodeRegisterReply(value: RegisterReply): Buffer {
  const w = new Writer().u16(value.replySerial).u8(value.result);
  if (value.result === 0 && value.authCode !== undefined) w.text(value.authCode);
  return w.done();
}

/** Bytes behind the code in 2019's 0x0102. */
const TAIL = 35;

/** 0x0102. */
export interface Authenticate {
  readonly authCode: string;
  /** 2019 only; 15 digits. */
  readonly imei?: string;
  /** 2019 only. */
  readonly softwareVersion?: string;
}

/**
 * 2013: the whole body is the code. 2019: BYTE n, code, IMEI[15], software version[20]; some devices leave the tail out,
 * or send the 2013 form under a 2019 header, which shows in a first byte that is longer than the body. The whole 2019 form
 * under a 2013 header shows in a first byte that fits to the byte: no code is so long.
 */
export function decodeAuthenticate(body: Buffer, version: Version): Authenticate | undefined {
  const length = body[0];
  const isOlder = version === 2013 && body.length !== 1 + (length ?? 0) + TAIL;
  if (isOlder || length === undefined || 1 + length > body.length) return { authCode: decodeGbk(body) };
  const r = new Reader(body);
  const authCode = r.shortText();
  if (r.left < 15) return { authCode };
  const imei = r.padded(15);
  return { authCode, imei, softwareVersion: r.padded(Math.min(r.left, 20)) };
}

export function encodeAuthenticate(value: Authenticate, version: Version): Buffer {
  if (version === 2013) return new Writer().text(value.authCode).done();
  const w = new Writer().shortText(value.authCode);
  return w
    .padded(value.imei ?? '', 15)
    .padded(value.softwareVersion ?? '', 20)
    .done();
}
