/** Pulls on a real engine, from real servers: what arrives, what is refused, and what is gone on with. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fileServer, serveRanges, type FileServer } from '../../support/file-server.ts';
import { callRoute, startHandlerEngine } from '../engine.ts';

const MiB = 1024 ** 2;
const film = randomBytes(40 * MiB);

let close = async () => {};
let upload: typeof import('../../../lambdas/upload/handler.ts').handler;
let worker: typeof import('../../../lambdas/pull/worker.ts').handler;
let videos: typeof import('../../../lambdas/shared/videos.ts');
let s3: S3Client;
let sqs: SQSClient;
const servers: FileServer[] = [];

beforeAll(async () => {
  close = await startHandlerEngine({
    UPLOAD_LIMITS: JSON.stringify({
      maxBytes: 64 * MiB,
      types: ['video/*', 'application/octet-stream'],
      maxInFlight: 5,
      urlSeconds: 600,
      expireSeconds: 86_400,
    }),
    PULL_RULES: JSON.stringify({ allowPrivate: true, buckets: ['films-of-ours'] }),
    PULL_PLACES: '2',
    PULL_SECONDS: '60',
    SLICING_PLACES: '20',
  });
  s3 = new S3Client({ forcePathStyle: true });
  sqs = new SQSClient({});
  process.env['PULL_QUEUE'] = (await sqs.send(new CreateQueueCommand({ QueueName: `pulls-${process.pid}` }))).QueueUrl;
  await s3.send(new CreateBucketCommand({ Bucket: 'films-of-ours' }));
  await load();
}, 180_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await close();
});
afterEach(() => {
  process.env['PULL_PLACES'] = '2';
  process.env['PULL_SECONDS'] = '60';
});

/** The functions, with what the environment says now. */
async function load(): Promise<void> {
  vi.resetModules();
  ({ handler: upload } = await import('../../../lambdas/upload/handler.ts'));
  ({ handler: worker } = await import('../../../lambdas/pull/worker.ts'));
  videos = await import('../../../lambdas/shared/videos.ts');
  // Waits of a minute are a message all the same.
  const { sqs: queue } = await import('../../../lambdas/pull/queue.ts');
  queue.middlewareStack.add(
    (next) => (args) => {
      delete (args.input as { DelaySeconds?: number }).DelaySeconds;
      return next(args);
    },
    { step: 'initialize' },
  );
}

async function serve(...args: Parameters<typeof fileServer>): Promise<FileServer> {
  const server = await fileServer(...args);
  servers.push(server);
  return server;
}

let person = 0;
const ask = async (sourceUrl: string, more: object = {}) =>
  await callRoute(upload, 'POST /api/videos', {
    as: { sub: `puller-${++person}`, groups: ['uploader'] },
    body: { sourceUrl, ...more },
  });
async function begin(sourceUrl: string, more: object = {}): Promise<string> {
  const { status, json } = await ask(sourceUrl, more);
  expect([status, json.detail]).toEqual([202, undefined]);
  return json.videoId as string;
}

/** The next message of the queue, taken; undefined when there is none. */
async function take(): Promise<string | undefined> {
  const QueueUrl = process.env['PULL_QUEUE'];
  const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 0 }));
  if (message === undefined) return undefined;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  return message.Body;
}
/** Works until the queue is empty; answers how many messages there were. */
async function run(most = 12): Promise<number> {
  for (let count = 0; ; count += 1) {
    const body = await take();
    if (body === undefined || count === most) return count;
    const { batchItemFailures } = await worker({ Records: [{ messageId: 'm', body }] } as never);
    expect(batchItemFailures).toEqual([]);
  }
}
async function arrived(id: string): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: `uploads/${id}/source` }),
  );
  return Buffer.from(await Body!.transformToByteArray());
}
const unfinished = async (id: string) =>
  ((await s3.send(new ListMultipartUploadsCommand({ Bucket: process.env['SOURCE_BUCKET'] }))).Uploads ?? []).filter(
    ({ Key }) => Key?.includes(id),
  ).length;

