/** The .bin attachment: vehicle state around an alarm, one 64-byte block after another (T/JSATL 12-2017 table 22). */

import { Reader, Writer } from '../bytes.ts';
import type { BcdTime } from '../time.ts';

export interface StateBlock {
  /** Blocks in the file. */
  readonly total: number;
  readonly index: number;
  /** Alarm and status bits of 0x0200. */
  readonly alarm: number;
  readonly status: number;
  /** Millionths of a degree, south and west negative by the status bits. */
  readonly latE6: number;
  readonly lonE6: number;
  readonly altitude: number;
  readonly speedKmh: number;
  readonly direction: number;
  readonly time: BcdTime;
  /** x, y, z in hundredths of g. */
  readonly acceleration: readonly [number, number, number];
  /** x, y, z in hundredths of a degree a second. */
  readonly rotation: readonly [number, number, number];
  /** 0.1 km/h, from the wheel pulse and from OBD. */
  readonly pulseSpeed: number;
  readonly obdSpeed: number;
  readonly gear: number;
  readonly throttlePercent: number;
  readonly brakePercent: number;
  readonly braking: number;
  readonly rpm: number;
  readonly wheelAngle: number;
  readonly turnSignal: number;
}

export const STATE_BLOCK_BYTES = 64;

/** One block, or undefined when it is short or its checksum (sum of the 63 bytes before it) is wrong. */
export function decodeStateBlock(block: Buffer): StateBlock | undefined {
  if (block.length < STATE_BLOCK_BYTES || block[63] !== sum(block)) return undefined;
  const r = new Reader(block);
  const head = { total: r.u32(), index: r.u32(), alarm: r.u32(), status: r.u32() };
  const lat = r.u32();
  const lon = r.u32();
  return {
    ...head,
    latE6: (head.status & 4) !== 0 ? 0 - lat : lat,
    lonE6: (head.status & 8) !== 0 ? 0 - lon : lon,
    altitude: r.i16(),
    speedKmh: r.u16() / 10,
    direction: r.u16(),
    time: r.hex(6),
    acceleration: [r.i16(), r.i16(), r.i16()],
    rotation: [r.i16(), r.i16(), r.i16()],
    pulseSpeed: r.u16(),
    obdSpeed: r.u16(),
    gear: r.u8(),
    throttlePercent: r.u8(),
    brakePercent: r.u8(),
    braking: r.u8(),
    rpm: r.u16(),
    wheelAngle: r.i16(),
    turnSignal: r.u8(),
  };
}

/** All blocks of a file that are whole and whose checksum is right. */
export function decodeStateFile(file: Buffer): StateBlock[] {
  const blocks: StateBlock[] = [];
  for (let at = 0; at + STATE_BLOCK_BYTES <= file.length; at += STATE_BLOCK_BYTES) {
    const block = decodeStateBlock(file.subarray(at, at + STATE_BLOCK_BYTES));
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

/** Whether `head` begins with a state block: right checksum, and a sensible count and index. */
export function isStateFile(head: Buffer): boolean {
  if (head.length < STATE_BLOCK_BYTES || head[63] !== sum(head)) return false;
  const total = head.readUInt32BE(0);
  return total > 0 && head.readUInt32BE(4) <= total;
}

export function encodeStateBlock(value: StateBlock): Buffer {
  const w = new Writer().u32(value.total).u32(value.index).u32(value.alarm).u32(value.status);
  w.u32(Math.abs(value.latE6)).u32(Math.abs(value.lonE6)).u16(value.altitude);
  w.u16(Math.round(value.speedKmh * 10))
    .u16(value.direction)
    .hex(value.time, 6);
  for (const axis of value.acceleration) w.u16(axis);
  for (const axis of value.rotation) w.u16(axis);
  w.u16(value.pulseSpeed).u16(value.obdSpeed).u8(value.gear).u8(value.throttlePercent).u8(value.brakePercent);
  w.u8(value.braking).u16(value.rpm).u16(value.wheelAngle).u8(value.turnSignal).u16(0);
  const block = w.done();
  return w.u8(sum(block)).done();
}

function sum(block: Buffer): number {
  let total = 0;
  for (let at = 0; at < 63; at++) total += block[at] ?? 0;
  return total & 0xff;
}
