/** Simulated devices against a platform made of the ingest container's protocol code. */
import { describe, expect } from 'vitest';
import { hasFix } from '../../../containers/ingest/src/jt808/messages/location.ts';
import { bcdToUtc, utcToBcd } from '../../../containers/ingest/src/jt808/time.ts';
import { parseAdts } from '../../../containers/ingest/src/media/audio/aac.ts';
import { decodeALaw } from '../../../containers/ingest/src/media/audio/g711.ts';
import { sniff } from '../../../containers/ingest/src/jt808/subiao/sniff.ts';
import { loadClip, type Clip } from '../../../local/device/clip.ts';
import { allOnline, ask, host, ID, test } from './harness.ts';
import { still, until, type Platform, type SeenStream } from './platform.ts';

const playback = ({ mediaPort }: Platform) =>
  ({ host, tcpPort: mediaPort, udpPort: 0, channel: 1, avType: 0, stream: 1, storage: 0 }) as const;

const streamOf = (platform: Platform, pictures: number, index = 0): Promise<SeenStream> =>
  until(
    `${pictures} pictures`,
    () => (platform.streams[index]?.pictures.length ?? 0) >= pictures && platform.streams[index],
  );

/** Where in the clip's loop a stream's pictures begin; fails unless they are the clip's, one by one. */
function expectClip(stream: SeenStream, clip: Clip): number {
  const first = clip.frames.findIndex(({ data }) => data.equals(stream.pictures[0]!.data));
  expect(first, 'the first picture is one of the clip').toBeGreaterThanOrEqual(0);
  stream.pictures.forEach(({ data }, i) => {
    const frame = clip.frames[(first + i) % clip.frames.length]!;
    if (!frame.data.equals(data)) expect.fail(`picture ${i} is not the clip's`);
  });
  return first;
}

describe.concurrent('control connection', () => {
  test.for([
    { version: 2013, region: 'jiangsu' },
    { version: 2019, region: 'guangdong' },
  ] as const)('registers, authenticates, reports where it is: $version', async ({ version }, { rig }) => {
    const { platform, simulation } = await rig.online({
      version,
      locationSeconds: 0.2,
      heartbeatSeconds: 0.2,
      count: 3,
    });
    expect(simulation.devices.map(({ id }) => id)).toEqual([ID, '13800000002', '13800000003']);
    await until(
      'positions and heartbeats',
      () => platform.seen('location', ID).length >= 4 && platform.seen('heartbeat', ID).length >= 2,
    );
    const [register] = platform.seen('register', ID);
    expect(register).toMatchObject({ layout: version, plate: '沪A00001', terminalId: '0000001' });
    expect(platform.of(ID).terminal).toMatchObject({ version, protocolVersion: version === 2019 ? 1 : 0 });
    const locations = platform.seen('location', ID);
    for (const location of locations) {
      expect(hasFix(location)).toBe(true);
      expect(Math.abs(location.latE6 / 1e6 - 31.23)).toBeLessThan(0.05);
      expect(location.items.satellites).toBe(14);
      expect(Math.abs(bcdToUtc(location.time, 480, Date.now())! - Date.now())).toBeLessThan(10_000);
    }
    expect(locations.at(-1)!.lonE6).not.toBe(locations[0]!.lonE6);
    expect(simulation.stats).toMatchObject({ online: 3, registered: 3, authenticated: 3, refused: 0 });
  });

  test('comes again after a break, with its code and with the places of the time between', async ({ rig }) => {
    const { platform, simulation } = await rig.online({ locationSeconds: 0.1 });
    simulation.devices[0]!.reconnect();
    await until('the second authentication', () => platform.seen('authenticate').length >= 2);
    await until('a batch', () => platform.seen('locationBatch').length > 0);
    expect(platform.seen('register')).toHaveLength(1);
    const [batch] = platform.seen('locationBatch');
    expect(batch!.type).toBe(1);
    expect(batch!.locations.length).toBeGreaterThan(1);
  });

  test('is refused until it is known', async ({ rig }) => {
    let known = false;
    const { platform, simulation } = await rig.begin({}, { refuse: () => !known });
    await until('a refusal', () => simulation.stats.refused >= 1);
    expect(simulation.devices[0]!.online).toBe(false);
    known = true;
    await allOnline(simulation);
    expect(platform.seen('register').length).toBeGreaterThanOrEqual(2);
  });

  test('registers anew when its code is not taken any more', async ({ rig }) => {
    let code = 'first';
    const { platform, simulation } = await rig.begin({}, { code: () => code });
    await allOnline(simulation);
    code = 'second';
    simulation.devices[0]!.reconnect();
    await until('the second code', () => platform.seen('authenticate').some(({ authCode }) => authCode === 'second'));
    await allOnline(simulation);
    expect(platform.seen('register')).toHaveLength(2);
    expect(simulation.stats.refused).toBe(1);
  });

  test('answers what the platform asks', async ({ rig }) => {
    const { platform } = await rig.online({ channels: 2 });
    const connection = platform.of(ID);
    connection.send('avAttributesQuery', {});
    connection.send('queryAllParameters', {});
    const query = connection.send('locationQuery', {});
    const setting = connection.send('setParameters', {
      parameters: [{ id: 0x29, value: Buffer.from([0, 0, 0, 1]) }],
    });
    const talk = ask(platform, 1, 0, 2);
    const noSuch = ask(platform, 9);
    await until(
      'the answers',
      () => platform.seen('terminalReply').length >= 3 && platform.seen('locationReply').length > 0,
    );
    expect(platform.seen('avAttributes')[0]).toMatchObject({ audioCodec: 6, videoCodec: 98, maxVideoChannels: 2 });
    expect(platform.seen('parametersReply')[0]!.parameters.map(({ id }) => id)).toEqual([0x01, 0x13, 0x18, 0x29, 0x83]);
    expect(platform.seen('locationReply')[0]!.replySerial).toBe(query);
    const results = Object.fromEntries(platform.seen('terminalReply').map((r) => [r.replySerial, r.result]));
    expect(results).toEqual({ [setting]: 0, [talk]: 3, [noSuch]: 1 });
    // Every second instead of every 60.
    await until('positions by the new interval', () => platform.seen('location').length >= 3);
  });

  test('takes a picture, in parts, and sends parts again', async ({ rig }) => {
    const { platform, simulation } = await rig.online();
    const connection = platform.of(ID);
    const shoot = { channel: 1, command: 1, seconds: 0, save: false, resolution: 2, quality: 5 };
    connection.send('shoot', { ...shoot, brightness: 0, contrast: 0, saturation: 0, chroma: 0 });
    const picture = await until('the picture', () => platform.seen('mediaData')[0]);
    expect(platform.seen('shootReply')[0]).toMatchObject({ result: 0, mediaIds: [picture.mediaId] });
    expect(picture.data.subarray(0, 2).toString('hex')).toBe('ffd8');
    expect(picture.data.subarray(-2).toString('hex')).toBe('ffd9');
    const before = simulation.stats.framesSent;
    connection.send('mediaReply', { mediaId: picture.mediaId, missing: [2, 3] });
    await until('two parts', () => simulation.stats.framesSent === before + 2);
  });
});

