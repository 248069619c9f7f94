/**
 * Sessions that may be meant by what was taken back, a page at a time, read consistently. By an index where one leads there; a denial or a limit on a
 * collection, device or tag, which is rare, looks through all that run: half a megabyte for a thousand.
 */
import { paginateQuery, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Taken } from '../../lib/contract/ending.ts';
import { required } from '../../lib/contract/env.ts';
import { VOD_PREFIX } from '../../lib/contract/keys.ts';
import { sessionRow, type SessionRow } from '../../lib/contract/session.ts';
import { videoRecord } from '../../lib/contract/video.ts';
import { BATCH, batchGet } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { videoIn, type About } from './meant.ts';

type Key = Readonly<Record<'who' | 'place', string>>;

export async function* running(taken: Taken): AsyncGenerator<readonly SessionRow[]> {
  const videos = videosOf(taken);
  if (taken.of === 'rights') for (const right of taken.rights) yield* byIndex('byRight', 'right', right);
  else if (videos !== undefined) for (const id of videos) yield* byIndex('byWhat', 'what', VOD_PREFIX + id);
  else yield* all();
}

/** The only ones that it is about; undefined: it may be about any, and about live pictures. */
function videosOf(taken: Taken): readonly string[] | undefined {
  if (taken.of === 'rights') return undefined;
  if (taken.of === 'videos') return taken.videos;
  const { among, resource } = taken;
  return among ?? (resource.startsWith('video:') ? [resource.slice('video:'.length)] : undefined);
}

/** The newest first. An index knows who is there; what a row says is read from the table. */
async function* byIndex(IndexName: string, name: string, value: string): AsyncGenerator<readonly SessionRow[]> {
  const query = {
    TableName: required('SESSIONS_TABLE'),
    IndexName,
    KeyConditionExpression: '#name = :value',
    ProjectionExpression: '#who, #place',
    ExpressionAttributeNames: { '#name': name, '#who': 'who', '#place': 'place' },
    ExpressionAttributeValues: { ':value': value },
    ScanIndexForward: false,
    Limit: BATCH,
  };
  for await (const { Items = [] } of paginateQuery({ client: dynamo }, query))
    if (Items.length > 0) yield await rowsOf(Items as Key[]);
}

async function rowsOf(keys: readonly Key[]): Promise<SessionRow[]> {
  const table = required('SESSIONS_TABLE');
  const Keys = keys.map(({ who, place }) => ({ who, place }));
  const found = await batchGet({ [table]: { Keys, ConsistentRead: true } });
  return (found.get(table) ?? []).map((row) => sessionRow.parse(row));
}

async function* all(): AsyncGenerator<readonly SessionRow[]> {
  const scan = {
    TableName: required('SESSIONS_TABLE'),
    ConsistentRead: true,
    // Beside sessions lie rows that count (lambdas/shared/sessions.ts).
    FilterExpression: 'attribute_exists(#session)',
    ExpressionAttributeNames: { '#session': 'session' },
  };
  for await (const { Items = [] } of paginateScan({ client: dynamo }, scan))
    yield Items.map((item) => sessionRow.parse(item));
}

const about = videoRecord.pick({ id: true, tags: true, collections: true, origin: true });

/** Records of what these sessions watch, by `what`. Of a video that is gone there is none, and it is refused already. */
export async function watchedBy(rows: readonly SessionRow[]): Promise<ReadonlyMap<string, About>> {
  const table = required('VIDEOS_TABLE');
  const ids = [...new Set(rows.flatMap(({ what = '' }) => videoIn(what) ?? []))];
  const found = new Map<string, About>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const Keys = ids.slice(at, at + BATCH).map((id) => ({ id }));
    const records = (await batchGet({ [table]: { Keys, ConsistentRead: true } })).get(table) ?? [];
    for (const row of records.map((one) => about.parse(one))) found.set(VOD_PREFIX + row.id, row);
  }
  return found;
}
