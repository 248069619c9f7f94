/**
 * Additional items of a location: BYTE id, BYTE length, data, in any order (JT/T 808-2019 table 27, JT/T 1078-2016 table
 * 13, T/JSATL 12-2017 4.4). An item that is unknown, or of a length its table does not know, is kept as its bytes.
 */

import { type SuBiaoAlarm, decodeAlarm, encodeAlarm } from '../subiao/alarms.ts';
import { Writer } from '../bytes.ts';

export interface RawItem {
  readonly id: number;
  /** A view of the body. */
  readonly data: Buffer;
}

export interface LocationItems {
  /** 0x01 */
  mileageKm?: number;
  /** 0x02 */
  fuelLitres?: number;
  /** 0x03: what the tachograph says. */
  recorderSpeedKmh?: number;
  /** 0x04: the alarm event that a person must confirm. */
  confirmAlarmId?: number;
  /** 0x05: 30 tyres, Pa, 0xff invalid. A view of the body. */
  tyrePressures?: Buffer;
  /** 0x06: degrees Celsius. */
  cabinTemperature?: number;
  /** 0x11: type 0 none, 1 circle, 2 rectangle, 3 polygon, 4 segment; the area's id unless type is 0. */
  overspeed?: { type: number; area?: number };
  /** 0x12: direction 0 in, 1 out. */
  area?: { type: number; area: number; direction: number };
  /** 0x13: result 0 too short, 1 too long. */
  segment?: { segment: number; seconds: number; result: number };
  /** 0x14: bits, see `videoAlarmNames`. */
  videoAlarms?: number;
  /** 0x15 and 0x16: bit n is logical channel n + 1. */
  signalLost?: number;
  signalBlocked?: number;
  /** 0x17: bits 0 to 11 main storage 1 to 12, bits 12 to 15 backup 1 to 4. */
  storageFailure?: number;
  /** 0x18: bits 0 fatigue, 1 phone, 2 smoking, 11 to 15 custom; fatigue 0 to 100 when sent (3 bytes, as in the field). */
  abnormalDriving?: { behaviour: number; fatigue?: number };
  /** 0x25 */
  vehicleSignals?: number;
  /** 0x2a: bit 0 deep sleep, bit 1 sleep. */
  io?: number;
  /** 0x2b: AD0 in bits 0 to 15, AD1 in bits 16 to 31. */
  analog?: number;
  /** 0x30 */
  signalStrength?: number;
  /** 0x31 */
  satellites?: number;
  /** 0x64 to 0x67. */
  alarms?: SuBiaoAlarm[];
  /** Everything else, in order. */
  other?: RawItem[];
  /** Bytes at the end that were no whole item. */
  brokenBytes?: number;
}

/** Names of the bits of item 0x14. */
export const videoAlarmNames: readonly string[] = [
  'signal-lost',
  'signal-blocked',
  'storage-failure',
  'video-failure',
  'overcrowded',
  'abnormal-driving',
  'special-recording-full',
];

/** `status` is the enclosing location's: Su Biao coordinates take their hemispheres from it. */
export function decodeItems(extras: Buffer, status: number): LocationItems {
  const items: LocationItems = {};
  let at = 0;
  while (at + 2 <= extras.length) {
    const id = extras[at] ?? 0;
    const length = extras[at + 1] ?? 0;
    const start = at + 2;
    if (start + length > extras.length) break;
    if (!decodeItem(items, id, extras, start, length, status)) {
      (items.other ??= []).push({ id, data: extras.subarray(start, start + length) });
    }
    at = start + length;
  }
  if (at < extras.length) items.brokenBytes = extras.length - at;
  return items;
}

