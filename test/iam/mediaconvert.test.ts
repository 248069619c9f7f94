/**
 * Upload, conversion by the stand-in for MediaConvert and playback, with the engine's IAM enforcement on. The stand-in itself
 * asks for no rights.
 */
import { GetJobCommand, MediaConvertClient } from '@aws-sdk/client-mediaconvert';
import { GetCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../local/client.ts';
import { engineClient } from '../../local/engine.ts';
import { startLocal, type LocalStack } from '../../local/stack.ts';
import { layerFolder } from '../support/layer.ts';
import { makeVideo } from '../support/media.ts';
import { play } from '../support/playback.ts';

await layerFolder();

let folder: string;
let stack: LocalStack;
let uma: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-mediaconvert-'));
  const context = { 'slicing.engine': 'mediaconvert', 'live.enabled': 'false' };
  stack = await startLocal({ port: 0, iam: true, context, log: () => {} });
  const { users } = await stack.ready();
  uma = new Client(stack.url, users.find((user) => user.name === 'uma')!.token);
});
afterAll(async () => {
  await stack?.close();
  await rm(folder, { recursive: true, force: true });
});

it('goes from upload to playback, and says what it cost', async () => {
  const file = join(folder, 'a.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 14, size: '640x360' });
  const id = await uma.upload(file, { name: 'a.mp4' });
  const video = await uma.ready(id);
  expect(video.renditions.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
    'video/360p',
    'video/234p',
    'audio/main',
  ]);
  expect(video.duration).toBeCloseTo(14, 0);
  expect(video.posterUrl).not.toBeNull();
  // Two SD pictures and a sound, of 14 s each: nearly all of the price.
  const minutes = (14 / 60) * (2 + 1 / 3) * 0.0075;
  expect(video.cost).toMatchObject({ engine: 'mediaconvert' });
  for (const dollars of [video.cost!.estimate, video.cost!.actual!]) {
    expect(dollars).toBeGreaterThan(minutes);
    expect(dollars).toBeLessThan(minutes * 1.6);
  }
  const { auth, renditions } = await play(uma, id);
  for (const target of renditions.flatMap((r) => r.files)) expect((await fetch(`${target}?${auth}`)).status).toBe(200);
});

it('cancels the job of a video that is deleted', async () => {
  const file = join(folder, 'long.mp4');
  await makeVideo(stack.ffmpegFolder, file, { seconds: 120, size: '1280x720' });
  const id = await uma.upload(file, { name: 'long.mp4' });
  const { endpoint, ...client } = engineClient(stack.engine.endpoint);
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, ...client }));
  const TableName = Object.entries(stack.deployment.physicalIds).find(([name]) => name.startsWith('StorageVideos'))![1];
  const job = async () => (await dynamo.send(new GetCommand({ TableName, Key: { id } }))).Item?.['conversion']?.job;
  await expect.poll(job, { timeout: 120_000, interval: 200 }).toEqual(expect.any(String));
  const Id = (await job()) as string;
  expect((await uma.fetch('DELETE', `/api/videos/${id}?now=true`)).status).toBe(204);
  const mediaConvert = new MediaConvertClient({ ...client, endpoint: stack.mediaConvert!.url });
  const status = async () => (await mediaConvert.send(new GetJobCommand({ Id }))).Job!.Status;
  await expect.poll(status, { timeout: 120_000, interval: 200 }).toBe('CANCELED');
});
