/**
 * The failed-write matrix: every kind of write of a task is failed once, has its answer lost once, and is failed for a minute;
 * afterwards everything is as it would have been, and what a device was told has come to be. A minute is two seconds here, and
 * pauses are as much shorter.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePoints } from '../../../../lib/contract/positions.ts';
import type { AlarmRecord, DeviceRecord } from '../../../../lib/contract/device.ts';
import { usageKind } from '../../../../lib/contract/fleet.ts';
import { readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { sourceKey } from '../../../../lib/contract/keys.ts';
import { h264Picture } from '../streams.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestCamera, TestDevice, locationAt } from './device.ts';
import { MINUTE, PAUSES, Trouble, WAYS, type Rule, type Way } from './trouble.ts';
import { bytes, JPEG, MP4, raise, Uploader, type File } from './uploader.ts';

let cloud: Cloud;
let trouble: Trouble;
let task: OwnTask;

interface Case {
  /** What is written. */
  readonly write: string;
  readonly fails: RegExp;
  /** Does it, and waits for what should come of it. */
  readonly run: (id: string, way: Way) => Promise<void>;
  readonly ways?: readonly Way[];
}

const connect = (id: string) => new TestDevice(id, task.ports.control);
const pictures = Array.from({ length: 60 }, (_, i) => h264Picture(i % 10 === 0, 400, i + 1));
const record = (what: string, id: string, good: (value: DeviceRecord) => unknown) =>
  until(
    what,
    () => cloud.record(id),
    (value) => Boolean(good(value)),
  );
const rowsOf = async (table: string, id: string) =>
  (await cloud.rows(table)).filter((row) => JSON.stringify(row).includes(id));
const alarmsOf = async (id: string) => (await rowsOf('ALARMS_TABLE', id)) as unknown as AlarmRecord[];
const told = (id: string, type: string) =>
  trouble.events.filter((event) => event.device === id && event.type === type).length;

/** Commands reach it by what its record says. */
async function isCommanded(id: string): Promise<void> {
  const { task: holder } = await record('online', id, ({ online }) => online);
  const request = await cloud.command(holder!, { type: 'snapshot', device: id, channel: 1 });
  await until(
    'its answer',
    () => cloud.answer(request),
    (row) => row?.status === 'done',
  );
}

