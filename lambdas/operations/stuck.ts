/** Videos that are being worked on and make no progress: what is worked on says so in its record, every few seconds. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { RUN_DAYS } from '../../lib/contract/slicing.ts';
import type { VideoStatus } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';

/** In these a video waits for slicing. One that is being uploaded waits for a person; what is pulled has its own queue. */
const WAITING: readonly VideoStatus[] = ['uploaded', 'probed', 'playable'];

export interface Stuck {
  readonly id: string;
  readonly status: VideoStatus;
  /** When its record last changed, ISO 8601. */
  readonly since: string;
}

/**
 * Those whose record has not changed for `minutes`, the newest video first. `now` is epoch ms. Looks back as far as a run may
 * last: no run is about what is older.
 */
export async function stuckVideos(now: number, minutes: number): Promise<Stuck[]> {
  const iso = (ago: number) => new Date(now - ago).toISOString();
  const pages = paginateQuery(
    { client: dynamo },
    {
      TableName: required('VIDEOS_TABLE'),
      IndexName: 'byTime',
      ScanIndexForward: false,
      KeyConditionExpression: '#kind = :kind AND #createdAt >= :oldest',
      FilterExpression: `#updatedAt < :before AND #status IN (${WAITING.map((_, i) => `:waiting${i}`).join(', ')})`,
      ProjectionExpression: '#id, #status, #updatedAt',
      ExpressionAttributeNames: {
        '#kind': 'kind',
        '#createdAt': 'createdAt',
        '#updatedAt': 'updatedAt',
        '#status': 'status',
        '#id': 'id',
      },
      ExpressionAttributeValues: {
        ':kind': 'video',
        ':oldest': iso(RUN_DAYS * 86_400_000),
        ':before': iso(minutes * 60_000),
        ...Object.fromEntries(WAITING.map((status, i) => [`:waiting${i}`, status])),
      },
    },
  );
  const stuck: Stuck[] = [];
  for await (const { Items = [] } of pages)
    for (const { id, status, updatedAt } of Items)
      stuck.push({ id: String(id), status: status as VideoStatus, since: String(updatedAt) });
  return stuck;
}
