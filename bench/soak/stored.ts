/** Reads back what a run's devices have left in the tables and buckets. */
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, type S3Client } from '@aws-sdk/client-s3';
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { alarmRecord, type AlarmFile } from '../../lib/contract/device.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import { channelPrefix, parseSegment, type SegmentName } from '../../lib/contract/live-keys.ts';
import { decodePoints, positionItem, trackKey, type Point } from '../../lib/contract/positions.ts';
import { BUCKET, SOURCE_BUCKET, TABLES } from '../ingest/task.ts';
import type { Stored, StoredFile } from './ledger.ts';
import type { Platform } from './platform.ts';

type Behind = Pick<Platform, 'dynamo' | 's3'>;

const DAY = 86_400_000;

/** Of one device, from `since` (epoch milliseconds) on. */
export async function readStored(behind: Behind, device: string, since: number): Promise<Stored> {
  const points: Point[] = [];
  for (let day = since; trackKey(device, day) <= trackKey(device, Date.now()); day += DAY)
    for (const item of await query(behind, TABLES.POSITIONS_TABLE, 'track', trackKey(device, day)))
      points.push(...decodePoints(positionItem.parse(item).points));
  const alarms = new Map<string, StoredFile[]>();
  for (const item of await query(behind, TABLES.ALARMS_TABLE, 'device', device)) {
    const { id, files } = alarmRecord.parse(item);
    const there: StoredFile[] = [];
    for (const file of files) {
      const sha256 = file.state === 'complete' ? await hashOf(behind.s3, file) : undefined;
      if (sha256 !== undefined) there.push({ name: file.name, sha256 });
    }
    alarms.set(id, there);
  }
  return { points, alarms };
}

/** Of the device's channel 1; those without a byte are left out. */
export async function listSegments({ s3 }: Pick<Behind, 's3'>, device: string): Promise<SegmentName[]> {
  const found: SegmentName[] = [];
  for (let token: string | undefined, more = true; more; more = token !== undefined) {
    const { Contents = [], NextContinuationToken } = await s3.send(
      new ListObjectsV2Command({ Bucket: BUCKET, Prefix: channelPrefix(device, 1), ContinuationToken: token }),
    );
    for (const { Key = '', Size = 0 } of Contents) {
      const segment = parseSegment(Key);
      if (segment !== undefined && Size > 0) found.push(segment);
    }
    token = NextContinuationToken;
  }
  return found;
}

async function query({ dynamo }: Pick<Behind, 'dynamo'>, TableName: string, key: string, value: string) {
  const items: Record<string, unknown>[] = [];
  const asked = {
    TableName,
    ConsistentRead: true,
    KeyConditionExpression: '#key = :value',
    ExpressionAttributeNames: { '#key': key },
    ExpressionAttributeValues: { ':value': value },
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, asked)) items.push(...Items);
  return items;
}

/** Undefined: there is no such object. */
async function hashOf(s3: S3Client, { key, videoId }: AlarmFile): Promise<string | undefined> {
  const [Bucket, Key] = videoId === undefined ? [BUCKET, key] : [SOURCE_BUCKET, sourceKey(videoId)];
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const bytes = await Body?.transformToByteArray();
    return bytes && createHash('sha256').update(bytes).digest('hex');
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}
