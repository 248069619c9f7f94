/**
 * Tells who listens what changed in a table. A change that cannot be told is lost: clients ask now and then, too, and what is
 * told late is worth less than what comes next.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { required } from '../../lib/contract/env.ts';
import type { News } from '../../lib/contract/presence.ts';
import { logger } from '../shared/logger.ts';
import { alarmsNews, deviceNews, sessionsNews, together, videoNews, watchingNews, type Change } from './news.ts';
import { readersOf } from './rows.ts';
import { tell } from './told.ts';

/** Of a frame, which API Gateway bounds by 128 kB. */
const MOST_NEWS = 100;
const SIDE_BY_SIDE = 25;

export async function push(records: readonly DynamoDBRecord[], now = Math.floor(Date.now() / 1000)): Promise<void> {
  const news = together(records.flatMap(newsOf));
  const letters = new Map<string, News[]>();
  for (const [topic, one] of news) {
    for (const { id } of await readersOf(topic, now)) letters.set(id, [...(letters.get(id) ?? []), one]);
  }
  const all = [...letters].flatMap(([id, mine]) =>
    Array.from({ length: Math.ceil(mine.length / MOST_NEWS) }, (_, i) => ({
      id,
      news: mine.slice(i * MOST_NEWS, (i + 1) * MOST_NEWS),
    })),
  );
  for (let at = 0; at < all.length; at += SIDE_BY_SIDE) {
    const done = await Promise.allSettled(
      all.slice(at, at + SIDE_BY_SIDE).map(({ id, news: told }) => tell(id, { news: told })),
    );
    const failed = done.filter((one) => one.status === 'rejected');
    // A warning: nobody need do anything, and one client that is gone in an odd way is no fault of ours.
    if (failed.length > 0) logger.warn('not told', { clients: failed.length, error: failed[0]!.reason as Error });
  }
}

/** By the table it is of: `arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{time}`. */
function newsOf(record: DynamoDBRecord): News[] {
  const table = record.eventSourceARN?.split('/')[1];
  const told = READERS.filter(({ variable }) => table === required(variable));
  if (told.length === 0) return [];
  const change = changeOf(record);
  return told.flatMap(({ read }) => read(change) ?? []);
}

const READERS = [
  { variable: 'VIDEOS_TABLE', read: videoNews },
  { variable: 'ALARMS_TABLE', read: alarmsNews },
  { variable: 'DEVICES_TABLE', read: deviceNews },
  { variable: 'SESSIONS_TABLE', read: watchingNews },
  { variable: 'SESSIONS_TABLE', read: sessionsNews },
] as const;

function changeOf({ dynamodb }: DynamoDBRecord): Change {
  const read = (image: unknown) =>
    image === undefined ? undefined : unmarshall(image as Record<string, AttributeValue>);
  return { before: read(dynamodb?.OldImage), now: read(dynamodb?.NewImage) };
}
