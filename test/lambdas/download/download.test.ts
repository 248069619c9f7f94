/** Downloads on a real engine: who may, what the address gives, and an MP4 that is made once, in parts, of segments. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSegment } from '../../../lambdas/slicing/fmp4.ts';
import {
  downloadKey,
  INIT_NAME,
  playlistPath,
  renditionFolder,
  revisionPrefix,
  segmentName,
  sourceKey,
} from '../../../lib/contract/keys.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { box, fullBox, text, u32, zeros } from '../../../lib/media/build.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { playbackSecret } from '../../support/secret.ts';
import { record } from '../playback/fixture.ts';

const ID = 'downloaddownloaddown';
const OWNER = { sub: 'olga', groups: ['uploader'] };
const ADMIN = { sub: 'ada', groups: ['admin'] };
const VIEWER = { sub: 'vera', groups: [] };

let close = async () => {};
let catalog: typeof import('../../../lambdas/catalog/handler.ts').handler;
let maker: typeof import('../../../lambdas/download/worker.ts').handler;
let playback: typeof import('../../../lambdas/playback/handler.ts').handler;
let dynamo: typeof import('../../../lambdas/shared/clients.ts').dynamo;
let s3: S3Client;
let sqs: SQSClient;
let put: (video: VideoRecord) => Promise<unknown>;

const consoleConfig = (downloads: string) =>
  JSON.stringify({
    issuer: 'https://issuer.sluice.example',
    clientId: 'console',
    scope: 'openid',
    groupsClaim: 'groups',
    downloads,
    upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
  });

beforeAll(async () => {
  close = await startHandlerEngine({
    CONSOLE_CONFIG: consoleConfig('viewers'),
    DOWNLOAD_PLACES: '1',
    DOWNLOAD_SECONDS: '60',
    SLICING_PLACES: '3',
    DOWNLOADS: 'viewers',
    ISSUER: 'https://issuer.test',
    AUDIENCE: 'console',
    SIGNATURE_HOURS: '12',
    TOKEN_MINUTES: '60',
    PUBLIC_URL: 'https://videos.example',
  });
  const secret = new CreateSecretCommand({ Name: `mp4-${process.pid}`, SecretString: playbackSecret().text });
  process.env['SIGNING_SECRET'] = (await new SecretsManagerClient({}).send(secret)).ARN;
  s3 = new S3Client({ forcePathStyle: true });
  sqs = new SQSClient({});
  process.env['DOWNLOAD_QUEUE'] = (
    await sqs.send(new CreateQueueCommand({ QueueName: `mp4-${process.pid}` }))
  ).QueueUrl;
  ({ handler: catalog } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: maker } = await import('../../../lambdas/download/worker.ts'));
  ({ handler: playback } = await import('../../../lambdas/playback/handler.ts'));
  ({ dynamo } = await import('../../../lambdas/shared/clients.ts'));
  put = (Item) => dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item }));
}, 180_000);
afterAll(async () => close());

const video = (more: Partial<VideoRecord> = {}): VideoRecord => ({
  ...record({ id: ID, visibility: 'public' }),
  owner: OWNER.sub,
  title: 'Größe: 1/2',
  filename: 'dir/film.MOV',
  segmentType: 'fmp4',
  ...more,
});
const ask = (as: Call['as'], rendition?: string) =>
  callRoute(catalog, 'GET /api/videos/{id}/download', {
    as,
    params: { id: ID },
    query: rendition ? { rendition } : {},
  });

/** The next message, taken. */
async function take(): Promise<string | undefined> {
  const QueueUrl = process.env['DOWNLOAD_QUEUE'];
  const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  if (message) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return message?.Body;
}
const work = (body: string) => maker({ Records: [{ messageId: 'm', body }] } as never);

