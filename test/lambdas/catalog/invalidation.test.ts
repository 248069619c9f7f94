/**
 * A mass deletion against the 15 wildcard paths that CloudFront takes at a time: the worker as it is, the engine's queue with
 * its dead-letter queue, and a stand-in for CloudFront, which no engine plays busy. Time runs a hundred times as fast.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
} from '@aws-sdk/client-sqs';
import { PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { removal, type Removal } from '../../../lib/contract/removal.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { startHandlerEngine } from '../engine.ts';
import { aRecord } from './record.ts';

const SLOTS = 15;
/** Of the real time. */
const FASTER = 100;
/** Milliseconds an invalidation takes: a minute. */
const TAKES = 60_000 / FASTER;

let close = async () => {};
let cloudFront: Server;
let remove: typeof import('../../../lambdas/catalog/remove.ts').handler;
let clients: typeof import('../../../lambdas/shared/clients.ts');
let sqs: typeof import('../../../lambdas/catalog/removal.ts').sqs;
let takedown: typeof import('../../../lambdas/shared/takedown.ts');
let queue = '';
let dead = '';

/** Paths of invalidations under way, and every call by its reference. */
let underWay = 0;
let most = 0;
let refused = 0;
let calls: { readonly reference: string; readonly paths: readonly string[] }[] = [];
let broken = false;
/** Invalidations that are done, by their place in `calls`, and how often that was asked. */
let completed = new Set<number>();
let looks = 0;
let isSlow = false;

/** `CreateInvalidation` as CloudFront answers it (CloudFront API reference). */
function answer(body: string): { status: number; xml: string } {
  if (broken) return { status: 500, xml: problem('ServiceUnavailable') };
  const paths = [...body.matchAll(/<Path>([^<]+)<\/Path>/g)].map((match) => match[1]!);
  const reference = /<CallerReference>([^<]+)</.exec(body)![1]!;
  const before = calls.findIndex((call) => call.reference === reference);
  if (before !== -1) return { status: 201, xml: invalidation(before, 'InProgress') };
  if (underWay + paths.length > SLOTS) {
    refused += 1;
    return { status: 400, xml: problem('TooManyInvalidationsInProgress') };
  }
  calls.push({ reference, paths });
  underWay += paths.length;
  most = Math.max(most, underWay);
  const index = calls.length - 1;
  setTimeout(() => {
    underWay -= paths.length;
    completed.add(index);
  }, TAKES);
  return { status: 201, xml: invalidation(index, 'InProgress') };
}

/** `GetInvalidation`. */
function status(path: string): { status: number; xml: string } {
  looks += 1;
  const index = Number(/\/invalidation\/I([0-9]+)$/.exec(path)![1]);
  return { status: 200, xml: invalidation(index, completed.has(index) && !isSlow ? 'Completed' : 'InProgress') };
}
const invalidation = (index: number, state: string) =>
  `<Invalidation><Id>I${index}</Id><Status>${state}</Status><CreateTime>2026-01-01T00:00:00Z</CreateTime></Invalidation>`;
const problem = (code: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;

beforeAll(async () => {
  cloudFront = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const told = request.method === 'GET' ? status(request.url!) : answer(Buffer.concat(chunks).toString());
      response.writeHead(told.status, { 'content-type': 'text/xml' }).end(told.xml);
    });
  });
  await new Promise<void>((resolve) => cloudFront.listen(0, '127.0.0.1', resolve));
  const { port } = cloudFront.address() as AddressInfo;
  close = await startHandlerEngine({
    AWS_ENDPOINT_URL_CLOUDFRONT: `http://127.0.0.1:${port}`,
    DISTRIBUTION_ID: 'EDFDVBD6EXAMPLE',
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:none',
    SIGNATURE_HOURS: '12',
  });
  clients = await import('../../../lambdas/shared/clients.ts');
  ({ sqs } = await import('../../../lambdas/catalog/removal.ts'));
  takedown = await import('../../../lambdas/shared/takedown.ts');
  ({ handler: remove } = await import('../../../lambdas/catalog/remove.ts'));
  // Waits are shorter; the sweep's 15 minutes stay.
  sqs.middlewareStack.add(
    (next) => async (args) => {
      const input = args.input as { DelaySeconds?: number };
      if (input.DelaySeconds !== undefined && input.DelaySeconds < 900)
        input.DelaySeconds = Math.ceil(input.DelaySeconds / FASTER);
      return await next(args);
    },
    { step: 'initialize' },
  );
}, 180_000);
afterAll(async () => {
  cloudFront.close();
  await close();
});

