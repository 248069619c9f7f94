/** The flow once more with the engine's IAM enforcement on: a grant that is missing fails here, not in an account. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { engineClient } from '../../local/engine.ts';
import { startLocal, type LocalStack } from '../../local/stack.ts';
import { fileServer, serveRanges } from '../support/file-server.ts';
import { layerFolder } from '../support/layer.ts';
import { makeVideo } from '../support/media.ts';
import { play } from '../support/playback.ts';
import { useDevices } from './devices.ts';

await layerFolder();

let folder: string;
let stack: LocalStack;
let uma: Client;
let vera: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-iam-'));
  const context = { 'upload.pullPrivate': 'true' };
  stack = await startLocal({ port: 0, iam: true, context, log: () => {} });
  const { users } = await stack.ready();
  const as = (name: string) => new Client(stack.url, users.find((user) => user.name === name)!.token);
  uma = as('uma');
  vera = as('vera');
});
afterAll(async () => {
  await stack?.close();
  await rm(folder, { recursive: true, force: true });
});

it('is really enforced: nobody reads a bucket without credentials', async () => {
  const { endpoint, region } = engineClient(stack.engine.endpoint);
  const bucket = Object.entries(stack.deployment.physicalIds).find(([id]) => id.startsWith('StorageMedia'))![1];
  const anonymous = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' },
  });
  await expect(anonymous.send(new GetObjectCommand({ Bucket: bucket, Key: 'vod/x' }))).rejects.toThrow(/./);
  expect((await fetch(`${endpoint}/${bucket}?list-type=2`)).status).toBe(403);
});

it('goes from upload to playback, sharing and removal with the rights the templates give', async () => {
  const file = join(folder, 'a.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 8, size: '320x180' });
  const id = await uma.upload(file, { name: 'a.mp4', metadata: { encryption: 'cbcs' } });
  const video = await uma.ready(id);
  expect(video.posterUrl).not.toBeNull();
  expect((await fetch(new URL(video.posterUrl!, stack.url))).status).toBe(200);
  const { auth, renditions, manifest } = await play(uma, id);
  for (const target of renditions.flatMap((r) => r.files)) expect((await fetch(`${target}?${auth}`)).status).toBe(200);
  const licence = /NAME="licence",VALUE="([^"]+)"/.exec(manifest)![1]!;
  const given = await fetch(`${stack.url}/api/play/${id}/licence?${licence}`);
  expect([given.status, (await given.arrayBuffer()).byteLength]).toEqual([200, 16]);

  const now = Date.now();
  const events = [{ type: 'heartbeat', at: now, watched: [[0, 2]] }];
  const address = /DATA-ID="io\.sluice\.events",VALUE="([^"]+)"/.exec(manifest)![1]!;
  const reported = await fetch(address, { method: 'POST', body: JSON.stringify({ sequence: 0, now, events }) });
  expect(reported.status).toBe(204);
  const seconds = async () => (await uma.call('GET /api/videos/{id}/insight', { params: { id } })).totals.watchSeconds;
  await expect.poll(seconds, { timeout: 120_000, interval: 500 }).toBe(2);

  await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { visibility: 'entitled', tags: ['x'] } });
  await uma.call('PUT /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' }, body: {} });
  expect((await uma.call('GET /api/videos/{id}/grants', { params: { id } })).grants).toHaveLength(1);
  await play(vera, id);
  const { url } = await vera.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
  const expanded = await (await new Client(stack.url).fetch('GET', `${url}&expand=1`)).text();
  expect((await fetch(new URL(/^(?!#)\S+$/m.exec(expanded)![0], stack.url))).status).toBe(200);
  await uma.call('DELETE /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' } });

  const { uploadId, key } = await uma.call('POST /api/s3/multipart', {
    body: { filename: 'c.mp4', type: 'video/mp4' },
  });
  await uma.call('DELETE /api/s3/multipart/{uploadId}', { params: { uploadId }, query: { key } });

  expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
  const s3 = new S3Client({ ...engineClient(stack.engine.endpoint), forcePathStyle: true });
  const left = async () => {
    let count = 0;
    for (const [logicalId, bucket] of Object.entries(stack.deployment.physicalIds)) {
      if (
        !/^Storage(Media|Sources)/.test(logicalId) ||
        stack.deployment.template.Resources[logicalId]?.Type !== 'AWS::S3::Bucket'
      )
        continue;
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
      count += (Contents ?? []).filter((object) => object.Key?.includes(id)).length;
    }
    return count;
  };
  await expect.poll(left, { timeout: 120_000, interval: 500 }).toBe(0);
});

it('takes what a form posts once: not again when it is ready, nor after it was deleted', async () => {
  const file = join(folder, 'form.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 2, size: '320x180' });
  const { url, fields } = await uma.call('GET /api/s3/params', { query: { filename: 'f.mp4', type: 'video/mp4' } });
  const post = async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([await readFile(file)]));
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(201);
  };
  const id = fields['key']!.split('/')[1]!;
  const Bucket = Object.entries(stack.deployment.physicalIds).find(
    ([name]) =>
      name.startsWith('StorageSources') && stack.deployment.template.Resources[name]?.Type === 'AWS::S3::Bucket',
  )![1];
  const s3 = new S3Client({ ...engineClient(stack.engine.endpoint), forcePathStyle: true });
  const there = async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `uploads/${id}/` }));
    return Contents.map(({ Key }) => Key!.split('/').at(-1));
  };
  await post();
  await uma.ready(id);
  expect(await there()).toEqual(['source']);
  await post();
  await expect.poll(there, { timeout: 120_000, interval: 500 }).toEqual(['source']);
  expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
  await expect.poll(there, { timeout: 120_000, interval: 500 }).toEqual([]);
  await post();
  await expect.poll(there, { timeout: 120_000, interval: 500 }).toEqual([]);
});

it('pulls from an address and makes an MP4 to download with the rights the templates give', async () => {
  const file = join(folder, 'pulled.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 4, size: '320x180' });
  const server = await fileServer(serveRanges(await readFile(file)));
  try {
    const sourceUrl = `${server.url}/pulled.mp4`;
    const { videoId: id } = await uma.call('POST /api/videos', { body: { sourceUrl } });
    const video = await uma.ready(id);
    const params = { id };
    const original = await uma.call('GET /api/videos/{id}/download', { params });
    const bytes = Buffer.from(await (await fetch(original.url!)).arrayBuffer());
    expect(bytes.equals(await readFile(file))).toBe(true);
    const query = { rendition: video.renditions.find(({ kind }) => kind === 'video')!.name };
    const asked = () => uma.call('GET /api/videos/{id}/download', { params, query });
    expect((await asked()).state).toBe('preparing');
    await expect.poll(async () => (await asked()).state, { timeout: 120_000, interval: 500 }).toBe('ready');
    const made = await fetch((await asked()).url!);
    expect(made.status).toBe(200);
    expect(Buffer.from(await made.arrayBuffer()).includes('moov')).toBe(true);
    expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
  } finally {
    await server.close();
  }
});

it('marks what is not a video as failed with a reason', async () => {
  const { writeFile } = await import('node:fs/promises');
  const file = join(folder, 'words.mp4');
  await writeFile(file, 'words '.repeat(1000));
  const id = await uma.upload(file, { name: 'words.mp4' });
  await expect(uma.ready(id, () => {}, 2)).rejects.toMatchObject({ body: { code: 'not-video' } });
});

it('shows an incident to the viewers that its device has, with the rights the templates give', async () => {
  const ada = new Client(stack.url, (await stack.ready()).users.find((user) => user.name === 'ada')!.token);
  const file = join(folder, 'incident.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 2, size: '320x180' });
  const id = await uma.upload(file, { name: 'incident.mp4' });
  await uma.ready(id);
  // As a task would have made it.
  const device = '13900000078';
  await ada.call('POST /api/devices', { body: { id: device, viewers: ['vera'] } });
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(engineClient(stack.engine.endpoint)));
  const [, TableName] = Object.entries(stack.deployment.physicalIds).find(
    ([logicalId]) =>
      logicalId.startsWith('StorageVideos') &&
      stack.deployment.template.Resources[logicalId]?.Type === 'AWS::DynamoDB::Table',
  )!;
  await table.send(
    new UpdateCommand({
      TableName,
      Key: { id },
      UpdateExpression: 'SET origin = :origin, #owner = :owner, visibility = :entitled',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: {
        ':origin': { kind: 'incident', device, channel: 1 },
        ':owner': `device ${device}`,
        ':entitled': 'entitled',
      },
    }),
  );
  const params = { id };
  await play(vera, id);
  expect((await vera.call('GET /api/videos/{id}', { params })).origin?.device).toBe(device);
  expect((await vera.fetch('GET', `/api/videos/${id}/positions`)).status).toBe(404);
  expect((await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);
  await ada.call('PATCH /api/devices/{id}', { params: { id: device }, body: { viewers: ['uma'] } });
  expect((await vera.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);
  await play(uma, id);
  await ada.call('DELETE /api/devices/{id}', { params: { id: device } });
  expect((await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(403);
  await ada.call('DELETE /api/videos/{id}', { params, query: { now: 'true' } });
});

it('takes devices in, shows, asks and cuts them with the rights the templates give', async () => {
  const ready = await stack.ready();
  const admin = new Client(stack.url, ready.users.find((user) => user.name === 'ada')!.token);
  const { parts } = await admin.call('GET /api/health');
  // What cannot be asked is said so; nothing of it may be for want of a right.
  expect(parts.map(({ part }) => part)).toEqual(expect.arrayContaining(['alarms', 'slicing', 'edge', 'ingest']));
  expect(parts.find(({ part }) => part === 'alarms')).toMatchObject({ state: 'ok' });
  await expect(useDevices(ready, admin, uma)).resolves.toBeUndefined();
});
