/**
 * The index of words: rows of the videos table beside the videos, one for each term of each (words.ts). In the index by time a term is a
 * partition of its own, and in that by owner each owner's: newest first in both, so whoever searches reads one as they read a list.
 * What follows is written from the table's stream, seconds after a video changes, and what was there before once, by the daily run.
 */
import { BatchWriteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { required } from '../../lib/contract/env.ts';
import { videoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import type { Position } from './listing.ts';
import { termsOf } from './words.ts';

const TableName = () => required('VIDEOS_TABLE');

/** Begins what is no video's id, no owner and no kind that anybody can ask for: a control character is in none of them. */
const MARK = '\u001F';
/** Says how far the daily run is with what was there before. */
const PROGRESS = { id: MARK };

const indexed = videoRecord.pick({
  id: true,
  owner: true,
  createdAt: true,
  title: true,
  description: true,
  tags: true,
  filename: true,
  visibility: true,
  status: true,
  trashedAt: true,
  origin: true,
  places: true,
  kind: true,
});
type Indexed = ReturnType<typeof indexed.parse>;

/** Of the index by time, or with an owner of that by owner. */
export const partitionOf = (term: string, owner?: string): string =>
  owner === undefined ? `${MARK}${term}` : `${MARK}${owner}${MARK}${term}`;

/** Sort key of a video's rows: no two have the same, so all terms have videos in one order. */
export const placeOf = ({ createdAt, id }: Position): string => `${createdAt} ${id}`;
export function positionOf(place: string): Position {
  const [createdAt = '', id = ''] = place.split(' ');
  return { createdAt, id };
}

const rowId = (id: string, term: string): string => `${MARK}${id}${MARK}${term}`;
const rowOf = (video: Indexed, term: string) => ({
  id: rowId(video.id, term),
  kind: partitionOf(term),
  owner: partitionOf(term, video.owner),
  createdAt: placeOf(video),
});

type Write = { PutRequest: { Item: ReturnType<typeof rowOf> } } | { DeleteRequest: { Key: { id: string } } };

/** From what was there before a change to what is there now; without either it came, or went. */
export function writesOf(before: Indexed | undefined, now: Indexed | undefined): Write[] {
  const [old, is] = [before ? termsOf(before) : new Set<string>(), now ? termsOf(now) : new Set<string>()];
  const isSame = before !== undefined && before.owner === now?.owner;
  const put = [...is].filter((term) => !isSame || !old.has(term));
  const gone = [...old].filter((term) => !is.has(term));
  return [
    ...(now === undefined ? [] : put.map((term) => ({ PutRequest: { Item: rowOf(now, term) } }))),
    ...gone.map((term) => ({ DeleteRequest: { Key: { id: rowId(before!.id, term) } } })),
  ];
}

/** Items of one BatchWriteItem (DynamoDB API Reference). */
const BATCH = 25;
/** Rounds in which the table may leave writes undone, and milliseconds before the next; doubled each time. */
const ROUNDS = 8;
const PAUSE = 50;

/** One batch after another: a table that many rows come to at once would keep others' writes waiting. */
async function write(writes: readonly Write[]): Promise<void> {
  for (let at = 0; at < writes.length; at += BATCH) {
    let left: Write[] = writes.slice(at, at + BATCH);
    for (let round = 0; left.length > 0; round += 1) {
      if (round === ROUNDS) throw new Error(`BatchWriteItem left ${left.length} rows unwritten ${ROUNDS} times`);
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (round - 1)));
      const { UnprocessedItems = {} } = await dynamo.send(
        new BatchWriteCommand({ RequestItems: { [TableName()]: left } }),
      );
      left = (UnprocessedItems[TableName()] ?? []) as Write[];
    }
  }
}

/** Undefined for what is no video. */
function read(image: Readonly<Record<string, unknown>> | undefined): Indexed | undefined {
  if (image === undefined || image['kind'] !== 'video') return undefined;
  const { data, error } = indexed.safeParse(image);
  if (error) logger.warn('not indexed', { videoId: String(image['id']), error });
  return data;
}

/** Writes what changed of videos, in the order in which it did. Throws when it could not; done again, it does no harm. */
export async function follow(records: readonly DynamoDBRecord[]): Promise<void> {
  const changes = new Map<string, { before: Indexed | undefined; now: Indexed | undefined }>();
  for (const { dynamodb } of records) {
    const [before, now] = [dynamodb?.OldImage, dynamodb?.NewImage].map((image) =>
      read(image && unmarshall(image as Record<string, AttributeValue>)),
    );
    const id = (now ?? before)?.id;
    if (id !== undefined) changes.set(id, { before: (changes.get(id) ?? { before }).before, now });
  }
  for (const { before, now } of changes.values()) await write(writesOf(before, now));
}

interface Progress {
  /** Where the next page begins. */
  readonly next?: Record<string, unknown> | undefined;
  readonly isDone?: boolean | undefined;
}

async function progress(): Promise<Progress> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key: PROGRESS }));
  return (Item as Progress | undefined) ?? {};
}

let isKnownWhole = false;
/** Whether every video is in the index. Before, who searches looks through videos. */
export async function isWhole(): Promise<boolean> {
  isKnownWhole ||= (await progress()).isDone === true;
  return isKnownWhole;
}

/** Indexes what was there before the index was. Once; what one run does not get done, the next goes on with. */
export async function indexWhatIsNot(): Promise<void> {
  let { next, isDone = false } = await progress();
  while (!isDone) {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({
        TableName: TableName(),
        IndexName: 'byTime',
        KeyConditionExpression: '#kind = :kind',
        ExpressionAttributeNames: { '#kind': 'kind' },
        ExpressionAttributeValues: { ':kind': 'video' },
        Limit: 100,
        ...(next && { ExclusiveStartKey: next }),
      }),
    );
    for (const item of Items) await write(writesOf(undefined, read(item)));
    [next, isDone] = [LastEvaluatedKey, LastEvaluatedKey === undefined];
    await dynamo.send(new PutCommand({ TableName: TableName(), Item: { ...PROGRESS, isDone, ...(next && { next }) } }));
  }
}
