/**
 * Once a day: hands over to removal the videos whose retention is over, and sees that accepted sources stay. What one run misses,
 * the next ones find.
 */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';
import { changeVideo } from '../shared/videos.ts';
import { enqueue } from './removal.ts';
import { untagAccepted } from './untag.ts';

const DAY = 86_400_000;
/** Days looked back: so long may runs fail, or removals lie in their dead-letter queue, without a video being forgotten. */
const BACK = 60;

/** The days (UTC) that have begun by `now` (epoch ms), latest first. Pure. */
export const daysOver = (now: number): string[] =>
  Array.from({ length: BACK }, (_, ago) => new Date(now - ago * DAY).toISOString().slice(0, 10));

export async function handler(): Promise<void> {
  const now = Date.now();
  try {
    await removeOver(now);
  } finally {
    await untagAccepted(now);
  }
}

async function removeOver(now: number): Promise<void> {
  for (const day of daysOver(now)) {
    for await (const id of removedOn(day)) {
      // As when a person deletes it. One that is marked already, and still there, is handed over again: it does no harm.
      await changeVideo(id, { status: 'deleted', remove: ['expiresAt'] });
      await enqueue({ videoId: id, step: 'remove' });
    }
  }
}

async function* removedOn(day: string): AsyncGenerator<string> {
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: 'byRemoval',
      KeyConditionExpression: 'removeOn = :day',
      ExpressionAttributeValues: { ':day': day },
    },
  );
  for await (const { Items = [] } of pages) for (const item of Items) yield String(item['id']);
}