describe('a pull from a web server', () => {
  it('brings a file over in ranges and makes it an upload like any other', async () => {
    const server = await serve(serveRanges(film, { type: 'video/quicktime; x=1' }));
    const id = await begin(`${server.url}/a/Our%20film.mov?sig=secret`, {
      tags: ['a', 'a'],
      visibility: 'public',
      encryption: 'aes-128',
    });
    expect(await videos.readVideo(id)).toMatchObject({
      status: 'uploading',
      encryption: 'aes-128',
      filename: 'Our film.mov',
      title: 'Our film',
    });
    expect(await run()).toBe(1);
    const record = await videos.readVideo(id);
    expect(record).toMatchObject({
      status: 'uploaded',
      title: 'Our film',
      tags: ['a'],
      visibility: 'public',
      type: 'video/quicktime',
      bytes: { source: film.length },
      progress: 0,
    });
    // Nor does what may be a key stay behind.
    expect(record).not.toHaveProperty('pull');
    expect(record).not.toHaveProperty('expiresAt');
    expect((await arrived(id)).equals(film)).toBe(true);
    expect(server.asked.map(({ range }) => range).toSorted()).toEqual(
      ['bytes=0-0', 'bytes=0-16777215', 'bytes=16777216-33554431', 'bytes=33554432-41943039'].toSorted(),
    );
  });

  it('asks again for a part that broke off, and for that one only', async () => {
    let broken = 0;
    const whole = serveRanges(film);
    const server = await serve((request, response) => {
      if (!request.headers.range?.startsWith('bytes=16777216-') || ++broken > 2) return whole(request, response);
      if (broken === 2) return void response.writeHead(503).end();
      response.writeHead(206, {
        etag: '"one"',
        'content-type': 'video/mp4',
        'content-range': `bytes 16777216-33554431/${film.length}`,
        'content-length': 16 * MiB,
      });
      response.write(film.subarray(0, MiB), () => response.destroy());
    });
    const id = await begin(`${server.url}/film.mp4`);
    expect(await run()).toBe(1);
    expect((await arrived(id)).equals(film)).toBe(true);
    expect(server.asked).toHaveLength(6);
  });

  it('goes on in another invocation when the time of one is over, and asks for nothing twice', async () => {
    process.env['PULL_SECONDS'] = '1';
    const whole = serveRanges(film);
    // Three parts at a time, and the slow ones outlast the time: what is left is for the next one.
    const server = await serve((request, response) => {
      setTimeout(() => whole(request, response), request.headers.range === 'bytes=0-0' ? 0 : 1100);
    });
    const large = randomBytes(60 * MiB);
    const slow = await serve((request, response) => void setTimeout(() => serveRanges(large)(request, response), 600));
    const id = await begin(`${slow.url}/film.mp4`);
    const other = await begin(`${server.url}/film.mp4`);
    expect(await run(100)).toBeGreaterThanOrEqual(3);
    expect((await arrived(id)).equals(large)).toBe(true);
    expect((await arrived(other)).equals(film)).toBe(true);
    const ranges = slow.asked.map(({ range }) => range).filter((range) => range !== 'bytes=0-0');
    expect(ranges).toHaveLength(4);
    expect(new Set(ranges).size).toBe(4);
  });

  it('begins again when the file changes under way', async () => {
    const after = randomBytes(20 * MiB);
    let requests = 0;
    const server = await serve((request, response) => {
      requests += 1;
      serveRanges(requests <= 2 ? film : after, { etag: requests <= 2 ? '"one"' : '"two"' })(request, response);
    });
    const id = await begin(`${server.url}/film.mp4`);
    expect(await run()).toBe(2);
    expect((await arrived(id)).equals(after)).toBe(true);
    expect(await unfinished(id)).toBe(0);
  });

  it('gives up on a file that changes all the time', async () => {
    let requests = 0;
    const server = await serve((request, response) =>
      serveRanges(film, { etag: `"${++requests}"` })(request, response),
    );
    const id = await begin(`${server.url}/film.mp4`);
    await run();
    expect(await videos.readVideo(id)).toMatchObject({ status: 'failed', failure: { code: 'source-changed' } });
    expect(await unfinished(id)).toBe(0);
  });

  it('reads a file in one go where the server gives no ranges', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'binary/octet-stream' });
      for (let at = 0; at < film.length; at += MiB) response.write(film.subarray(at, at + MiB));
      response.end();
    });
    const id = await begin(`${server.url}/film`);
    expect(await run()).toBe(1);
    expect(await videos.readVideo(id)).toMatchObject({
      status: 'uploaded',
      type: 'application/octet-stream',
      bytes: { source: film.length },
    });
    expect((await arrived(id)).equals(film)).toBe(true);
  });

  it.each([
    ['source-answer', 404, {}, ''],
    ['source-answer', 403, {}, ''],
    ['unsupported-type', 200, { 'content-type': 'text/html' }, '<html>'],
    ['unsupported-type', 200, { 'content-type': `video/${'x'.repeat(300)}` }, 'x'],
    ['empty-file', 200, { 'content-type': 'video/mp4', 'content-length': '0' }, ''],
    ['empty-file', 416, { 'content-type': 'video/mp4' }, ''],
    ['too-large', 200, { 'content-type': 'video/mp4', 'content-length': String(65 * MiB) }, 'x'],
    [
      'too-large',
      206,
      { 'content-type': 'video/mp4', 'content-range': `bytes 0-0/${65 * MiB}`, 'content-length': '1' },
      'x',
    ],
    ['source-answer', 206, { 'content-type': 'video/mp4', 'content-range': 'bytes 0-0/*', 'content-length': '1' }, 'x'],
    ['source-answer', 200, { 'content-type': 'video/mp4', 'content-encoding': 'gzip' }, 'x'],
  ])('fails with %s for %i %j', async (code, status, headers, body) => {
    const server = await serve((_, response) =>
      response.writeHead(status, headers as Record<string, string>).end(body),
    );
    const id = await begin(`${server.url}/film.mp4`);
    expect(await run()).toBe(1);
    const record = await videos.readVideo(id);
    expect(record).toMatchObject({ status: 'failed', failure: { code } });
    expect(record?.failure?.reason).toMatch(/^[A-Z].+\.$/);
    expect(record).not.toHaveProperty('expiresAt');
    expect(record).not.toHaveProperty('pull');
    expect(await unfinished(id)).toBe(0);
  });

  it.each([
    ['film.ts', 'text/vnd.trolltech.linguist', 'video/mp2t'],
    ['film.mxf', 'application/mxf', 'video/x-mxf'],
    ['film.mp4', 'text/plain', 'video/mp4'],
  ])('takes %s, which its server calls %s, by its name', async (name, claimed, type) => {
    const server = await serve((_, response) => response.writeHead(200, { 'content-type': claimed }).end('x'));
    const id = await begin(`${server.url}/${name}`);
    expect(await run()).toBe(1);
    expect(await videos.readVideo(id)).toMatchObject({ status: 'uploaded', type });
  });

  it('stops at the bound where a server says less than it sends', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' });
      const more = () => void (response.writable && response.write(film.subarray(0, MiB), more));
      more();
    });
    const id = await begin(`${server.url}/endless.mp4`);
    expect(await run()).toBe(1);
    expect(await videos.readVideo(id)).toMatchObject({ status: 'failed', failure: { code: 'too-large' } });
    expect(await unfinished(id)).toBe(0);
  });

  it('tries an address where nobody answers for a while, and then says so', async () => {
    const server = await serve((_, response) => response.writeHead(503).end());
    const id = await begin(`${server.url}/film.mp4`);
    expect(await run()).toBe(6);
    expect(await videos.readVideo(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'source-unreachable', reason: expect.stringContaining('answered 503') as unknown },
    });
  });

  it('says that it failed when its message comes again, where the first try died before it could', async () => {
    const server = await serve((_, response) => response.writeHead(404).end());
    const id = await begin(`${server.url}/film.mp4`);
    const event = { Records: [{ messageId: 'm', body: (await take())! }] } as never;
    const bus = process.env['EVENT_BUS']!;
    delete process.env['EVENT_BUS'];
    try {
      for (const again of [1, 2])
        expect([again, await worker(event)]).toEqual([again, { batchItemFailures: [{ itemIdentifier: 'm' }] }]);
    } finally {
      process.env['EVENT_BUS'] = bus;
    }
    expect(await videos.readVideo(id)).toMatchObject({ status: 'failed', failure: { code: 'source-answer' } });
    expect(await worker(event)).toEqual({ batchItemFailures: [] });
  });

  it('stops when the video is deleted, and leaves nothing', async () => {
    let id = '';
    const whole = serveRanges(film);
    const server = await serve((request, response) => {
      if (request.headers.range === 'bytes=0-0') return whole(request, response);
      // Sends some of it, and then nothing: only the deletion can end this before the idle time does.
      response.writeHead(206, {
        etag: '"one"',
        'content-range': `${request.headers.range?.replace('=', ' ')}/${film.length}`,
        'content-length': 16 * MiB,
      });
      response.write(film.subarray(0, MiB));
      void videos.changeVideo(id, { status: 'deleted' });
    });
    id = await begin(`${server.url}/film.mp4`);
    expect(await run()).toBe(1);
    expect((await videos.readVideo(id))?.status).toBe('deleted');
    expect(await unfinished(id)).toBe(0);
  });

  it('waits while as many pull as may', async () => {
    process.env['PULL_PLACES'] = '1';
    const { takeSlot, freeSlotsOf } = await import('../../../lambdas/shared/slots.ts');
    const expiresAt = Math.floor(Date.now() / 1000) + 600;
    await takeSlot({ owner: 'pulls', videoId: 'a'.repeat(20), expiresAt }, 1);
    const server = await serve(serveRanges(Buffer.from('short')));
    const id = await begin(`${server.url}/film.mp4`);
    const body = await take();
    await worker({ Records: [{ messageId: 'm', body }] } as never);
    expect(server.asked).toEqual([]);
    await freeSlotsOf('pulls', 'a'.repeat(20));
    expect(await run()).toBe(1);
    expect((await videos.readVideo(id))?.status).toBe('uploaded');
  });
});

