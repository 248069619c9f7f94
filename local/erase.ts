/**
 * Takes somebody out of what players reported (docs/insight.md): out of the rows of what was counted, the files of raw events, and
 * whatever still waits in queues. What is counted of everybody stays as it is, since nobody is in it.
 */
import { createHash, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import {
  DeleteCommand,
  GetCommand,
  paginateQuery,
  paginateScan,
  PutCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { ofParquet, toParquet } from '../lambdas/insight/parquet.ts';
import { KEPT, hashOf, ofBytes, toBytes } from '../lambdas/insight/viewers.ts';
import { pseudonymOf } from '../lambdas/shared/insight-keys.ts';
import { Signer } from '../lambdas/shared/signing.ts';
import { ERASED, KEYS_ROW } from '../lib/contract/heatmap.ts';
import { erasuresOf, kafkaKey } from '../lib/contract/kafka.ts';
import { isRawKey, RAW_PREFIX } from '../lib/contract/raw-events.ts';
import { signingSecret } from '../lib/contract/signing.ts';

export interface Places {
  readonly dynamo: DynamoDBDocumentClient;
  readonly s3: S3Client;
  /** Of heatmaps. */
  readonly table: string;
  /** Of raw events. */
  readonly bucket: string;
  /** Where what goes to Kafka waits; undefined: the deployment has none. */
  readonly kafka?: { readonly sqs: SQSClient; readonly queue: string } | undefined;
}

/** What was found of somebody; where `go` was not said it is still there. */
export interface Found {
  /** Rows of what was counted that held a hash of the pseudonym. */
  readonly rows: number;
  readonly files: number;
  readonly events: number;
  readonly sessions: ReadonlySet<string>;
  /** Files that could not be read or written, with why. */
  readonly failed: readonly string[];
}

export interface EraseOptions {
  /** Otherwise it is only looked for. */
  readonly go: boolean;
  /** Milliseconds after which nobody works any more on what was handed out before: as long as a consumer may run. */
  readonly settleMs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Days after which no queue holds what was taken in before: SQS keeps a message for 14, and each of its three queues may. */
const FORGET_DAYS = 45;
const DAY_MS = 86_400_000;
/** Files that are looked into at a time. */
const AT_A_TIME = 8;
/** Times a row is read again that somebody else writes, too. */
const RACES = 20;
/** Between our clock and that of S3. */
const SKEW_MS = 300_000;

/** As events name a person; undefined: nobody has a pseudonym yet, or their key is gone. `secret`: what the playback secret holds. */
export async function pseudonymFor(
  { dynamo, table }: Pick<Places, 'dynamo' | 'table'>,
  secret: string,
  subject: string,
): Promise<string | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: table, Key: KEYS_ROW, ConsistentRead: true }));
  if (Item === undefined) return undefined;
  const viewers = Buffer.from(z.object({ viewers: z.string() }).parse(Item).viewers, 'base64url');
  const signer = new Signer({ secret: signingSecret.parse(JSON.parse(secret)), publicUrl: 'https://unused.invalid' });
  return pseudonymOf({ viewers }, signer.subjectPart(subject));
}

/** Of a viewer, by pseudonym. */
export async function erase(places: Places, viewer: string, options: EraseOptions): Promise<Found> {
  const { go, settleMs, say, signal } = options;
  const before = Date.now();
  if (go) await tellConsumers(places, viewer, before);
  const hash = hashOf(viewer);
  // The same in all rows, so that one viewer is counted as one viewer still. Below the hash, where each sketch has room for it.
  const instead = hash === 0 ? undefined : randomInt(0, hash);
  const rows = await eraseCounted(places, hash, instead, options);
  say(
    `counted: ${rows} ${rows === 1 ? 'row holds' : 'rows hold'} 32 bits of a hash of it${go ? '; replaced by a random number' : ''}`,
  );
  const first = await eraseFiles(places, viewer, before, 0, options);
  say(said(first, go));
  if (!go) return { rows, ...first };
  const wait = before + settleMs - Date.now();
  if (wait > 0) {
    say(`waiting ${Math.ceil(wait / 1000)} s for whoever works on what was reported before`);
    await sleep(wait, undefined, { signal });
  }
  const moreRows = await eraseCounted(places, hash, instead, options);
  const more = await eraseFiles(places, viewer, before, before - SKEW_MS, options);
  say(`once more: ${moreRows} rows; ${said(more, go)}`);
  await forget(places);
  const sessions = new Set([...first.sessions, ...more.sessions]);
  const told = await tellKafka(places, viewer, before, sessions);
  if (places.kafka !== undefined) say(`Kafka: ${told} records, that it was erased, are on their way to the topic`);
  return {
    rows: rows + moreRows,
    files: first.files + more.files,
    events: first.events + more.events,
    sessions,
    failed: [...new Set([...first.failed, ...more.failed])],
  };
}

const said = ({ files, events, sessions, failed }: Omit<Found, 'rows'>, go: boolean): string =>
  `raw events: ${events} of ${sessions.size} sessions in ${files} files${go ? '; written again without them' : ''}${failed.length > 0 ? `; ${failed.length} could not be looked into` : ''}`;

