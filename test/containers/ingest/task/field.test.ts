/** What devices do in the field, over real sockets: other zones, broken dates, old layouts, odd identities, lost parts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePoints } from '../../../../lib/contract/positions.ts';
import { escapeInto } from '../../../../containers/ingest/src/jt808/escape.ts';
import { MAX_BODY, encodeFrame } from '../../../../containers/ingest/src/jt808/header.ts';
import {
  encodeBody,
  encodeFrames,
  idOf,
  type MessageName,
} from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { OPEN_TIME, utcToBcd } from '../../../../containers/ingest/src/jt808/time.ts';
import { makeSign } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';
import { samples } from '../jt808/samples.ts';
import { hex, random } from '../jt808/support.ts';
import { encodedVideo, lacks } from '../streams.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestCamera, TestDevice, ZONE, locationAt } from './device.ts';

const missing = lacks('libx264', 'h264');
const COUNT = Number(process.env['SLUICE_FUZZ'] ?? 5000);

let cloud: Cloud;
let task: OwnTask;

const connectDevice = (id: string) => new TestDevice(id, task.ports.control);
const pointsOf = async (id: string) =>
  (await cloud.rows('POSITIONS_TABLE'))
    .filter(({ track }) => String(track).startsWith(`${id}#`))
    .flatMap((item) => decodePoints(item['points'] as Uint8Array))
    .toSorted((a, b) => a.time - b.time);
const alarmsOf = async (id: string) => (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id);

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
});
afterAll(() => cloud.close());

describe.concurrent('in the field, a device', () => {
  it('of 2011 registers with eight bytes of model', async () => {
    const id = '13800004001';
    await cloud.register(id);
    const device = connectDevice(id);
    const names = {
      manufacturer: 'ACME',
      model: 'CAM-2011',
      terminalId: 'T000001',
      plateColor: 1,
      plate: '沪A12345',
    };
    device.send('register', { layout: 2011, province: 31, city: 100, ...names });
    const { authCode } = await device.wait('registerReply');
    expect(await device.replyTo(device.send('authenticate', { authCode: authCode! }))).toBe(0);
    const { protocol } = await until(
      'online',
      () => cloud.record(id),
      ({ online }) => online,
    );
    expect(protocol).toBe('2011');
    await device.close();
  });

  it('has a clock of its own zone, a receiver whose weeks rolled over, and no date without a fix', async () => {
    const id = '13800004002';
    await cloud.register(id, [], { timeZone: 'America/Costa_Rica' });
    // Its own, for what it counts.
    const own = await cloud.task();
    const device = await new TestDevice(id, own.ports.control).login();
    const at = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const zone = -6 * 60;
    const say = (time: string) => device.replyTo(device.send('location', locationAt(0, { time })));
    expect(await say(utcToBcd(at, zone))).toBe(0);
    expect(await say(utcToBcd(at - 1024 * 7 * 86_400_000 + 1000, zone))).toBe(0);
    const began = Date.now();
    expect(await say(OPEN_TIME)).toBe(0);
    // Tomorrow, too, is no time for something that was.
    expect(await say(utcToBcd(at + 86_400_000, zone))).toBe(0);
    expect(own.ingest.services.metrics.counts.badTimes).toBe(2);
    const points = await until(
      'points',
      () => pointsOf(id),
      (all) => all.length === 4,
    );
    expect(points.slice(0, 2).map(({ time }) => time)).toEqual([at, at + 1000]);
    for (const { time } of points.slice(2)) {
      expect(time).toBeGreaterThanOrEqual(Math.floor(began / 1000) * 1000);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
    await device.close();
  });

  it('sends later what it gathered where there was no network: kept, and not taken for where it is', async () => {
    const id = '13800004003';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    const at = Math.floor(Date.now() / 1000) * 1000;
    const past = [3600, 3590, 3580].map((seconds) => locationAt(at - seconds * 1000, { latE6: 30_000_000 }));
    await device.replyTo(device.send('location', locationAt(at)));
    expect(await device.replyTo(device.send('locationBatch', { type: 1, locations: past }))).toBe(0);
    await until(
      'points',
      () => pointsOf(id),
      (all) => all.length === 4,
    );
    expect((await cloud.record(id)).position).toMatchObject({ lat: 31.2304 });
    const normal = [locationAt(at + 1000, { latE6: 31_000_000 }), locationAt(at + 2000, { latE6: 31_500_000 })];
    await device.replyTo(device.send('locationBatch', { type: 0, locations: normal }));
    await until(
      'where it is',
      () => cloud.record(id),
      ({ position }) => position?.lat === 31.5,
    );
    await device.close();
  });

  it('is where its own latest time says, whatever comes later, over this connection and the next', async () => {
    const id = '13800004020';
    await cloud.register(id);
    const at = Math.floor(Date.now() / 1000) * 1000;
    const there = (seconds: number, latE6: number) => locationAt(at + seconds * 1000, { latE6 });
    const isAt = (lat: number) =>
      until(
        `at ${lat}`,
        () => cloud.record(id),
        ({ position }) => position?.lat === lat,
      );
    let device = await connectDevice(id).login();
    // All that it has are batches of what it gathered.
    const gathered = [there(-300, 30_000_000), there(-100, 30_200_000), there(-200, 30_100_000)];
    await device.replyTo(device.send('locationBatch', { type: 1, locations: gathered }));
    expect((await isAt(30.2)).position!.time).toBe(new Date(at - 100_000).toISOString());
    await device.replyTo(device.send('location', there(-50, 31_000_000)));
    await isAt(31);
    // Old ones: alone, in a batch of either kind, as an answer.
    await device.replyTo(device.send('location', there(-60, 29_000_000)));
    for (const type of [0, 1])
      await device.replyTo(
        device.send('locationBatch', { type, locations: [there(-70, 29_100_000), there(-80, 29_200_000)] }),
      );
    device.send('locationReply', { replySerial: 0, location: there(-90, 29_300_000) });
    await until(
      'points',
      () => pointsOf(id),
      (all) => all.length === 10,
    );
    await task.ingest.services.outbox.drained();
    expect((await cloud.record(id)).position).toMatchObject({ lat: 31 });
    await device.close();
    await until(
      'offline',
      () => cloud.record(id),
      ({ online }) => !online,
    );
    device = await new TestDevice(id, (await cloud.task()).ports.control).login();
    await device.replyTo(device.send('location', there(-55, 28_000_000)));
    await device.replyTo(device.send('location', there(-45, 32_000_000)));
    expect((await isAt(32)).position!.time).toBe(new Date(at - 45_000).toISOString());
    await device.close();
  });

  it.each([
    ['one by one', '13800004021', undefined],
    ['in a batch of kind 0', '13800004022', 0],
    ['in a batch of kind 1', '13800004023', 1],
  ] as const)('that reports late (%s) ends no alarm that stands, and none begins twice', async (_, id, type) => {
    await cloud.register(id);
    const at = Math.floor(Date.now() / 1000) * 1000;
    const said = (seconds: number, alarm: number) => locationAt(at + seconds * 1000, { alarm });
    const [SOS, SPEED] = [1, 2];
    let device = await connectDevice(id).login();
    const late = async (...reports: readonly (readonly [number, number])[]) => {
      const locations = reports.map(([seconds, alarm]) => said(seconds, alarm));
      if (type !== undefined) await device.replyTo(device.send('locationBatch', { type, locations }));
      else for (const location of locations) await device.replyTo(device.send('location', location));
    };
    const told = async () => {
      await task.ingest.services.outbox.drained();
      return (await alarmsOf(id))
        .map((row) => `${(Date.parse(String(row['time'])) - at) / 1000} ${String(row['type'])} ${String(row['phase'])}`)
        .toSorted();
    };
    await device.replyTo(device.send('location', said(-620, 0)));
    await device.replyTo(device.send('location', said(-100, SOS)));
    // Ten minutes before it began there was none.
    await late([-700, 0], [-600, 0]);
    expect(await told()).toEqual(['-100 sos start']);
    // What was over meanwhile is told of all the same, by its own time.
    await late([-400, SPEED], [-300, 0]);
    const over = ['-100 sos start', `${type === undefined ? -100 : -300} overspeed end`, '-400 overspeed start'];
    expect(await told()).toEqual(over.toSorted());
    await until(
      'in force',
      () => cloud.record(id),
      ({ alarms }) => alarms?.join() === 'sos',
    );
    await device.close();
    await until(
      'offline',
      () => cloud.record(id),
      ({ online }) => !online,
    );
    device = await connectDevice(id).login();
    await late([-150, 0], [-90, SOS]);
    expect(await told()).toEqual(over.toSorted());
    await device.replyTo(device.send('location', said(-80, 0)));
    expect(await told()).toEqual([...over, '-80 sos end'].toSorted());
    await device.close();
  });

  it('with a date of long ago is believed, unless its receiver shows that of 1,024 weeks ago today', async () => {
    const id = '13800004024';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    const at = Math.floor(Date.now() / 1000) * 1000;
    const say = (time: number) => device.replyTo(device.send('location', locationAt(time)));
    await say(Date.UTC(2015, 2, 1));
    await until(
      'where it was then',
      () => cloud.record(id),
      ({ position }) => position?.time === '2015-03-01T00:00:00.000Z',
    );
    await say(at - 1024 * 7 * 86_400_000);
    await say(Date.UTC(2016, 5, 1));
    await until(
      'where it is',
      () => cloud.record(id),
      ({ position }) => position?.time === new Date(at).toISOString(),
    );
    // Of what is older than it may be kept, there is no track.
    expect(
      (
        await until(
          'point',
          () => pointsOf(id),
          (all) => all.length > 0,
        )
      ).map(({ time }) => time),
    ).toEqual([at]);
    await device.close();
  });

  it('that sets bit 14 over a 2013 header is answered as 2013, and listed while it is unknown', async () => {
    const id = '13912345678';
    const wire = (name: MessageName, body: Buffer, serial: number) => {
      const frame = Buffer.alloc(13 + body.length);
      frame.writeUInt16BE(idOf(name), 0);
      frame.writeUInt16BE(0x4000 | body.length, 2);
      Buffer.from('013912345678', 'hex').copy(frame, 4);
      frame.writeUInt16BE(serial, 10);
      body.copy(frame, 12);
      frame[frame.length - 1] = frame.subarray(0, -1).reduce((sum, byte) => sum ^ byte, 0);
      const out = Buffer.alloc(frame.length * 2 + 2, 0x7e);
      return out.subarray(0, escapeInto(frame, out, 1) + 1);
    };
    const names = { manufacturer: 'ACME', model: 'CAM-14', terminalId: 'T000014', plateColor: 1, plate: '沪A12345' };
    const registration = encodeBody('register', { layout: 2013, province: 31, city: 100, ...names }, 2013);
    const stranger = connectDevice(id);
    stranger.socket.write(hex('7e000240000139123456780001737e'));
    expect(await stranger.replyTo(1)).toBe(1);
    await stranger.closed;
    const again = connectDevice(id);
    again.socket.write(wire('register', registration, 7));
    expect(await again.wait('registerReply')).toEqual({ replySerial: 7, result: 4 });
    await again.closed;
    const row = await until(
      'listed',
      async () => (await cloud.fleet('unknown')).find((one) => one['id'] === id),
      (one) => one !== undefined,
    );
    expect(row).toMatchObject({ protocol: '2013' });
    await cloud.register(id);
    const device = await until(
      'let in',
      async () => {
        const one = connectDevice(id);
        one.socket.write(wire('register', registration, 8));
        const { result } = await one.wait('registerReply');
        if (result === 0) return one;
        await one.close();
        return undefined;
      },
      (one) => one !== undefined,
    );
    // As some do that have 2019's messages: the code in its form.
    const code = encodeBody('authenticate', { authCode: device!.seen('registerReply')[0]!.authCode! }, 2019);
    device!.socket.write(wire('authenticate', code, 9));
    expect(await device!.replyTo(9)).toBe(0);
    device!.socket.write(wire('heartbeat', Buffer.alloc(0), 10));
    expect(await device!.replyTo(10)).toBe(0);
    expect(new Set(device!.received.map(({ phone }) => phone))).toEqual(new Set(['013912345678']));
    const { protocol, codeUsedAt } = await until(
      'online',
      () => cloud.record(id),
      (record) => record.online && record.codeUsedAt !== undefined,
    );
    expect([protocol, typeof codeUsedAt]).toEqual(['2013', 'string']);
    await device!.close();
  });

  it.each([
    ['counts heartbeats between the parts of a picture', '13800004025', false],
    ['gives all parts of a picture one serial', '13800004026', true],
  ] as const)('that %s has it put together', async (_, id, isOne) => {
    await cloud.register(id);
    const device = await connectDevice(id).login();
    for (const mediaId of [1, 2]) {
      const data = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(9000, 30 + mediaId)]);
      const media = { mediaId, type: 0, format: 0, event: 3, channel: 2, location: locationAt(Date.now()), data };
      const body = encodeBody('mediaData', media, 2013);
      const total = Math.ceil(body.length / 1000);
      expect(total).toBe(10);
      const first = device.nextSerial();
      for (let index = 1; index <= total; index += 1) {
        if (!isOne && (index === 4 || index === 7)) device.send('heartbeat', {});
        const serial = isOne || index === 1 ? first : device.nextSerial();
        const part = body.subarray((index - 1) * 1000, index * 1000);
        device.socket.write(encodeFrame(device.terminal, { id: 0x0801, serial, part: { total, index } }, part));
      }
      expect(await device.wait('mediaReply', mediaId)).toEqual({ mediaId });
      const alarms = await alarmsOf(id);
      expect(alarms).toHaveLength(mediaId);
      const keys = alarms.flatMap((row) => (row['files'] as { key: string }[]).map(({ key }) => key));
      const kept = await Promise.all(keys.map(async (key) => (await cloud.object(key)).body));
      expect(kept.some((one) => one.equals(data))).toBe(true);
    }
    await device.close();
  });

  it('is asked by 0x8003 for parts of a long answer that were lost, and sends them with the serials they had', async () => {
    const id = '13800004004';
    await cloud.register(id, [{ number: 1 }]);
    const device = await connectDevice(id).login();
    const stretch = { from: '2026-08-01T10:00:00Z', to: '2026-08-01T11:00:00Z' };
    const request = await cloud.command(task.id, {
      device: id,
      type: 'list-recordings',
      channel: 0,
      stream: 'any',
      ...stretch,
    });
    await device.wait('listRecordings');
    const { serial: replySerial } = device.received.find(({ message }) => message.name === 'listRecordings')!;
    const times = { start: '260801181500', end: '260801182000' };
    const kind = { channel: 1, alarm: 0, videoAlarm: 0, avType: 0, stream: 2, storage: 1, size: 1 };
    const items = Array.from({ length: 200 }, () => ({ ...times, ...kind }));
    const list = { replySerial, total: items.length, items };
    const frames = encodeFrames(device.terminal, 'recordingList', list, device.nextSerial);
    expect(frames).toHaveLength(6);
    const first = device.nextSerial() - frames.length;
    const sent = frames.filter((_, i) => i !== 1 && i !== 4);
    device.socket.write(Buffer.concat(sent));
    expect(await device.wait('platformRetransmit')).toEqual({ firstSerial: first, indices: [2, 5] });
    device.socket.write(Buffer.concat([frames[4]!, frames[1]!]));
    const answer = await until(
      'answer',
      () => cloud.answer(request),
      (one) => one !== undefined,
    );
    expect(answer).toMatchObject({ status: 'done' });
    expect(answer!.recordings).toHaveLength(200);
    expect(answer!.recordings![199]).toMatchObject({
      stream: 'sub',
      storage: 'main',
      from: '2026-08-01T10:15:00.000Z',
    });
    // JT/T 1078-2016 4.1: every part is acknowledged.
    expect(device.seen('platformReply').filter(({ replyId }) => replyId === 0x1205)).toHaveLength(6);
    await device.close();
  });

  it('answers one command twice, and is heard once', async () => {
    const id = '13800004005';
    await cloud.register(id, [{ number: 1 }]);
    const device = await connectDevice(id).login();
    device.silent = true;
    const request = await cloud.command(task.id, { device: id, type: 'snapshot', channel: 1 });
    await device.wait('shoot');
    const { serial } = device.received.find(({ message }) => message.name === 'shoot')!;
    device.send('terminalReply', { replySerial: serial, replyId: idOf('shoot'), result: 0 });
    device.send('terminalReply', { replySerial: serial, replyId: idOf('shoot'), result: 1 });
    const answer = await until(
      'answer',
      () => cloud.answer(request),
      (one) => one !== undefined,
    );
    expect(answer!.status).toBe('done');
    expect(await device.replyTo(device.send('heartbeat', {}))).toBe(0);
    await device.close();
  });

  it.skipIf(missing !== '')(
    `may have letters in its number, a binary IMEI, and is told of streams by these bytes${missing}`,
    async () => {
      const [id, phone] = ['868935060005020', '4f07788ef676'];
      await cloud.register(id, [{ number: 1, live: 'on-demand' }]);
      const device = connectDevice(id);
      Object.assign(device, { terminal: { version: 2013, protocolVersion: 0, phone: hex(phone) } });
      await device.login();
      await cloud.watchedUntil(id, 1, Date.now() + 600_000);
      await cloud.command(task.id, { device: id, type: 'start', channel: 1, stream: 'main' });
      await device.wait('startLive');
      expect(new Set(device.received.map((one) => one.phone))).toEqual(new Set([phone]));
      // Some devices put the bytes of that very message into their packets.
      const camera = new TestCamera(id, task.ports.media, phone);
      await camera.send(encodedVideo('h264', 10).slice(0, 30));
      await until(
        'live',
        () => cloud.record(id),
        ({ streams }) => streams['1']?.state === 'live',
      );
      await camera.close();
      await device.close();
    },
  );

  it('may speak another language: what is none of ours holds no place for long', async () => {
    const strict = await cloud.task({ limits: { firstByteSeconds: 3 } });
    const others = [
      // The dialect with e7 for a flag, and the text protocol of trackers.
      hex('e70100000001234567890101e7'),
      Buffer.from('(013612345678BP05000013612345678080524A2232.9806N11404.9355E000.1101241323.8700000000L000450AC)'),
    ];
    const devices = others.map((bytes) => {
      const device = new TestDevice('1', strict.ports.control);
      device.socket.write(bytes);
      return device;
    });
    await Promise.all(devices.map(({ closed }) => closed));
    expect(devices.flatMap(({ received }) => received)).toEqual([]);
    expect(strict.ingest.services.metrics.closed).toMatchObject({ stranger: 2, fault: 0 });
  });

  it('dates an alarm wrongly: it is one of now', async () => {
    const id = '13800004006';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    const at = Math.floor(Date.now() / 1000) * 1000;
    const wrong = utcToBcd(at + 86_400_000, ZONE);
    const sign = makeSign({ region: 'jiangsu', terminalId: 'T', time: wrong, sequence: 1, attachments: 0 });
    const place = { speedKmh: 40, altitude: 1, latE6: 31e6, lonE6: 121e6, time: wrong, vehicleStatus: 0 };
    const alarm = { item: 0x67, alarmId: 1, flag: 1, type: 2, sign, ...place } as const;
    await device.replyTo(device.send('location', locationAt(at, { items: { alarms: [alarm] } })));
    const [row] = await until(
      'alarm',
      () => alarmsOf(id),
      (all) => all.length === 1,
    );
    expect(row).toMatchObject({ type: 'left-rear', time: new Date(at).toISOString() });
    await device.close();
  });

  it('has no date that can be: where it said it was last is where it is, over every connection', async () => {
    const id = '13800004030';
    await cloud.register(id);
    const at = Math.floor(Date.now() / 1000) * 1000;
    /** Over a connection of its own. */
    const says = async (lat: number, ...times: string[]) => {
      const before = new Date().toISOString();
      const device = await connectDevice(id).login();
      for (const [n, time] of times.entries()) {
        const latE6 = (lat - times.length + 1 + n) * 1e6;
        expect(await device.replyTo(device.send('location', locationAt(0, { time, latE6 })))).toBe(0);
      }
      await device.close();
      const { position } = await until(
        'offline',
        () => cloud.record(id),
        ({ online, connectedAt = '' }) => !online && connectedAt >= before,
        30_000,
      );
      return position!.lat;
    };
    const ahead = utcToBcd(at + 8 * 3_600_000, ZONE);
    expect(await says(10, utcToBcd(at - 600_000, ZONE))).toBe(10);
    expect(await says(20, ahead)).toBe(20);
    expect(await says(31, ahead, ahead)).toBe(31);
    expect(await says(40, '000000000000')).toBe(40);
    // It makes none late that has a time, then or later.
    expect(await says(50, utcToBcd(at - 300_000, ZONE))).toBe(50);
    expect(await says(60, utcToBcd(at - 400_000, ZONE))).toBe(50);
  });

  it('numbers anew what it sends again, the first part too: the picture is kept', async () => {
    const id = '13800004033';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    const data = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(2500, 9)]);
    const media = { mediaId: 5, type: 0, format: 0, event: 3, channel: 2, location: locationAt(Date.now()), data };
    const body = encodeBody('mediaData', media, 2013);
    const parts = [1, 2, 3].map((index) => {
      const part = body.subarray((index - 1) * 1000, index * 1000);
      const serial = device.nextSerial();
      return {
        serial,
        frame: (n: number) => encodeFrame(device.terminal, { id: 0x0801, serial: n, part: { total: 3, index } }, part),
      };
    });
    for (const { serial, frame } of parts.slice(1)) device.socket.write(frame(serial));
    const asked = await device.wait('platformRetransmit', 1, 30_000);
    expect(asked).toEqual({ firstSerial: parts[0]!.serial, indices: [1] });
    device.socket.write(parts[0]!.frame(device.nextSerial()));
    expect(await device.wait('mediaReply', 1, 30_000)).toEqual({ mediaId: 5 });
    const [alarm] = await alarmsOf(id);
    const [file] = alarm!['files'] as { key: string }[];
    expect((await cloud.object(file!.key)).body.equals(data)).toBe(true);
    await device.close();
  });

  it('numbers a part as none can be: it is told that this one was not taken', async () => {
    const id = '13800004031';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    for (const [part, result] of [
      [{ total: 2, index: 0 }, 1],
      [{ total: 2, index: 3 }, 1],
      [{ total: 2, index: 1 }, 0],
    ] as const) {
      const serial = device.nextSerial();
      device.socket.write(encodeFrame(device.terminal, { id: 0x0801, serial, part }, Buffer.alloc(10)));
      expect(await device.replyTo(serial)).toBe(result);
    }
    await device.close();
  });

  it('with a loose contact does not drown what others have to say', async () => {
    const id = '13800004009';
    await cloud.register(id);
    const own = await cloud.task();
    // In one minute, which may turn while the test runs.
    for (const rate of [own.ingest.services.rates.reports, own.ingest.services.rates.emergencies]) {
      const take = rate.take.bind(rate);
      rate.take = (name, _, amount) => take(name, 0, amount);
    }
    const device = await new TestDevice(id, own.ports.control).login();
    const at = Math.floor(Date.now() / 1000) * 1000 - 600_000;
    // Every bit of it on and off, 20 times.
    const frames = Array.from({ length: 20 }, (_, n) =>
      encodeFrames(
        device.terminal,
        'location',
        locationAt(at + n * 1000, { alarm: n % 2 === 0 ? 0xffffffff : 0 }),
        device.nextSerial,
      ),
    );
    device.socket.write(Buffer.concat(frames.flat()));
    expect(await device.replyTo(device.send('heartbeat', {}))).toBe(0);
    // Beside the 240 of a minute, emergencies have 60 of their own.
    const { alarms, droppedAlarms } = own.ingest.services.metrics.counts;
    expect(alarms + droppedAlarms).toBe(20 * 32);
    expect(alarms).toBeGreaterThanOrEqual(240);
    expect(alarms).toBeLessThanOrEqual(300);
    expect(own.ingest.services.outbox.size).toBeLessThanOrEqual(310);
    await device.close();
  });

  it(`says anything at all, ${COUNT} times over: it is answered and goes on, and nothing breaks`, async () => {
    const id = '13800004007';
    const steadyId = '13800004008';
    await Promise.all([cloud.register(id, [{ number: 1 }]), cloud.register(steadyId)]);
    const own = await cloud.task();
    const [device, steady] = await Promise.all(
      [id, steadyId].map((each) => new TestDevice(each, own.ports.control).login()),
    );
    const next = random(4007);
    const names = (Object.keys(samples) as MessageName[]).filter((name) => name !== 'logout' && idOf(name) < 0x8000);
    const bodies = names.flatMap((name) =>
      samples[name].map((value) => ({ id: idOf(name), body: encodeBody(name, value as never, 2013) })),
    );
    for (let n = 0; n < COUNT; n += 1) {
      const { id: message, body } = bodies[Math.floor(next() * bodies.length)]!;
      const bytes = Buffer.from(body).subarray(0, next() < 0.2 ? Math.floor(next() * body.length) : MAX_BODY);
      for (let k = Math.floor(next() * 4); k > 0 && bytes.length > 0; k -= 1) {
        bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      }
      const total = 1 + Math.floor(next() * 5);
      const part = next() < 0.1 ? { part: { total, index: Math.floor(next() * (total + 1)) } } : {};
      const frame = encodeFrame(device!.terminal, { id: message, serial: device!.nextSerial(), ...part }, bytes);
      if (next() < 0.05) frame[Math.floor(next() * frame.length)] = Math.floor(next() * 256);
      if (!device!.socket.write(frame)) await new Promise((resolve) => device!.socket.once('drain', resolve));
    }
    // A flag among what was damaged may have eaten a frame; two of them end any such run.
    device!.socket.write(hex('7e7e'));
    expect(await device!.replyTo(device!.send('heartbeat', {}), 30_000)).toBe(0);
    expect(await steady!.replyTo(steady!.send('heartbeat', {}))).toBe(0);
    const { metrics, memory } = own.ingest.services;
    expect([metrics.closed.fault, device!.isClosed]).toEqual([0, false]);
    expect(memory.messages.used).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(own.log.filter((line) => /"kind":"(connection|unhandled|uncaught)"/.test(line))).toEqual([]);
    // What was written of it is what the tables' readers take.
    await until(
      'its record',
      () => cloud.record(id),
      ({ online }) => online,
    );
    await Promise.all([device!.close(), steady!.close()]);
  }, 120_000);
});
