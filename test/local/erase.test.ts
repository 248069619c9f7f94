/** A person is taken out of what was reported, on the engine: rows, files and what comes later; all others stay as they were. */
import { CreateBucketCommand, ListObjectsV2Command, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { simulate, videoNumber } from '../../bench/events/viewers.ts';
import { estimate, hashOf, KEPT, ofBytes } from '../../lambdas/insight/viewers.ts';
import { ERASED } from '../../lib/contract/heatmap.ts';
import { kafkaErasure, kafkaKey } from '../../lib/contract/kafka.ts';
import type { Report } from '../../lib/contract/player-events.ts';
import type { RawRow } from '../../lib/contract/raw-events.ts';
import { erase, pseudonymFor, without, type Places } from '../../local/erase.ts';
import { startHandlerEngine } from '../lambdas/engine.ts';
import { playbackSecret } from '../support/secret.ts';

const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 3 * 3600;
let close: () => Promise<void>;
let count: (event: SQSEvent) => Promise<SQSBatchResponse>;
let raw: (event: SQSEvent) => Promise<SQSBatchResponse>;
let readWhat: (typeof import('../../lambdas/insight/read.ts'))['readWhat'];
let ofParquet: (bytes: Uint8Array) => Promise<RawRow[]>;
let places: Places;

beforeAll(async () => {
  close = await startHandlerEngine({});
  for (const [variable, QueueName] of [
    ['COUNTS_QUEUE', `counts-${process.pid}`],
    ['RAW_QUEUE', `raw-${process.pid}`],
  ] as const)
    process.env[variable] = (await new SQSClient({}).send(new CreateQueueCommand({ QueueName }))).QueueUrl;
  process.env['RAW_BUCKET'] = `erase-${process.pid}`;
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: process.env['RAW_BUCKET'] }));
  places = {
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient({})),
    s3,
    table: process.env['HEATMAPS_TABLE']!,
    bucket: process.env['RAW_BUCKET'],
  };
  count = (await import('../../lambdas/insight/count.ts')).handler;
  raw = (await import('../../lambdas/insight/raw.ts')).handler;
  ({ readWhat } = await import('../../lambdas/insight/read.ts'));
  ({ ofParquet } = await import('../../lambdas/insight/parquet.ts'));
}, 600_000);
afterAll(async () => close());

const messages = (reports: readonly Report[]): SQSEvent =>
  ({ Records: [{ messageId: 'm', body: JSON.stringify({ reports }) }] }) as unknown as SQSEvent;

async function rows(): Promise<RawRow[]> {
  const { Contents = [] } = await places.s3.send(new ListObjectsV2Command({ Bucket: places.bucket }));
  const all: RawRow[] = [];
  for (const { Key } of Contents) {
    const { Body } = await places.s3.send(new GetObjectCommand({ Bucket: places.bucket, Key }));
    all.push(...(await ofParquet(await Body!.transformToByteArray())));
  }
  return all;
}

async function hashes(): Promise<number[]> {
  const all: number[] = [];
  for await (const { Items = [] } of paginateScan({ client: places.dynamo }, { TableName: places.table }))
    for (const { viewers } of Items) if (viewers instanceof Uint8Array) all.push(...ofBytes(viewers));
  return all;
}

