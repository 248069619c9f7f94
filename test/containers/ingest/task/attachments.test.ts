/** Files of alarms over real sockets: ranges missing, parts, what they become, and who is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeFrames } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import type { AlarmFile, AlarmRecord } from '../../../../lib/contract/device.ts';
import { dayAfter } from '../../../../lib/contract/device-video.ts';
import { sourceKey } from '../../../../lib/contract/keys.ts';
import { videoRecord } from '../../../../lib/contract/video.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestDevice } from './device.ts';
import { bytes, JPEG, MP4, raise, Uploader } from './uploader.ts';

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
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const file = { name: '00_64_6401_1_a.jpg', type: 0, data: bytes(1000, JPEG, 6) };
    const before = task.ingest.services.metrics.refused.attachment;
    const large = { ...file, data: Buffer.alloc(64 * 1024 * 1024 + 1) };
    for (const [who, number, what] of [
      [thief, asked.alarmNo, file],
      [id, `${'0'.repeat(20)}${asked.alarmNo.slice(20)}`, file],
      [id, 'guess', file],
      ['13888888888', asked.alarmNo, file],
      [id, asked.alarmNo, large],
    ] as const) {
      const up = new Uploader(who, task.ports.attachments);
      expect(await up.list(sign, number, [what])).toBe(1);
      await up.closed;
    }
    expect(task.ingest.services.metrics.refused.attachment - before).toBe(5);
    // A name that was not announced, and data beyond what was.
    const up = new Uploader(id, task.ports.attachments);
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