describe.concurrent('media', () => {
  test.for([
    { version: 2013, burst: true, simBytes: 6 },
    { version: 2013, burst: false, simBytes: 10 },
    { version: 2019, burst: true, simBytes: 10 },
    { version: 2019, burst: false, simBytes: 6 },
  ] as const)(
    'pictures and sound arrive as they were made: $version, SIM of $simBytes bytes, burst $burst',
    async (options, { rig }) => {
      const { platform } = await rig.online(options);
      const [asked, began] = [Date.now(), performance.now()];
      ask(platform);
      const stream = await streamOf(platform, 12);
      expect(stream.sim).toBe(ID.padStart(options.simBytes * 2, '0'));
      expect(expectClip(stream, await loadClip('qcif'))).toBe(0);
      expect(stream.gaps).toEqual([]);
      expect(platform.counters()[0]).toMatchObject({ lostPackets: 0, resyncs: 0, droppedFrames: 0, malformed: 0 });
      // 10 pictures a second by its clock, and by ours.
      const [first, last] = [stream.pictures[0]!, stream.pictures[11]!];
      expect(last.timestamp - first.timestamp).toBe(1100);
      expect(first.timestamp).toBeGreaterThan(asked - 1000);
      expect(first.timestamp).toBeLessThanOrEqual(Date.now());
      expect(last.at - began).toBeGreaterThan(1000);
      // However late each is, where the machine was busy: it does not fall behind.
      const late = () => stream.pictures.map(({ at, timestamp }) => at - timestamp);
      await until('pictures in time', () => Math.min(...late().slice(-5)) - Math.min(...late()) < 100);
      expect(stream.sounds.length).toBeGreaterThanOrEqual(25);
      expect(stream.sounds[0]).toMatchObject({ codec: 'g711a' });
      stream.sounds.forEach(({ timestamp, data }, i) => {
        expect(data.length).toBe(320);
        expect(timestamp - stream.sounds[0]!.timestamp).toBe(40 * i);
      });
      const samples = decodeALaw(Buffer.concat(stream.sounds.map(({ data }) => data)));
      expect(Math.max(...samples.subarray(1000, 4000))).toBeGreaterThan(3000);
    },
  );

  test('AAC, as ADTS', async ({ rig }) => {
    const { platform } = await rig.online({ sound: 'aac' });
    ask(platform);
    await streamOf(platform, 12);
    const { sounds } = platform.streams[0]!;
    const { aac } = await loadClip('qcif');
    expect(sounds.length).toBeGreaterThanOrEqual(8);
    sounds.forEach(({ codec, data }, i) => {
      expect(codec).toBe('aac');
      expect(parseAdts(aac[i]!)!.frames[0]!.equals(data)).toBe(true);
    });
  });

  test('0x9102: sound off, pause, resume, sub stream, stop', async ({ rig }) => {
    const { platform, simulation } = await rig.online({ subVideo: 'cif' });
    const connection = platform.of(ID);
    ask(platform);
    const stream = await streamOf(platform, 2);
    const control = { channel: 1, closeType: 0, stream: 0 };
    connection.send('controlLive', { ...control, command: 0, closeType: 1 });
    connection.send('controlLive', { ...control, command: 2 });
    await until('two replies', () => platform.seen('terminalReply').length >= 3);
    await still('nothing more', () => stream.pictures.length + stream.sounds.length);
    const [pictures, sounds] = [stream.pictures.length, stream.sounds.length];
    connection.send('controlLive', { ...control, command: 3 });
    await streamOf(platform, pictures + 2);
    expect(stream.pictures[pictures]!.key).toBe(true);
    expect(stream.sounds).toHaveLength(sounds);
    connection.send('controlLive', { ...control, command: 1, stream: 1 });
    const sub = await loadClip('cif');
    await until('the other stream', () => stream.pictures.some(({ data }) => data.equals(sub.frames[0]!.data)));
    connection.send('controlLive', { ...control, command: 0 });
    await until('the end', () => !platform.media[0]!.open);
    expect(simulation.devices[0]!.live).toEqual([]);
    expect(simulation.stats.streaming).toBe(0);
  });

  test('asked for again, a stream that runs goes on', async ({ rig }) => {
    const { platform } = await rig.online();
    ask(platform);
    await streamOf(platform, 2);
    ask(platform);
    const stream = await streamOf(platform, 8);
    expectClip(stream, await loadClip('qcif'));
    expect(platform.media).toHaveLength(1);
  });

  test('several channels, each on its own connection or all on one', async ({ rig }) => {
    for (const multiplex of [false, true]) {
      const { platform } = await rig.online({ channels: 3, multiplex, burst: true });
      for (const channel of [1, 2, 3]) ask(platform, channel);
      await until(
        'three streams',
        () => platform.streams.length === 3 && platform.streams.every((s) => s.pictures.length >= 5),
      );
      expect(platform.media).toHaveLength(multiplex ? 1 : 3);
      for (const stream of platform.streams) {
        // Each camera shows something of its own.
        expectClip(stream, await loadClip('qcif', stream.channel - 1));
        expect(stream.gaps).toEqual([]);
      }
    }
  });

  test('streams without being asked', async ({ rig }) => {
    const platform = await rig.platform();
    const media = { host, port: platform.mediaPort };
    await rig.begin({ control: platform.control, media, push: true, burst: true });
    await streamOf(platform, 3);
    expect(platform.seen('terminalReply')).toEqual([]);
  });

  test('set forward, shown otherwise, gone silent: on demand', async ({ rig }) => {
    const { platform, simulation } = await rig.begin({ burst: true });
    const device = simulation.devices[0]!;
    await allOnline(simulation);
    ask(platform);
    const stream = await streamOf(platform, 3);
    device.jumpClock(3_600_000);
    const jumped = await until('a jump', () => {
      const at = stream.pictures.findIndex(
        (p, i) => i > 0 && p.timestamp - stream.pictures[i - 1]!.timestamp > 3_500_000,
      );
      return at > 0 && stream.pictures[at];
    });
    expect(jumped.key).toBe(true);
    device.sound(false);
    await still('no more sound', () => stream.sounds.length);
    const { length } = stream.sounds;
    await device.show('cif');
    const clip = await loadClip('cif');
    await until('the other picture', () => stream.pictures.some(({ data }) => data.equals(clip.frames[0]!.data)));
    expect(stream.sounds).toHaveLength(length);
  });
});

