/**
 * Sessions that may be meant by what was taken back, a page at a time, read consistently. By an index where one leads there; a denial or a limit on a
 * collection, device or tag, which is rare, looks through all that run: half a megabyte for a thousand.
 */
import { paginateQuery, paginateScan } from '@aws-sdk/lib-dynamodb';
import type { Place, Taken } from '../../lib/contract/ending.ts';
import { required } from '../../lib/contract/env.ts';
import { VOD_PREFIX } from '../../lib/contract/keys.ts';
import { sessionRow, type SessionRow } from '../../lib/contract/session.ts';
import { videoRecord } from '../../lib/contract/video.ts';
import { BATCH, batchGet } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { videoIn, type About } from './meant.ts';

type Key = Readonly<Record<string, string>>;

/** Rows, and the last key of DynamoDB's page: undefined where it was the last one. */
interface Seen {
  readonly rows: readonly SessionRow[];
  readonly key: Key | undefined;
}
/** From behind that key. */
type Look = (key: Key | undefined) => AsyncGenerator<Seen>;

export interface Page {
  readonly rows: readonly SessionRow[];
  /** Where it goes on behind these rows; undefined: there are no more. */
  readonly next: Place | undefined;
}

/** Pages may be empty. Each gets further, so whoever goes on from `next` comes to an end however many rows there are. */
export async function* running(taken: Taken, from: Place = { nth: 0 }): AsyncGenerator<Page> {
  const looks = looksOf(taken);
  for (const [index, look] of looks.slice(from.nth).entries()) {
    const nth = from.nth + index;
    const following = nth + 1 < looks.length ? { nth: nth + 1 } : undefined;
    for await (const { rows, key } of look(index === 0 ? from.key : undefined))
      yield { rows, next: key === undefined ? following : { nth, key } };
  }
}

function looksOf(taken: Taken): readonly Look[] {
  if (taken.of === 'rights') return taken.rights.map((right) => byIndex('byRight', 'right', right));
  return videosOf(taken)?.map((id) => byIndex('byWhat', 'what', VOD_PREFIX + id)) ?? [all];
}

/** The only ones that it is about; undefined: it may be about any, and about live pictures. */
function videosOf(taken: Exclude<Taken, { of: 'rights' }>): readonly string[] | undefined {
  if (taken.of === 'videos') return taken.videos;
  const { among, resource } = taken;
  return among ?? (resource.startsWith('video:') ? [resource.slice('video:'.length)] : undefined);
}

/** The newest first. An index knows who is there; what a row says is read from the table. */
const byIndex = (IndexName: string, name: string, value: string): Look =>
  async function* (startingToken) {
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
    for await (const { Items = [], LastEvaluatedKey: key } of paginateQuery({ client: dynamo, startingToken }, query))
      yield { rows: await rowsOf(Items as Key[]), key };
  };

async function rowsOf(keys: readonly Key[]): Promise<SessionRow[]> {
  const table = required('SESSIONS_TABLE');
  const Keys = keys.map(({ who, place }) => ({ who, place }));
  const found = await batchGet({ [table]: { Keys, ConsistentRead: true } });
  return (found.get(table) ?? []).map((row) => sessionRow.parse(row));
}

async function* all(startingToken: Key | undefined): AsyncGenerator<Seen> {
  const scan = {
    TableName: required('SESSIONS_TABLE'),
    ConsistentRead: true,
    // Beside sessions lie rows that count (lambdas/shared/sessions.ts).
    FilterExpression: 'attribute_exists(#session)',
    ExpressionAttributeNames: { '#session': 'session' },
  };
  for await (const { Items = [], LastEvaluatedKey: key } of paginateScan({ client: dynamo, startingToken }, scan))
    yield { rows: Items.map((item) => sessionRow.parse(item)), key };
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