describe('the original', () => {
  it('is for owner and admins, under its own name, and to be kept, not shown', async () => {
    const revised = video();
    await put(revised);
    const Body = Buffer.from('as it was uploaded');
    await s3.send(
      new PutObjectCommand({
        Bucket: process.env['SOURCE_BUCKET'],
        Key: sourceKey(ID),
        Body,
        ContentType: 'text/html',
      }),
    );
    for (const as of [OWNER, ADMIN]) {
      const { status, json } = await ask(as);
      expect([status, json.state, json.filename, json.bytes]).toEqual([200, 'ready', 'dir film.MOV', Body.length]);
      const answer = await fetch(json.url);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(Body);
      expect(answer.headers.get('content-disposition')).toContain(`filename="dir film.MOV"`);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    }
    expect((await ask(VIEWER)).status).toBe(403);
    expect((await ask(undefined)).status).toBe(401);
    await put({ ...revised, visibility: 'private' });
    expect((await ask(VIEWER)).status).toBe(404);
    expect((await ask(OWNER)).status).toBe(200);
  });

  it('is 404 where it is not there yet, or not any more', async () => {
    await put(video({ status: 'uploading' }));
    expect((await ask(OWNER)).status).toBe(404);
    await put({ ...video(), id: 'noneyetnoneyetnoneye' });
    const none = await callRoute(catalog, 'GET /api/videos/{id}/download', {
      as: OWNER,
      params: { id: 'noneyetnoneyetnoneye' },
    });
    expect(none.status).toBe(404);
  });
});

/** An initialization section of one track. */
const init = (timescale: number) =>
  Buffer.concat([
    box('ftyp', text('iso6'), u32(0)),
    box(
      'moov',
      box('mvhd', zeros(100)),
      box(
        'trak',
        fullBox('tkhd', 0, 3, u32(0, 0, 1, 0, 0), zeros(60)),
        box(
          'mdia',
          fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0, 0)),
          fullBox('hdlr', 0, 0, zeros(20)),
          box('minf', fullBox('vmhd', 0, 1, zeros(8)), box('dinf'), box('stbl', fullBox('stsd', 0, 0, u32(0)))),
        ),
      ),
    ),
  ]);

/** Publishes a rendition of segments with random samples; answers the samples, one after another. */
async function publish(kind: 'video' | 'audio', name: string, segments: number, bytes: number): Promise<Buffer[]> {
  const base = revisionPrefix(ID, 3);
  const store = (Key: string, Body: Buffer | string) =>
    s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key, Body }));
  await store(`${base}${renditionFolder(kind, name)}${INIT_NAME}`, init(1000));
  const names: string[] = [];
  const data: Buffer[] = [];
  for (let i = 0; i < segments; i += 1) {
    const samples = [0, 1, 2].map((n) => ({
      dts: 1000 + 6000 * i + 2000 * n,
      pts: 1000 + 6000 * i + 2000 * n,
      duration: 2000,
      sync: n === 0,
      data: randomBytes(bytes),
    }));
    names.push(segmentName(i + 1, 'fmp4'));
    data.push(...samples.map((sample) => sample.data));
    await store(
      `${base}${renditionFolder(kind, name)}${names[i]}`,
      writeSegment({ sequence: i + 1, samples, end: 7000 + 6000 * i, shift: 0 }),
    );
  }
  const lines = names.map((file) => `#EXTINF:6.0,\n${name}/${file}?{$auth}`).join('\n');
  await store(
    `${base}${playlistPath(kind, name)}`,
    `#EXTM3U\n#EXT-X-MAP:URI="${name}/${INIT_NAME}?{$auth}"\n${lines}\n#EXT-X-ENDLIST\n`,
  );
  return data;
}