describe.concurrent('recordings', () => {
  test('are listed, in parts, and parts come again', async ({ rig }) => {
    const { platform, simulation } = await rig.online({ channels: 2, recordedMinutes: 120 });
    const filter = { channel: 0, start: '000000000000', end: '000000000000', alarm: 0, videoAlarm: 0 };
    const serial = platform.of(ID).send('listRecordings', { ...filter, avType: 0, stream: 1, storage: 0 });
    const list = await until('the list', () => platform.seen('recordingList')[0]);
    expect(list.replySerial).toBe(serial);
    expect(list.items).toHaveLength(list.total);
    // 24 files of five minutes on each of two channels; the one being written makes it 25, the oldest may be gone.
    expect(list.total).toBeGreaterThanOrEqual(46);
    expect(list.total).toBeLessThanOrEqual(50);
    expect(new Set(list.items.map(({ channel }) => channel))).toEqual(new Set([1, 2]));
    expect(list.items.every(({ stream, size }) => stream === 1 && size > 0)).toBe(true);
    expect(simulation.stats.framesSent).toBeGreaterThan(3);
  });

  test('play back with the times they were taken at, faster if asked, and end', async ({ rig }) => {
    const { platform } = await rig.online({ zoneMinutes: 120 });
    const from = Math.floor(Date.now() / 1000) * 1000 - 600_000;
    platform.of(ID).send('startPlayback', {
      ...playback(platform),
      mode: 1,
      speed: 4,
      start: utcToBcd(from, 120),
      end: utcToBcd(from + 8000, 120),
    });
    await until('the end', () => platform.media[0]?.open === false);
    const [stream] = platform.streams;
    // Where the loop would have been at that time, from the keyframe before it.
    expect(expectClip(stream!, await loadClip('qcif'))).toBe(Math.floor((from % 16_000) / 1000) * 10);
    const [first, last] = [stream!.pictures[0]!, stream!.pictures.at(-1)!];
    expect(first.key).toBe(true);
    expect(first.timestamp).toBeGreaterThan(from - 1001);
    expect(first.timestamp).toBeLessThanOrEqual(from);
    expect(last.timestamp).toBeGreaterThanOrEqual(from + 7900);
    expect(last.timestamp).toBeLessThan(from + 8000);
    // Eight times as fast, but for what the machine is late by.
    expect(last.at - first.at).toBeLessThan(6000);
    expect(platform.seen('recordingList')[0]!.total).toBeGreaterThanOrEqual(1);
  });

  test('are paused, moved about in and ended', async ({ rig }) => {
    const { platform } = await rig.online({ zoneMinutes: 0 });
    const connection = platform.of(ID);
    const from = Math.floor(Date.now() / 1000) * 1000 - 900_000;
    connection.send('startPlayback', {
      ...playback(platform),
      mode: 0,
      speed: 0,
      start: utcToBcd(from, 0),
      end: utcToBcd(from + 600_000, 0),
    });
    const stream = await streamOf(platform, 3);
    const control = { channel: 1, speed: 0, position: utcToBcd(from + 300_000, 0) };
    connection.send('controlPlayback', { ...control, control: 5 });
    const moved = await until('the other place', () =>
      stream.pictures.find(({ timestamp }) => timestamp > from + 200_000),
    );
    expect(moved.key).toBe(true);
    expect(Math.abs(moved.timestamp - from - 300_000)).toBeLessThanOrEqual(1000);
    connection.send('controlPlayback', { ...control, control: 2 });
    await until('the end', () => !platform.media[0]!.open);
  });
});

