/**
 * Who asks for an MP4 first has it made; who asks meanwhile waits for the same one. A row of the uploads table says so for as
 * long as somebody works on it, so that one nobody finished is begun again when it is asked for.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { DownloadTask } from '../../lib/contract/download.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';

/** Seconds; longer than one invocation and the wait for the next. */
const LEASE = 20 * 60;

const row = ({ videoId, revision, rendition }: DownloadTask, now: number) => ({
  // No person: no subject of an issuer has a space.
  owner: `mp4 of ${videoId} r${revision} ${rendition}`,
  slot: 0,
  videoId,
  expiresAt: now + LEASE,
});
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Whether the caller is the first: then it is to be begun. */
export async function beginPreparing(task: DownloadTask): Promise<boolean> {
  const now = nowSeconds();
  try {
    await dynamo.send(
      new PutCommand({
        TableName: required('UPLOADS_TABLE'),
        Item: row(task, now),
        ConditionExpression: 'attribute_not_exists(slot) OR expiresAt < :now',
        ExpressionAttributeValues: { ':now': now },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Somebody works on it. */
export const keepPreparing = async (task: DownloadTask): Promise<void> =>
  void (await dynamo.send(new PutCommand({ TableName: required('UPLOADS_TABLE'), Item: row(task, nowSeconds()) })));
