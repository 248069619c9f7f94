/** The control port over real sockets, with the real tables behind it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePoints } from '../../../../lib/contract/positions.ts';
import { phoneBytes } from '../../../../containers/ingest/src/jt808/identity.ts';
import { encodeFrames } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { makeSign } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { h264Picture } from '../streams.ts';
import { TestCamera, TestDevice, ZONE, locationAt } from './device.ts';
import { utcToBcd } from '../../../../containers/ingest/src/jt808/time.ts';
import { registration } from '../registration.ts';

let cloud: Cloud;
let task: OwnTask;

const connectDevice = (id: string, version: 2013 | 2019 = 2013) => new TestDevice(id, task.ports.control, version);

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
});
afterAll(() => cloud.close());

describe.concurrent('a registered device', () => {
  it.each([
    ['2013', '13800000001', 2013, 2013],
    ['2019', '14400000000000000002', 2019, 2019],
  ] as const)('registers, authenticates and reports where it is (%s)', async (protocol, id, version, layout) => {
    await cloud.register(id, []);
    const device = connectDevice(id, version);
    device.send('register', { ...registration, layout });
    const { result, authCode } = await device.wait('registerReply');
    expect([result, authCode]).toEqual([0, expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(await device.replyTo(device.send('authenticate', { authCode: authCode! }))).toBe(0);
    const at = Math.floor(Date.now() / 1000) * 1000;
    for (let n = 0; n < 3; n += 1) {
      expect(await device.replyTo(device.send('location', locationAt(at - 3000 + n * 1000)))).toBe(0);
    }
    const record = await until(
      'its position',
      () => cloud.record(id),
      ({ position }) => position?.time === new Date(at - 1000).toISOString(),
    );
    expect(record).toMatchObject({
      online: true,
      task: task.id,
      protocol,
      alarms: [],
      authCode,
      position: { lat: 31.2304, lon: 121.4737, speedKmh: 40.5, direction: 90, altitude: 12, accOn: true },
    });
    const points = await until(
      'its points',
      async () =>
        (await cloud.rows('POSITIONS_TABLE'))
          .filter(({ track }) => String(track).startsWith(`${id}#`))
          .flatMap((item) => decodePoints(item['points'] as Uint8Array)),
      (all) => all.length === 3,
    );
    expect(points[0]).toEqual({
      time: at - 3000,
      latE6: 31_230_400,
      lonE6: 121_473_700,
      speed: 405,
      direction: 90,
      altitude: 12,
      alarm: 0,
      accOn: true,
    });
    // Everything it is told carries the very bytes it used itself.
    expect(new Set(device.received.map(({ phone }) => phone))).toEqual(
      new Set([phoneBytes(id, version).toString('hex')]),
    );
    await device.close();
    await until(
      'offline',
      () => cloud.record(id),
      ({ online }) => !online,
    );
  });

  it('is answered whatever it says, in order', async () => {
    await cloud.register('13800000003');
    const device = connectDevice('13800000003');
    const logged = device.send('authenticate', { authCode: '' });
    const beat = device.send('heartbeat', {});
    const odd = device.nextSerial();
    // 0x0f00 is no message of any standard.
    device.socket.write(Buffer.from([0x7e]));
    device.socket.write(frameOf(device, 0x0f00, odd));
    device.socket.write(Buffer.from('7e00017e00ff7e', 'hex'));
    const before = Math.floor(Date.now() / 1000) * 1000;
    device.send('timeQuery', {});
    const { time } = await device.wait('timeReply');
    const said = Date.parse(`20${time.replace(/(..)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z')}`);
    expect(said).toBeGreaterThanOrEqual(before);
    expect(said).toBeLessThanOrEqual(Date.now());
    expect(await Promise.all([logged, beat, odd].map((serial) => device.replyTo(serial)))).toEqual([0, 0, 3]);
    device.send('avAttributes', {
      audioCodec: 6,
      audioChannels: 1,
      sampleRate: 0,
      sampleBits: 1,
      audioFrameBytes: 320,
      audioOutput: true,
      videoCodec: 98,
      maxAudioChannels: 4,
      maxVideoChannels: 4,
    });
    const { capabilities } = await until(
      'capabilities',
      () => cloud.record('13800000003'),
      (r) => r.capabilities !== undefined,
    );
    expect(capabilities).toMatchObject({ videoCodec: 98, audioOutput: true });
    const bye = device.send('logout', {});
    expect(await device.replyTo(bye)).toBe(0);
    await device.closed;
  });

  it('may be silent about who it is and begin with a location, but not where codes are required', async () => {
    await cloud.register('13800000004');
    const device = connectDevice('13800000004');
    expect(await device.replyTo(device.send('location', locationAt(Date.now())))).toBe(0);
    await device.close();

    const strict = await cloud.task({ requireAuthCode: true });
    const first = new TestDevice('13800000004', strict.ports.control);
    expect(await first.replyTo(first.send('location', locationAt(Date.now())))).toBe(1);
    await first.closed;
    const wrong = new TestDevice('13800000004', strict.ports.control);
    wrong.send('register', registration);
    const { authCode } = await wrong.wait('registerReply');
    expect(await wrong.replyTo(wrong.send('authenticate', { authCode: `${authCode}x` }))).toBe(1);
    await wrong.closed;
    const right = new TestDevice('13800000004', strict.ports.control);
    expect(await right.replyTo(right.send('authenticate', { authCode: authCode! }))).toBe(0);
    await right.close();
    expect(strict.ingest.services.metrics.refused.auth).toBe(2);
  });

  it('alone is told its code: not who knows its number, once it has used it', async () => {
    const id = '13800000007';
    await cloud.register(id);
    const strict = await cloud.task({ requireAuthCode: true });
    const connectTo = (port: number) => new TestDevice(id, port);
    const register = async (device: TestDevice) => {
      device.send('register', registration);
      return device.wait('registerReply');
    };
    // An answer that was lost: asked again before it was ever used, it is given again.
    const first = connectTo(strict.ports.control);
    const { authCode } = await register(first);
    await first.close();
    const device = connectTo(strict.ports.control);
    expect(await register(device)).toMatchObject({ result: 0, authCode });
    expect(await device.replyTo(device.send('authenticate', { authCode: authCode! }))).toBe(0);
    await until(
      'code used',
      () => cloud.record(id),
      ({ codeUsedAt }) => codeUsedAt !== undefined,
    );
    const thief = connectTo(strict.ports.control);
    expect(await register(thief)).toEqual({ replySerial: 0, result: 3 });
    expect(await thief.replyTo(thief.send('authenticate', { authCode: '' }))).toBe(1);
    await thief.closed;
    expect(device.isClosed).toBe(false);
    expect(strict.ingest.services.metrics.refused.auth).toBe(2);
    await device.close();
    // At every power-up some register again, and then go on with what they have.
    const again = connectTo(strict.ports.control);
    expect((await register(again)).result).toBe(3);
    expect(await again.replyTo(again.send('authenticate', { authCode: authCode! }))).toBe(0);
    await again.close();
    // Where codes are not required, anybody may ask.
    const open = connectTo(task.ports.control);
    expect(await register(open)).toMatchObject({ result: 0, authCode });
    await open.close();
  });

  it('that connects again replaces its older connection, here and at another task', async () => {
    await cloud.register('13800000005');
    const other = await cloud.task();
    const first = await connectDevice('13800000005').login();
    const second = await connectDevice('13800000005').login();
    await first.closed;
    const third = await new TestDevice('13800000005', other.ports.control).login();
    await until(
      'taken over',
      () => cloud.record('13800000005'),
      (record) => record.task === other.id,
    );
    // It learns so from the table, when it has something to tell.
    second.send('heartbeat', {});
    await second.closed;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await cloud.record('13800000005')).toMatchObject({ online: true, task: other.id });
    expect(third.isClosed).toBe(false);
    await third.close();
  });

  it('sends a picture in parts, of which one is lost', async () => {
    await cloud.register('13800000006');
    const device = await connectDevice('13800000006').login();
    const data = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(4000, 7)]);
    const media = { mediaId: 77, type: 0, format: 0, event: 3, channel: 2, location: locationAt(Date.now()), data };
    const frames = encodeFrames(device.terminal, 'mediaData', media, device.nextSerial);
    expect(frames.length).toBe(4);
    device.socket.write(Buffer.concat([frames[0]!, frames[1]!, frames[3]!]));
    // 0x8800 names part 3; a part sent again has the serial it had.
    expect(await device.wait('mediaReply', 1)).toEqual({ mediaId: 77, missing: [3] });
    device.socket.write(frames[2]!);
    expect(await device.wait('mediaReply', 2)).toEqual({ mediaId: 77 });
    expect(device.seen('platformReply').filter(({ replyId }) => replyId === 0x0801)).toHaveLength(4);
    const [alarm] = (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === '13800000006');
    expect(alarm).toMatchObject({ kind: 'multimedia', type: 'collision', channel: 2, phase: 'event' });
    const [file] = alarm!['files'] as { key: string; kind: string }[];
    expect(file!.kind).toBe('picture');
    expect((await cloud.object(file!.key)).body.equals(data)).toBe(true);
    await device.close();
  });
});

describe.concurrent('alarms', () => {
  it('begin and end once, and those with files ask for them', async () => {
    const id = '13800000010';
    await cloud.register(id);
    const device = await connectDevice(id).login();
    const at = Math.floor(Date.now() / 1000) * 1000 - 10_000;
    const sign = makeSign({
      region: 'jiangsu',
      terminalId: 'T000010',
      time: utcToBcd(at, ZONE),
      sequence: 1,
      attachments: 2,
    });
    device.send('location', locationAt(at, { alarm: 2 }));
    device.send('location', locationAt(at + 1000, { alarm: 3 }));
    device.send(
      'location',
      locationAt(at + 2000, {
        alarm: 1,
        items: {
          alarms: [
            {
              item: 0x64,
              alarmId: 9,
              flag: 1,
              type: 1,
              level: 2,
              frontSpeedKmh: 30,
              distance: 12,
              departure: 0,
              roadSign: 0,
              roadSignValue: 0,
              speedKmh: 41,
              altitude: 10,
              latE6: 31_230_400,
              lonE6: 121_473_700,
              time: utcToBcd(at, ZONE),
              vehicleStatus: 1,
              sign,
            },
          ],
        },
      }),
    );
    const upload = await device.wait('uploadAttachments');
    expect(upload).toMatchObject({ host: '127.0.0.1', tcpPort: 7611, udpPort: 0 });
    expect(upload.sign.raw.equals(sign.raw)).toBe(true);
    const rows = await until(
      'alarms',
      async () => (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id),
      (all) => all.length === 4,
    );
    expect(rows.map(({ kind, type, phase }) => `${String(kind)} ${String(type)} ${String(phase)}`).sort()).toEqual([
      'adas forward-collision start',
      'status overspeed end',
      'status overspeed start',
      'status sos start',
    ]);
    // Of a lasting one it is said when it was over; its end is none that people are told of.
    await task.ingest.services.outbox.drained();
    const kept = (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id);
    expect(kept.map(({ type, phase, inbox, endedAt }) => [type, phase, inbox, endedAt]).sort()).toEqual([
      ['forward-collision', 'start', 'new.0', undefined],
      ['overspeed', 'end', undefined, undefined],
      ['overspeed', 'start', 'new.0', new Date(at + 2000).toISOString()],
      ['sos', 'start', 'new.0', undefined],
    ]);
    const adas = rows.find(({ kind }) => kind === 'adas')!;
    expect(adas).toMatchObject({
      level: 2,
      time: new Date(at).toISOString(),
      position: { lat: 31.2304, speedKmh: 41 },
    });
    expect(upload.alarmNo.startsWith(String(adas['id']))).toBe(true);
    await until(
      'in force',
      () => cloud.record(id),
      ({ alarms }) => alarms?.join() === 'sos',
    );
    await device.close();
    // What was in force when it left has not begun anew.
    await until(
      'offline',
      () => cloud.record(id),
      ({ online }) => !online,
    );
    const again = await connectDevice(id).login();
    await again.replyTo(again.send('location', locationAt(at + 20_000, { alarm: 1 })));
    await task.ingest.services.outbox.drained();
    expect((await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id)).toHaveLength(4);
    await again.close();
  });
});

describe.concurrent('an unknown device', () => {
  it('is refused, listed, and let in once it is registered', async () => {
    const id = '13900000001';
    const device = connectDevice(id);
    device.send('register', registration);
    expect(await device.wait('registerReply')).toEqual({ replySerial: 0, result: 4 });
    await device.closed;
    const lost = connectDevice('13900000002');
    expect(await lost.replyTo(lost.send('location', locationAt(Date.now())))).toBe(1);
    await lost.closed;
    const rows = await until(
      'rows',
      () => cloud.fleet('unknown'),
      (all) => all.length >= 2,
    );
    expect(rows.find((row) => row['id'] === id)).toMatchObject({
      why: 'register',
      count: 1,
      plate: '沪A12345',
      model: 'CAM-1',
      protocol: '2013',
      address: '127.0.0.0/24',
    });
    expect(rows.find((row) => row['id'] === '13900000002')).toMatchObject({ why: 'location' });
    expect(task.ingest.services.metrics.refused.unknown).toBeGreaterThanOrEqual(2);
    await cloud.register(id);
    await until(
      'let in',
      async () => {
        const again = connectDevice(id);
        const result = await again.replyTo(again.send('authenticate', { authCode: '' }));
        await again.close();
        return result;
      },
      (result) => result === 0,
    );
  });

  it('cannot fill the table', async () => {
    const small = await cloud.task({ limits: { unknownPerMinute: 2 } });
    for (let n = 0; n < 6; n += 1) {
      const device = new TestDevice(`1950000000${n}`, small.ports.control);
      expect(await device.replyTo(device.send('heartbeat', {}))).toBe(1);
      await device.close();
    }
    await small.ingest.services.outbox.drained();
    const rows = (await cloud.fleet('unknown')).filter(({ id }) => String(id).startsWith('195'));
    // The minute may have turned once in between.
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.length).toBeLessThanOrEqual(4);
  });
});

describe.concurrent('limits', () => {
  it('of connections from one address and of the task', async () => {
    const small = await cloud.task({ limits: { connections: 4, connectionsPerAddress: 3 } });
    const from = (address: string) => new TestDevice('13900000009', small.ports.control, 2013, address);
    const guests = [1, 2, 3].map(() => from('127.0.0.1'));
    const tooMany = from('127.0.0.1');
    await tooMany.closed;
    const elsewhere = from('127.0.0.2');
    const full = from('127.0.0.3');
    await full.closed;
    expect([...guests, elsewhere].map(({ isClosed }) => isClosed)).toEqual([false, false, false, false]);
    expect(small.ingest.services.metrics.refused).toMatchObject({ address: 1, connections: 1 });
    await guests[0]!.close();
    await until(
      'room again',
      async () => {
        const next = from('127.0.0.1');
        await new Promise((resolve) => setTimeout(resolve, 50));
        const open = !next.isClosed;
        await next.close();
        return open;
      },
      Boolean,
    );
    await Promise.all([...guests, elsewhere].map((guest) => guest.close()));
  });

  it('of silence: before the first byte, and after it', async () => {
    // As long as this process itself may stand still between a connection and its first byte.
    const impatient = await cloud.task({ limits: { firstByteSeconds: 3, idleSeconds: 3 } });
    await cloud.register('13800000020');
    const mute = new TestDevice('13800000020', impatient.ports.control);
    const idle = await new TestDevice('13800000020', impatient.ports.control).login();
    await mute.closed;
    await idle.closed;
    expect(impatient.ingest.services.metrics.closed).toMatchObject({ firstByte: 1, idle: 1 });
  });

  it('of bytes that never say who sends them, at every port', async () => {
    const impatient = await cloud.task({ limits: { firstByteSeconds: 3 } });
    const id = '13800000022';
    await cloud.register(id, [{ live: 'always' }]);
    const known = await new TestDevice(id, impatient.ports.control).login();
    const { control, media, attachments } = impatient.ports;
    // A frame, a packet and a file's piece that begin and never end, crumb by crumb.
    const strangers = [control, media, attachments].map((port) => new TestDevice(id, port));
    const crumb = () => {
      for (const { socket } of strangers) if (socket.writable) socket.write(Buffer.from([0x7e, 0x30]));
    };
    crumb();
    const crumbs = setInterval(crumb, 100);
    await Promise.all(strangers.map(({ closed }) => closed));
    clearInterval(crumbs);
    expect(impatient.ingest.services.metrics.closed).toMatchObject({ stranger: 3, idle: 0, firstByte: 0 });
    expect(await known.replyTo(known.send('heartbeat', {}))).toBe(0);
    await known.close();
  });

  it('of messages that stay unfinished, of all devices together', async () => {
    // An eighth of it is for such messages: 8 KiB.
    const small = await cloud.task({ limits: { bufferBytes: 64 * 1024 } });
    const ids = ['13800000023', '13800000024'];
    await Promise.all(ids.map((id) => cloud.register(id)));
    const [one, two] = await Promise.all(ids.map((id) => new TestDevice(id, small.ports.control).login()));
    const parts = (device: TestDevice, count: number) => {
      const data = Buffer.alloc(20_000, 7);
      const media = { mediaId: 1, type: 0, format: 0, event: 0, channel: 1, data };
      const frames = encodeFrames(device.terminal, 'mediaData', media, device.nextSerial).slice(0, count);
      const { length } = device.seen('platformReply');
      device.socket.write(Buffer.concat(frames));
      return until(
        'answers',
        () => device.seen('platformReply').slice(length),
        (replies) => replies.length === count,
      ).then((replies) => replies.map(({ result }) => result));
    };
    expect(await parts(one!, 7)).toEqual(Array.from({ length: 7 }, () => 0));
    expect(await parts(two!, 3)).toEqual([0, 1, 1]);
    expect(small.ingest.services.metrics.counts.droppedParts).toBe(2);
    // Who leaves gives back what was held for it.
    await one!.close();
    await until(
      'room',
      () => small.ingest.services.memory.messages.used,
      (used) => used < 2000,
    );
    await two!.close();
    await until(
      'all of it',
      () => small.ingest.services.memory.messages.used,
      (used) => used === 0,
    );
  });

  it('of what is held for a device that is looked up', async () => {
    const flood = connectDevice('13900000077');
    const many = Buffer.concat(
      Array.from({ length: 500 }, () => encodeFrames(flood.terminal, 'heartbeat', {}, flood.nextSerial)[0]!),
    );
    flood.socket.write(many);
    await flood.closed;
    expect(task.ingest.services.metrics.closed.flood).toBe(1);
  });

  it('of garbage: it ends nobody else', async () => {
    await cloud.register('13800000021');
    const steady = await connectDevice('13800000021').login();
    for (let n = 0; n < 30; n += 1) {
      const noisy = connectDevice('13800000021');
      noisy.socket.write(Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919 * (n + 1)) % 256)));
      noisy.socket.end();
      await noisy.closed;
    }
    expect(await steady.replyTo(steady.send('heartbeat', {}))).toBe(0);
    await steady.close();
  });
});

describe.concurrent('what a number alone can spend', () => {
  it('is bounded in positions', async () => {
    const id = '13800000801';
    await cloud.register(id, []);
    const own = await cloud.task({ limits: { positionsPerDay: 20 } });
    const device = await new TestDevice(id, own.ports.control).login();
    const at = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
    const locations = Array.from({ length: 50 }, (_, i) => locationAt(at + i * 1000));
    await device.replyTo(device.send('locationBatch', { type: 1, locations }));
    await until(
      'being told',
      async () => (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id).map((row) => row['type']),
      (types) => types.join() === 'positions',
    );
    const points = async () =>
      (await cloud.rows('POSITIONS_TABLE'))
        .filter(({ track }) => String(track).startsWith(`${id}#`))
        .flatMap((item) => decodePoints(item['points'] as Uint8Array)).length;
    await until('its points', points, (count) => count === 20);
    await device.close();
  });

  it('is bounded in connections, and in what is written of it', async () => {
    const id = '13800000802';
    await cloud.register(id, []);
    const own = await cloud.task();
    let refused = 0;
    for (let n = 0; n < 125; n += 1) {
      const device = new TestDevice(id, own.ports.control);
      const serial = device.send('authenticate', { authCode: 'x' });
      const answered = await Promise.race([
        device.replyTo(serial).then(() => true),
        device.closed.then(() => false),
      ]).catch(() => false);
      if (!answered) refused += 1;
      await device.close();
    }
    // Sixty in a minute, of which two may have been.
    expect(refused).toBeGreaterThanOrEqual(5);
    expect(refused).toBeLessThanOrEqual(125 - 60);
  });

  it('is bounded in the bytes of a channel, over connections that follow one another', async () => {
    const id = '13800000803';
    await cloud.register(id, [{ live: 'always' }]);
    const own = await cloud.task({ limits: { streamBytesPerSecond: 20_000 } });
    const device = await new TestDevice(id, own.ports.control).login();
    await device.wait('startLive');
    const pictures = Array.from({ length: 30 }, (_, i) => h264Picture(i % 10 === 0, 10_000, i + 1));
    const [first, second] = [0, 1].map(() => new TestCamera(id, own.ports.media));
    await first!.send(pictures);
    await first!.closed;
    await second!.send(pictures.slice(0, 5));
    await second!.closed;
    expect(own.ingest.services.metrics.closed.flood).toBe(2);
    expect(device.isClosed).toBe(false);
    await device.close();
  });
});

describe.concurrent('commands', () => {
  it('are answered by the message the standard names, by the general reply, or by both', async () => {
    const id = '13800000031';
    await cloud.register(id, [{ number: 1 }]);
    const device = await connectDevice(id).login();
    device.silent = true;
    const base = { device: id, channel: 1 };
    const stretch = { from: '2026-08-01T10:00:00Z', to: '2026-08-01T11:00:00Z' };
    const commands = { play: { ...stretch, speed: 1 }, snapshot: {} } as const;
    const asks = { play: 'startPlayback', snapshot: 'shoot' } as const;
    const counts = { play: 0, snapshot: 0 };
    /** Asks, and answers what the device says to it. */
    const outcome = async (type: 'play' | 'snapshot', reply: (serial: number, commandId: number) => void) => {
      const request = await cloud.command(task.id, { ...base, type, ...commands[type] });
      counts[type] += 1;
      await device.wait(asks[type], counts[type]);
      const { serial, message } = device.received.findLast((one) => one.message.name === asks[type])!;
      reply(serial, message.id);
      const { status, reason } = (await until(
        'answer',
        () => cloud.answer(request),
        (answer) => answer !== undefined,
      ))!;
      return reason ?? status;
    };
    const general = (result: number) => (replySerial: number, replyId: number) =>
      void device.send('terminalReply', { replySerial, replyId, result });
    const listed = (replySerial: number) => void device.send('recordingList', { replySerial, total: 0, items: [] });
    const shot = (result: number) => (replySerial: number) =>
      void device.send('shootReply', { replySerial, result, mediaIds: [] });
    expect(await outcome('play', listed)).toBe('done');
    expect((await cloud.fleet('playback')).map((row) => row['device'])).toContain(id);
    expect(await outcome('play', general(0))).toBe('done');
    expect(await outcome('play', general(1))).toBe('refused');
    expect((await cloud.fleet('playback')).map((row) => row['device'])).not.toContain(id);
    expect(await outcome('snapshot', shot(0))).toBe('done');
    expect(await outcome('snapshot', shot(2))).toBe('unsupported');
    expect(await outcome('snapshot', shot(1))).toBe('refused');
    expect(await outcome('snapshot', general(0))).toBe('done');
    await device.close();
  });

  it('reach the device with its own identity, spaced out, and are answered', async () => {
    const slow = await cloud.task({ limits: { commandsPerSecond: 2 } });
    await cloud.register('13800000030', [{ number: 1 }, { number: 2, live: 'never' }]);
    const device = await new TestDevice('13800000030', slow.ports.control).login();
    const base = { device: '13800000030' };
    const stretch = { from: '2026-08-01T10:00:00Z', to: '2026-08-01T11:00:00Z' };
    const began = performance.now();
    const shot = await cloud.command(slow.id, { ...base, type: 'snapshot', channel: 1 });
    const seek = await cloud.command(slow.id, {
      ...base,
      type: 'control-playback',
      channel: 1,
      action: 'seek',
      to: stretch.from,
    });
    const list = await cloud.command(slow.id, {
      ...base,
      type: 'list-recordings',
      channel: 0,
      stream: 'main',
      ...stretch,
    });
    const never = await cloud.command(slow.id, { ...base, type: 'start', channel: 2, stream: 'main' });
    const stranger = await cloud.command(slow.id, { device: '13899999999', type: 'snapshot', channel: 1 });
    const asked = await device.wait('listRecordings');
    // In the device's zone.
    expect(asked).toMatchObject({ channel: 0, start: '260801180000', end: '260801190000', stream: 1, avType: 3 });
    const { serial } = device.received.find(({ message }) => message.name === 'listRecordings')!;
    const item = {
      channel: 1,
      start: '260801181500',
      end: '260801182000',
      alarm: 2,
      videoAlarm: 0,
      avType: 0,
      stream: 1,
      storage: 1,
      size: 12_345,
    };
    device.send('recordingList', { replySerial: serial, total: 60, items: Array.from({ length: 60 }, () => item) });
    const answers = await until(
      'answers',
      () => Promise.all([shot, seek, list, never, stranger].map((id) => cloud.answer(id))),
      (all) => all.every((answer) => answer !== undefined),
    );
    expect(answers.map((answer) => [answer!.type, answer!.status, answer!.reason])).toEqual([
      ['snapshot', 'done', undefined],
      ['control-playback', 'done', undefined],
      ['list-recordings', 'done', undefined],
      ['start', 'failed', 'refused'],
      ['snapshot', 'failed', 'not-here'],
    ]);
    expect(answers[2]!.recordings).toHaveLength(60);
    expect(answers[2]!.recordings![0]).toEqual({
      channel: 1,
      from: '2026-08-01T10:15:00.000Z',
      to: '2026-08-01T10:20:00.000Z',
      stream: 'main',
      storage: 'main',
      media: 'audio-video',
      alarms: ['overspeed'],
      bytes: 12_345,
    });
    expect(device.seen('controlPlayback')[0]).toMatchObject({ control: 5, position: '260801180000' });
    const times = device.received
      .filter(({ message }) => ['shoot', 'controlPlayback', 'listRecordings'].includes(message.name))
      .map(({ at }) => at);
    // Arrival is what is measured, and this machine may be late at any of them: at the first, too.
    expect(times[2]! - began).toBeGreaterThanOrEqual(1000);
    device.result = 3;
    const unsupported = await cloud.command(slow.id, { ...base, type: 'snapshot', channel: 1 });
    expect(
      (await until(
        'answer',
        () => cloud.answer(unsupported),
        (a) => a !== undefined,
      ))!.reason,
    ).toBe('unsupported');
    await cloud.command(slow.id, { ...base, type: 'disconnect' });
    await device.closed;
  });
});

/** A frame of any id with an empty body. */
function frameOf(device: TestDevice, id: number, serial: number): Buffer {
  const content = Buffer.concat([
    Buffer.from([id >> 8, id & 255, 0, 0]),
    device.terminal.phone,
    Buffer.from([serial >> 8, serial & 255]),
  ]);
  return Buffer.concat([content, Buffer.from([content.reduce((sum, byte) => sum ^ byte, 0), 0x7e])]);
}
