/** A clip on the engine: from recorded segments of two runs to the source that slicing takes, with its track beside it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { channelPrefix, hourKeyPath, hourVector, initPath, segmentPath } from '../../../lib/contract/live-keys.ts';
import { encryptSegment } from '../../../lib/media/aes128.ts';
import { positionsKey, servedPositionsKey, sourceKey } from '../../../lib/contract/keys.ts';
import { positionItems } from '../../../containers/ingest/src/cloud/position-items.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { layerFolder } from '../../support/layer.ts';
import { callRoute } from '../engine.ts';
import { startFleet, type Fleet } from './fleet.ts';

const ffmpeg = process.env['FFMPEG_PATH'] ?? join(await layerFolder(), 'ffmpeg');
const noon = Date.UTC(2026, 10, 4, 12);
const init = '9f86d081884c7d65';
const olga = { sub: 'olga', groups: ['uploader'] };

let fleet: Fleet;
let devices: typeof import('../../../lambdas/devices/handler.ts').handler;
let clip: typeof import('../../../lambdas/devices/clip.ts').handler;
let whyNot: typeof import('../../../lambdas/devices/clip.ts').whyNot;
let putInParts: typeof import('../../../lambdas/devices/parts.ts').putInParts;
let folder: string;
let id: string;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-clip-'));
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=8', '-f', 'lavfi', '-i', 'sine=r=8000:d=8'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50', '-c:a', 'aac', '-b:a', '24k'];
  execFileSync(
    ffmpeg,
    ['-v', 'error', ...source, ...codecs, '-f', 'hls', '-hls_time', '2', '-hls_segment_type', 'fmp4', 'x.m3u8'],
    { cwd: folder },
  );
  fleet = await startFleet();
  ({ handler: devices } = await import('../../../lambdas/devices/handler.ts'));
  ({ handler: clip, whyNot } = await import('../../../lambdas/devices/clip.ts'));
  ({ putInParts } = await import('../../../lambdas/devices/parts.ts'));
}, 600_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await fleet.close();
});
beforeEach(async () => {
  await renew();
  await fleet.sent(fleet.clipQueue);
});

const putBytes = (Key: string, Body: Buffer) =>
  fleet.s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key, Body }));
const put = (Key: string, file: string) => putBytes(Key, readFileSync(join(folder, file)));
const get = async (variable: string, Key: string) => {
  const { Body } = await fleet.s3.send(new GetObjectCommand({ Bucket: process.env[variable], Key }));
  return Buffer.from(await Body!.transformToByteArray());
};
const video = async (videoId: string) => (await fleet.get('VIDEOS_TABLE', { id: videoId })) as VideoRecord;

/** Two runs with a hole of a minute between them; `formats` of the segments. */
async function record(
  formats: readonly string[] = [init, init, init, init],
  encrypted = false,
  lines?: number,
): Promise<void> {
  const key = Buffer.alloc(16, 9);
  if (encrypted) await putBytes(`${channelPrefix(id, 1)}${hourKeyPath(noon)}`, key);
  const starts = [noon, noon + 2000, noon + 64_000, noon + 66_000];
  for (const [i, start] of starts.entries()) {
    const epoch = i < 2 ? 1 : 2;
    const name = { start, duration: 2000, epoch, sequence: i, init: formats[i]!, lines, discontinuity: i === 2 };
    // The first was recorded before encryption was turned on.
    const isEncrypted = encrypted && i > 0;
    const bytes = readFileSync(join(folder, `x${[2, 3, 0, 1][i]}.m4s`));
    const vector = Buffer.from(hourVector(start), 'hex');
    const path = `${channelPrefix(id, 1)}${segmentPath({ ...name, encrypted: isEncrypted })}`;
    await putBytes(path, isEncrypted ? encryptSegment(bytes, key, vector) : bytes);
  }
  await put(`${channelPrefix(id, 1)}${initPath(noon, init)}`, 'init.mp4');
}

/** Another device, of which nothing is recorded yet. */
async function renew(): Promise<void> {
  count += 1;
  id = `137${String(count).padStart(8, '0')}`;
  await fleet.device(id).register(['olga', 'vera']);
}

