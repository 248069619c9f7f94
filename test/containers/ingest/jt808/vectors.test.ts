/** Every JT/T 808 and Su Biao message vector decodes to what it says, and encodes to its own bytes. */

import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../../containers/ingest/src/jt808/decoder.ts';
import type { Header } from '../../../../containers/ingest/src/jt808/header.ts';
import { decodeItems, encodeItems } from '../../../../containers/ingest/src/jt808/messages/location-items.ts';
import { type Message, decodeBody, encodeBody } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { captures, hex, ofKind, vector, why } from './support.ts';
import { locationDerived, vectorForm } from './vector-form.ts';

function decodeFrame(wire: string): { header: Header; body: Buffer; message: Message } {
  let found: { header: Header; body: Buffer; message: Message } | undefined;
  new FrameDecoder((header, view) => {
    const body = Buffer.from(view);
    found = { header, body, message: decodeBody(header.id, body, header.version, header.encryption) };
  }).push(hex(wire));
  if (found === undefined) throw new Error('no frame');
  return found;
}

const omit = (from: object, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));

/** Keys of a vector that speak of something else than the body's fields. */
const beside = ['reply', 'reply_complete', 'reply_retransmit_100_200', 'layout', 'terminal', 'flow_id', 'body_len'];

/** What the vector says about its body; reserved bytes are given as a number, as hex, or not at all. */
function said(expected: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rest = omit(expected['decoded'] ?? {}, beside);
  const sign = rest['alarm_sign'] as Record<string, unknown> | undefined;
  if (typeof sign?.['reserved'] !== 'number') return rest;
  return { ...rest, alarm_sign: { ...sign, reserved: sign['reserved'].toString(16).padStart(2, '0') } };
}

/** Encodes a decoded message again. */
function again(message: Message, version: Header['version']): string {
  if (message.name === 'unknown' || message.name === 'malformed' || message.name === 'encrypted') {
    throw new Error(`${message.name} has no encoder`);
  }
  return encodeBody(message.name, message.value as never, version).toString('hex');
}