it('goes from every place, and figures stay', async () => {
  const shown = Array.from({ length: 12 }, (_, number) =>
    simulate({ number, what: videoNumber(number % 3), began: HOUR, posts: 3, seconds: 600 }),
  );
  // The same person again, on another video, alone in a file; and one whose reports wait in a queue still.
  const [viewer] = shown[0]!.reports.map((report) => report.viewer!);
  const alone = simulate({ number: 20, what: videoNumber(5), began: HOUR, posts: 2, seconds: 600 }).reports.map(
    (report) => ({ ...report, viewer: viewer! }),
  );
  const waiting = simulate({ number: 21, what: videoNumber(6), began: HOUR, posts: 2, seconds: 600 }).reports.map(
    (report) => ({ ...report, viewer: viewer! }),
  );
  const all = shown.flatMap(({ reports }) => reports);
  for (const reports of [all, alone]) {
    await count(messages(reports));
    await raw(messages(reports));
  }
  const things = [0, 1, 2, 5].map(videoNumber);
  const before = await Promise.all(things.map((what) => readWhat(what)));
  const own = (await rows()).filter((row) => row.viewer === viewer).length;
  const others = (await rows()).length - own;
  expect(own).toBeGreaterThan(0);

  const said: string[] = [];
  const options = {
    go: false,
    settleMs: 0,
    say: (line: string) => said.push(line),
    signal: new AbortController().signal,
  };
  const seen = await erase(places, viewer!, options);
  expect([seen.rows, seen.events, seen.sessions.size]).toEqual([2, own, 2]);
  expect((await rows()).length).toBe(own + others);

  const sqs = new SQSClient({});
  const { QueueUrl: queue = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: `ordered-${process.pid}.fifo`, Attributes: { FifoQueue: 'true' } }),
  );
  const done = await erase({ ...places, kafka: { sqs, queue } }, viewer!, { ...options, go: true });
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10 }));
  const told = Messages.map(({ Body }) => kafkaErasure.parse(JSON.parse(Body!)));
  expect(told.map(kafkaKey).toSorted()).toEqual([viewer!, ...done.sessions].toSorted());
  expect(told.every(({ erased }) => erased === viewer)).toBe(true);
  expect([done.rows, done.events, done.files, done.failed]).toEqual([2, own, 2, []]);
  expect((await rows()).filter((row) => row.viewer === viewer)).toEqual([]);
  expect(await rows()).toHaveLength(others);
  expect(await hashes()).not.toContain(hashOf(viewer!));
  const after = await Promise.all(things.map((what) => readWhat(what)));
  for (const [index, one] of after.entries()) {
    expect(one.counters).toEqual(before[index]!.counters);
    expect(estimate(one.viewers)).toBe(estimate(before[index]!.viewers));
    expect(one.heat).toEqual(before[index]!.heat);
  }
  // Over all they are one viewer still.
  const union = (of: typeof after) => new Set(of.flatMap(({ viewers }) => viewers)).size;
  expect(union(after)).toBe(union(before));

  // What comes out of a queue later is dropped by both; what they do from now on is not.
  await count(messages(waiting));
  await raw(messages(waiting));
  expect((await rows()).filter((row) => row.viewer === viewer)).toEqual([]);
  expect((await readWhat(videoNumber(6))).counters.plays).toBe(0);
  const again = waiting.map((report) => ({ ...report, receivedAt: Date.now() + 1000 }));
  await count(messages(again));
  expect((await readWhat(videoNumber(6))).counters.plays).toBe(1);
  expect(said.join('\n')).not.toContain('undefined');
}, 120_000);

it('forgets whom it erased when no queue can hold what they did', async () => {
  const old = { what: ERASED, row: 'longago0000', before: Date.now() - 46 * 86_400_000 };
  await places.dynamo.send(new PutCommand({ TableName: places.table, Item: old }));
  const options = { go: true, settleMs: 0, say: () => {}, signal: new AbortController().signal };
  await erase(places, 'nobody00000', options);
  const { readErased } = await import('../../lambdas/insight/erased.ts');
  const known = await readErased();
  expect(known.has('longago0000')).toBe(false);
  expect(known.has('nobody00000')).toBe(true);
});

it('finds the pseudonym that events have of a person, and none where its key is gone', async () => {
  const { secret, text } = playbackSecret();
  expect(await pseudonymFor(places, text, 'ada')).toBeUndefined();
  const { ensureInsightKeys, pseudonymOf } = await import('../../lambdas/shared/insight-keys.ts');
  const { Signer } = await import('../../lambdas/shared/signing.ts');
  const keys = await ensureInsightKeys();
  const signer = new Signer({ secret, publicUrl: 'https://video.example' });
  const viewer = await pseudonymFor(places, text, 'ada');
  expect(viewer).toBe(pseudonymOf(keys, signer.subjectPart('ada')));
  // They lie in the table that is looked through, under a name that counted rows have for something else.
  const options = { settleMs: 0, say: () => {}, signal: new AbortController().signal };
  for (const go of [false, true])
    expect(await erase(places, viewer!, { ...options, go })).toMatchObject({ rows: 0, events: 0, failed: [] });
  expect(await ensureInsightKeys()).toEqual(keys);
});

it('leaves a full sketch telling as many as it did', () => {
  const sketch = Array.from({ length: KEPT }, (_, index) => (index + 1) * 1000);
  for (const hash of [1000, 128_000]) {
    const left = without(sketch, hash, hash - 500);
    expect(left).toHaveLength(KEPT);
    expect(left).not.toContain(hash);
    expect(estimate(left)).toBe(estimate(sketch));
  }
});