const ask = (as: { sub: string; groups?: string[] }, body: object = {}) =>
  callRoute(devices, 'POST /api/devices/{id}/clips', {
    as,
    params: { id },
    body: {
      channel: 1,
      from: new Date(noon + 500).toISOString(),
      to: new Date(noon + 67_000).toISOString(),
      ...body,
    },
  });
/** The worker, given what is in its queue. */
async function work() {
  const Records = (await fleet.sent(fleet.clipQueue)).map((task, i) => ({
    messageId: `m${i}`,
    body: JSON.stringify(task),
  }));
  return { records: Records, result: await clip({ Records } as unknown as SQSEvent) };
}

describe('a clip', () => {
  it('of encrypted segments is, to the byte, that of the same in clear', async () => {
    const made = async (encrypted: boolean) => {
      await record(undefined, encrypted);
      const asked = await ask(olga);
      expect((await work()).result).toEqual({ batchItemFailures: [] });
      return await get('SOURCE_BUCKET', sourceKey(asked.json.id));
    };
    const clear = await made(false);
    id = `138${id.slice(3)}`;
    await fleet.device(id).register(['olga', 'vera']);
    expect((await made(true)).equals(clear)).toBe(true);
  });

  it('is a video of who asked, one file without holes, with the track of that stretch beside it', async () => {
    await record();
    const points = Array.from({ length: 20 }, (_, i) => ({
      time: noon - 20_000 + i * 10_000,
      latE6: 31_000_000 + i,
      lonE6: 121_000_000,
      speed: 0,
      direction: 0,
      altitude: 0,
      alarm: 0,
      accOn: true,
    }));
    for (const item of positionItems(id, points, 30)) await fleet.put('POSITIONS_TABLE', { ...item });
    const asked = await ask(olga, { title: 'At the gate' });
    expect(asked).toMatchObject({
      status: 202,
      json: {
        title: 'At the gate',
        owner: 'olga',
        status: 'uploading',
        visibility: 'private',
        origin: { kind: 'clip', device: id },
      },
    });
    const { result } = await work();
    expect(result).toEqual({ batchItemFailures: [] });

    const path = join(folder, 'clip.mp4');
    writeFileSync(path, await get('SOURCE_BUCKET', sourceKey(asked.json.id)));
    expect(execFileSync(ffmpeg, ['-v', 'error', '-i', path, '-f', 'null', '-'], { encoding: 'utf8' })).toBe('');
    const times = execFileSync(
      ffmpeg.replace(/ffmpeg$/, 'ffprobe'),
      ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path],
      { encoding: 'utf8' },
    );
    const pictures = times.trim().split('\n').map(Number);
    expect(pictures).toHaveLength(200);
    expect(pictures.at(-1)! - pictures[0]!).toBeCloseTo(7.96, 2);

    const track = JSON.parse((await get('MEDIA_BUCKET', positionsKey(asked.json.id))).toString()) as {
      features: { properties: { times: string[] } }[];
    };
    expect(track.features[0]!.properties.times).toEqual(
      points
        .map(({ time }) => time)
        .filter((time) => time >= noon && time < noon + 68_000)
        .map((time) => new Date(time).toISOString()),
    );
    // Whoever may watch may fetch what lies under the video's own prefix.
    await expect(get('MEDIA_BUCKET', servedPositionsKey(asked.json.id))).rejects.toThrow(/key/i);
    expect(positionsKey(asked.json.id)).not.toMatch(/^(vod|live)\//);
    expect(await video(asked.json.id)).not.toHaveProperty('removeOn');
    expect((await video(asked.json.id)).origin).toEqual({
      kind: 'clip',
      device: id,
      channel: 1,
      from: new Date(noon).toISOString(),
      to: new Date(noon + 68_000).toISOString(),
    });
    // All of it within some metres.
    expect((await video(asked.json.id)).places).toEqual([[31_000_002, 121_000_000]]);
  });

  it('that is made without positions has no place by which it is found', async () => {
    await record();
    const rest = { latE6: 31_000_000, lonE6: 121_000_000, speed: 0, direction: 0, altitude: 0, alarm: 0, accOn: true };
    for (const item of positionItems(id, [{ time: noon, ...rest }], 30))
      await fleet.put('POSITIONS_TABLE', { ...item });
    const asked = await ask(olga, { positions: false });
    expect((await work()).result).toEqual({ batchItemFailures: [] });
    expect(await video(asked.json.id)).not.toHaveProperty('places');
  });

  it('needs the right to make videos, and something that is recorded', async () => {
    expect(await ask({ sub: 'vera' })).toMatchObject({ status: 403 });
    expect(await ask({ sub: 'sam' })).toMatchObject({ status: 404 });
    expect(await ask(olga)).toMatchObject({
      status: 404,
      json: { detail: expect.stringContaining('recorded') as string },
    });
    expect(await fleet.sent(fleet.clipQueue)).toEqual([]);
  });

  it('shows no more lines than who makes it may watch of the device, and nothing of it to who is denied it', async () => {
    const grant = (over: object) =>
      fleet.put('ENTITLEMENTS_TABLE', {
        videoId: `device:${id}`,
        subject: 'olga',
        effect: 'allow',
        grantedBy: 'ada',
        createdAt: new Date(noon).toISOString(),
        ...over,
      });
    await record();
    await grant({ maxHeight: 180 });
    // Nothing says how high it is.
    expect(await ask(olga)).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    await renew();
    await grant({ maxHeight: 180 });
    await record(undefined, false, 360);
    expect(await ask(olga)).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    expect(await ask({ sub: 'ada', groups: ['admin'] })).toMatchObject({ status: 202 });
    await fleet.sent(fleet.clipQueue);
    await renew();
    await grant({ maxHeight: 180 });
    await record(undefined, false, 180);
    const made = await ask(olga);
    expect((await work()).result).toEqual({ batchItemFailures: [] });
    expect((await get('SOURCE_BUCKET', sourceKey(made.json.id))).length).toBeGreaterThan(1000);
    const later = await ask(olga);
    // Fetched from the device meanwhile, of the minute that was missing and in a larger picture.
    const between = {
      start: noon + 30_000,
      duration: 2000,
      epoch: 1,
      sequence: 9,
      init,
      lines: 360,
      discontinuity: true,
    };
    await put(`${channelPrefix(id, 1)}${segmentPath(between)}`, 'x0.m4s');
    expect((await work()).result).toEqual({ batchItemFailures: [] });
    expect(await video(later.json.id)).toMatchObject({ status: 'failed', failure: { code: 'too-high' } });

    await grant({ effect: 'deny' });
    expect(await ask(olga)).toMatchObject({ status: 404 });
  });

  it('of two formats says when to cut, and fails for good', async () => {
    await record([init, init, init, '0123456789abcdef']);
    const asked = await ask(olga);
    expect((await work()).result).toEqual({ batchItemFailures: [] });
    expect(await video(asked.json.id)).toMatchObject({
      status: 'failed',
      failure: { code: 'mixed-formats', reason: expect.stringContaining('2026-11-04T12:01:06.000Z') as string },
    });
    expect(await video(asked.json.id)).not.toHaveProperty('expiresAt');
  });

  it('says that it failed when its message comes again, where the first try died before it could', async () => {
    await record([init, init, init, '0123456789abcdef']);
    const asked = await ask(olga);
    const [task] = await fleet.sent(fleet.clipQueue);
    const event = { Records: [{ messageId: 'm', body: JSON.stringify(task) }] } as unknown as SQSEvent;
    const bus = process.env['EVENT_BUS']!;
    delete process.env['EVENT_BUS'];
    try {
      for (const again of [1, 2])
        expect([again, await clip(event)]).toEqual([again, { batchItemFailures: [{ itemIdentifier: 'm' }] }]);
    } finally {
      process.env['EVENT_BUS'] = bus;
    }
    expect(await video(asked.json.id)).toMatchObject({ status: 'failed', failure: { code: 'mixed-formats' } });
    expect(await clip(event)).toEqual({ batchItemFailures: [] });
  });

  it('that was deleted meanwhile, or made already, is left alone', async () => {
    await record();
    const asked = await ask(olga);
    const [task] = await fleet.sent(fleet.clipQueue);
    const event = { Records: [{ messageId: 'm', body: JSON.stringify(task) }] } as unknown as SQSEvent;
    for (const status of ['deleted', 'uploaded', 'ready']) {
      await fleet.put('VIDEOS_TABLE', { ...(await video(asked.json.id)), status });
      expect(await clip(event)).toEqual({ batchItemFailures: [] });
    }
    await expect(get('SOURCE_BUCKET', sourceKey(asked.json.id))).rejects.toThrow(/key/i);
    await expect(get('MEDIA_BUCKET', positionsKey(asked.json.id))).rejects.toThrow(/key/i);
  });

  it('that cannot be read is tried again', async () => {
    await record();
    await put(`${channelPrefix(id, 1)}${initPath(noon, init)}`, 'x.m3u8');
    await ask(olga);
    const { result } = await work();
    expect(result.batchItemFailures).toEqual([{ itemIdentifier: 'm0' }]);
    expect(await clip({ Records: [{ messageId: 'n', body: '{}' }] } as unknown as SQSEvent)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'n' }],
    });
  });
});

