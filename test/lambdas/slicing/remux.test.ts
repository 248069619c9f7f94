/** A long source without an index, through the steps as they are: remuxed, cut into chunks, published. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { remuxedKey, revisionPrefix, sourceKey } from '../../../lib/contract/keys.ts';
import type { ProbeResult } from '../../../lib/contract/slicing.ts';
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
let encode: typeof import('../../../lambdas/slicing/encode.ts').handler;
let assemble: typeof import('../../../lambdas/slicing/assemble.ts').handler;
beforeAll(async () => {
  close = await startHandlerEngine({
    SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, ladder: [234], chunkSeconds: 100 }),
    SLICING_PLACES: '2',
    SLICING_TASKS: '0',
    PRESET: 'ultrafast',
  });
  ({ folder, remove } = await workFolder());
  clients = await import('../../../lambdas/shared/clients.ts');
  ({ handler: probe } = await import('../../../lambdas/slicing/probe.ts'));
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

it('Matroska: chunks read the file that was made of it, and what is published is as long', async () => {
  const path = join(folder, 'long.mkv');
  await ffmpeg(...picture(SECONDS, '64x36', '10'), ...tone(SECONDS), ...H264, '-g', '50', '-c:a', 'aac', path);
  const id = idOf(1);
  const planned = await probed(id, path);
  if (planned.outcome !== 'planned') throw new Error(planned.outcome);
  const { plan, chunks } = planned;
  expect(plan.remuxed).toMatchObject({ bucket: media(), key: remuxedKey(id, 1) });
  expect(chunks).toHaveLength(3);
  expect(plan.source.info.duration).toBeCloseTo(SECONDS, 1);
  for (const chunk of chunks) await encode({ plan, chunk }, context);
  await assemble({ plan, chunks });
  const Key = `${revisionPrefix(id, 1)}video/${plan.video[0]!.name}.m3u8`;
  const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: media(), Key }));
  const lengths = [...(await Body!.transformToString()).matchAll(/#EXTINF:([0-9.]+)/g)].map(([, seconds]) =>
    Number(seconds),
  );
  expect(lengths.reduce((sum, one) => sum + one)).toBeCloseTo(SECONDS, 1);
  // Nobody needs it any more.
  const gone = clients.s3.send(new HeadObjectCommand({ Bucket: media(), Key: plan.remuxed!.key }));
  await expect(gone).rejects.toMatchObject({ name: 'NotFound' });
}, 300_000);

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
