/** Files of alarms over real sockets: ranges missing, parts, what they become, and who is refused. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alarmNumber } from '../../../../containers/ingest/src/sessions/alarms/detect.ts';
import { decodeExactly } from '../../../../containers/ingest/src/jt808/gbk.ts';
import { encodeFrames } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import type { AlarmFile, AlarmRecord } from '../../../../lib/contract/device.ts';
import { dayAfter } from '../../../../lib/contract/device-video.ts';
import { usageKind } from '../../../../lib/contract/fleet.ts';
import { sourceKey } from '../../../../lib/contract/keys.ts';
import { videoRecord } from '../../../../lib/contract/video.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestDevice, locationAt } from './device.ts';
import { bytes, JPEG, MP4, raise, Uploader, type File } from './uploader.ts';

let cloud: Cloud;
let task: OwnTask;

const alarmOf = async (device: string): Promise<AlarmRecord> => {
  const rows = (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === device);
  return rows[0] as unknown as AlarmRecord;
};
const fileOf = async (device: string, name: string): Promise<AlarmFile | undefined> =>
  (await alarmOf(device)).files.find((file) => file.name === name);

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
});
afterAll(() => cloud.close());

/** Lists and sends files; answers what became of each: whether it was begun, and whether it was acknowledged. */
async function sendThem(up: Uploader, files: readonly File[]): Promise<boolean[]> {
  const done: boolean[] = [];
  for (const file of files) {
    if ((await up.begin(file)) !== 0) {
      done.push(false);
      continue;
    }
    up.range(file, 0, file.data.length);
    done.push(await up.isTaken(file));
  }
  return done;
}
/** Bits of a location report. */
const [SOS, OVERSPEED, COLLISION, ROLLOVER] = [1, 2, 2 ** 29, 2 ** 30] as const;
const film = (name: string, size = 4000): File => ({
  name: `02_65_6502_${name}.mp4`,
  type: 2,
  data: bytes(size, MP4, 7),
});
const films = (count: number, from = 0): File[] => Array.from({ length: count }, (_, i) => film(String(from + i)));
/** Each device's in a partition of its own. */
const usageOf = async (id: string) => (await cloud.fleet(usageKind(id)))[0];
const videosOf = async (id: string) =>
  (await cloud.rows('VIDEOS_TABLE')).filter((row) => JSON.stringify(row).includes(id));

