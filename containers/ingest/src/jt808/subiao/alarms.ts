/**
 * Su Biao alarms in a location's additional items: driver assistance, driver state, tyres, blind spots (T/JSATL 12-2017
 * 4.4, tables 15, 17, 18, 20). The sign at the end has a regional length, so an item's length tells its variant.
 */

import { Reader, Writer } from '../bytes.ts';
import type { BcdTime } from '../time.ts';
import { type AlarmSign, decodeSign, layouts } from './sign.ts';

interface Common {
  readonly alarmId: number;
  /** 0 not applicable, 1 start, 2 end. */
  readonly flag: number;
  /** km/h. */
  readonly speedKmh: number;
  /** Metres. */
  readonly altitude: number;
  /** Millionths of a degree; signs taken from the enclosing location's status, the item has none. */
  readonly latE6: number;
  readonly lonE6: number;
  readonly time: BcdTime;
  /** Bits: 0 ACC, 1 left, 2 right, 3 wipers, 4 brake, 5 card inserted, 10 positioned. */
  readonly vehicleStatus: number;
  readonly sign: AlarmSign;
}

export interface AdasAlarm extends Common {
  readonly item: 0x64;
  /** 1 forward collision, 2 lane departure, 3 too close, 4 pedestrian, 5 lane changes, 6 sign, 7 obstacle, 0x10, 0x11 events. */
  readonly type: number;
  readonly level: number;
  readonly frontSpeedKmh: number;
  /** Tenths of a second to what is ahead. */
  readonly distance: number;
  /** 1 left, 2 right. */
  readonly departure: number;
  /** 1 speed, 2 height, 3 weight. */
  readonly roadSign: number;
  readonly roadSignValue: number;
}

export interface DsmAlarm extends Common {
  readonly item: 0x65;
  /** 1 fatigue, 2 phone, 3 smoking, 4 distraction, 5 driver abnormal, 0x10 snapshot, 0x11 driver changed. */
  readonly type: number;
  readonly level: number;
  /** 1 to 10. */
  readonly fatigue: number;
  /** Four reserved bytes as hex. */
  readonly reserved: string;
}

export interface Wheel {
  readonly wheel: number;
  /** Bits: 0 periodic, 1 high, 2 low, 3 hot, 4 sensor, 5 imbalance, 6 slow leak, 7 battery. */
  readonly alarm: number;
  readonly pressureKpa: number;
  readonly temperature: number;
  readonly batteryPercent: number;
}

export interface TyreAlarm extends Common {
  readonly item: 0x66;
  readonly wheels: readonly Wheel[];
  /** Bytes of one wheel's number: 2, or 1 where the printed text is followed. */
  readonly wheelBytes: 1 | 2;
}

export interface BlindSpotAlarm extends Common {
  readonly item: 0x67;
  /** 1 rear, 2 left rear, 3 right rear. */
  readonly type: number;
}

export type SuBiaoAlarm = AdasAlarm | DsmAlarm | TyreAlarm | BlindSpotAlarm;

/** The alarm in item `item` (0x64 to 0x67), or undefined when its length fits no variant. */
export function decodeAlarm(item: number, data: Buffer, status: number): SuBiaoAlarm | undefined {
  const r = new Reader(data);
  const alarmId = r.u32();
  const flag = r.u8();
  if (item === 0x64) {
    const head = { item, alarmId, flag, type: r.u8(), level: r.u8(), frontSpeedKmh: r.u8(), distance: r.u8() } as const;
    const rest = { departure: r.u8(), roadSign: r.u8(), roadSignValue: r.u8() };
    return withSign({ ...head, ...rest, ...place(r, status) }, r);
  }
  if (item === 0x65) {
    const head = { item, alarmId, flag, type: r.u8(), level: r.u8(), fatigue: r.u8(), reserved: r.hex(4) } as const;
    return withSign({ ...head, ...place(r, status) }, r);
  }
  if (item === 0x66) return tyres({ item, alarmId, flag, ...place(r, status) }, r);
  if (item === 0x67) return withSign({ item, alarmId, flag, type: r.u8(), ...place(r, status) } as const, r);
  return undefined;
}

/** speed, altitude, latitude, longitude, time, vehicle status: the same run in all four items. */
function place(r: Reader, status: number): Omit<Common, 'alarmId' | 'flag' | 'sign'> {
  const speedKmh = r.u8();
  const altitude = r.i16();
  const lat = r.u32();
  const lon = r.u32();
  const south = (status & 4) !== 0;
  const west = (status & 8) !== 0;
  return {
    speedKmh,
    altitude,
    latE6: south ? 0 - lat : lat,
    lonE6: west ? 0 - lon : lon,
    time: r.hex(6),
    vehicleStatus: r.u16(),
  };
}

function withSign<T>(value: T, r: Reader): (T & { sign: AlarmSign }) | undefined {
  const sign = decodeSign(r.rest());
  return r.ok && sign !== undefined ? { ...value, sign } : undefined;
}

/** The count stands behind the sign, whose length the data does not say: the variant that uses up the item is the one. */
function tyres(value: Omit<TyreAlarm, 'sign' | 'wheels' | 'wheelBytes'>, r: Reader): TyreAlarm | undefined {
  const rest = r.rest();
  if (!r.ok) return undefined;
  for (const layout of layouts) {
    const count = rest[layout.sign];
    if (count === undefined) continue;
    const bytes = rest.length - layout.sign - 1;
    const wheelBytes = bytes === count * 10 ? 2 : bytes === count * 9 ? 1 : undefined;
    const sign = decodeSign(rest.subarray(0, layout.sign));
    if (wheelBytes === undefined || sign === undefined) continue;
    const list = new Reader(rest.subarray(layout.sign + 1));
    const wheels: Wheel[] = [];
    for (let n = 0; n < count; n++) {
      const wheel = wheelBytes === 2 ? list.u16() : list.u8();
      const alarm = list.u16();
      wheels.push({ wheel, alarm, pressureKpa: list.u16(), temperature: list.i16(), batteryPercent: list.u16() });
    }
    return { ...value, sign, wheels, wheelBytes };
  }
  return undefined;
}

export function encodeAlarm(alarm: SuBiaoAlarm): Buffer {
  const w = new Writer().u32(alarm.alarmId).u8(alarm.flag);
  if (alarm.item === 0x64) {
    w.u8(alarm.type).u8(alarm.level).u8(alarm.frontSpeedKmh).u8(alarm.distance);
    w.u8(alarm.departure).u8(alarm.roadSign).u8(alarm.roadSignValue);
  } else if (alarm.item === 0x65) {
    w.u8(alarm.type).u8(alarm.level).u8(alarm.fatigue).hex(alarm.reserved, 4);
  } else if (alarm.item === 0x67) {
    w.u8(alarm.type);
  }
  w.u8(alarm.speedKmh).u16(alarm.altitude).u32(Math.abs(alarm.latE6)).u32(Math.abs(alarm.lonE6));
  w.hex(alarm.time, 6).u16(alarm.vehicleStatus).bytes(alarm.sign.raw);
  if (alarm.item !== 0x66) return w.done();
  w.u8(alarm.wheels.length);
  for (const { wheel, alarm: bits, pressureKpa, temperature, batteryPercent } of alarm.wheels) {
    if (alarm.wheelBytes === 2) w.u16(wheel);
    else w.u8(wheel);
    w.u16(bits).u16(pressureKpa).u16(temperature).u16(batteryPercent);
  }
  return w.done();
}