describe('a pull from a bucket', () => {
  const put = (Key: string, Body: Buffer, ContentType = 'video/mp4') =>
    s3.send(new PutObjectCommand({ Bucket: 'films-of-ours', Key, Body, ContentType }));

  it('copies it in parts on the side of S3', async () => {
    const key = 'a b/ü+%41?.mp4';
    await put(key, film);
    const id = await begin(`s3://films-of-ours/${key}`);
    const record = await videos.readVideo(id);
    // As of a file of terabytes: in several parts.
    await videos.changeVideo(id, { set: { pull: { ...record!.pull!, partBytes: 8 * MiB } } });
    expect(await run()).toBe(1);
    expect((await arrived(id)).equals(film)).toBe(true);
    expect(await videos.readVideo(id)).toMatchObject({
      status: 'uploaded',
      filename: 'ü+%41?.mp4',
      bytes: { source: film.length },
    });
  });

  it('copies a small one whole', async () => {
    await put('small.mp4', Buffer.from('small'));
    const id = await begin('s3://films-of-ours/small.mp4');
    expect(await run()).toBe(1);
    expect((await arrived(id)).toString()).toBe('small');
  });

  it('says when there is none, or when it is no video', async () => {
    const none = await begin('s3://films-of-ours/none.mp4');
    await put('page.html', Buffer.from('<html>'), 'text/html');
    const page = await begin('s3://films-of-ours/page.html');
    expect(await run()).toBe(2);
    expect(await videos.readVideo(none)).toMatchObject({ status: 'failed', failure: { code: 'source-answer' } });
    expect(await videos.readVideo(page)).toMatchObject({ status: 'failed', failure: { code: 'unsupported-type' } });
  });

  it('takes no other bucket', async () => {
    const { status, json } = await ask(`s3://${process.env['SOURCE_BUCKET']}/uploads/x/source`);
    expect([status, json.code]).toEqual([400, 'invalid-request']);
    expect(json.detail).toContain('upload.pullBuckets');
  });
});

