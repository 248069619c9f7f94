/**
 * The uploads a person has under way, as numbered places in the uploads table. A place is taken by a conditional put,
 * so however many calls come at once, no more are let in than there are places.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { randomInt } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import type { UploadSlot, VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import { ApiError } from './errors.ts';

const table = () => required('UPLOADS_TABLE');
const nowSeconds = () => Math.floor(Date.now() / 1000);

/**
 * Takes a place until `expiresAt` (epoch seconds) and answers its number. Every place that looked free is tried once,
 * from a random one on: when all are lost to others, all were taken. Throws `too-many-uploads`.
 */
export async function takeSlot(wanted: Omit<UploadSlot, 'slot'>, maxInFlight: number): Promise<number> {
  for (const slot of freeSlots(await takenSlots(wanted.owner), maxInFlight)) {
    if (await put({ ...wanted, slot })) return slot;
  }
  throw new ApiError(
    'too-many-uploads',
    `You have ${maxInFlight} uploads under way. Let one finish, or abort one, and try again.`,
    { limit: { name: 'upload.maxInFlight', value: maxInFlight, unit: 'uploads' } },
  );
}

/** Places 0 … `count`-1 that are not taken, from a random one on and round. */
export function freeSlots(taken: ReadonlySet<number>, count: number, first = randomInt(count)): number[] {
  return Array.from({ length: count }, (_, index) => (first + index) % count).filter((slot) => !taken.has(slot));
}

/** Frees the place a video's upload holds. Harmless when it is free already or another upload's by now. */
export async function freeSlot(video: Pick<VideoRecord, 'id' | 'owner' | 'upload'>): Promise<void> {
  await unlessRefused(
    dynamo.send(
      new DeleteCommand({
        TableName: table(),
        Key: { owner: video.owner, slot: video.upload.slot },
        ConditionExpression: 'videoId = :id',
        ExpressionAttributeValues: { ':id': video.id },
      }),
    ),
  );
}

async function takenSlots(owner: string): Promise<Set<number>> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table(),
      ConsistentRead: true,
      KeyConditionExpression: '#owner = :owner',
      FilterExpression: 'expiresAt >= :now',
      ProjectionExpression: 'slot',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': owner, ':now': nowSeconds() },
    }),
  );
  return new Set(Items.map((item) => Number(item['slot'])));
}

async function put(slot: UploadSlot): Promise<boolean> {
  return await unlessRefused(
    dynamo.send(
      new PutCommand({
        TableName: table(),
        Item: slot,
        ConditionExpression: 'attribute_not_exists(slot) OR expiresAt < :now',
        ExpressionAttributeValues: { ':now': nowSeconds() },
      }),
    ),
  );
}

async function unlessRefused(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