describe('what a device may have kept', { concurrent: true }, () => {
  it('is as many files of an alarm as it announced: however often they are listed, under whichever names, over whichever connection', async () => {
    const id = '13800003101';
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 3);
    const up = new Uploader(id, task.ports.attachments);
    expect(await up.list(sign, asked.alarmNo, films(3))).toBe(0);
    expect(await sendThem(up, films(3))).toEqual([true, true, true]);
    // The same list, as it was announced, again and again; then others of as many.
    for (let round = 0; round < 4; round += 1) {
      expect(await up.list(sign, asked.alarmNo, films(3))).toBe(0);
      await sendThem(up, films(3));
      await up.list(sign, asked.alarmNo, films(3, 10 * (round + 1)));
      expect(await sendThem(up, films(3, 10 * (round + 1)))).toEqual([false, false, false]);
    }
    // Of another size, under a name that is there.
    await up.list(sign, asked.alarmNo, [film('0', 9000)]);
    expect(await sendThem(up, [film('0', 9000)])).toEqual([false]);
    await up.close();
    const other = new Uploader(id, (await cloud.task()).ports.attachments);
    await other.list(sign, asked.alarmNo, films(5, 100));
    expect(await sendThem(other, films(5, 100))).toEqual([false, false, false, false, false]);
    await other.close();
    expect(await videosOf(id)).toHaveLength(3);
    const rows = await cloud.rows('ALARMS_TABLE');
    expect(
      (rows.find((row) => row['device'] === id && row['kind'] === 'dsm') as unknown as AlarmRecord).files,
    ).toHaveLength(3);
    // Its people are told, once.
    expect(rows.filter((row) => row['device'] === id && row['kind'] === 'limit').map((row) => row['type'])).toEqual([
      'unannounced-files',
    ]);
    await device.close();
  });

  it('is none of more bytes than announced, and none of an alarm that announced none', async () => {
    const id = '13800003102';
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 2);
    const up = new Uploader(id, task.ports.attachments);
    expect(await up.list(sign, asked.alarmNo, [film('1', 4000)])).toBe(0);
    const larger = film('1', 8000);
    expect(await up.begin(larger)).toBe(1);
    up.range(larger, 0, 8000);
    expect(await up.isTaken(larger)).toBe(false);
    // Its number follows from what the device says.
    const at = Math.floor(Date.now() / 1000) * 1000;
    await device.replyTo(device.send('location', locationAt(at, { alarm: 1 })));
    const row = await until(
      'the alarm',
      async () => (await cloud.rows('ALARMS_TABLE')).find((one) => one['device'] === id && one['kind'] === 'status'),
      (one) => one !== undefined,
    );
    const again = new Uploader(id, task.ports.attachments);
    const number = alarmNumber(String(row!['id']), Date.parse(String(row!['time'])));
    await again.list(sign, number, films(5));
    expect(await sendThem(again, films(5))).toEqual([false, false, false, false, false]);
    expect(await videosOf(id)).toHaveLength(0);
    for (const one of [up, again, device]) await one.close();
  });

  it('is a file begun three times at most, whatever sizes it is said to have', async () => {
    const id = '13800003106';
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const up = new Uploader(id, task.ports.attachments);
    await up.list(sign, asked.alarmNo, [film('0')]);
    const begun: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const small = film('0', 12 + (round % 2));
      begun.push(await up.begin(small));
      up.range(small, 0, small.data.length);
    }
    expect(begun.filter((result) => result === 0).length).toBeLessThan(20);
    await up.close();
    const again = new Uploader(id, task.ports.attachments);
    await again.list(sign, asked.alarmNo, [film('0')]);
    expect(await sendThem(again, [film('0')])).toEqual([true]);
    await again.close();
    expect(await usageOf(id)).toMatchObject({ files: 1, encodes: 1, bytes: 12 + 13 + 12 + 4000 });
    await device.close();
  });

  it('is so many files begun in a minute, and those beyond are asked for again', async () => {
    const id = '13800003107';
    await cloud.register(id, []);
    const own = await cloud.task();
    const device = await new TestDevice(id, own.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 2);
    const { files } = own.ingest.services.rates;
    let begun = 0;
    while (files.take(id, 0)) begun += 1;
    expect(begun).toBe(300);
    // As if one were left of this minute, which may turn while the test runs.
    const take = files.take.bind(files);
    let left = 1;
    files.take = (name) => name === id && (left -= 1) >= 0;
    const up = new Uploader(id, own.ports.attachments);
    await up.list(sign, asked.alarmNo, films(2));
    expect(await sendThem(up, films(2))).toEqual([true, false]);
    expect(await usageOf(id)).toMatchObject({ encodes: 1, bytes: 4000 });
    expect(await videosOf(id)).toHaveLength(1);
    files.take = take;
    const [, second] = films(2);
    up.range(second!, 0, 4000);
    expect(await up.isTaken(second!)).toBe(true);
    await up.close();
    await device.close();
  });

  it('is so many files, bytes and encodes a day, over all its connections and tasks', async () => {
    const id = '13800003103';
    await cloud.register(id, []);
    const limits = { perDay: { files: 5, bytes: 30_000, encodes: 2, alarms: 100 } };
    const [one, two] = [await cloud.task({ limits }), await cloud.task({ limits })];
    const send = async (own: OwnTask, sequence: number, files: readonly File[]) => {
      const device = await new TestDevice(id, own.ports.control).login();
      const { sign, asked } = await raise(device, 'jiangsu', sequence, files.length);
      const up = new Uploader(id, own.ports.attachments);
      await up.list(sign, asked.alarmNo, files);
      const done = await sendThem(up, files);
      await up.close();
      await device.close();
      return done;
    };
    expect(await send(one, 1, films(3))).toEqual([true, true, true]);
    // Sliced, sliced, and kept as a file.
    expect(await videosOf(id)).toHaveLength(2);
    expect(await cloud.keys(`live/${id}/`)).toHaveLength(1);
    // 20,000 bytes would be more than 30,000; then the fifth file of the day, and no sixth.
    expect(await send(two, 2, [film('a', 20_000), film('b'), film('c')])).toEqual([false, true, false]);
    expect(await send(one, 3, films(2))).toEqual([false, false]);
    expect(await videosOf(id)).toHaveLength(2);
    const rows = (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id) as unknown as AlarmRecord[];
    const files = rows.flatMap((row) => row.files);
    expect(files.filter(({ state }) => state === 'complete')).toHaveLength(4);
    expect(
      files
        .filter(({ state }) => state === 'failed')
        .map(({ reason }) => /live\.\w+/.exec(reason!)?.[0])
        .toSorted(),
    ).toEqual(['live.maxFilesMiBPerDay', 'live.maxFilesPerDay', 'live.maxFilesPerDay', 'live.maxFilesPerDay']);
    expect(
      rows
        .filter(({ kind }) => kind === 'limit')
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(['bytes', 'encodes', 'files']);
    expect(await usageOf(id)).toMatchObject({ files: 5, encodes: 2, bytes: 16_000 });
    // The picture of a message is one of its files.
    const device = await new TestDevice(id, two.ports.control).login();
    const data = bytes(500, JPEG, 9);
    const serial = device.send('mediaData', {
      mediaId: 5,
      type: 0,
      format: 0,
      event: 0,
      channel: 1,
      location: locationAt(Date.now()),
      data,
    });
    expect(await device.replyTo(serial)).toBe(1);
    await device.close();
  });

  it.each([
    ['files', '13800003110', { files: 1, bytes: 5000 }],
    ['bytes', '13800003111', { files: 5, bytes: 900 }],
  ] as const)(
    'is pictures in messages, whose people are told of what there was too much: %s',
    async (over, id, most) => {
      await cloud.register(id, []);
      const own = await cloud.task({ limits: { perDay: { encodes: 2, alarms: 100, ...most } } });
      const device = await new TestDevice(id, own.ports.control).login();
      const location = locationAt(Date.now());
      const send = (mediaId: number) =>
        device.send('mediaData', {
          mediaId,
          type: 0,
          format: 0,
          event: 0,
          channel: 1,
          location,
          data: bytes(500, JPEG, mediaId),
        });
      send(1);
      await device.wait('mediaReply');
      expect(await device.replyTo(send(2))).toBe(1);
      const alarms = async () => (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id);
      const rows = await until('being told', alarms, (all) => all.some(({ kind }) => kind === 'limit'));
      expect(rows.filter(({ kind }) => kind === 'limit').map(({ type }) => type)).toEqual([over]);
      expect(await usageOf(id)).toMatchObject({ files: 1, bytes: 500 });
      await device.close();
    },
  );

  it('is not written again once it has been taken in, though the alarm does not say so yet', async () => {
    const id = '13800003105';
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const send = async (file: File) => {
      const up = new Uploader(id, task.ports.attachments);
      await up.list(sign, asked.alarmNo, [file]);
      expect(await sendThem(up, [file])).toEqual([true]);
      await up.close();
    };
    const [first] = films(1);
    await send(first!);
    const [video] = await videosOf(id);
    const alarm = await alarmOf(id);
    const table = (name: string) => process.env[name];
    await cloud.dynamo.send(new PutCommand({ TableName: table('VIDEOS_TABLE'), Item: { ...video, status: 'ready' } }));
    await cloud.dynamo.send(
      new PutCommand({
        TableName: table('ALARMS_TABLE'),
        Item: { ...alarm, files: [{ ...alarm.files[0], state: 'expected' }] },
      }),
    );
    await send({ ...first!, data: bytes(4000, MP4, 8) });
    expect((await alarmOf(id)).files).toEqual(alarm.files);
    expect(
      (await cloud.object(sourceKey(String(video!['id'])), process.env['SOURCE_BUCKET'])).body.equals(first!.data),
    ).toBe(true);
    expect(await videosOf(id)).toHaveLength(1);
    expect(await usageOf(id)).toMatchObject({ files: 1, encodes: 1 });
    await device.close();
  });

  it.each([
    ['in one piece', 4000, '13800003108'],
    ['in parts', 9_000_000, '13800003109'],
  ])('is the source that came first, where two connections send it at once (%s)', async (_, size, id) => {
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const [first, second] = [film('0', size), { ...film('0', size), data: bytes(size, MP4, 8) }];
    const [one, two] = [new Uploader(id, task.ports.attachments), new Uploader(id, task.ports.attachments)];
    for (const [up, file] of [
      [one, first],
      [two, second],
    ] as const) {
      await up.list(sign, asked.alarmNo, [file]);
      await up.begin(file);
    }
    // Its last byte comes when the other is there: what is asked before is answered as if it were not.
    two.range(second, 0, size - 1);
    one.range(first, 0, size);
    expect(await one.isTaken(first)).toBe(true);
    two.range(second, size - 1, size);
    expect(await two.isTaken(second)).toBe(true);
    const [video] = await videosOf(id);
    const { body } = await cloud.object(sourceKey(String(video!['id'])), process.env['SOURCE_BUCKET']);
    expect(body.equals(first.data)).toBe(true);
    for (const up of [one, two, device]) await up.close();
  });

  it('is so many alarms a day, and every emergency', async () => {
    const id = '13800003104';
    await cloud.register(id, []);
    const own = await cloud.task({ limits: { perDay: { files: 5, bytes: 30_000, encodes: 2, alarms: 10 } } });
    const device = await new TestDevice(id, own.ports.control).login();
    const at = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    for (let n = 0; n < 30; n += 1) {
      await device.replyTo(device.send('location', locationAt(at + n * 1000, { alarm: OVERSPEED * (n % 2) })));
      await own.ingest.services.outbox.drained();
    }
    const alarms = async () => (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id);
    await until('being told', alarms, (rows) => rows.some(({ kind }) => kind === 'limit'));
    const isOverspeed = ({ type }: Record<string, unknown>) => type === 'overspeed';
    const kept = (await alarms()).filter(isOverspeed).length;
    // Counted behind the write: those under way at that moment are kept, too.
    expect(kept).toBeGreaterThanOrEqual(10);
    expect(kept).toBeLessThan(16);
    // Nor does what is reported in the same minute, as often as it may be.
    while (own.ingest.services.rates.reports.take(id));
    for (const [n, alarm] of [SOS, COLLISION, ROLLOVER, 0].entries())
      await device.replyTo(device.send('location', locationAt(at + (40 + n) * 1000, { alarm })));
    const told = await until(
      'the emergencies',
      alarms,
      (rows) => rows.filter(({ type }) => type === 'rollover-warning').length === 2,
    );
    expect(
      told
        .filter((row) => row['kind'] === 'status' && !isOverspeed(row))
        .map(({ type, phase }) => `${String(type)} ${String(phase)}`)
        .toSorted(),
    ).toEqual([
      'collision end',
      'collision start',
      'rollover-warning end',
      'rollover-warning start',
      'sos end',
      'sos start',
    ]);
    // They count for nothing: what is left of a day is for the others.
    expect((await usageOf(id))?.['alarms']).toBe(10);
    expect(told.filter(isOverspeed)).toHaveLength(kept);
    await device.close();
  });
});