describe('a file of unknown length', () => {
  const Bucket = () => process.env['SOURCE_BUCKET']!;
  async function* pieces(sizes: readonly number[], fail = false): AsyncGenerator<Buffer> {
    for (const [i, size] of sizes.entries()) yield Buffer.alloc(size, i + 1);
    if (fail) throw new Error('the source broke off');
  }
  it.each([
    ['one request', [10, 20]],
    ['parts', [6_000_000, 6_000_000, 5]],
    ['parts that come out even', [6_000_000, 6_000_000]],
  ])('is put in %s', async (name, sizes) => {
    const key = `uploads/${name.replaceAll(' ', '-')}`;
    await putInParts(Bucket(), key, 'video/mp4', pieces(sizes), 5_242_880);
    expect(
      (await get('SOURCE_BUCKET', key)).equals(Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1)))),
    ).toBe(true);
  });
  it.each([
    ['one request', [10]],
    ['parts', [6_000_000, 5]],
  ])('put again in %s replaces nothing, nor its tags', async (name, sizes) => {
    const Key = `uploads/again-${name.replaceAll(' ', '-')}`;
    await putInParts(Bucket(), Key, 'video/mp4', pieces([20]), 5_242_880);
    const tags = async () =>
      (await fleet.s3.send(new GetObjectTaggingCommand({ Bucket: Bucket(), Key }))).TagSet?.map((tag) => tag.Value);
    expect(await tags()).toEqual(['unaccepted']);
    await fleet.s3.send(new DeleteObjectTaggingCommand({ Bucket: Bucket(), Key }));
    await putInParts(Bucket(), Key, 'video/mp4', pieces(sizes), 5_242_880);
    expect((await get('SOURCE_BUCKET', Key)).equals(Buffer.alloc(20, 1))).toBe(true);
    expect(await tags()).toEqual([]);
    const { Uploads = [] } = await fleet.s3.send(new ListMultipartUploadsCommand({ Bucket: Bucket() }));
    expect(Uploads).toEqual([]);
  });
  it('that breaks off leaves nothing behind', async () => {
    await expect(
      putInParts(Bucket(), 'uploads/broken', 'video/mp4', pieces([6_000_000], true), 5_242_880),
    ).rejects.toThrow('broke off');
    const { Uploads = [] } = await fleet.s3.send(new ListMultipartUploadsCommand({ Bucket: Bucket() }));
    expect(Uploads).toEqual([]);
  });
});

it('says why a clip cannot be made', () => {
  expect(whyNot([])).toMatchObject({ code: 'not-recorded' });
  expect(
    whyNot([
      { init, start: 0 },
      { init, start: 1 },
    ]),
  ).toBeUndefined();
});