/** An alarm with these files, sent until the device is told that all of them are there. */
async function sendFiles(id: string, files: readonly File[]): Promise<AlarmRecord> {
  await cloud.register(id, [], { viewers: ['anna'] });
  const device = await connect(id).login();
  const { sign, asked } = await raise(device, 'jiangsu', 1, files.length);
  for (let round = 0; ; round += 1) {
    const up = new Uploader(id, task.ports.attachments);
    const whole = await sendAll(up, sign, asked.alarmNo, files);
    await up.close();
    if (whole) break;
    if (round === 60) throw new Error('the files were never taken');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await device.close();
  const [alarm] = await alarmsOf(id);
  return alarm!;
}

async function sendAll(up: Uploader, sign: Parameters<Uploader['list']>[0], number: string, files: readonly File[]) {
  if ((await up.list(sign, number, files)) !== 0) return false;
  for (const file of files) {
    await up.begin(file);
    up.range(file, 0, file.data.length);
    for (let tries = 0; ; tries += 1) {
      const { missing } = await up.finish(file);
      if (missing.length === 0) break;
      if (tries === 60) return false;
      await new Promise((resolve) => setTimeout(resolve, 50));
      await up.begin(file);
      for (const { offset, length } of missing) up.range(file, offset, offset + length);
    }
  }
  return true;
}

/** All of its files are there once, whatever was tried again. */
async function filesAreKept(id: string, files: readonly File[]): Promise<void> {
  const alarm = await sendFiles(id, files);
  expect(alarm.files.map(({ state, bytes: size }) => [state, size])).toEqual(
    files.map(({ data }) => ['complete', data.length]),
  );
  const videos = await rowsOf('VIDEOS_TABLE', id);
  expect(videos).toHaveLength(alarm.files.filter(({ kind }) => kind === 'video').length);
  for (const [i, file] of alarm.files.entries()) {
    const { body } =
      file.videoId === undefined
        ? await cloud.object(file.key!)
        : await cloud.object(sourceKey(file.videoId), process.env['SOURCE_BUCKET']);
    expect(body.equals(files[i]!.data)).toBe(true);
  }
}

const PICTURE: File = { name: '00_65_6502_1_x.jpg', type: 0, data: bytes(50_000, JPEG, 1) };
const FILM: File = { name: '02_65_6502_2_x.mp4', type: 2, data: bytes(60_000, MP4, 2) };
const LONG_FILM: File = { name: '02_65_6502_3_x.mp4', type: 2, data: bytes(9_000_000, MP4, 3) };

/** A channel that is always on, with its pictures. */
async function stream(id: string): Promise<TestCamera> {
  await cloud.register(id, [{ live: 'always' }]);
  const device = await connect(id).login();
  await device.wait('startLive');
  const camera = new TestCamera(id, task.ports.media);
  await camera.send(pictures);
  return camera;
}
const isLive = (id: string) =>
  record(
    'live',
    id,
    ({ streams }) => streams['1']?.state === 'live' && streams['1'].task === task.id && streams['1'].codecs,
  );
/** Waits out the trouble, then goes on. */
async function isPublished(id: string): Promise<void> {
  const camera = await stream(id);
  await new Promise((resolve) => setTimeout(resolve, MINUTE + 500));
  await camera.send(pictures);
  await isLive(id);
  await until(
    'both halves in the playlist',
    async () => readLivePlaylist(await cloud.playlist(id, 1)),
    (state) => (state?.entries.length ?? 0) >= 4,
  );
  const { entries } = readLivePlaylist(await cloud.playlist(id, 1))!;
  for (const { uri, gap } of entries) if (!gap) await cloud.object(`live/${id}/1/${uri}`);
  await camera.close();
}

async function sendPicture(id: string): Promise<void> {
  await cloud.register(id, []);
  const device = await connect(id).login();
  const location = locationAt(Date.now());
  const data = bytes(500, JPEG, 9);
  const media = { mediaId: 5, type: 0, format: 0, event: 0, channel: 1, location, data } as const;
  // It is sent again until it is acknowledged.
  for (let tries = 0; device.seen('mediaReply').length === 0; tries += 1) {
    if (tries === 60) throw new Error('never acknowledged');
    device.send('mediaData', media);
    await device.wait('mediaReply', 1, 300).catch(() => {});
  }
  const [alarm, ...more] = await alarmsOf(id);
  expect(more).toEqual([]);
  expect((await cloud.object(alarm!.files[0]!.key!)).body.equals(data)).toBe(true);
}

const CASES: readonly Case[] = [
  {
    write: 'a device connects',
    fails: /Update.*SET #online = .*attribute_exists\(id\) AND/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      await isCommanded(id);
      await device.close();
      await record('offline', id, ({ online }) => !online);
    },
  },
  {
    write: 'a device connects and is gone before that is written',
    fails: /Update.*SET #online = .*attribute_exists\(id\) AND/,
    run: async (id) => {
      // As a connection before it left the record, of this very task.
      await cloud.register(id, [], {
        online: true,
        task: task.id,
        session: 'before',
        connectedAt: new Date(Date.now() - 60_000).toISOString(),
      });
      const device = await connect(id).login();
      const at = Math.floor(Date.now() / 1000) * 1000;
      await device.replyTo(device.send('location', locationAt(at, { alarm: 1 })));
      await device.close();
      const said = await record('offline', id, ({ online, session }) => !online && session !== 'before');
      const time = new Date(at).toISOString();
      expect(said).toMatchObject({ alarms: ['sos'], reportedAt: time, position: { time } });
    },
  },
  {
    write: 'where it is',
    fails: /Update.*SET #lastSeenAt = .*#alarms = .*#onlySession/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      const at = Math.floor(Date.now() / 1000) * 1000;
      await device.replyTo(device.send('location', locationAt(at, { alarm: 1 })));
      await record(
        'its position',
        id,
        ({ position, alarms }) => position?.time === new Date(at).toISOString() && alarms?.[0] === 'sos',
      );
    },
  },
  {
    write: 'it disconnects',
    fails: /Update.*SET #online = .*#onlySession/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      await record('online', id, ({ online }) => online);
      await device.close();
      await record('offline', id, ({ online }) => !online);
    },
  },
  {
    write: 'its capabilities',
    fails: /Update.*capabilities/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      const audio = {
        audioCodec: 6,
        audioChannels: 1,
        sampleRate: 0,
        sampleBits: 1,
        audioFrameLength: 320,
        audioOutput: true,
      };
      device.send('avAttributes', { ...audio, videoCodec: 98, maxAudioChannels: 2, maxVideoChannels: 4 } as never);
      await record('capabilities', id, ({ capabilities }) => capabilities);
    },
  },
  {
    write: 'the code it is given',
    fails: /Update.*SET authCode/,
    run: async (id) => {
      await cloud.register(id, []);
      let code: string | undefined;
      for (let tries = 0; code === undefined && tries < 60; tries += 1) {
        const device = connect(id);
        device.send('register', {
          layout: 2013,
          province: 31,
          city: 100,
          manufacturer: 'ACME',
          model: 'CAM',
          terminalId: 'T1',
          plateColor: 1,
          plate: 'A1',
        });
        const reply = await Promise.race([device.wait('registerReply').catch(() => undefined), device.closed]);
        // It is never told that there is no such device.
        if (reply !== undefined) expect(reply.result).toBe(0);
        code = reply?.authCode;
        await device.close();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect((await cloud.record(id)).authCode).toBe(code);
    },
  },
  {
    write: 'that it has used its code',
    fails: /Update.*codeUsedAt/,
    run: async (id) => {
      await cloud.register(id, [], { authCode: 'secret' });
      const device = connect(id);
      expect(await device.replyTo(device.send('authenticate', { authCode: 'secret' }))).toBe(0);
      await record('used', id, ({ codeUsedAt }) => codeUsedAt);
    },
  },
  {
    write: 'a stream is asked for',
    fails: /Update.*streams\.#channel.*"starting"/,
    run: async (id) => void (await stream(id), await isLive(id)),
  },
  {
    write: 'a stream is live',
    fails: /Update.*streams\.#channel.*"state":"live"/,
    run: async (id) => void (await stream(id), await isLive(id)),
  },
  {
    write: 'a stream whose device stopped sending',
    fails: /Update.*streams\.#channel.*"state":"offline"/,
    run: async (id) => {
      const camera = await stream(id);
      await isLive(id);
      for (const session of [task.ingest.sessions.get(id)!]) session.device!.keeper.end();
      await camera.close();
      await until(
        'offline',
        () => cloud.record(id),
        ({ streams }) => streams['1']?.state === 'offline',
      );
    },
  },
  {
    write: 'a device that refuses a stream',
    fails: /Update.*streams\.#channel.*"state":"busy"/,
    run: async (id) => {
      await cloud.register(id, [{ live: 'always' }]);
      const device = connect(id);
      device.result = 1;
      await device.login();
      await device.wait('startLive');
      await record('busy', id, ({ streams }) => streams['1']?.state === 'busy');
    },
  },
  { write: 'a stream is claimed', fails: /put live.*m3u8.*if-none-match/, run: isPublished },
  { write: 'a segment', fails: /put live.*\.m4s/, run: isPublished },
  { write: 'an initialization section', fails: /put live.*x-amz-meta-codecs/, run: isPublished },
  { write: 'a playlist', fails: /put live.*m3u8.*if-match/, run: isPublished },
  {
    write: 'a device that is not registered',
    fails: /Update.*"kind":"unknown"/,
    run: async (id) => {
      const device = connect(id);
      device.send('authenticate', { authCode: 'x' });
      await until(
        'its row',
        async () => (await cloud.fleet('unknown')).filter((row) => row['id'] === id),
        (rows) => rows.length === 1,
      );
    },
  },
  {
    write: 'positions',
    fails: /BatchWrite/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      const at = Math.floor(Date.now() / 1000) * 1000 - 10_000;
      for (let n = 0; n < 5; n += 1)
        expect(await device.replyTo(device.send('location', locationAt(at + n * 1000)))).toBe(0);
      const points = async () =>
        (await rowsOf('POSITIONS_TABLE', id)).flatMap((item) => decodePoints(item['points'] as Uint8Array));
      await until('five points', points, (all) => all.length === 5);
    },
  },
  {
    write: 'an alarm',
    fails: /Put.*"phase"/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      await raise(device, 'jiangsu', 1, 1);
      expect(await alarmsOf(id)).toHaveLength(1);
      await until(
        'its event',
        () => told(id, 'alarm'),
        (count) => count === 1,
      );
    },
  },
  {
    write: 'that others were told of an alarm',
    fails: /Update.*REMOVE untold/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      await raise(device, 'jiangsu', 1, 1);
      await until(
        'it',
        () => alarmsOf(id),
        ([alarm]) => alarm !== undefined && alarm.untold === undefined,
      );
      expect(told(id, 'alarm')).toBe(1);
    },
  },
  {
    write: "an alarm's list of files",
    fails: /Update.*SET files = .*"expected"/,
    run: async (id) => {
      await filesAreKept(id, [PICTURE, FILM]);
      // Lists that could not be written have used up nothing.
      const [usage] = await cloud.fleet(usageKind(id));
      expect(usage?.['files']).toBe(2);
    },
  },
  {
    write: "an alarm's file that has come",
    fails: /Update.*SET files\[.*"complete"/,
    run: (id) => filesAreKept(id, [PICTURE, FILM]),
  },
  {
    write: 'the files a device has had kept today',
    fails: /Update.*"kind":"usage#.*#files/,
    run: (id) => filesAreKept(id, [PICTURE, FILM]),
  },
  {
    write: 'the bytes it has had kept today',
    fails: /Update.*"kind":"usage#.*#bytes/,
    run: (id) => filesAreKept(id, [PICTURE, FILM]),
  },
  {
    write: 'the videos of it that were sliced today',
    fails: /Update.*"kind":"usage#.*#encodes/,
    run: (id) => filesAreKept(id, [PICTURE, FILM]),
  },
  { write: 'a file beside the recordings', fails: /PutObject.*live\//, run: (id) => filesAreKept(id, [PICTURE, FILM]) },
  { write: 'a video for the library', fails: /Put.*"origin"/, run: (id) => filesAreKept(id, [PICTURE, FILM]) },
  {
    write: 'the source of a video',
    // Its key is the video's: found by the record.
    fails: /PutObject.*uploads\//,
    run: (id) => filesAreKept(id, [FILM]),
  },
  { write: 'a long file is begun', fails: /CreateMultipart/, run: (id) => filesAreKept(id, [LONG_FILM]) },
  { write: 'a part of a long file', fails: /UploadPart/, run: (id) => filesAreKept(id, [LONG_FILM]) },
  // Completed twice is refused: there its answer is not lost, but asked for again, by the SDK.
  { write: 'the end of a long file', fails: /CompleteMultipart/, run: (id) => filesAreKept(id, [LONG_FILM]) },
  { write: 'a picture sent in a message', fails: /PutObject.*live\//, run: sendPicture },
  { write: 'the alarm of a picture sent in a message', fails: /Put.*"multimedia"/, run: sendPicture },
  {
    write: 'events',
    fails: /PutEvents/,
    run: async (id) => {
      await cloud.register(id, []);
      const device = await connect(id).login();
      await until(
        'that it came',
        () => told(id, 'online'),
        (count) => count >= 1,
      );
      await device.close();
      await until(
        'that it went',
        () => told(id, 'offline'),
        (count) => count >= 1,
      );
    },
  },
  {
    write: 'the answer to a command',
    fails: /Put.*"kind":"answer"/,
    run: async (id) => {
      await cloud.register(id, []);
      await connect(id).login();
      await isCommanded(id);
    },
  },
  {
    write: 'a recording that is to be played back',
    fails: /Put.*"kind":"playback"/,
    run: async (id) => {
      await cloud.register(id, [{ live: 'never' }]);
      const device = await connect(id).login();
      const { task: holder } = await record('online', id, ({ online }) => online);
      const [from, to] = [new Date(Date.now() - 600_000).toISOString(), new Date(Date.now() - 540_000).toISOString()];
      // Who asked is told that it failed, and asks again.
      for (let tries = 0; device.seen('startPlayback').length === 0; tries += 1) {
        if (tries === 30) throw new Error('never asked for');
        const request = await cloud.command(holder!, { type: 'play', device: id, channel: 1, from, to, speed: 1 });
        await until(
          'an answer',
          () => cloud.answer(request),
          (row) => row !== undefined,
        );
      }
      expect((await cloud.fleet('playback')).filter((row) => row['device'] === id)).toHaveLength(1);
    },
  },
  {
    write: 'a recording that is being played back',
    fails: /Delete.*"kind":"playback"/,
    run: async (id) => {
      await cloud.register(id, [{ live: 'never' }]);
      const device = await connect(id).login();
      const { task: holder } = await record('online', id, ({ online }) => online);
      const from = Date.now() - 600_000;
      await cloud.command(holder!, {
        type: 'play',
        device: id,
        channel: 1,
        from: new Date(from).toISOString(),
        to: new Date(from + 60_000).toISOString(),
        speed: 1,
      });
      await device.wait('startPlayback');
      const camera = new TestCamera(id, task.ports.media);
      await camera.send(pictures, { from: from + 480 * 60_000 });
      await until(
        'its playlist',
        async () => (await cloud.keys(`live/${id}/1/`)).filter((key) => key.endsWith('.m3u8')),
        (keys) => keys.length === 1,
      );
      await until(
        'no more to come',
        async () => (await cloud.fleet('playback')).filter((row) => row['device'] === id),
        (rows) => rows.length === 0,
      );
      await camera.close();
    },
  },
];

/** Writes of a task that are no device's. */
const OWN: readonly {
  readonly write: string;
  readonly fails: RegExp;
  readonly ways?: readonly Way[];
  readonly run: (own: OwnTask, rule: Rule) => Promise<void>;
}[] = [
  {
    write: 'its lease',
    fails: /Put.*"kind":"task"/,
    run: async (own, rule) => {
      await until(
        'trouble',
        () => rule.hits,
        (hits) => hits > 0,
      );
      const began = Date.now();
      const isRenewed = (row: Record<string, unknown> | undefined) =>
        Number(row?.['leaseUntil']) * 1000 > began + MINUTE + 29_000;
      await until(
        'a lease renewed since',
        async () => (await cloud.fleet('task')).find(({ id }) => id === own.id),
        isRenewed,
      );
    },
  },
  {
    write: 'a command is taken off its queue',
    fails: /DeleteMessageBatch/,
    run: async (own) => {
      const id = `1399${own.id.replace(/\D/g, '').padEnd(7, '0').slice(0, 7)}`;
      await cloud.register(id, []);
      const device = await new TestDevice(id, own.ports.control).login();
      await record('online', id, ({ online }) => online);
      const request = await cloud.command(own.id, { type: 'snapshot', device: id, channel: 1 });
      await until(
        'its answer',
        () => cloud.answer(request),
        (row) => row?.status === 'done',
      );
      expect(device.seen('shoot')).toHaveLength(1);
    },
  },
  {
    write: 'commands are asked for',
    // What was received and lost comes again after half a minute, by SQS itself.
    ways: ['once', 'minute'],
    fails: /ReceiveMessage/,
    run: async (own, rule) => {
      const id = `1398${own.id.replace(/\D/g, '').padEnd(7, '0').slice(0, 7)}`;
      await cloud.register(id, []);
      await new TestDevice(id, own.ports.control).login();
      await record('online', id, ({ online }) => online);
      // The first ends the long poll that was under way before there was trouble.
      for (let n = 0; n < 2; n += 1) {
        const request = await cloud.command(own.id, { type: 'snapshot', device: id, channel: 1 });
        await until(
          'its answer',
          () => cloud.answer(request),
          (row) => row?.status === 'done',
        );
        await until(
          'trouble',
          () => rule.hits,
          (hits) => hits > 0,
        );
      }
    },
  },
];

beforeAll(async () => {
  cloud = await Cloud.start();
  trouble = new Trouble();
  task = await cloud.task({ startSeconds: 3 }, trouble.aws, {}, { pauses: PAUSES });
  const count = [...CASES, ...OWN].reduce((sum, { ways = WAYS }) => sum + ways.length, 0);
  process.stdout.write(`failed-write matrix: ${count} cases (${CASES.length + OWN.length} kinds of write)\n`);
});
afterAll(() => cloud.close());

const rows = CASES.flatMap((one, kind) =>
  (one.ways ?? WAYS).map((way, i) => ({
    ...one,
    way,
    id: `1377${String(kind).padStart(3, '0')}${String(i).padStart(4, '0')}`,
  })),
);

describe('a write that fails', { concurrent: true }, () => {
  it.each(rows)('comes to be all the same: $write, $way', async ({ fails, way, id, run }) => {
    const rule = trouble.fail(fails, way, id);
    await run(id, way);
    expect(rule.hits).toBeGreaterThan(0);
  });
});

describe('a write of the task itself that fails', { concurrent: true }, () => {
  it.each(OWN.flatMap((one) => (one.ways ?? WAYS).map((way) => ({ ...one, way }))))(
    'comes to be all the same: $write, $way',
    async ({ fails, way, run }) => {
      const own = new Trouble();
      const started = await cloud.task({}, own.aws, {}, { pauses: PAUSES, renewMs: 300 });
      const rule = own.fail(fails, way, started.id);
      await run(started, rule);
      expect(rule.hits).toBeGreaterThan(0);
    },
  );
});
