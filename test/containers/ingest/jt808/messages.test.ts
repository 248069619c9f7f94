import { describe, expect, it } from 'vitest';
import { decodeGbk, encodeGbk } from '../../../../containers/ingest/src/jt808/gbk.ts';
import { encodeRetransmit } from '../../../../containers/ingest/src/jt808/messages/general.ts';
import {
  ALARMS_TO_ACKNOWLEDGE,
  alarmNames,
  decodeLocation,
  encodeLocation,
  hasFix,
} from '../../../../containers/ingest/src/jt808/messages/location.ts';
import { decodeItems } from '../../../../containers/ingest/src/jt808/messages/location-items.ts';
import { decodeMediaData, encodeMediaReply } from '../../../../containers/ingest/src/jt808/messages/multimedia.ts';
import {
  numberParameter,
  parameterValue,
  textParameter,
} from '../../../../containers/ingest/src/jt808/messages/parameters.ts';
import { decodeAuthenticate, decodeRegister } from '../../../../containers/ingest/src/jt808/messages/register.ts';
import {
  type MessageName,
  decodeBody,
  encodeBody,
  idOf,
  registry,
} from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { fullLocation, samples } from './samples.ts';
import { hex } from './support.ts';

const names = Object.keys(samples) as MessageName[];
const encode = (name: MessageName, value: unknown, version: 2013 | 2019): Buffer =>
  encodeBody(name, value as never, version);

describe('every message', () => {
  it('has samples, and an id of its own', () => {
    expect(new Set(names)).toEqual(new Set([...registry.values()].map((type) => type.name)));
    for (const [id, type] of registry) expect(id).toBe(type.id);
  });

  it.each(names)('%s round-trips in both versions', (name) => {
    for (const version of [2013, 2019] as const) {
      for (const value of samples[name]) {
        if (name === 'authenticate' && version === 2013 && 'imei' in value) continue;
        if (name === 'register' && (value as { layout: number }).layout > version) continue;
        const bytes = encode(name, value, version);
        const message = decodeBody(idOf(name), bytes, version);
        expect(message.name).toBe(name);
        // `extras` is the encoded form of `items`; 2019 always has the two tails of 0x0102.
        const { softwareVersion = '', imei = '' } = value as { softwareVersion?: string; imei?: string };
        const tails = name === 'authenticate' && version === 2019 ? { softwareVersion, imei } : {};
        expect(without(message.value)).toEqual(without({ ...value, ...tails }));
        expect(encode(name, message.value, version)).toEqual(bytes);
      }
    }
  });

  it.each(names)('%s cut anywhere is malformed or less, and throws nothing', (name) => {
    for (const version of [2013, 2019] as const) {
      for (const value of samples[name]) {
        const bytes = encode(name, value, version);
        for (let end = 0; end < bytes.length; end++) {
          const message = decodeBody(idOf(name), bytes.subarray(0, end), version);
          expect([name, 'malformed']).toContain(message.name);
        }
      }
    }
  });

  it('comes as bytes when its id is unknown or its body encrypted', () => {
    const body = hex('0102');
    expect(decodeBody(0x0f00, body, 2013)).toEqual({ id: 0x0f00, name: 'unknown', value: body });
    expect(decodeBody(0x0200, body, 2013, 1)).toEqual({ id: 0x0200, name: 'encrypted', value: body });
    expect(decodeBody(0x0200, body, 2013)).toEqual({ id: 0x0200, name: 'malformed', value: body });
  });
});

/** Without the raw copies a decoder adds beside its fields. */
function without(value: unknown): unknown {
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(without);
  const entries = Object.entries(value).filter(([key]) => key !== 'extras');
  return Object.fromEntries(entries.map(([key, inner]) => [key, without(inner)]));
}

it('0x9101 is read whatever platforms add behind it', () => {
  const value = { host: 'cam.example', tcpPort: 1078, udpPort: 0, channel: 2, dataType: 0, stream: 1 };
  const bytes = Buffer.concat([encodeBody('startLive', value, 2013), hex('0102')]);
  expect(decodeBody(0x9101, bytes, 2013)).toEqual({ id: 0x9101, name: 'startLive', value });
});

