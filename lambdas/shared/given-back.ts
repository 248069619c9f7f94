/** How often a person gives places of counted sessions back: each time is an entry of the store at the edge, which all share. */
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { CLOCK_SECONDS, RENEWED_SECONDS } from '../../lib/contract/session.ts';
import { dynamo } from './clients.ts';
import { unlessRefused } from './unless-refused.ts';

/** So often in the time for which such an entry says something: one in 11 seconds. */
export const MOST_GIVEN_BACK = 60;
const SECONDS = RENEWED_SECONDS + CLOCK_SECONDS;

/**
 * Counts one of `who` (of a row of the sessions table) at `now` (epoch seconds), in a row beside the sessions, so that however many come at
 * once are counted each. False: they were as many as may be.
 */
export async function countGivenBack(who: string, now: number): Promise<boolean> {
  const to = { TableName: required('SESSIONS_TABLE'), Key: { who: `n:${who}`, place: 'given-back' } };
  const more = new UpdateCommand({
    ...to,
    UpdateExpression: 'SET #count = #count + :one',
    ConditionExpression: 'expiresAt > :now AND #count < :most',
    ExpressionAttributeNames: { '#count': 'count' },
    ExpressionAttributeValues: { ':one': 1, ':now': now, ':most': MOST_GIVEN_BACK },
  });
  const first = new PutCommand({
    TableName: to.TableName,
    Item: { ...to.Key, count: 1, expiresAt: now + SECONDS },
    ConditionExpression: 'attribute_not_exists(who) OR expiresAt <= :now',
    ExpressionAttributeValues: { ':now': now },
  });
  const counted = async () =>
    (await unlessRefused(dynamo.send(more))) !== undefined || (await unlessRefused(dynamo.send(first))) !== undefined;
  // Another may have been the first in between.
  return (await counted()) || (await counted());
}
