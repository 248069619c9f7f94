/** Looks up how a deployment is: each thing where it is kept, in one round of calls. */
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { json, number, required, word } from '../../lib/contract/env.ts';
import { taskRow, type TaskRow } from '../../lib/contract/fleet.ts';
import { healthState } from '../../lib/contract/operations-api.ts';
import { operationsBounds } from '../../lib/contract/options.ts';
import { STORE_ROW, storeRow, type StoreRow } from '../../lib/contract/revocation.ts';
import { slicingPlaces } from '../../lib/contract/slicing.ts';
import { dynamo } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { placesTaken } from '../slicing/place.ts';
import { videosIn } from './in-state.ts';
import { ringing } from './ringing.ts';
import { stuckVideos } from './stuck.ts';
import type { Facts, Seen } from './parts.ts';

const sqs = new SQSClient({});
const DAY = 86_400_000;
/** What sources are refused with is for whoever uploaded them; these are ours. */
const OURS = new Set(['internal', 'mediaconvert-failed']);

export async function lookUp(now: number): Promise<Facts> {
  const [deadLetters, stuck, running, failed, store, tasks, rings] = await Promise.all([
    waitingIn(json('DEAD_LETTERS', z.record(z.string(), z.string()))),
    stuckVideos(now, number('STUCK_MINUTES', operationsBounds.stuckMinutes)),
    placesTaken(),
    failedSince(new Date(now - DAY).toISOString()),
    storeNow(),
    word('TAKES_DEVICES', z.enum(['yes', 'no'])) === 'yes' ? tasksNow(now) : undefined,
    ringing().catch((error: unknown) => {
      logger.warn('alarms are not known', { error: error as Error });
      return undefined;
    }),
  ]);
  const places = number('SLICING_PLACES', slicingPlaces);
  return { deadLetters, stuck, slicing: { running: running.length, places }, failed, store, tasks, ringing: rings };
}

async function waitingIn(queues: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const counts = Object.entries(queues).map(async ([id, QueueUrl]): Promise<[string, number]> => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
    );
    return [id, Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0)];
  });
  return Object.fromEntries(await Promise.all(counts));
}

async function failedSince(oldest: string): Promise<Facts['failed']> {
  let [ours, refused] = [0, 0];
  for (const { failure } of (await videosIn(['failed'], oldest)) as { failure?: { code?: string } }[]) {
    if (OURS.has(failure?.code ?? 'internal')) ours += 1;
    else refused += 1;
  }
  return { ours, refused };
}

async function storeNow(): Promise<StoreRow | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: required('REVOCATIONS_TABLE'), Key: { key: STORE_ROW } }),
  );
  return Item && storeRow.parse(Item);
}

const fleet = () => required('FLEET_TABLE');

async function tasksNow(now: number): Promise<TaskRow[]> {
  const { Items = [] } = await dynamo.send(
    new QueryCommand({
      TableName: fleet(),
      KeyConditionExpression: '#kind = :task',
      ExpressionAttributeNames: { '#kind': 'kind' },
      ExpressionAttributeValues: { ':task': 'task' },
    }),
  );
  return Items.map((item) => taskRow.parse(item)).filter(({ leaseUntil }) => leaseUntil * 1000 > now);
}

/** A row of the fleet's table, which goes with the stack: since when each part is as it is. */
const SEEN = { kind: 'health', id: 'seen' } as const;
const seenRow = z.object({
  parts: z.record(z.string(), z.object({ state: healthState, since: z.iso.datetime() })),
});

export async function seenBefore(): Promise<Seen> {
  const { Item } = await dynamo.send(new GetCommand({ TableName: fleet(), Key: SEEN }));
  const { success, data } = seenRow.safeParse(Item);
  return success ? data.parts : {};
}

/** The last who looks wins: they have seen the same. */
export const remember = (parts: Seen): Promise<unknown> =>
  dynamo.send(new PutCommand({ TableName: fleet(), Item: { ...SEEN, parts } }));
