/**
 * Entries of the store at the edge that a person has spent: by giving places of counted sessions back, and by ending their own. All share
 * that store, so each has so many at a time, in numbered rows beside the sessions. A row is as good as its entry says something.
 */
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from './clients.ts';
import { freeSlots } from './slots.ts';
import { unlessRefused } from './unless-refused.ts';

/** A person's at a time. */
export const MOST_ENTRIES = 60;
const ENTRY = 'entry-';

/**
 * Takes one of those of `who` (of a row of the sessions table) from `now` until `until` (epoch seconds), by a conditional put: however many
 * come at once, no more are taken than there are. False: all are.
 */
export async function takeEntry(who: string, until: number, now: number): Promise<boolean> {
  const TableName = required('SESSIONS_TABLE');
  const holder = `n:${who}`;
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: 'who = :who AND begins_with(place, :entry)',
      FilterExpression: 'expiresAt > :now',
      ExpressionAttributeValues: { ':who': holder, ':entry': ENTRY, ':now': now },
    }),
  );
  const taken = new Set(Items.map(({ place }) => Number(String(place).slice(ENTRY.length))));
  for (const entry of freeSlots(taken, MOST_ENTRIES)) {
    const put = new PutCommand({
      TableName,
      Item: { who: holder, place: `${ENTRY}${entry}`, expiresAt: until },
      ConditionExpression: 'attribute_not_exists(who) OR expiresAt <= :now',
      ExpressionAttributeValues: { ':now': now },
    });
    if ((await unlessRefused(dynamo.send(put))) !== undefined) return true;
  }
  return false;
}
