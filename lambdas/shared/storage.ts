/**
 * How much is kept of whom, counted where it changes. A video's record says what of it is counted and at whom, and changes with the
 * owner's row in one transaction: whatever is tried again, or comes twice, counts once.
 */
import { GetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { STORAGE_KIND, storageId, storageRow, type Counted, type StorageRow } from '../../lib/contract/storage.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import { afterLosing, written, type Write } from './transact.ts';

type Kept = Pick<VideoRecord, 'id' | 'owner' | 'bytes' | 'counted'>;

const TableName = () => required('VIDEOS_TABLE');
/** Others may count at the same owner at the same moment: with the waits below, half a minute of them. */
const TRIES = 10;

/** Counts what the record says by now. Throws when it could not: then it is counted with the next change. */
export async function countVideo(video: Kept): Promise<void> {
  await untilDone(video, (now) => {
    const before = now.counted;
    const after = { owner: now.owner, bytes: now.bytes.source + now.bytes.media };
    if (before?.owner === after.owner ? before.bytes === after.bytes : before === undefined && after.bytes === 0)
      return [];
    const guard = unchanged(now);
    const ExpressionAttributeValues = { ...guard.ExpressionAttributeValues, ':after': after };
    const record = { ...guard, UpdateExpression: 'SET #counted = :after', ExpressionAttributeValues };
    return [{ Update: record }, ...moved(before, after)];
  });
}

/** Deletes the record, and what of it was counted. */
export async function deleteVideo(video: Kept): Promise<void> {
  await untilDone(video, (now) => [{ Delete: unchanged(now) }, ...moved(now.counted, undefined)]);
}

/** For whoever lets an upload in by what was read: refused where it is something else by now. */
export const admittedAt = ({ subject, version }: Pick<StorageRow, 'subject' | 'version'>): Write =>
  change(subject, 0, 0, version);

/** What is kept of an owner, read consistently. */
export async function readStorage(
  owner: string,
): Promise<Pick<StorageRow, 'subject' | 'bytes' | 'videos' | 'version'>> {
  const Key = { id: storageId(owner) };
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return Item === undefined ? { subject: owner, bytes: 0, videos: 0, version: 0 } : storageRow.parse(Item);
}

/** Of every owner, in no order. */
export async function* everyStorage(): AsyncGenerator<StorageRow> {
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: TableName(),
      IndexName: 'byTime',
      KeyConditionExpression: '#kind = :kind',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':kind': STORAGE_KIND },
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield storageRow.parse(item);
}

/** The record, only while what is counted of it is what `now` says. */
function unchanged({ id, counted }: Kept) {
  const is = counted === undefined ? 'attribute_not_exists(#counted)' : '#counted = :before';
  return {
    TableName: TableName(),
    Key: { id },
    ConditionExpression: `attribute_exists(#id) AND ${is}`,
    ExpressionAttributeNames: { '#id': 'id', '#counted': 'counted' },
    ...(counted !== undefined && { ExpressionAttributeValues: { ':before': counted } }),
  };
}

/** Off one owner's row, and onto the other's, or both in one. */
function moved(before: Counted | undefined, after: Counted | undefined): Write[] {
  if (before?.owner === after?.owner)
    return before === undefined || after === undefined ? [] : [change(after.owner, after.bytes - before.bytes, 0)];
  return [
    ...(before === undefined ? [] : [change(before.owner, -before.bytes, -1)]),
    ...(after === undefined ? [] : [change(after.owner, after.bytes, 1)]),
  ];
}

/** `version`: the row must still be of that one. */
function change(owner: string, bytes: number, videos: number, version?: number): Write {
  return {
    Update: {
      TableName: TableName(),
      Key: { id: storageId(owner) },
      UpdateExpression:
        'SET #kind = :kind, #subject = :subject, #createdAt = if_not_exists(#createdAt, :now) ADD #bytes :bytes, #videos :videos, #version :one',
      ...(version !== undefined && {
        ConditionExpression: version === 0 ? 'attribute_not_exists(#version)' : '#version = :version',
      }),
      ExpressionAttributeNames: {
        '#kind': 'kind',
        '#subject': 'subject',
        '#createdAt': 'createdAt',
        '#bytes': 'bytes',
        '#videos': 'videos',
        '#version': 'version',
      },
      ExpressionAttributeValues: {
        ':kind': STORAGE_KIND,
        ':subject': owner,
        ':now': new Date().toISOString(),
        ':bytes': bytes,
        ':videos': videos,
        ':one': 1,
        ...(version !== undefined && version > 0 && { ':version': version }),
      },
    },
  };
}

/** `itemsOf` the record as it is now, until they could be written together, or there are none to write, or it is gone. */
async function untilDone(video: Kept, itemsOf: (now: Kept) => Write[]): Promise<void> {
  let now: Kept | undefined = video;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const items = itemsOf(now);
    if (items.length === 0 || (await written(items))) return;
    await afterLosing(attempt);
    now = await read(video.id);
    if (now === undefined) return;
  }
  throw new Error(`what is kept of ${video.id} was not counted in ${TRIES} tries`);
}

const kept = videoRecord.pick({ id: true, owner: true, bytes: true, counted: true });

async function read(id: string): Promise<Kept | undefined> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key: { id }, ConsistentRead: true }));
  return Item === undefined ? undefined : kept.parse(Item);
}
