/**
 * Numbered places in the uploads table: the uploads a person has under way, and the videos that are sliced at a time. A
 * place is taken by a conditional put, so however many calls come at once, no more are let in than there are places; and it
 * is a lease, so that what its holder never gave back is free again by itself.
 */
import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { randomInt } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import type { UploadSlot, VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from './clients.ts';
import type { Write } from './transact.ts';
import { unlessRefused } from './unless-refused.ts';

const table = () => required('UPLOADS_TABLE');
const nowSeconds = () => Math.floor(Date.now() / 1000);

/**
 * Takes one of `count` places until `expiresAt` (epoch seconds) and answers its number; undefined when none is free. The
 * place a video holds already is its own, and kept longer. Else every place that looked free is tried once, from a random
 * one on: when all are lost to others, all were taken.
 */
export async function takeSlot(wanted: Omit<UploadSlot, 'slot'>, count: number): Promise<number | undefined> {
  const taken = await takenSlots(wanted.owner);
  const own = taken.find(({ videoId }) => videoId === wanted.videoId);
  const free = freeSlots(new Set(taken.map(({ slot }) => slot)), count);
  for (const slot of own === undefined ? free : [own.slot, ...free]) {
    if (await put({ ...wanted, slot })) return slot;
  }
  return undefined;
}

/** Places 0 … `count`-1 that are not taken, from a random one on and round. */
export function freeSlots(taken: ReadonlySet<number>, count: number, first = randomInt(count)): number[] {
  return Array.from({ length: count }, (_, index) => (first + index) % count).filter((slot) => !taken.has(slot));
}

/** Frees the place a video's upload holds. Harmless when it is free already or another upload's by now. */
export const freeSlot = ({ id, owner, upload }: Pick<VideoRecord, 'id' | 'owner' | 'upload'>): Promise<unknown> =>
  free({ owner, slot: upload.slot, videoId: id });

/** Frees every place of `owner` that the video holds. */
export async function freeSlotsOf(owner: string, videoId: string): Promise<void> {
  for (const place of await takenSlots(owner)) if (place.videoId === videoId) await free({ owner, ...place });
}

const free = ({ owner, slot, videoId }: Omit<UploadSlot, 'expiresAt'>): Promise<boolean> =>
  isWritten(
    dynamo.send(
      new DeleteCommand({
        TableName: table(),
        Key: { owner, slot },
        ConditionExpression: 'videoId = :id',
        ExpressionAttributeValues: { ':id': videoId },
      }),
    ),
  );

/** The places of `owner` whose leases run. */
export async function takenSlots(owner: string): Promise<Pick<UploadSlot, 'slot' | 'videoId' | 'bytes'>[]> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: table(),
      ConsistentRead: true,
      KeyConditionExpression: '#owner = :owner',
      FilterExpression: 'expiresAt >= :now',
      ProjectionExpression: 'slot, videoId, #bytes',
      ExpressionAttributeNames: { '#owner': 'owner', '#bytes': 'bytes' },
      ExpressionAttributeValues: { ':owner': owner, ':now': nowSeconds() },
    }),
  );
  return Items.map(({ slot, videoId, bytes }) => ({
    slot: Number(slot),
    videoId: String(videoId),
    ...(bytes !== undefined && { bytes: Number(bytes) }),
  }));
}

/** A place is taken while it is free, or the video's already. */
const putOf = (place: UploadSlot) => ({
  TableName: table(),
  Item: place,
  ConditionExpression: 'attribute_not_exists(slot) OR expiresAt < :now OR videoId = :id',
  ExpressionAttributeValues: { ':now': nowSeconds(), ':id': place.videoId },
});

/** The same for a transaction. */
export const placeWrite = (place: UploadSlot): Write => ({ Put: putOf(place) });

const put = (place: UploadSlot): Promise<boolean> => isWritten(dynamo.send(new PutCommand(putOf(place))));

const isWritten = async (write: Promise<unknown>): Promise<boolean> => (await unlessRefused(write)) !== undefined;