/** Reads one item into `items`; false when it is unknown or has another length than its table says. */
function decodeItem(o: LocationItems, id: number, b: Buffer, at: number, length: number, status: number): boolean {
  switch (id * 256 + length) {
    case 0x0104:
      o.mileageKm = b.readUInt32BE(at) / 10;
      return true;
    case 0x0202:
      o.fuelLitres = b.readUInt16BE(at) / 10;
      return true;
    case 0x0302:
      o.recorderSpeedKmh = b.readUInt16BE(at) / 10;
      return true;
    case 0x0402:
      o.confirmAlarmId = b.readUInt16BE(at);
      return true;
    case 0x051e:
      o.tyrePressures = b.subarray(at, at + 30);
      return true;
    case 0x0602:
      o.cabinTemperature = fromSignMagnitude(b.readUInt16BE(at));
      return true;
    case 0x1101:
      o.overspeed = { type: b.readUInt8(at) };
      return true;
    case 0x1105:
      o.overspeed = { type: b.readUInt8(at), area: b.readUInt32BE(at + 1) };
      return true;
    case 0x1206:
      o.area = { type: b.readUInt8(at), area: b.readUInt32BE(at + 1), direction: b.readUInt8(at + 5) };
      return true;
    case 0x1307:
      o.segment = { segment: b.readUInt32BE(at), seconds: b.readUInt16BE(at + 4), result: b.readUInt8(at + 6) };
      return true;
    case 0x1404:
      o.videoAlarms = b.readUInt32BE(at);
      return true;
    case 0x1504:
      o.signalLost = b.readUInt32BE(at);
      return true;
    case 0x1604:
      o.signalBlocked = b.readUInt32BE(at);
      return true;
    case 0x1702:
      o.storageFailure = b.readUInt16BE(at);
      return true;
    case 0x1802:
      o.abnormalDriving = { behaviour: b.readUInt16BE(at) };
      return true;
    case 0x1803:
      o.abnormalDriving = { behaviour: b.readUInt16BE(at), fatigue: b.readUInt8(at + 2) };
      return true;
    case 0x2504:
      o.vehicleSignals = b.readUInt32BE(at);
      return true;
    case 0x2a02:
      o.io = b.readUInt16BE(at);
      return true;
    case 0x2b04:
      o.analog = b.readUInt32BE(at);
      return true;
    case 0x3001:
      o.signalStrength = b.readUInt8(at);
      return true;
    case 0x3101:
      o.satellites = b.readUInt8(at);
      return true;
  }
  if (id < 0x64 || id > 0x67) return false;
  const alarm = decodeAlarm(id, b.subarray(at, at + length), status);
  if (alarm === undefined) return false;
  (o.alarms ??= []).push(alarm);
  return true;
}

/** The items by ascending id, alarms and others after them. Fields left out are not written. */
export function encodeItems(o: LocationItems): Buffer {
  const w = new Writer();
  if (o.mileageKm !== undefined) w.u16(0x0104).u32(Math.round(o.mileageKm * 10));
  if (o.fuelLitres !== undefined) w.u16(0x0202).u16(Math.round(o.fuelLitres * 10));
  if (o.recorderSpeedKmh !== undefined) w.u16(0x0302).u16(Math.round(o.recorderSpeedKmh * 10));
  if (o.confirmAlarmId !== undefined) w.u16(0x0402).u16(o.confirmAlarmId);
  if (o.tyrePressures?.length === 30) w.u16(0x051e).bytes(o.tyrePressures);
  if (o.cabinTemperature !== undefined) w.u16(0x0602).u16(toSignMagnitude(o.cabinTemperature));
  if (o.overspeed?.area !== undefined) w.u16(0x1105).u8(o.overspeed.type).u32(o.overspeed.area);
  else if (o.overspeed !== undefined) w.u16(0x1101).u8(o.overspeed.type);
  if (o.area !== undefined) w.u16(0x1206).u8(o.area.type).u32(o.area.area).u8(o.area.direction);
  if (o.segment !== undefined) w.u16(0x1307).u32(o.segment.segment).u16(o.segment.seconds).u8(o.segment.result);
  if (o.videoAlarms !== undefined) w.u16(0x1404).u32(o.videoAlarms);
  if (o.signalLost !== undefined) w.u16(0x1504).u32(o.signalLost);
  if (o.signalBlocked !== undefined) w.u16(0x1604).u32(o.signalBlocked);
  if (o.storageFailure !== undefined) w.u16(0x1702).u16(o.storageFailure);
  if (o.abnormalDriving?.fatigue !== undefined) {
    w.u16(0x1803).u16(o.abnormalDriving.behaviour).u8(o.abnormalDriving.fatigue);
  } else if (o.abnormalDriving !== undefined) {
    w.u16(0x1802).u16(o.abnormalDriving.behaviour);
  }
  if (o.vehicleSignals !== undefined) w.u16(0x2504).u32(o.vehicleSignals);
  if (o.io !== undefined) w.u16(0x2a02).u16(o.io);
  if (o.analog !== undefined) w.u16(0x2b04).u32(o.analog);
  if (o.signalStrength !== undefined) w.u16(0x3001).u8(o.signalStrength);
  if (o.satellites !== undefined) w.u16(0x3101).u8(o.satellites);
  for (const alarm of o.alarms ?? []) writeItem(w, alarm.item, encodeAlarm(alarm));
  for (const { id, data } of o.other ?? []) writeItem(w, id, data);
  return w.done();
}

function writeItem(w: Writer, id: number, data: Buffer): void {
  const bytes = data.subarray(0, 255);
  w.u8(id).u8(bytes.length).bytes(bytes);
}

/** The top bit is the sign, not a two's complement (JT/T 808-2019 table 27, item 06). */
function fromSignMagnitude(word: number): number {
  return (word & 0x8000) !== 0 ? 0 - (word & 0x7fff) : word;
}

function toSignMagnitude(value: number): number {
  return value < 0 ? 0x8000 | (-value & 0x7fff) : value;
}