/** From now on they drop what was taken in before (lambdas/insight/erased.ts). */
const tellConsumers = ({ dynamo, table }: Places, viewer: string, before: number) =>
  dynamo.send(new PutCommand({ TableName: table, Item: { what: ERASED, row: viewer, before } }));

/** Behind whatever of each session waits there. How many. */
async function tellKafka(
  { kafka }: Places,
  viewer: string,
  before: number,
  sessions: ReadonlySet<string>,
): Promise<number> {
  if (kafka === undefined) return 0;
  const erasures = erasuresOf(viewer, before, sessions);
  for (const erasure of erasures) {
    const MessageBody = JSON.stringify(erasure);
    await kafka.sqs.send(
      new SendMessageCommand({
        QueueUrl: kafka.queue,
        MessageBody,
        MessageGroupId: kafkaKey(erasure),
        MessageDeduplicationId: createHash('sha256').update(MessageBody).digest('hex'),
      }),
    );
  }
  return erasures.length;
}

/** A pseudonym stands in the table no longer than it is of use. */
async function forget({ dynamo, table }: Places): Promise<void> {
  const query = {
    TableName: table,
    KeyConditionExpression: 'what = :what',
    ExpressionAttributeValues: { ':what': ERASED },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, query))
    for (const { row, before } of Items)
      if (Number(before) < Date.now() - FORGET_DAYS * DAY_MS)
        await dynamo.send(new DeleteCommand({ TableName: table, Key: { what: ERASED, row: String(row) } }));
}

const counted = z.object({
  what: z.string(),
  row: z.string(),
  version: z.number().optional(),
  viewers: z.instanceof(Uint8Array).optional(),
});

/** How many rows had it. */
async function eraseCounted(
  { dynamo, table: TableName }: Places,
  hash: number,
  instead: number | undefined,
  { go, signal }: EraseOptions,
): Promise<number> {
  let found = 0;
  const scan = {
    TableName,
    ProjectionExpression: 'what, #row, version, viewers',
    ExpressionAttributeNames: { '#row': 'row' },
    ConsistentRead: true,
  };
  for await (const { Items = [] } of paginateScan({ client: dynamo }, scan)) {
    signal.throwIfAborted();
    for (const item of Items) {
      if (item['what'] === KEYS_ROW.what) continue;
      let row = counted.parse(item);
      if (!has(row, hash)) continue;
      found += 1;
      for (let race = 1; go && has(row, hash); race += 1) {
        if (race > RACES) throw new Error(`${row.what} ${row.row} is written by others all the time: try again`);
        try {
          await dynamo.send(
            new UpdateCommand({
              TableName,
              Key: { what: row.what, row: row.row },
              UpdateExpression: 'SET viewers = :viewers ADD version :one',
              ConditionExpression: 'version = :version',
              ExpressionAttributeValues: {
                ':viewers': toBytes(without(ofBytes(row.viewers!), hash, instead)),
                ':version': row.version,
                ':one': 1,
              },
            }),
          );
          break;
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
          const Key = { what: row.what, row: row.row };
          const { Item } = await dynamo.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
          // Folded meanwhile: its day is come by, or looked at once more.
          if (Item === undefined) break;
          row = counted.parse(Item);
        }
      }
    }
  }
  return found;
}

const has = ({ viewers }: z.infer<typeof counted>, hash: number): boolean =>
  viewers !== undefined && ofBytes(viewers).includes(hash);

/** A sketch with something else in the place of a hash: as many, and as far apart, so what is told of it is the same. */
export const without = (sketch: readonly number[], hash: number, instead: number | undefined): number[] =>
  [...new Set(sketch.flatMap((one) => (one !== hash ? [one] : instead === undefined ? [] : [instead])))]
    .toSorted((a, b) => a - b)
    .slice(0, KEPT);

/** Of files that were written since then (epoch ms). */
async function eraseFiles(
  { s3, bucket: Bucket }: Places,
  viewer: string,
  before: number,
  since: number,
  { go, say, signal }: EraseOptions,
): Promise<Omit<Found, 'rows'>> {
  const result = { files: 0, events: 0, sessions: new Set<string>(), failed: [] as string[] };
  let looked = 0;
  const look = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const rows = await ofParquet(await Body!.transformToByteArray());
    const others = rows.filter((row) => row.viewer !== viewer || row.received_time.getTime() >= before);
    const own = rows.length - others.length;
    if (own === 0) return;
    for (const row of rows) if (row.viewer === viewer) result.sessions.add(row.session);
    if (go && others.length === 0) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    // Under the name that it had: whoever reads meanwhile finds the one or the other.
    else if (go) await s3.send(new PutObjectCommand({ Bucket, Key, Body: toParquet(others) }));
    result.files += 1;
    result.events += own;
  };
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: RAW_PREFIX })) {
    signal.throwIfAborted();
    const waiting = Contents.filter(
      ({ Key = '', LastModified }) => isRawKey(Key) && (LastModified?.getTime() ?? 0) >= since,
    ).map(({ Key }) => Key!);
    const worker = async () => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        try {
          await look(key);
        } catch (error) {
          result.failed.push(`${key}: ${String(error)}`);
        }
        looked += 1;
        if (looked % 1000 === 0) say(`raw events: ${looked} files looked into`);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  }
  return result;
}
