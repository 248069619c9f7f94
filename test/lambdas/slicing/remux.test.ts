/** A long source without an index, through the steps as they are: remuxed, cut into chunks, published. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTime } from '../../../lambdas/slicing/engine.ts';
import { costOptions } from '../../../lib/contract/cost.ts';
import { stretchesOf } from '../../../lambdas/slicing/stretches-of.ts';
import { framesKey, remuxedKey, revisionPrefix, sourceKey } from '../../../lib/contract/keys.ts';
import type { AssembleTask, ProbeResult } from '../../../lib/contract/slicing.ts';
import { aRecord, idOf } from '../catalog/record.ts';
import { startHandlerEngine } from '../engine.ts';
import { ffmpeg, H264, picture, tone, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

const SECONDS = 310;
const context = { getRemainingTimeInMillis: () => 300_000 };

let close = async () => {};
let remove = async () => {};
let folder: string;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let probe: typeof import('../../../lambdas/slicing/probe.ts').handler;
let copy: typeof import('../../../lambdas/slicing/copy-group.ts').handler;
let readVideo: typeof import('../../../lambdas/shared/videos.ts').readVideo;
let encode: typeof import('../../../lambdas/slicing/encode.ts').handler;
let assemble: typeof import('../../../lambdas/slicing/assemble.ts').handler;
beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, copyMaxMbps: 16, ladder: [234], chunkSeconds: 100 }),
    SLICING_PLACES: '20',
    SLICING_TASKS: '0',
    PRESET: 'ultrafast',
  });
  ({ folder, remove } = await workFolder());
  clients = await import('../../../lambdas/shared/clients.ts');
  ({ handler: probe } = await import('../../../lambdas/slicing/probe.ts'));
  ({ handler: copy } = await import('../../../lambdas/slicing/copy-group.ts'));
  ({ readVideo } = await import('../../../lambdas/shared/videos.ts'));
  ({ handler: encode } = await import('../../../lambdas/slicing/encode.ts'));
  ({ handler: assemble } = await import('../../../lambdas/slicing/assemble.ts'));
}, 600_000);
afterAll(async () => {
  await close();
  await remove();
});

async function probed(id: string, path: string): Promise<ProbeResult> {
  const record = aRecord({ id, status: 'uploading', progress: 0 });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  const Bucket = process.env['SOURCE_BUCKET']!;
  await clients.s3.send(new PutObjectCommand({ Bucket, Key: sourceKey(id), Body: await readFile(path) }));
  const event = { detail: { bucket: { name: Bucket }, object: { key: sourceKey(id) } } };
  return probe({ execution: 'run', event }, context);
}

const media = () => process.env['MEDIA_BUCKET']!;

/** All tasks of a run, and its end; answers the lengths of the segments of its first rung. */
async function performed({ plan, chunks }: AssembleTask): Promise<number[]> {
  for (const chunk of chunks) await (chunk.copy ? copy({ plan, chunk }) : encode({ plan, chunk }, context));
  await assemble({ plan, chunks });
  const Key = `${revisionPrefix(plan.videoId, 1)}video/${plan.video[0]!.name}.m3u8`;
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: media(), Key }));
  return [...(await Body!.transformToString()).matchAll(/#EXTINF:([0-9.]+)/g)].map(([, seconds]) => Number(seconds));
}
const sum = (values: readonly number[]) => values.reduce((total, one) => total + one);

describe('Matroska', () => {
  let film: string;
  beforeAll(async () => {
    film = join(folder, 'long.mkv');
    await ffmpeg(...picture(SECONDS, '128x72', '10'), ...tone(SECONDS), ...H264, '-g', '50', '-c:a', 'aac', film);
  }, 60_000);

  it('is sliced from where it lies: its picture and sound are copied, and play once it is probed', async () => {
    const planned = await probed(idOf(1), film);
    if (planned.outcome !== 'planned') throw new Error(planned.outcome);
    const { plan, chunks } = planned;
    expect(plan.remuxed).toBeUndefined();
    expect(plan.video[0]).toMatchObject({ name: '72p', copied: true });
    expect(plan.audio[0]).toMatchObject({ copied: true });
    expect(plan.source.info.duration).toBeCloseTo(SECONDS, 1);
    expect((await readVideo(plan.videoId))!.status).toBe('playable');
    expect(sum(await performed({ plan, chunks }))).toBeCloseTo(SECONDS, 1);
    expect((await readVideo(plan.videoId))!.status).toBe('ready');
  }, 300_000);

  it('in stretches, read by a function each, comes to the same; one that was not read is no harm', async () => {
    const whole = await probed(idOf(3), film);
    if (whole.outcome !== 'planned') throw new Error(whole.outcome);
    const { plan } = whole;
    const { bytes } = plan.source.info;
    const third = Math.floor(bytes / 3);
    const stretches = [0, 1, 2].map((index) => ({
      index,
      from: index * third,
      until: index < 2 ? (index + 1) * third : null,
    }));
    for (const [id, read] of [
      [idOf(4), stretches],
      [idOf(5), stretches.slice(1)],
    ] as const) {
      const record = aRecord({ id, status: 'uploading', progress: 0 });
      await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
      const Bucket = process.env['SOURCE_BUCKET']!;
      await clients.s3.send(new PutObjectCommand({ Bucket, Key: sourceKey(id), Body: await readFile(film) }));
      const { etag: _, ...source } = { ...plan.source, key: sourceKey(id) };
      const event = { detail: { bucket: { name: Bucket }, object: { key: sourceKey(id) } } };
      for (const stretch of read) {
        const asked = { read: { videoId: id, revision: 1, source, stretch } };
        expect(await encode(asked, context)).toEqual({ outcome: 'read' });
      }
      const planned = await probe({ execution: 'run', event, before: { stretches } }, context);
      if (planned.outcome !== 'planned') throw new Error(planned.outcome);
      expect(planned.chunks).toEqual(whole.chunks);
      expect(planned.plan.segments).toEqual(plan.segments);
      // What was found is nobody's any more.
      const left = clients.s3.send(new HeadObjectCommand({ Bucket: media(), Key: framesKey(id, 1, 1) }));
      await expect(left).rejects.toMatchObject({ name: 'NotFound' });
    }
  }, 300_000);

  it('is read in as many stretches as it is large, up to forty', () => {
    expect(stretchesOf(200 * 2 ** 20)).toEqual([]);
    expect(stretchesOf(300 * 2 ** 20)).toEqual([
      { index: 0, from: 0, until: 150 * 2 ** 20 },
      { index: 1, from: 150 * 2 ** 20, until: null },
    ]);
    const many = stretchesOf(100 * 2 ** 30);
    expect(many).toHaveLength(40);
    many.slice(1).forEach(({ from }, i) => expect(many[i]!.until).toBe(from));
  });
});

it('MPEG-TS is written again: it is copied from that, which goes when nobody needs it any more', async () => {
  const path = join(folder, 'long.ts');
  await ffmpeg(...picture(SECONDS, '128x72', '10'), ...tone(SECONDS), ...H264, '-g', '50', '-c:a', 'aac', path);
  const id = idOf(6);
  const planned = await probed(id, path);
  if (planned.outcome !== 'planned') throw new Error(planned.outcome);
  const { plan, chunks } = planned;
  expect(plan.remuxed).toMatchObject({ bucket: media(), key: remuxedKey(id, 1) });
  expect(plan.video[0]).toMatchObject({ copied: true });
  expect(sum(await performed({ plan, chunks }))).toBeCloseTo(SECONDS, 1);
  const gone = clients.s3.send(new HeadObjectCommand({ Bucket: media(), Key: plan.remuxed!.key }));
  await expect(gone).rejects.toMatchObject({ name: 'NotFound' });
}, 300_000);

it('what can neither be indexed nor be encoded in time is refused before that is tried, and says why', async () => {
  const path = join(folder, 'short.ogv');
  await ffmpeg(...picture(2, '640x360'), '-c:v', 'libtheora', path);
  const planned = await probed(idOf(7), path);
  if (planned.outcome !== 'planned') throw new Error(planned.outcome);
  const { source, ...plan } = { ...planned.plan, chunks: planned.chunks };
  expect(plan.timescale).toBeNull();
  const costs = costOptions.parse(JSON.parse(process.env['SLICING_COST']!));
  const lasting = (duration: number) => ({ ...plan, source: { ...source, info: { ...source.info, duration } } });
  expect(() => checkTime(lasting(600), costs)).not.toThrow();
  expect(() => checkTime(lasting(360_000), costs)).toThrow(
    /theora in ogg.*100 hours.*15 minutes \(slicing\.timeoutSeconds\)/,
  );
}, 60_000);

it('what comes out at another length than it says is sliced as it is', async () => {
  const path = join(folder, 'jumps.ts');
  const [first, second] = [join(folder, 'first.ts'), join(folder, 'second.ts')];
  await ffmpeg(...picture(20, '64x36', '10'), ...H264, first);
  await ffmpeg(...picture(20, '64x36', '10'), ...H264, '-output_ts_offset', '600', second);
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, Buffer.concat([await readFile(first), await readFile(second)]));
  const planned = await probed(idOf(2), path);
  if (planned.outcome !== 'planned') throw new Error(planned.outcome);
  expect(planned.plan.remuxed).toBeUndefined();
  expect(planned.chunks).toHaveLength(1);
}, 300_000);
