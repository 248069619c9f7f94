/** Raw events on the engine: what comes twice is one file again, what cannot be read is alone, and who was erased does not come back. */
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { simulate, videoNumber } from '../../../bench/events/viewers.ts';
import type { Report } from '../../../lib/contract/player-events.ts';
import { ERASED } from '../../../lib/contract/heatmap.ts';
import { isRawKey, type RawRow } from '../../../lib/contract/raw-events.ts';
import { startHandlerEngine } from '../engine.ts';

const HOUR = Math.floor(Date.now() / 3_600_000) * 3600 - 3 * 3600;
const s3 = () => new S3Client({ forcePathStyle: true });
const sqs = () => new SQSClient({});

let close: () => Promise<void>;
let raw: (event: SQSEvent) => Promise<SQSBatchResponse>;
let ofParquet: (bytes: Uint8Array) => Promise<RawRow[]>;
let dynamo: (typeof import('../../../lambdas/shared/clients.ts'))['dynamo'];
let run = 0;
beforeAll(async () => {
  close = await startHandlerEngine({});
  const { QueueUrl } = await sqs().send(new CreateQueueCommand({ QueueName: `raw-${process.pid}` }));
  process.env['RAW_QUEUE'] = QueueUrl;
  raw = (await import('../../../lambdas/insight/raw.ts')).handler;
  ({ ofParquet } = await import('../../../lambdas/insight/parquet.ts'));
  ({ dynamo } = await import('../../../lambdas/shared/clients.ts'));
}, 600_000);
afterAll(async () => close());
beforeEach(async () => {
  run += 1;
  process.env['RAW_BUCKET'] = `raw-${process.pid}-${run}`;
  await s3().send(new CreateBucketCommand({ Bucket: process.env['RAW_BUCKET'] }));
});

const messages = (...bodies: readonly unknown[]): SQSEvent =>
  ({
    Records: bodies.map((body, index) => ({ messageId: `m${index}`, body: JSON.stringify(body) })),
  }) as unknown as SQSEvent;
const watching = (number: number, began = HOUR): readonly Report[] =>
  simulate({ number, what: videoNumber(number), began, posts: 3, seconds: 600 }).reports;

const keys = async (): Promise<string[]> => {
  const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: process.env['RAW_BUCKET'] }));
  return Contents.map(({ Key }) => Key!);
};
async function rows(): Promise<RawRow[]> {
  const all: RawRow[] = [];
  for (const Key of await keys()) {
    const { Body } = await s3().send(new GetObjectCommand({ Bucket: process.env['RAW_BUCKET'], Key }));
    all.push(...(await ofParquet(await Body!.transformToByteArray())));
  }
  return all;
}
const eventsOf = (reports: readonly Report[]) =>
  reports.reduce((sum, { units }) => sum + units.reduce((of, { events }) => of + events.length, 0), 0);

it('keeps each event in a file of the hour it was taken in', async () => {
  // The last post of who began a minute before the hour was taken in after it.
  const [early, late] = [watching(1), watching(2, HOUR + 3600 - 61)];
  expect(await raw(messages({ reports: early }, { reports: late }))).toEqual({ batchItemFailures: [] });
  const found = await keys();
  expect(found.every(isRawKey)).toBe(true);
  const hours = new Set([...early, ...late].map(({ receivedAt }) => new Date(receivedAt).toISOString().slice(0, 13)));
  expect(found.map((key) => key.replace(/^events\/day=(.*)\/hour=(..)\/.*$/, '$1T$2')).toSorted()).toEqual(
    [...hours].toSorted(),
  );
  expect(hours.size).toBe(2);
  expect(await rows()).toHaveLength(eventsOf([...early, ...late]));
});

it('writes the same file again where the same comes again, in any order', async () => {
  const [a, b] = [{ reports: watching(3) }, { reports: watching(4) }];
  await raw(messages(a, b));
  const before = await keys();
  await raw(messages(b, a));
  expect(await keys()).toEqual(before);
  // In other company it is in another file, too; its numbers tell that it is the same.
  await raw(messages(a));
  expect((await keys()).length).toBeGreaterThan(before.length);
  const numbers = (await rows()).map(({ session, sequence, place }) => `${session} ${sequence} ${place}`);
  expect(new Set(numbers).size).toBe(eventsOf([...a.reports, ...b.reports]));
});

it('sends what cannot be read again alone, and has what could not be written come again', async () => {
  const good = watching(5);
  const bad = { what: 'no such thing' };
  expect(await raw(messages({ reports: [...good, bad] }))).toEqual({ batchItemFailures: [] });
  expect(await rows()).toHaveLength(eventsOf(good));
  const { Messages = [] } = await sqs().send(
    new ReceiveMessageCommand({ QueueUrl: process.env['RAW_QUEUE'], WaitTimeSeconds: 1 }),
  );
  expect(Messages.map(({ Body }) => JSON.parse(Body!) as unknown)).toEqual([{ reports: [bad] }]);
  process.env['RAW_BUCKET'] = 'no-such-bucket-of-ours';
  expect(await raw(messages({ reports: good }))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
});

it('drops what was taken in before its viewer was erased, and nothing else', async () => {
  const [gone, other] = [watching(6), watching(7)];
  const before = gone.at(-1)!.receivedAt;
  await dynamo.send(
    new PutCommand({
      TableName: process.env['HEATMAPS_TABLE'],
      Item: { what: ERASED, row: gone[0]!.viewer, before },
    }),
  );
  await raw(messages({ reports: [...gone, ...other] }));
  const found = await rows();
  expect(found.filter(({ viewer }) => viewer === other[0]!.viewer)).toHaveLength(eventsOf(other));
  // The last post came when they had been erased already.
  expect(found.filter(({ viewer }) => viewer === gone[0]!.viewer)).toHaveLength(eventsOf(gone.slice(-1)));
});