describe('files of an alarm', { concurrent: true }, () => {
  it.each([
    ['jiangsu', 2013, '13800003001'],
    ['guangdong', 2019, '13800003002'],
    ['heilongjiang', 2013, '13800003003'],
  ] as const)('arrive complete though ranges are lost, doubled and out of order (%s)', async (region, version, id) => {
    await cloud.register(id, [], { viewers: ['anna', 'bo'], retentionDays: 14 });
    const device = await new TestDevice(id, task.ports.control, version).login();
    const { sign, asked, at } = await raise(device, region, 1, 3);
    expect(asked).toMatchObject({ host: '127.0.0.1', tcpPort: 7611 });
    const picture = { name: '00_65_6502_1_x.jpg', type: 0, data: bytes(150_000, JPEG, 1) };
    const film = { name: '02_65_6502_2_x.mp4', type: 2, data: bytes(9_000_000, MP4, 2) };
    // Named a picture, and none.
    const riddle = { name: '00_65_6502_3_x.jpg', type: 0, data: bytes(3000, '4d5a9000', 3) };
    const up = new Uploader(id, task.ports.attachments, version);
    expect(await up.list(sign, asked.alarmNo, [picture, film, riddle])).toBe(0);
    expect((await alarmOf(id)).files.map(({ state, kind }) => `${state} ${kind}`)).toEqual([
      'expected picture',
      'expected video',
      'expected picture',
    ]);

    expect(await up.begin(picture)).toBe(0);
    up.range(picture, 65_536, 131_072);
    up.range(picture, 65_536, 131_072);
    expect((await up.finish(picture)).missing).toEqual([
      { offset: 0, length: 65_536 },
      { offset: 131_072, length: 18_928 },
    ]);
    up.range(picture, 131_072, 150_000);
    up.range(picture, 0, 70_000);
    expect((await up.finish(picture)).missing).toEqual([]);

    // More than one part, the last before the first, and a hole over their border.
    expect(await up.begin(film)).toBe(0);
    up.range(film, 8_400_000, 9_000_000);
    up.range(film, 0, 8_388_000);
    expect((await up.finish(film)).missing).toEqual([{ offset: 8_388_000, length: 12_000 }]);
    up.range(film, 8_380_000, 8_410_000);
    expect((await up.finish(film)).missing).toEqual([]);

    expect(await up.begin(riddle)).toBe(0);
    up.range(riddle, 0, 3000);
    expect((await up.finish(riddle)).missing).toEqual([]);
    await up.close();

    const kept = (await alarmOf(id)).files;
    expect(kept.map(({ state, kind, bytes }) => [state, kind, bytes])).toEqual([
      ['complete', 'picture', 150_000],
      ['complete', 'video', 9_000_000],
      ['complete', 'data', 3000],
    ]);
    expect((await cloud.object(kept[0]!.key!)).body.equals(picture.data)).toBe(true);
    expect(kept[0]!.key).toMatch(new RegExp(`^live/${id}/files/[0-9a-f]{20}/1\\.jpg$`));
    expect(kept[2]!.key).toMatch(/\/3\.bin$/);
    const { videoId } = kept[1]!;
    expect((await cloud.object(sourceKey(videoId!), process.env['SOURCE_BUCKET'])).body.equals(film.data)).toBe(true);
    const video = videoRecord.parse((await cloud.rows('VIDEOS_TABLE')).find((row) => row['id'] === videoId));
    expect(video).toMatchObject({
      status: 'uploading',
      owner: `device ${id}`,
      visibility: 'entitled',
      type: 'video/mp4',
      title: expect.stringContaining('phone'),
      origin: {
        kind: 'incident',
        device: id,
        channel: 65,
        from: new Date(at).toISOString(),
        alarm: (await alarmOf(id)).id,
      },
      places: [[31_000_000, 121_000_000]],
    });
    // Who may watch is decided by the device's viewers when they ask; where it was, by the API.
    expect((await cloud.rows('ENTITLEMENTS_TABLE')).filter((row) => row['videoId'] === videoId)).toEqual([]);
    expect(video.description).toBe('');
    expect(video.removeOn).toBe(dayAfter(Date.now(), 14));
    await device.close();
  });

  it('that are left unfinished are taken up by the next connection', async () => {
    const id = '13800003010';
    await cloud.register(id);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 2);
    const one = { name: '00_64_6401_1_a.jpg', type: 0, data: bytes(70_000, JPEG, 4) };
    const two = { name: '00_64_6401_2_a.jpg', type: 0, data: bytes(70_000, JPEG, 5) };
    const first = new Uploader(id, task.ports.attachments);
    await first.list(sign, asked.alarmNo, [one, two]);
    await first.begin(one);
    first.range(one, 0, 70_000);
    expect((await first.finish(one)).missing).toEqual([]);
    await first.begin(two);
    first.range(two, 0, 30_000);
    await first.close();
    const second = new Uploader(id, task.ports.attachments);
    expect(await second.list(sign, asked.alarmNo, [two], 1)).toBe(0);
    expect((await fileOf(id, one.name))!.state).toBe('complete');
    // Nothing of the broken transfer is kept: it is asked for as a whole.
    expect((await second.finish(two)).missing).toEqual([{ offset: 0, length: 70_000 }]);
    second.range(two, 0, 70_000);
    expect((await second.finish(two)).missing).toEqual([]);
    expect((await alarmOf(id)).files.map(({ state }) => state)).toEqual(['complete', 'complete']);
    await second.close();
    await device.close();
  });

  it('come over several connections at once: each is kept, whoever lists, sends and ends first', async () => {
    const id = '13800003012';
    await cloud.register(id);
    const other = await cloud.task();
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 8);
    const files = Array.from({ length: 8 }, (_, n) => ({
      name: `00_64_6401_${n}_a.jpg`,
      type: 0,
      data: bytes(5000 + n, JPEG, 20 + n),
    }));
    const ups = files.map((_, n) => new Uploader(id, (n % 2 === 0 ? task : other).ports.attachments));
    // All lists at once: each was read before the others were written.
    expect(await Promise.all(ups.map((up, n) => up.list(sign, asked.alarmNo, [files[n]!])))).toEqual(
      files.map(() => 0),
    );
    const acknowledged = await Promise.all(
      ups.map(async (up, n) => {
        up.range(files[n]!, 0, files[n]!.data.length);
        return (await up.finish(files[n]!)).missing.length === 0;
      }),
    );
    expect(acknowledged).toEqual(files.map(() => true));
    const kept = (await alarmOf(id)).files;
    expect(kept.map(({ name }) => name).toSorted()).toEqual(files.map(({ name }) => name));
    expect(new Set(kept.map(({ key }) => key)).size).toBe(8);
    for (const { name, state, key } of kept) {
      expect(state).toBe('complete');
      expect((await cloud.object(key!)).body.equals(files.find((file) => file.name === name)!.data)).toBe(true);
    }
    // No more than it announced, however many list them.
    expect(await usageOf(id)).toMatchObject({ files: 8 });
    for (const up of [...ups, device]) await up.close();
  });

  it('that one connection has kept are not lost by what another lists or sends later', async () => {
    const id = '13800003013';
    await cloud.register(id);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 2);
    const picture = (name: string, size: number, seed: number) => ({ name, type: 0, data: bytes(size, JPEG, seed) });
    const [one, two] = [picture('00_64_6401_1_a.jpg', 6000, 1), picture('00_64_6401_2_a.jpg', 7000, 2)];
    const [first, second] = [new Uploader(id, task.ports.attachments), new Uploader(id, task.ports.attachments)];
    for (const up of [first, second]) expect(await up.list(sign, asked.alarmNo, [one, two])).toBe(0);
    first.range(one, 0, 6000);
    expect((await first.finish(one)).missing).toEqual([]);
    // Of the same name, over a connection that listed it when it was not there: of as many bytes it is taken for the same.
    const same = picture(one.name, 6000, 3);
    second.range(same, 0, 6000);
    expect(await second.isTaken(same)).toBe(true);
    // Of fewer, it is another, and is refused.
    const third = new Uploader(id, task.ports.attachments);
    expect(await third.list(sign, asked.alarmNo, [two])).toBe(0);
    first.range(two, 0, 7000);
    expect((await first.finish(two)).missing).toEqual([]);
    const shorter = picture(two.name, 300, 4);
    expect(await third.begin(shorter)).toBe(0);
    third.range(shorter, 0, 300);
    expect(await third.isTaken(shorter)).toBe(false);
    const kept = (await alarmOf(id)).files;
    expect(kept.map(({ state, bytes: size }) => [state, size])).toEqual([
      ['complete', 6000],
      ['complete', 7000],
    ]);
    for (const [n, file] of [one, two].entries())
      expect((await cloud.object(kept[n]!.key!)).body.equals(file.data)).toBe(true);
    for (const up of [first, second, third, device]) await up.close();
  });

  it.each([
    ['jiangsu', 2013, '13800003014'],
    ['heilongjiang', 2013, '13800003015'],
  ] as const)(
    'whose names differ in nothing that a safe name keeps are as many files (%s)',
    async (region, version, id) => {
      await cloud.register(id);
      const device = await new TestDevice(id, task.ports.control, version).login();
      // The last ones are no GBK: 前 and 剌 in UTF-8.
      const raw = (text: string) => decodeExactly(Buffer.from(text));
      const names = [
        '00_64_6401_1_前.jpg',
        '00_64_6401_1_后.jpg',
        '前.jpg',
        '后.jpg',
        `00_${raw('前')}.jpg`,
        `00_${raw('剌')}.jpg`,
      ];
      const { sign, asked } = await raise(device, region, 1, names.length);
      const files = names.map((name, n) => ({ name, type: 0, data: bytes(4000 + n, JPEG, 40 + n) }));
      const up = new Uploader(id, task.ports.attachments, version);
      expect(await up.list(sign, asked.alarmNo, files)).toBe(0);
      for (const file of files) {
        expect(await up.begin(file)).toBe(0);
        up.range(file, 0, file.data.length);
      }
      for (const file of files) expect(await up.finish(file)).toEqual({ name: file.name, type: 0, missing: [] });
      const kept = (await alarmOf(id)).files;
      expect(new Set(kept.map(({ name }) => name)).size).toBe(names.length);
      for (const [n, { name, state, bytes: size, key }] of kept.entries()) {
        expect([state, size]).toEqual(['complete', 4000 + n]);
        expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$/);
        expect((await cloud.object(key!)).body.equals(files[n]!.data)).toBe(true);
      }
      await up.close();
      await device.close();
    },
  );

  it('of two alarms come over one connection, whichever was listed last', async () => {
    const id = '13800003017';
    await cloud.register(id);
    const device = await new TestDevice(id, task.ports.control).login();
    const alarms = [await raise(device, 'jiangsu', 1, 2), await raise(device, 'jiangsu', 2, 2)];
    const files = alarms.map((_, n) =>
      [1, 2].map((m) => ({ name: `00_64_6401_${m}_${n}.jpg`, type: 0, data: bytes(70_000 + m, JPEG, 10 * n + m) })),
    );
    const up = new Uploader(id, task.ports.attachments);
    for (const [n, { sign, asked }] of alarms.entries()) expect(await up.list(sign, asked.alarmNo, files[n]!)).toBe(0);
    for (const m of [0, 1]) {
      for (const one of files) up.range(one[m]!, 0, 30_000);
      for (const one of files) up.range(one[m]!, 30_000, one[m]!.data.length);
      for (const one of files) expect((await up.finish(one[m]!)).missing).toEqual([]);
    }
    const rows = (await cloud.rows('ALARMS_TABLE')).filter((row) => row['device'] === id) as unknown as AlarmRecord[];
    for (const { name, state, key } of rows.flatMap((row) => row.files)) {
      expect(state).toBe('complete');
      const sent = files.flat().find((file) => file.name === name)!;
      expect((await cloud.object(key!)).body.equals(sent.data)).toBe(true);
    }
    expect(rows.map((row) => row.files.length)).toEqual([2, 2]);
    await up.close();
    await device.close();
  });

  it('are listed in a message of several parts', async () => {
    const id = '13800003016';
    await cloud.register(id);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'guangdong', 1, 40);
    const files = Array.from({ length: 40 }, (_, n) => ({
      name: `00_64_6401_${n}_${'a'.repeat(28)}.jpg`,
      type: 0,
      data: bytes(300 + n, JPEG, n),
    }));
    const up = new Uploader(id, task.ports.attachments);
    const listed = files.map(({ name, data }) => ({ name, size: data.length }));
    const list = { terminalId: 'T000123', sign, alarmNo: asked.alarmNo, infoType: 0, files: listed };
    const frames = encodeFrames(up.terminal, 'attachmentList', list, up.nextSerial);
    expect(frames.length).toBeGreaterThan(2);
    up.socket.write(Buffer.concat(frames));
    expect((await up.wait('platformReply', frames.length)).result).toBe(0);
    for (const file of files.slice(30)) {
      up.range(file, 0, file.data.length);
      expect((await up.finish(file)).missing).toEqual([]);
    }
    expect((await alarmOf(id)).files.filter(({ state }) => state === 'complete')).toHaveLength(10);
    await up.close();
    await device.close();
    await until(
      'nothing held',
      () => task.ingest.services.memory.messages.used,
      (used) => used === 0,
    );
  });

  it('that came whole are not taken twice, though the device did not hear so', async () => {
    const id = '13800003011';
    await cloud.register(id);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const film = { name: '02_64_6401_1_a.mp4', type: 2, data: bytes(5000, MP4, 8) };
    const first = new Uploader(id, task.ports.attachments);
    await first.list(sign, asked.alarmNo, [film]);
    first.range(film, 0, 5000);
    expect((await first.finish(film)).missing).toEqual([]);
    const kept = await fileOf(id, film.name);
    expect((await first.finish(film)).missing).toEqual([]);
    await first.close();
    const second = new Uploader(id, task.ports.attachments);
    expect(await second.list(sign, asked.alarmNo, [film], 1)).toBe(0);
    second.range(film, 0, 5000);
    expect((await second.finish(film)).missing).toEqual([]);
    expect(await fileOf(id, film.name)).toEqual(kept);
    const videos = (await cloud.rows('VIDEOS_TABLE')).filter((row) => row['owner'] === `device ${id}`);
    expect(videos.map((row) => row['id'])).toEqual([kept!.videoId]);
    await second.close();
    await device.close();
  });

  it('nobody asked for are refused', async () => {
    const [id, thief] = ['13800003020', '13800003021'];
    await Promise.all([cloud.register(id), cloud.register(thief)]);
    // Its own, for what it counts.
    const own = await cloud.task();
    const device = await new TestDevice(id, own.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const file = { name: '00_64_6401_1_a.jpg', type: 0, data: bytes(1000, JPEG, 6) };
    const large = { ...file, data: Buffer.alloc(64 * 1024 * 1024 + 1) };
    for (const [who, number, what] of [
      [thief, asked.alarmNo, file],
      [id, `${'0'.repeat(20)}${asked.alarmNo.slice(20)}`, file],
      [id, 'guess', file],
      ['13888888888', asked.alarmNo, file],
      [id, asked.alarmNo, large],
    ] as const) {
      const up = new Uploader(who, own.ports.attachments);
      expect(await up.list(sign, number, [what])).toBe(1);
      await up.closed;
    }
    expect(own.ingest.services.metrics.refused.attachment).toBe(5);
    // A name that was not announced, and data beyond what was.
    const up = new Uploader(id, own.ports.attachments);
    await up.list(sign, asked.alarmNo, [file]);
    const other = { ...file, name: '00_64_6401_9_a.jpg' };
    up.range(other, 0, 1000);
    up.send('attachmentEnd', { name: other.name, type: 0, size: 1000 });
    expect((await up.wait('platformReply', 2)).result).toBe(1);
    up.range({ ...file, data: Buffer.concat([file.data, file.data]) }, 500, 2000);
    expect((await up.finish(file)).missing).toEqual([{ offset: 0, length: 1000 }]);
    await up.close();
    await device.close();
  });

  it('come to the media port where that is shared, as pictures do', async () => {
    const shared = await cloud.task({ sharedPort: true });
    expect(shared.ports.attachments).toBeUndefined();
    const id = '13800003030';
    await cloud.register(id);
    const device = await new TestDevice(id, shared.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const file = { name: '00_64_6401_1_a.jpg', type: 0, data: bytes(5000, JPEG, 7) };
    const up = new Uploader(id, shared.ports.media);
    // Byte by byte: the first decides.
    const list = {
      terminalId: 'T000123',
      sign,
      alarmNo: asked.alarmNo,
      infoType: 0,
      files: [{ name: file.name, size: 5000 }],
    };
    for (const byte of Buffer.concat(encodeFrames(up.terminal, 'attachmentList', list, up.nextSerial))) {
      up.socket.write(Buffer.from([byte]));
    }
    expect((await up.wait('platformReply')).result).toBe(0);
    up.range(file, 0, 5000);
    expect((await up.finish(file)).missing).toEqual([]);
    await up.close();
    await until(
      'kept',
      () => fileOf(id, file.name),
      (kept) => kept?.state === 'complete',
    );
    await device.close();
  });
});