describe.concurrent('alarms', () => {
  test.for([
    { version: 2013, loss: 0, types: ['jpg', 'h264', 'bin'], layout: 'fixed' },
    { version: 2019, loss: 0.4, types: ['jpg', 'mp4', 'bin'], layout: 'fixed' },
    { version: 2019, region: 'heilongjiang', loss: 0, types: ['jpg', 'mp4', 'bin'], layout: 'prefixed' },
  ] as const)(
    'files arrive whole: $version $region, pieces lost: $loss',
    async ({ types, layout, loss, ...options }, { rig }) => {
      const { platform, simulation } = await rig.online({ ...options, faults: { loss } });
      expect(simulation.devices[0]!.alarm('fatigue')).toBe(true);
      const alarm = await until(
        'the alarm',
        () => platform.seen('location').flatMap(({ items }) => items.alarms ?? [])[0],
      );
      expect(alarm).toMatchObject({ item: 0x65, type: 1, flag: 1, sign: { attachments: 3, terminalId: '0000001' } });
      const alarmNo = '0123456789abcdef0123456789abcdef';
      const where = { host, tcpPort: platform.attachments, udpPort: 0 };
      platform.of(ID).send('uploadAttachments', { ...where, sign: alarm.sign, alarmNo });
      await until('all files', () => simulation.stats.filesSent === 3);
      const [upload] = platform.uploads;
      expect(upload!.refused).toEqual([]);
      expect(upload!.mux.raw.layout).toBe(layout);
      const files = [...upload!.files];
      expect(files.map(([name]) => name)).toEqual(
        ['00', '02', '04'].map((type, i) => `${type}_65_6501_${i}_${alarmNo}.${types[i]}`),
      );
      for (const [i, [, { bytes, ranges }]] of files.entries()) {
        expect(ranges.missing(bytes.length)).toEqual([]);
        expect(sniff(bytes.subarray(0, 64))).toBe(types[i]);
      }
      expect(simulation.stats.rangesResent > 0).toBe(loss > 0);
    },
  );
});