beforeEach(async () => {
  [underWay, most, refused, calls, broken, completed, looks] = [0, 0, 0, [], false, new Set(), 0];
  const name = `removals-${randomBytes(4).toString('hex')}`;
  dead = (await sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead` }))).QueueUrl!;
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
  );
  const redrive = { deadLetterTargetArn: Attributes!['QueueArn'], maxReceiveCount: 2 };
  queue = (
    await sqs.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: { VisibilityTimeout: '60', RedrivePolicy: JSON.stringify(redrive) },
      }),
    )
  ).QueueUrl!;
  process.env['REMOVAL_QUEUE'] = queue;
});

async function stored(changes: Partial<VideoRecord> = {}): Promise<VideoRecord> {
  const record = aRecord({ id: newVideoId(), status: 'deleted', revision: 1, ...changes });
  await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
  return record;
}
const send = (message: Removal) =>
  sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: JSON.stringify(message) }));

const eventOf = (messages: readonly Message[]) =>
  ({
    Records: messages.map(({ MessageId, Body }) => ({ messageId: MessageId, body: Body })),
  }) as unknown as SQSEvent;

/** What Lambda does with a queue and a function that reports which messages failed. */
async function poll(until: () => boolean): Promise<void> {
  while (!until()) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) continue;
    const { batchItemFailures } = await remove(eventOf(Messages));
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { MessageId, ReceiptHandle } of Messages) {
      if (!failed.has(MessageId!)) await sqs.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle }));
    }
  }
}

const inQueue = async (QueueUrl: string) => {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return {
    waiting: Number(Attributes?.['ApproximateNumberOfMessages']),
    delayed: Number(Attributes?.['ApproximateNumberOfMessagesDelayed']),
  };
};
const invalidated = () => calls.flatMap(({ paths }) => paths);

it('500 removals leave nothing in the dead-letter queue, and every published video is invalidated', async () => {
  const records = await Promise.all(
    Array.from({ length: 500 }, (_, i) => stored(i < 450 ? {} : { revision: 0, renditions: [] })),
  );
  for (const { id } of records) await send({ step: 'remove', videoId: id });
  const published = records.filter(({ revision }) => revision > 0).map(({ id }) => `/vod/${id}/*`);
  const all = () => new Set(invalidated()).size >= published.length;
  await Promise.all([poll(all), poll(all)]);

  expect(new Set(invalidated())).toEqual(new Set(published));
  expect(most).toBeLessThanOrEqual(SLOTS);
  expect(refused).toBeGreaterThan(0);
  // Together, not one by one; and never so many that one person's video finds no room.
  expect(calls.length).toBeLessThan(published.length / 2);
  expect(Math.max(...calls.map(({ paths }) => paths.length))).toBeLessThanOrEqual(10);
  expect(await inQueue(dead)).toEqual({ waiting: 0, delayed: 0 });
  const { Items } = await clients.dynamo.send(new ScanCommand({ TableName: process.env['VIDEOS_TABLE'] }));
  expect(Items).toEqual([]);
}, 300_000);

it('a single takedown is invalidated at once, and looked after until CloudFront says completed', async () => {
  const { id } = await stored();
  isSlow = true;
  const state = async () => (await takedown.readTakedown(id))?.takedown;
  await send({ step: 'remove', videoId: id });
  await poll(() => calls.length > 0);
  expect(invalidated()).toEqual([`/vod/${id}/*`]);
  expect(refused).toBe(0);
  expect(await state()).toMatchObject({ removedAt: expect.any(String) });
  await poll(() => looks > 0);
  expect(await state()).not.toHaveProperty('emptiedAt');
  isSlow = false;
  const before = looks;
  await poll(() => looks > before);
  expect(await state()).toMatchObject({ emptiedAt: expect.any(String) });
  // Nobody looks any more: what is left is the sweep.
  expect(await inQueue(queue)).toEqual({ waiting: 0, delayed: 1 });
});

it('what was never published is not invalidated; nor what a sweep finds nothing of', async () => {
  const { id } = await stored({ revision: 0 });
  const Bucket = process.env['MEDIA_BUCKET'];
  const put = (Key: string) => clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  // Segments of an encode that was stopped: no signature was ever given out for them.
  await put(`vod/${id}/r1/video/234p/00001.m4s`);
  const work = (message: Removal) =>
    remove(eventOf([{ MessageId: randomBytes(8).toString('hex'), Body: JSON.stringify(message) }]));
  await work({ step: 'remove', videoId: id });
  await work({ step: 'sweep', videoId: id, published: false });
  await work({ step: 'sweep', videoId: newVideoId(), published: true });
  expect(await inQueue(queue)).toEqual({ waiting: 0, delayed: 1 });
  // A late encoder of one that was published: somebody with a signature may have fetched it.
  const late = newVideoId();
  await put(`vod/${late}/r2/video/234p/00001.m4s`);
  await work({ step: 'sweep', videoId: late, published: true });
  await poll(() => calls.length > 0);
  expect(invalidated()).toEqual([`/vod/${late}/*`]);
});

it('the same batch again is the same invalidation; a fault of CloudFront has the messages come again', async () => {
  const batch = eventOf(
    [1, 2, 3].map((n) => ({
      MessageId: `m${n}`,
      Body: JSON.stringify({ step: 'invalidate', videoIds: [newVideoId()] }),
    })),
  );
  broken = true;
  const { batchItemFailures } = await remove(batch);
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m1', 'm2', 'm3']);
  broken = false;
  for (let time = 0; time < 2; time++) expect(await remove(batch)).toEqual({ batchItemFailures: [] });
  expect(calls).toHaveLength(1);
});

it('is asked for after the removals of its batch, so that one that takes all the time has none of it asked for twice', async () => {
  const { id } = await stored({ revision: 0 });
  const message = (MessageId: string, body: Removal) => ({ MessageId, Body: JSON.stringify(body) });
  const invalidation = message('asks', { step: 'invalidate', videoIds: [newVideoId()] });
  let reached = () => {};
  let go = () => {};
  const removing = new Promise<void>((resolve) => (reached = resolve));
  const released = new Promise<void>((resolve) => (go = resolve));
  clients.dynamo.middlewareStack.add(
    (next) => async (args) => {
      reached();
      await released;
      return await next(args);
    },
    { step: 'initialize', name: 'slow' },
  );
  const ended = remove(eventOf([invalidation, message('slow', { step: 'remove', videoId: id })]));
  await removing;
  expect(calls).toEqual([]);
  clients.dynamo.middlewareStack.remove('slow');
  go();
  expect(await ended).toEqual({ batchItemFailures: [] });
  expect(calls).toHaveLength(1);
});

it('groups each video once, ten at most together', async () => {
  const { groups } = await import('../../../lambdas/catalog/invalidation.ts');
  const ids = Array.from({ length: 23 }, () => newVideoId());
  expect(groups([...ids, ...ids]).map(({ length }) => length)).toEqual([10, 10, 3]);
  expect(groups([])).toEqual([]);
  expect(groups([...ids, ...ids]).flat()).toEqual(ids);
});

it('takes messages that were sent before the update', () => {
  const videoId = newVideoId();
  expect(removal.parse({ videoId, step: 'remove' })).toEqual({ videoId, step: 'remove' });
  expect(removal.parse({ videoId, step: 'sweep' })).toEqual({ videoId, step: 'sweep', published: true });
});
