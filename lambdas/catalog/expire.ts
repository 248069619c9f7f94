/**
 * Once a day: hands over to removal the videos whose retention is over, sees that accepted sources stay, and removes those that
 * need not. What one run misses, the next ones find, however long ago its day was: an operator may have set it.
 */
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { z } from 'zod';
import { required, word } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';
import { about } from '../shared/logger.ts';
import { changeVideo } from '../shared/videos.ts';
import { countWhatIsNot } from './recount.ts';
import { follow, indexWhatIsNot } from './index-rows.ts';
import { enqueue } from './removal.ts';
import { removeSources } from './sources.ts';
import { untagAccepted } from './untag.ts';

/** Without changes: the daily run. With them: what changed in the videos table, which the index of words follows. */
export async function handler(event?: Partial<DynamoDBStreamEvent>): Promise<void> {
  about(undefined);
  if (event?.Records !== undefined) return await follow(event.Records);
  const now = Date.now();
  try {
    await removeOver(now);
  } finally {
    await untagAccepted(now);
  }
  if (word('SOURCES_GO', z.enum(['yes', 'no'])) === 'yes') await removeSources(now);
  await countWhatIsNot(now);
  await indexWhatIsNot();
}

async function removeOver(now: number): Promise<void> {
  for await (const { id, removeOn } of removedBy(new Date(now).toISOString().slice(0, 10))) {
    // As when a person deletes it, unless it was restored since the index was read. One that is marked already, and still there, is handed
    // over again: it does no harm.
    await changeVideo(id, { status: 'deleted', remove: ['expiresAt'] }, { removeOn });
    await enqueue({ videoId: id, step: 'remove' });
  }
}

/** A date as the API writes one: of other text nobody knows which day it means. */
const isDate = (text: unknown): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(String(text)) && !Number.isNaN(Date.parse(String(text)));

/** The videos kept until `day` (UTC) or before. The index holds keys, and of those that are ever removed alone. */
async function* removedBy(day: string): AsyncGenerator<{ readonly id: string; readonly removeOn: string }> {
  const pages = paginateScan(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: 'byRemoval',
      FilterExpression: 'removeOn <= :day',
      ExpressionAttributeValues: { ':day': day },
    },
  );
  for await (const { Items = [] } of pages) {
    for (const { id, removeOn } of Items) if (isDate(removeOn)) yield { id: String(id), removeOn: String(removeOn) };
  }
}