describe('without the option of a local run', () => {
  beforeAll(async () => {
    process.env['PULL_RULES'] = JSON.stringify({ allowPrivate: false, buckets: [] });
    await load();
  });

  it('refuses loopback at once, in every notation', async () => {
    for (const url of [
      'https://127.0.0.1/a.mp4',
      'https://2130706433/a.mp4',
      'http://127.0.0.1:8080/a.mp4',
      'https://[::1]/a.mp4',
    ]) {
      const { status, json } = await ask(url);
      expect([status, json.code, json.errors[0].path], url).toEqual([400, 'invalid-request', 'body.sourceUrl']);
    }
  });

  it('and a name that leads there, when it is asked', async () => {
    const server = await serve(serveRanges(Buffer.from('secret')));
    // Resolved by the system's own resolver.
    const id = await begin('https://localhost/a.mp4');
    expect(await run()).toBe(1);
    expect(await videos.readVideo(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'source-address', reason: expect.stringContaining('loopback') as unknown },
    });
    expect(server.asked).toEqual([]);
  });

  it('needs the group', async () => {
    const { status } = await callRoute(upload, 'POST /api/videos', {
      as: { sub: 'vera', groups: [] },
      body: { sourceUrl: 'https://media.sluice.example/a.mp4' },
    });
    expect(status).toBe(403);
  });
});
