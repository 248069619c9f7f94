/**
 * How many titles, descriptions and tags somebody changes. Each change is some hundreds of rows of the index of words at worst (words.ts), which
 * are written one after another: without a bound one person's script keeps what everybody changes from being found.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { isDeepStrictEqual } from 'node:util';
import { required } from '../../lib/contract/env.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';

/** Of a person in an hour (UTC): a sixth of what is written in one, where each is as large as it can be. */
export const MOST_CHANGES = 1000;
const HOUR = 3600;

/** Whether the change is of what a video is found by. */
export const isRewording = (record: VideoRecord, set: Partial<VideoRecord>): boolean =>
  (['title', 'description', 'tags'] as const).some(
    (name) => set[name] !== undefined && !isDeepStrictEqual(set[name], record[name]),
  );

/** Where it is counted, in the table of numbered places. No subject of an issuer has a space. */
export const changesRow = ({ subject }: Pick<Viewer, 'subject'>, hour: number) => ({
  owner: `changes of ${subject}`,
  slot: hour,
});

/** Counts one more; of admins nothing. Throws `too-many-changes`. `now` is epoch seconds. */
export async function countRewording(viewer: Viewer, now = Math.floor(Date.now() / 1000)): Promise<void> {
  if (isAdmin(viewer)) return;
  const hour = Math.floor(now / HOUR);
  const end = (hour + 1) * HOUR;
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: required('UPLOADS_TABLE'),
        Key: changesRow(viewer, hour),
        UpdateExpression: 'SET expiresAt = :end ADD changes :one',
        ConditionExpression: 'attribute_not_exists(changes) OR changes < :most',
        ExpressionAttributeValues: { ':end': end, ':one': 1, ':most': MOST_CHANGES },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    throw new ApiError(
      'too-many-changes',
      `You have changed titles, descriptions or tags ${MOST_CHANGES} times in this hour, and search must follow. Go on in ${Math.ceil((end - now) / 60)} min.`,
      { limit: { name: 'changes', value: MOST_CHANGES, unit: 'an hour' } },
    );
  }
}