describe('locations', () => {
  it('take their hemispheres from the status, and give them back', () => {
    const location = decodeLocation(encodeLocation({ ...fullLocation, status: 3 }));
    expect(location).toMatchObject({ status: 0x0f, latE6: -31_000_562, lonE6: -121_451_372 });
    expect(location?.items.alarms?.[0]).toMatchObject({ latE6: -31_000_562, lonE6: -121_451_372 });
  });

  it('have a fix only where the device says so, on earth', () => {
    const at = (status: number, latE6: number): boolean | undefined => {
      const location = decodeLocation(encodeLocation({ ...fullLocation, status, latE6 }));
      return location && hasFix(location);
    };
    expect(at(2, 31e6)).toBe(true);
    expect(at(0, 31e6)).toBe(false);
    expect(at(2 | (1 << 5), 31e6)).toBe(false);
    expect(at(2, 116e6)).toBe(false);
  });

  it('keep items of an unknown id or length, and count a broken end', () => {
    const items = decodeItems(hex('0103010203 e10107 300112 6402aabb 2504ff'.replaceAll(' ', '')), 0);
    expect(items).toEqual({
      signalStrength: 0x12,
      other: [
        { id: 0x01, data: hex('010203') },
        { id: 0xe1, data: hex('07') },
        { id: 0x64, data: hex('aabb') },
      ],
      brokenBytes: 3,
    });
  });

  it('name 32 alarms, eight of them to be acknowledged', () => {
    expect(alarmNames).toHaveLength(32);
    const acknowledged = alarmNames.filter((_, bit) => ((ALARMS_TO_ACKNOWLEDGE >>> bit) & 1) === 1);
    expect(acknowledged).toEqual([
      'sos',
      'dangerous-driving',
      'area',
      'route',
      'segment-time',
      'illegal-ignition',
      'illegal-move',
      'illegal-door-open',
    ]);
  });

  it('of a batch go on past an entry that is none', () => {
    const good = encodeLocation(fullLocation);
    const entry = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
    const body = Buffer.concat([hex('000301'), entry(good), entry(hex('00')), entry(good)]);
    const batch = decodeBody(0x0704, body, 2019);
    if (batch.name !== 'locationBatch') throw new Error(batch.name);
    expect(batch.value.locations).toHaveLength(2);
  });
});

describe('registration in the field', () => {
  const fields = '000000005350303031';
  it('2011: eight bytes of model', () => {
    const body = hex(`${fields}4d310000000000003030303030303101d4c141313233`);
    expect(decodeRegister(body, 2013)).toMatchObject({
      layout: 2011,
      model: 'M1',
      terminalId: '0000001',
      plate: '粤A123',
    });
  });

  it('padding on the left is padding too', () => {
    const body = encode('register', { ...samples.register[2], terminalId: '' }, 2019);
    Buffer.from('ID7').copy(body, 72);
    expect(decodeRegister(body, 2019)).toMatchObject({ layout: 2019, terminalId: 'ID7' });
  });

  it('a 2019 header over a 2013 body', () => {
    const body = encode('register', samples.register[1], 2013);
    expect(decodeRegister(body, 2019)).toMatchObject({ layout: 2013, plate: '粤B12345' });
    expect(decodeAuthenticate(Buffer.from('the code'), 2019)).toEqual({ authCode: 'the code' });
    expect(decodeAuthenticate(hex('0361626300'), 2019)).toEqual({ authCode: 'abc' });
  });
});

describe('multimedia data', () => {
  const event = '0000000100000001';
  it.each([
    ['2011: a package count and id', `${event}0000000500000001ffd8ff`, 'ffd8ff'],
    ['2011, no picture', `${event}000000050000000152494646`, '52494646'],
    ['nothing before the data', `${event}ffd8ffe000104a46494600010101`, 'ffd8ffe000104a46494600010101'],
  ])('%s', (_, body, data) => {
    const value = decodeMediaData(hex(body));
    expect(value?.location).toBeUndefined();
    expect(value?.data.toString('hex')).toBe(data);
  });

  it('a picture behind a location wins over what looks like one in it', () => {
    const location = encodeLocation({ ...fullLocation, alarm: 0xffd8_0000 }).subarray(0, 28);
    const value = decodeMediaData(Buffer.concat([hex(event), location, hex('ffd8ffe0')]));
    expect(value?.location).toMatchObject({ alarm: 0xffd8_0000 });
    expect(value?.data.toString('hex')).toBe('ffd8ffe0');
  });

  it('asks for 125 parts at most', () => {
    const missing = Array.from({ length: 400 }, (_, n) => n + 1);
    expect(encodeMediaReply({ mediaId: 1, missing })).toHaveLength(5 + 250);
    expect(encodeRetransmit({ firstSerial: 1, indices: missing }, 2013)).toHaveLength(3 + 510);
    expect(encodeRetransmit({ firstSerial: 1, indices: [...missing, ...missing] }, 2019)).toHaveLength(4 + 1018);
  });
});

describe('parameters', () => {
  it('are text or numbers by what they are', () => {
    expect(parameterValue(textParameter(0x0083, '粤B12345'))).toBe('粤B12345');
    expect(parameterValue(numberParameter(0x0001, 30))).toBe(30);
    expect(parameterValue({ id: 0x0031, value: hex('0102') })).toBe(0x0102);
    expect(parameterValue({ id: 0x0084, value: hex('02') })).toBe(2);
    expect(parameterValue({ id: 0x0076, value: hex('010203') })).toEqual(hex('010203'));
  });
});

describe('GBK', () => {
  it('writes what it reads', () => {
    for (const text of ['粤B12345', 'plain', '', '这是鉴权码111', '€']) expect(decodeGbk(encodeGbk(text))).toBe(text);
    expect(encodeGbk('甘J').toString('hex')).toBe('b8ca4a');
    expect(encodeGbk('😀x').toString()).toBe('?x');
    expect(decodeGbk(hex('ff41'))).toContain('\uFFFD');
  });
});