describe.skipIf(!captures)(`message vectors${why}`, () => {
  it('are as many as they were', () => {
    const kinds = ['808-frame', '808-body', '808-malformed', '808-multipacket', '808-escape', '808-framing'];
    expect(kinds.map((kind) => ofKind(kind).length)).toEqual([41, 13, 16, 8, 4, 3]);
  });

  const frames = ofKind('808-frame').filter(
    ({ name }) => name !== '808-rsa-flag' && name !== '808-subpackage-header-2013',
  );

  it.each(frames)('$name', ({ hex: wire, expected }) => {
    const { header, body, message } = decodeFrame(wire);
    expect(message.name).not.toMatch(/unknown|malformed|encrypted/);
    expect(again(message, header.version)).toBe(body.toString('hex'));
    const found = message.name === 'location' ? locationDerived(message.value) : vectorForm(message);
    expect(found).toMatchObject(message.name === 'location' ? Object(expected['location_derived']) : said(expected));
  });

  it('808-rsa-flag keeps its body closed', () => {
    const { message } = decodeFrame(vector('808-rsa-flag').hex);
    expect(message).toMatchObject({ name: 'encrypted', value: hex('001a000221') });
  });

  it('808-subpackage-header-2013 is one part', () => {
    expect(decodeFrame(vector('808-subpackage-header-2013').hex).header.part).toEqual({ total: 26, index: 2 });
  });

  it.each([
    ['808-9201-body', 0x9201],
    ['808-9202-body', 0x9202],
    ['808-9205-body', 0x9205],
    ['808-9206-body', 0x9206],
    ['808-1206-body', 0x1206],
    ['808-1205-body', 0x1205],
    ['808-0801-body-2013', 0x0801],
    ['808-0801-body-2011-no-location', 0x0801],
    ['subiao-1210-body-2files', 0x1210],
  ] as const)('%s', (name, id) => {
    const { hex: body, expected } = vector(name);
    const message = decodeBody(id, hex(body), 2013);
    expect(vectorForm(message)).toMatchObject(expected);
    expect(again(message, 2013)).toBe(body);
  });

  describe('location items', () => {
    const items = (name: string): ReturnType<typeof decodeItems> => {
      const { hex: wire, kind } = vector(name);
      const message = kind === '808-frame' ? decodeFrame(wire).message : decodeBody(0x0200, hex(wire), 2013);
      if (message.name !== 'location') throw new Error(message.name);
      return message.value.items;
    };

    it.each(frames.filter(({ expected }) => 'location_derived' in expected))('$name: item by item', ({ hex: wire }) => {
      const { message } = decodeFrame(wire);
      if (message.name !== 'location') throw new Error(message.name);
      const { extras, status } = message.value;
      for (let at = 0; at < extras.length; at += 2 + (extras[at + 1] ?? 0)) {
        const item = extras.subarray(at, at + 2 + (extras[at + 1] ?? 0));
        expect(encodeItems(decodeItems(item, status)).toString('hex')).toBe(item.toString('hex'));
      }
    });

    it('808-0200-all-known-extras', () => {
      expect(items('808-0200-all-known-extras')).toEqual({
        mileageKm: 1.1,
        fuelLitres: 2.2,
        recorderSpeedKmh: 3.3,
        confirmAlarmId: 44,
        tyrePressures: hex('373737'.padEnd(60, '0')),
        overspeed: { type: 0x42, area: 0x42 },
        area: { type: 0x4d, area: 0x4d, direction: 0x4d },
        segment: { segment: 88, seconds: 88, result: 88 },
        vehicleSignals: 99,
        io: 10,
        analog: 20,
        signalStrength: 30,
        satellites: 40,
        cabinTemperature: 1,
      });
    });

    it('video alarms', () => {
      const lost = {
        videoAlarms: 1,
        signalLost: 0xfa,
        storageFailure: 0,
        abnormalDriving: { behaviour: 0, fatigue: 0 },
      };
      expect(items('808-0200-2019-jt1078-extras')).toMatchObject(lost);
      expect(items('808-0200-storage-fault-2019')).toMatchObject({ videoAlarms: 4, storageFailure: 2 });
      expect(items('808-0200-videoalarm-signal-loss-2019')).toMatchObject({ videoAlarms: 1, signalLost: 0x0c });
      const { lat, lon, altitude, speed_raw, time, x14, x15, x16, x17, x18 } =
        vector('808-0200-body-video-alarms').expected;
      const message = decodeBody(0x0200, hex(vector('808-0200-body-video-alarms').hex), 2013);
      if (message.name !== 'location') throw new Error(message.name);
      expect(locationDerived(message.value)).toMatchObject({
        lat_raw: lat,
        lon_raw: lon,
        altitude_m: altitude,
        speed_kmh: Number(speed_raw) / 10,
        time_local_gmt8: time,
      });
      expect(message.value.items).toEqual({
        videoAlarms: x14,
        signalLost: x15,
        signalBlocked: x16,
        storageFailure: x17,
        abnormalDriving: x18,
      });
    });

    it.each(['adas64', 'dsm65', 'bsd67'])('808-0200-body-%s', (name) => {
      const { hex: body, expected } = vector(`808-0200-body-${name}`);
      const message = decodeBody(0x0200, hex(body), 2013);
      if (message.name !== 'location') throw new Error(message.name);
      const alarm = message.value.items.alarms?.[0];
      if (alarm === undefined || alarm.item === 0x66) throw new Error('no alarm');
      const common = {
        alarm_id: alarm.alarmId,
        flag: alarm.flag,
        type: alarm.type,
        speed: alarm.speedKmh,
        altitude: alarm.altitude,
        lat: alarm.latE6,
        lon: alarm.lonE6,
        vehicle_status: alarm.vehicleStatus,
      };
      const special = {
        0x64: () =>
          alarm.item === 0x64 && {
            level: alarm.level,
            front_speed: alarm.frontSpeedKmh,
            distance: alarm.distance,
            deviation: alarm.departure,
            road_sign_type: alarm.roadSign,
            road_sign_data: alarm.roadSignValue,
            time: '2019-12-11 18:31:00',
            alarm_sign: { terminal_id: '4444444', time: '2019-12-10 18:31:00', seq: 3, attachments: 2, reserved: 0 },
          },
        0x65: () => alarm.item === 0x65 && { level: alarm.level, fatigue: alarm.fatigue, reserved: alarm.reserved },
        0x67: () => ({ item_len: 41 }),
      }[alarm.item]();
      expect({ ...common, ...special }).toEqual(expected);
      expect(alarm.time).toBe('191211183100');
      expect(alarm.sign).toMatchObject({ terminalId: '4444444', time: '191210183100', sequence: 3, attachments: 2 });
      expect(encodeItems(message.value.items)).toEqual(Buffer.from(message.value.extras));
    });

    it('808-0200-body-adas64-wrong-length gives junk, and no alarm', () => {
      const found = items('808-0200-body-adas64-wrong-length');
      expect(found.alarms).toBeUndefined();
      expect(found.other?.[0]).toMatchObject({ id: 0x64 });
      expect(found.other?.[0]?.data).toHaveLength(32);
    });
  });
});
