/** Attachment messages: T/JSATL 12-2017 4.5 and 4.6 (0x9208, 0x1210, 0x1211, 0x1212, 0x9212), in their regional layouts. */

import { Reader, Writer } from '../bytes.ts';
import { type AlarmSign, type Layout, decodeSign, layoutOf, layouts, readSign } from './sign.ts';
import { isDate } from '../time.ts';
import { isName } from './names.ts';

/** 0x9208: connect and send the attachments of an alarm. */
export interface UploadCommand {
  readonly host: string;
  readonly tcpPort: number;
  readonly udpPort: number;
  /** As it came in 0x0200. */
  readonly sign: AlarmSign;
  /** Chosen by the platform; up to 32 ASCII characters. */
  readonly alarmNo: string;
  /** Sixteen reserved bytes as hex; zeros unless said. */
  readonly reserved?: string;
}

const ALARM_NO = 32;
const RESERVED = 16;

export function decodeUploadCommand(body: Buffer): UploadCommand | undefined {
  const r = new Reader(body);
  const server = { host: r.shortText(), tcpPort: r.u16(), udpPort: r.u16() };
  const sign = decodeSign(r.bytes(Math.max(0, r.left - ALARM_NO - RESERVED)));
  const value = { ...server, alarmNo: r.padded(ALARM_NO), reserved: r.hex(RESERVED) };
  return r.ok && sign !== undefined ? { ...value, sign } : undefined;
}

export function encodeUploadCommand(value: UploadCommand): Buffer {
  const w = new Writer().shortText(value.host).u16(value.tcpPort).u16(value.udpPort).bytes(value.sign.raw);
  return w
    .padded(value.alarmNo, ALARM_NO)
    .hex(value.reserved ?? '', RESERVED)
    .done();
}

export interface AnnouncedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** 0x1210: which files are coming. */
export interface AttachmentList {
  /** Empty where the layout has no leading terminal id. */
  readonly terminalId: string;
  readonly sign: AlarmSign;
  readonly alarmNo: string;
  /** 0 normal, 1 unfinished files again. */
  readonly infoType: number;
  readonly files: readonly AnnouncedFile[];
}

/**
 * The layout is not to be had from the 808 version (both crossings are in the field): every one is tried, and the one
 * whose file list ends exactly at the body's end with printable names is taken, one whose sign holds a date first. Names
 * that begin with no ASCII character count only where there are no others.
 */
export function decodeAttachmentList(body: Buffer): AttachmentList | undefined {
  for (const first of ['ascii', 'any'] as const) {
    const lists = layouts.map((layout) => tryLayout(body, layout, first)).filter((list) => list !== undefined);
    const list = lists.find(({ sign }) => isDate(sign.time)) ?? lists[0];
    if (list !== undefined) return list;
  }
  return undefined;
}

function tryLayout(body: Buffer, layout: Layout, first: 'ascii' | 'any'): AttachmentList | undefined {
  const r = new Reader(body);
  const terminalId = r.padded(layout.leading);
  const signBytes = r.bytes(layout.sign);
  const alarmNo = r.padded(ALARM_NO);
  const infoType = r.u8();
  const count = r.u8();
  if (!r.ok) return undefined;
  const files: AnnouncedFile[] = [];
  for (let n = 0; n < count; n++) {
    const nameBytes = r.bytes(r.u8());
    const size = r.u32();
    if (!r.ok || !isName(nameBytes, first)) return undefined;
    files.push({ name: new Reader(nameBytes).name(nameBytes.length), size });
  }
  if (r.left !== 0) return undefined;
  return { terminalId, sign: readSign(signBytes, layout), alarmNo, infoType, files };
}

export function encodeAttachmentList(value: AttachmentList): Buffer {
  const layout = layoutOf(value.sign.region);
  const w = new Writer().padded(value.terminalId, layout.leading).bytes(value.sign.raw);
  w.padded(value.alarmNo, ALARM_NO).u8(value.infoType).u8(value.files.length);
  for (const file of value.files) w.shortText(file.name).u32(file.size);
  return w.done();
}

/** 0x1211 (a file begins) and 0x1212 (it has been sent). */
export interface AttachmentFile {
  readonly name: string;
  /** 0 picture, 1 audio, 2 video, 3 text, 4 other (Guangdong: 4 picture of a face, 5 other). */
  readonly type: number;
  /** Bytes. */
  readonly size: number;
}

export function decodeAttachmentFile(body: Buffer): AttachmentFile | undefined {
  const r = new Reader(body);
  const value = { name: r.name(r.u8()), type: r.u8(), size: r.u32() };
  return r.ok ? value : undefined;
}

export function encodeAttachmentFile(value: AttachmentFile): Buffer {
  return new Writer().shortText(value.name).u8(value.type).u32(value.size).done();
}

export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** 0x9212: complete, or what to send again. */
export interface AttachmentReply {
  readonly name: string;
  readonly type: number;
  /** Empty: the file is complete (result 0). */
  readonly missing: readonly Range[];
}

/** Ranges that fit one frame beside the longest file name: (1023 - 1 - 255 - 3) / 8. */
const MAX_RANGES = 95;

export function decodeAttachmentReply(body: Buffer): AttachmentReply | undefined {
  const r = new Reader(body);
  const name = r.name(r.u8());
  const type = r.u8();
  const result = r.u8();
  const count = r.u8();
  const missing: Range[] = [];
  for (let n = 0; n < count && r.ok; n++) missing.push({ offset: r.u32(), length: r.u32() });
  if (!r.ok) return undefined;
  return { name, type, missing: result === 0 ? [] : missing };
}

/** Ranges beyond 95 are left out: the device says 0x1212 again after these, and gets the next ones then. */
export function encodeAttachmentReply(value: AttachmentReply): Buffer {
  const missing = value.missing.slice(0, MAX_RANGES);
  const w = new Writer()
    .shortText(value.name)
    .u8(value.type)
    .u8(missing.length > 0 ? 1 : 0)
    .u8(missing.length);
  for (const { offset, length } of missing) w.u32(offset).u32(length);
  return w.done();
}
