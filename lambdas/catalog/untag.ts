/**
 * Takes the tag of what nobody accepted off accepted sources. Slicing does so as it accepts (lambdas/slicing/accept.ts), but
 * one of before the tag does not know it: during an update functions change one by one, and an update that is rolled back has
 * taken uploads that carry it. The rule of the bucket would remove their sources from under `ready` videos.
 */
import { DeleteObjectTaggingCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { number, required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import { uploadBounds } from '../../lib/contract/options.ts';
import { UNACCEPTED_MORE_DAYS } from '../../lib/contract/upload.ts';
import { dynamo, s3 } from '../shared/clients.ts';

const DAY = 86_400_000;
/** Requests under way at once: 600,000 videos in a function's 15 minutes, if each takes 20 ms. */
const PARALLEL = 16;

/**
 * `now` is epoch ms. Looks at videos as far back as the rule may not have run yet, those next to it first. Every one of them is
 * asked for, once a day: to ask which still carry the tag would be another request, and another right.
 */
export async function untagAccepted(now: number): Promise<void> {
  // A day more than the rule: S3 counts from the midnight after.
  const days = number('EXPIRE_DAYS', uploadBounds.expireDays) + UNACCEPTED_MORE_DAYS + 1;
  for await (const ids of acceptedSince(new Date(now - days * DAY).toISOString())) {
    for (let at = 0; at < ids.length; at += PARALLEL) await Promise.all(ids.slice(at, at + PARALLEL).map(untag));
  }
}

/** Ids, a page at a time. A run has the video: its source is accepted, or about to be. */
async function* acceptedSince(createdAt: string): AsyncGenerator<string[]> {
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: 'byTime',
      KeyConditionExpression: '#kind = :kind AND #createdAt >= :createdAt',
      FilterExpression: 'attribute_exists(#slicing) AND #status <> :deleted',
      ProjectionExpression: '#id',
      ExpressionAttributeNames: {
        '#kind': 'kind',
        '#createdAt': 'createdAt',
        '#slicing': 'slicing',
        '#status': 'status',
        '#id': 'id',
      },
      ExpressionAttributeValues: { ':kind': 'video', ':createdAt': createdAt, ':deleted': 'deleted' },
    },
  );
  for await (const { Items = [] } of pages) yield Items.map((item) => String(item['id']));
}

async function untag(id: string): Promise<void> {
  try {
    await s3.send(new DeleteObjectTaggingCommand({ Bucket: required('SOURCE_BUCKET'), Key: sourceKey(id) }));
  } catch (error) {
    // No such object: 403 to whoever may not list the bucket, else 404. Refused, or removed just now.
    if (!(error instanceof S3ServiceException) || ![403, 404].includes(error.$metadata.httpStatusCode ?? 0))
      throw error;
  }
}
