/** How far the chunks of a video are, counted by themselves in its record. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { dynamo } from '../shared/clients.ts';

/** The run's chunks that are done, by index: one that is done twice counts once. Gone when the next run claims the video. */
const DONE = 'chunksDone';

/** Counts a task as done; answers all that are, or undefined when the video is no longer this run's. */
export async function countChunk(
  { videoId, execution }: Plan,
  index: number,
): Promise<ReadonlySet<number> | undefined> {
  const attributes = await update(videoId, {
    UpdateExpression: 'ADD #done :index',
    ConditionExpression: '#slicing.#execution = :execution AND #status IN (:probed, :playable, :ready)',
    ExpressionAttributeNames: { '#done': DONE, '#slicing': 'slicing', '#execution': 'execution', '#status': 'status' },
    ExpressionAttributeValues: {
      ':index': new Set([index]),
      ':execution': execution,
      ':probed': 'probed',
      ':playable': 'playable',
      // Done again by one that was thought lost, after another put the video together.
      ':ready': 'ready',
    },
  });
  const done = attributes?.[DONE];
  return done instanceof Set ? (done as ReadonlySet<number>) : undefined;
}

/** Percent of slicing done, which never falls while a run goes on. */
export async function raiseProgress({ videoId, execution }: Plan, percent: number): Promise<void> {
  await update(videoId, {
    UpdateExpression: 'SET #progress = :percent, #updated = :now',
    ConditionExpression: '#slicing.#execution = :execution AND #progress < :percent',
    ExpressionAttributeNames: {
      '#progress': 'progress',
      '#updated': 'updatedAt',
      '#slicing': 'slicing',
      '#execution': 'execution',
    },
    ExpressionAttributeValues: { ':percent': percent, ':now': new Date().toISOString(), ':execution': execution },
  });
}

/** The record after the update, as stored; undefined when its condition did not hold. */
async function update(
  id: string,
  change: Omit<UpdateCommand['input'], 'TableName' | 'Key'>,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const command = { TableName: required('VIDEOS_TABLE'), Key: { id }, ReturnValues: 'ALL_NEW' as const, ...change };
    return (await dynamo.send(new UpdateCommand(command))).Attributes ?? {};
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
