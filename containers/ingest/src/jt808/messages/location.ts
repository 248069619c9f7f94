/** Location reports: JT/T 808-2019 8.12 to 8.14, 8.49 (0x0200, 0x0201, 0x0704). The hottest messages of the control port. */

import { Writer } from '../bytes.ts';
import type { BcdTime } from '../time.ts';
import { type LocationItems, decodeItems, encodeItems } from './location-items.ts';

/** Status bits (table 25); 6, 7 and 22 are 2019's. Bits 8 and 9 are the load, 13 to 17 doors 1 to 5 open. */
export const Status = {
  accOn: 1 << 0,
  positioned: 1 << 1,
  south: 1 << 2,
  west: 1 << 3,
  outOfService: 1 << 4,
  encrypted: 1 << 5,
  forwardCollisionWarning: 1 << 6,
  laneDeparture: 1 << 7,
  fuelCut: 1 << 10,
  electricityCut: 1 << 11,
  doorsLocked: 1 << 12,
  gps: 1 << 18,
  beiDou: 1 << 19,
  glonass: 1 << 20,
  galileo: 1 << 21,
  moving: 1 << 22,
} as const;

export { alarmNames } from '../../../../../lib/contract/alarms.ts';

/** Alarm bits the device clears only after the platform's reply (0x8001). */
export const ALARMS_TO_ACKNOWLEDGE =
  ((1 << 0) | (1 << 3) | (1 << 20) | (1 << 21) | (1 << 22) | (1 << 27) | (1 << 28) | (1 << 31)) >>> 0;

/** 0x0200. */
export interface Location {
  /** 32 alarm bits, see `alarmNames`. */
  readonly alarm: number;
  /** 32 status bits, see `Status`. */
  readonly status: number;
  /** Millionths of a degree, south negative; not checked to be on earth. */
  readonly latE6: number;
  /** Millionths of a degree, west negative. */
  readonly lonE6: number;
  /** Metres; some devices send it negative, so it is read as signed. */
  readonly altitude: number;
  /** km/h, in steps of 0.1. */
  readonly speedKmh: number;
  /** Degrees clockwise from north. */
  readonly direction: number;
  readonly time: BcdTime;
  readonly items: LocationItems;
  /** The additional items as they came: a view of the body. */
  readonly extras: Buffer;
}

/** To encode: `extras` is written as it is when given, else `items`. */
export type LocationFields = Omit<Location, 'items' | 'extras'> & {
  readonly items?: LocationItems;
  readonly extras?: Buffer;
};

/** The basic block without additional items. */
export const BASIC_BYTES = 28;

export function decodeLocation(body: Buffer): Location | undefined {
  if (body.length < BASIC_BYTES) return undefined;
  const status = body.readUInt32BE(4);
  const lat = body.readUInt32BE(8);
  const lon = body.readUInt32BE(12);
  const extras = body.subarray(BASIC_BYTES);
  return {
    alarm: body.readUInt32BE(0),
    status,
    latE6: (status & Status.south) !== 0 ? 0 - lat : lat,
    lonE6: (status & Status.west) !== 0 ? 0 - lon : lon,
    altitude: body.readInt16BE(16),
    speedKmh: body.readUInt16BE(18) / 10,
    direction: body.readUInt16BE(20),
    time: body.toString('hex', 22, 28),
    items: decodeItems(extras, status),
    extras,
  };
}

/** The hemisphere bits of `status` follow the coordinates' signs, whatever they were. */
export function encodeLocation(value: LocationFields): Buffer {
  return writeLocation(new Writer(), value).done();
}

function writeLocation(w: Writer, value: LocationFields): Writer {
  let status = value.status;
  if (value.latE6 !== 0) status = value.latE6 < 0 ? status | Status.south : status & ~Status.south;
  if (value.lonE6 !== 0) status = value.lonE6 < 0 ? status | Status.west : status & ~Status.west;
  w.u32(value.alarm).u32(status).u32(Math.abs(value.latE6)).u32(Math.abs(value.lonE6));
  w.u16(value.altitude)
    .u16(Math.round(value.speedKmh * 10))
    .u16(value.direction)
    .hex(value.time, 6);
  return w.bytes(value.extras ?? encodeItems(value.items ?? {}));
}

/** Whether the coordinates are a place on earth that the device says it is at. */
export function hasFix(location: Location): boolean {
  const { status, latE6, lonE6 } = location;
  if ((status & Status.positioned) === 0 || (status & Status.encrypted) !== 0) return false;
  return Math.abs(latE6) <= 90e6 && Math.abs(lonE6) <= 180e6;
}

/** 0x0201, the answer to 0x8201. */
export interface LocationReply<L = Location> {
  readonly replySerial: number;
  readonly location: L;
}

export function decodeLocationReply(body: Buffer): LocationReply | undefined {
  if (body.length < 2) return undefined;
  const location = decodeLocation(body.subarray(2));
  return location && { replySerial: body.readUInt16BE(0), location };
}

export function encodeLocationReply(value: LocationReply<LocationFields>): Buffer {
  return writeLocation(new Writer().u16(value.replySerial), value.location).done();
}

/** 0x0704. */
export interface LocationBatch<L = Location> {
  /** 0 normal, 1 collected where there was no network. */
  readonly type: number;
  readonly locations: readonly L[];
}

/** Entries that are no location are left out; what follows a length that is too long cannot be read. */
export function decodeLocationBatch(body: Buffer): LocationBatch | undefined {
  if (body.length < 3) return undefined;
  const count = body.readUInt16BE(0);
  const locations: Location[] = [];
  let at = 3;
  for (let n = 0; n < count && at + 2 <= body.length; n++) {
    const end = at + 2 + body.readUInt16BE(at);
    if (end > body.length) break;
    const location = decodeLocation(body.subarray(at + 2, end));
    if (location !== undefined) locations.push(location);
    at = end;
  }
  return { type: body.readUInt8(2), locations };
}

export function encodeLocationBatch(value: LocationBatch<LocationFields>): Buffer {
  const w = new Writer().u16(value.locations.length).u8(value.type);
  for (const location of value.locations) {
    const bytes = encodeLocation(location);
    w.u16(bytes.length).bytes(bytes);
  }
  return w.done();
}