describe('an MP4 of a rung', () => {
  it('is made once when somebody asks, in as many invocations as it takes, and is what the segments are', async () => {
    // 54 MB: four parts.
    const pictures = await publish('video', '720p', 6, 3_000_000);
    const sound = await publish('audio', 'main', 6, 1000);
    await put(video());
    const first = await ask(VIEWER, '720p');
    expect([first.status, first.json]).toEqual([200, { state: 'preparing', filename: 'Größe 1 2 720p.mp4' }]);
    // Who asks meanwhile waits for the same one.
    expect((await ask(OWNER, '720p')).json.state).toBe('preparing');
    let messages = 0;
    process.env['DOWNLOAD_SECONDS'] = '1';
    const { Key, Bucket } = { Key: downloadKey(ID, 3, '720p'), Bucket: process.env['MEDIA_BUCKET'] };
    for (let body = await take(); body !== undefined && messages < 50; body = await take()) {
      messages += 1;
      expect((await work(body)).batchItemFailures).toEqual([]);
      expect(JSON.parse(body).videoId).toBe(ID);
    }
    process.env['DOWNLOAD_SECONDS'] = '60';
    const { json } = await ask(VIEWER, '720p');
    expect(json).toMatchObject({ state: 'ready', filename: 'Größe 1 2 720p.mp4' });
    const answer = await fetch(json.url);
    const file = Buffer.from(await answer.arrayBuffer());
    expect(file.length).toBe(json.bytes);
    expect(answer.headers.get('content-disposition')).toContain("filename*=UTF-8''Gr%C3%B6%C3%9Fe%201%202%20720p.mp4");
    // Picture, sound, picture, sound: each segment's samples as they were.
    const expected = Array.from({ length: 6 }, (_, i) => [
      ...pictures.slice(3 * i, 3 * i + 3),
      ...sound.slice(3 * i, 3 * i + 3),
    ]).flat();
    const media = Buffer.concat(expected);
    expect(file.subarray(file.length - media.length).equals(media)).toBe(true);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentType).toBe('video/mp4');
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
    // The places are free again.
    const { takeSlot, freeSlotsOf } = await import('../../../lambdas/shared/slots.ts');
    expect(await takeSlot({ owner: 'downloads', videoId: 'x', expiresAt: Math.floor(Date.now() / 1000) + 60 }, 1)).toBe(
      0,
    );
    await freeSlotsOf('downloads', 'x');
  }, 120_000);

  it('is played as a file, ranges of it from the edge, in a session that counts for the video', async () => {
    await put(video());
    const file = (name: string, query: Record<string, string> = {}) =>
      playback({
        routeKey: 'GET /api/play/{id}/mp4/{file}',
        pathParameters: { id: ID, file: name },
        queryStringParameters: query,
        headers: {},
        requestContext: { requestId: 'r' },
      } as never);
    const answer = await file('720p.mp4');
    expect(answer.statusCode).toBe(302);
    const location = new URL(String(answer.headers!['location']), 'https://videos.example');
    const [, ticket] = /^\/downloads\/downloaddownloaddown\/s\/([^/]+)\/r3\/720p\.mp4$/.exec(location.pathname)!;
    // The signature is for this file in this session, and for no other.
    const policy = location.searchParams.get('Policy')!;
    const text = Buffer.from(
      policy.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'),
      'base64',
    ).toString();
    expect(JSON.parse(text).Statement[0].Resource).toBe(`https://videos.example${location.pathname}`);
    const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: process.env['SESSIONS_TABLE'] }));
    expect(Items.find((row) => row['ticket'] === ticket)).toMatchObject({ what: `vod/${ID}` });

    const made = await file('1080p.mp4');
    expect([made.statusCode, JSON.parse(made.body!).code]).toEqual([409, 'not-ready']);
    expect(JSON.parse((await take())!)).toMatchObject({ videoId: ID, rendition: '1080p' });
    expect((await file('main.mp4')).statusCode).toBe(404);
    process.env['DOWNLOADS'] = 'owner';
    const refused = await file('720p.mp4');
    process.env['DOWNLOADS'] = 'viewers';
    expect([refused.statusCode, JSON.parse(refused.body!).code]).toEqual([403, 'forbidden']);
    await put(video({ visibility: 'private' }));
    expect((await file('720p.mp4')).statusCode).toBe(401);
  });

  it('is not made of a video that was deleted meanwhile', async () => {
    await publish('video', '360p', 1, 1000);
    await put(video());
    await ask(OWNER, '360p');
    const body = await take();
    await put(video({ status: 'deleted' }));
    await work(body!);
    await expect(
      s3.send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: downloadKey(ID, 3, '360p') })),
    ).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it.each<[number, string, Partial<VideoRecord>, string]>([
    [404, 'not-found', {}, '999p'],
    [404, 'not-found', {}, 'main'],
    [409, 'not-ready', { status: 'playable' }, '720p'],
    [409, 'conflict', { segmentType: 'mpegts' }, '1080p'],
    [409, 'conflict', { encryption: 'aes-128' }, '1080p'],
    [400, 'invalid-request', {}, '../720p'],
  ])('%i %s for %j, %s', async (status, code, more, rendition) => {
    await put(video(more));
    const answer = await ask(OWNER, rendition);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });
});

it('viewers download nothing unless the configuration says so', async () => {
  const { vi } = await import('vitest');
  process.env['CONSOLE_CONFIG'] = consoleConfig('owner');
  vi.resetModules();
  ({ handler: catalog } = await import('../../../lambdas/catalog/handler.ts'));
  await put(video());
  expect((await ask(VIEWER, '1080p')).status).toBe(403);
  expect((await ask(OWNER, '1080p')).json.state).toBe('preparing');
});
