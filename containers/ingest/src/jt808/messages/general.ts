/** Replies, retransmission and time: JT/T 808-2019 8.1 to 8.4, 8.7 (0x0001, 0x8001, 0x0004, 0x8004, 0x8003, 0x0005). */

import { Reader, Writer } from '../bytes.ts';
import { MAX_BODY, type Version } from '../header.ts';
import type { BcdTime } from '../time.ts';

/** 0 ok, 1 failure, 2 bad message, 3 unsupported; 4 alarm confirmed (0x8001 only). */
export const Result = { ok: 0, failed: 1, bad: 2, unsupported: 3, alarmConfirmed: 4 } as const;

/** 0x0001 and 0x8001. */
export interface GeneralReply {
  readonly replySerial: number;
  readonly replyId: number;
  /** See `Result`. */
  readonly result: number;
}

export function decodeGeneralReply(body: Buffer): GeneralReply | undefined {
  const r = new Reader(body);
  const reply = { replySerial: r.u16(), replyId: r.u16(), result: r.u8() };
  return r.ok ? reply : undefined;
}

export function encodeGeneralReply(reply: GeneralReply): Buffer {
  return new Writer().u16(reply.replySerial).u16(reply.replyId).u8(reply.result).done();
}

/** Messages without a body: 0x0002, 0x0003, 0x0004, 0x8104, 0x8201, 0x9003. */
export type Empty = Record<string, never>;

const NOTHING: Empty = {};
const NO_BYTES = Buffer.alloc(0);

export function decodeEmpty(): Empty {
  return NOTHING;
}

export function encodeEmpty(): Buffer {
  return NO_BYTES;
}

/** 0x8004: UTC, the one time that is not in the device's zone. */
export interface ServerTime {
  readonly time: BcdTime;
}

export function decodeServerTime(body: Buffer): ServerTime | undefined {
  const r = new Reader(body);
  const time = r.hex(6);
  return r.ok ? { time } : undefined;
}

export function encodeServerTime(value: ServerTime): Buffer {
  return new Writer().hex(value.time, 6).done();
}

/** 0x8003 and 0x0005: parts to send again. */
export interface Retransmit {
  /** Serial of part 1. */
  readonly firstSerial: number;
  readonly indices: readonly number[];
}

/** The count is a BYTE in 2013 and a WORD in 2019. */
export function decodeRetransmit(body: Buffer, version: Version): Retransmit | undefined {
  const r = new Reader(body);
  const firstSerial = r.u16();
  const count = version === 2019 ? r.u16() : r.u8();
  if (!r.ok || r.left < count * 2) return undefined;
  const indices: number[] = [];
  for (let n = 0; n < count; n++) indices.push(r.u16());
  return { firstSerial, indices };
}

/** Indices beyond what the count or one frame holds are left out: they are asked for the next time. */
export function encodeRetransmit(value: Retransmit, version: Version): Buffer {
  const most = version === 2019 ? Math.floor((MAX_BODY - 4) / 2) : 255;
  const indices = value.indices.slice(0, most);
  const w = new Writer().u16(value.firstSerial);
  if (version === 2019) w.u16(indices.length);
  else w.u8(indices.length);
  for (const index of indices) w.u16(index);
  return w.done();
}
