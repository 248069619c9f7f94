/** Videos by their state: by the index of words, which has each state's, so that a platform of many videos is not read as a whole to find few. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import type { VideoStatus } from '../../lib/contract/video.ts';
import { isWhole, partitionOf, positionOf } from '../catalog/index-rows.ts';
import { termsAsked } from '../catalog/words.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Those that are in one of these states, uploaded at `oldest` (ISO 8601) or since, the newest first; of each `id`, `status`, `updatedAt` and
 * `failure`. What changed in the last seconds may be missing. Until the index is whole all videos since are looked through.
 */
export async function videosIn(states: readonly VideoStatus[], oldest: string): Promise<Row[]> {
  if (!(await isWhole())) return await lookedThrough(states, oldest);
  const TableName = required('VIDEOS_TABLE');
  const lists = await Promise.all(states.map((status) => placesOf(status, oldest)));
  const ids = lists
    .flat()
    .toSorted()
    .toReversed()
    .map((place) => positionOf(place).id);
  const rows = new Map<unknown, Row>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const Keys = ids.slice(at, at + BATCH).map((id) => ({ id }));
    const found = await batchGet({ [TableName]: { Keys, ...shown } });
    for (const row of found.get(TableName) ?? []) rows.set(row['id'], row);
  }
  const isIn = new Set<unknown>(states);
  return ids.flatMap((id) => {
    const row = rows.get(id);
    return row !== undefined && isIn.has(row['status']) ? [row] : [];
  });
}

const shown = {
  ProjectionExpression: '#id, #status, #updatedAt, #failure',
  ExpressionAttributeNames: { '#id': 'id', '#status': 'status', '#updatedAt': 'updatedAt', '#failure': 'failure' },
};

async function all(query: Omit<Parameters<typeof paginateQuery>[1], 'TableName' | 'IndexName'>): Promise<Row[]> {
  const rows: Row[] = [];
  const asked = { TableName: required('VIDEOS_TABLE'), IndexName: 'byTime', ScanIndexForward: false, ...query };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, asked)) rows.push(...Items);
  return rows;
}

const since = '#kind = :kind AND #createdAt >= :oldest';

async function placesOf(status: VideoStatus, oldest: string): Promise<string[]> {
  const [term = ''] = termsAsked({ status, isTrash: false });
  const rows = await all({
    KeyConditionExpression: since,
    ProjectionExpression: '#createdAt',
    ExpressionAttributeNames: { '#kind': 'kind', '#createdAt': 'createdAt' },
    ExpressionAttributeValues: { ':kind': partitionOf(term), ':oldest': oldest },
  });
  return rows.map(({ createdAt }) => String(createdAt));
}

const lookedThrough = (states: readonly VideoStatus[], oldest: string): Promise<Row[]> =>
  all({
    ...shown,
    KeyConditionExpression: since,
    FilterExpression: `#status IN (${states.map((_, i) => `:state${i}`).join(', ')})`,
    ExpressionAttributeNames: { ...shown.ExpressionAttributeNames, '#kind': 'kind', '#createdAt': 'createdAt' },
    ExpressionAttributeValues: {
      ':kind': 'video',
      ':oldest': oldest,
      ...Object.fromEntries(states.map((status, i) => [`:state${i}`, status])),
    },
  });
