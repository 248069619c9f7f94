/**
 * Viewers who were erased: their rows in the table of heatmaps, by pseudonym, with the time until which. What was taken in before
 * and comes to a consumer later, out of a queue or its dead letters, is dropped there (local/erase.ts writes them).
 */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { ERASED } from '../../lib/contract/heatmap.ts';
import type { Report } from '../../lib/contract/player-events.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';

const row = z.object({ row: z.string(), before: z.number() });

/** Pseudonym → epoch milliseconds. Read for each batch: who was erased a moment ago must not come back. */
export type Erased = ReadonlyMap<string, number>;

export async function readErased(): Promise<Erased> {
  const found = new Map<string, number>();
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({
        TableName: required('HEATMAPS_TABLE'),
        KeyConditionExpression: 'what = :what',
        ExpressionAttributeValues: { ':what': ERASED },
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    for (const item of Items) {
      const { row: viewer, before } = row.parse(item);
      found.set(viewer, before);
    }
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}

export const isErased = (erased: Erased, { viewer, receivedAt }: Pick<Report, 'viewer' | 'receivedAt'>): boolean =>
  viewer !== undefined && receivedAt < (erased.get(viewer) ?? 0);
