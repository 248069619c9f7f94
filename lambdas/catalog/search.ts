/**
 * Search by the index (index-rows.ts): of each term that is asked for, one window of its rows, newest first, and of terms that may stand for
 * one another one of them all. The term whose window reaches back the furthest is the rarest there, and its videos are the candidates, but for
 * those that another window would have and has not. Their records decide.
 */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { videoRecord, type VideoRecord } from '../../lib/contract/video.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { partitionOf, placeOf, positionOf } from './index-rows.ts';
import type { Position, Range } from './listing.ts';

/** Rows of a window: of one term, whose every video is a candidate, and of several; the first at least. One is some 200 bytes. */
const [ROWS_OF_ONE, ROWS_OF_SEVERAL] = [100, 500];
/** Windows of each term that one call reads, and records, at most: then the page is short, and has a next one. */
const MOST_WINDOWS = 4;
const MOST_RECORDS = 500;
/** Candidates that cost more to read than a window does. */
const WORTH = 50;

export interface Search {
  /** All that a video has to have, and lists of which it has to have one each; one term or list at least. */
  readonly terms: readonly string[];
  readonly oneOf?: readonly (readonly string[])[];
  /** Undefined: everybody's. */
  readonly owner: string | undefined;
  readonly range: Range;
  /** Begins behind this. */
  readonly start: Position | undefined;
}

interface Window {
  readonly rows: ReadonlySet<string>;
  /** The last of the rows; empty: there are none. */
  readonly end: string;
  /** There is nothing behind it. */
  readonly isLast: boolean;
}

/** A page of what `wanted` lets through, and where the next one begins; undefined: there is none. */
export async function searchPage(
  { terms, oneOf = [], owner, range, start }: Search,
  wanted: (record: VideoRecord) => boolean | Promise<boolean>,
  limit: number,
): Promise<{ readonly records: readonly VideoRecord[]; readonly next: Position | undefined }> {
  const records: VideoRecord[] = [];
  const lists = [...terms.map((term) => [term]), ...oneOf];
  const most = lists.length === 1 ? ROWS_OF_ONE : ROWS_OF_SEVERAL;
  let behind = start && placeOf(start);
  const chunk = Math.min(limit + 1, BATCH);
  let read = 0;
  for (let step = 0; step < MOST_WINDOWS; step += 1) {
    const windows = await windowsOf(lists, { owner, range, behind, most });
    const rarest = windows.toSorted(byReach)[0]!;
    const candidates = [...rarest.rows].filter((row) => windows.every((window) => mayHave(window, row)));
    for (let at = 0; at < candidates.length; at += chunk) {
      const places = candidates.slice(at, at + chunk);
      for (const record of await recordsAt(places)) {
        if (!(await wanted(record))) continue;
        if (records.length === limit) return { records, next: records.at(-1) };
        records.push(record);
      }
      read += places.length;
      if (read >= MOST_RECORDS) return { records, next: positionOf(places.at(-1)!) };
    }
    if (rarest.isLast) return { records, next: undefined };
    behind = rarest.end;
  }
  return { records, next: behind === undefined ? undefined : positionOf(behind) };
}

/** Of each list. Those that end before the rarest begins, and have fewer than it to the day, are read anew from there: they rule out most of it. */
async function windowsOf(lists: readonly (readonly string[])[], asked: Asked): Promise<Window[]> {
  const windows = await Promise.all(lists.map((list) => windowOfAny(list, asked)));
  const rarest = windows.toSorted(byReach)[0]!;
  const [newest] = rarest.rows;
  if (newest === undefined || rarest.rows.size <= WORTH) return windows;
  const there = { ...asked, range: { first: asked.range.first, last: newest }, behind: undefined };
  return await Promise.all(
    windows.map(async (one, i) => {
      const isBefore = !one.isLast && one.end > newest;
      return isBefore && pace(one) > 2 * pace(rarest) ? await windowOfAny(lists[i]!, there) : one;
    }),
  );
}

/** Milliseconds from one of its rows to the next. */
function pace({ rows }: Window): number {
  const places = [...rows];
  const time = (place: string) => Date.parse(positionOf(place).createdAt);
  return (time(places[0]!) - time(places.at(-1)!)) / places.length;
}

/** The one that reaches back the furthest first; of those that reach to the end, the one with the fewest rows. */
const byReach = (a: Window, b: Window): number =>
  a.isLast || b.isLast ? Number(b.isLast) - Number(a.isLast) || a.rows.size - b.rows.size : a.end < b.end ? -1 : 1;

/** False where the window reaches there and has it not. */
const mayHave = ({ rows, end, isLast }: Window, row: string): boolean => rows.has(row) || (!isLast && row < end);

interface Asked extends Pick<Search, 'owner' | 'range'> {
  readonly behind: string | undefined;
  readonly most: number;
}

/** Of what has one of these terms: as far back as all of their windows reach. */
async function windowOfAny(terms: readonly string[], { most, ...asked }: Asked): Promise<Window> {
  const share = Math.max(Math.ceil(most / terms.length), ROWS_OF_ONE);
  const windows = await Promise.all(terms.map((term) => windowOf(term, { ...asked, most: share })));
  if (windows.length === 1) return windows[0]!;
  const end = windows.reduce((furthest, one) => (one.isLast || one.end < furthest ? furthest : one.end), '');
  const rows = windows.flatMap((one) => [...one.rows].filter((row) => row >= end));
  return { rows: new Set(rows.toSorted().toReversed()), end, isLast: windows.every(({ isLast }) => isLast) };
}

async function windowOf(term: string, { owner, range, behind, most }: Asked): Promise<Window> {
  const [index, name] = owner === undefined ? ['byTime', 'kind'] : ['byOwner', 'owner'];
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      TableName: required('VIDEOS_TABLE'),
      IndexName: index,
      KeyConditionExpression: '#partition = :partition AND #createdAt BETWEEN :first AND :last',
      ProjectionExpression: '#createdAt',
      ExpressionAttributeNames: { '#partition': name, '#createdAt': 'createdAt' },
      ExpressionAttributeValues: {
        ':partition': partitionOf(term, owner),
        ':first': range.first,
        ':last': behind ?? range.last,
      },
      ScanIndexForward: false,
      // With the row it begins behind, which a range has.
      Limit: most + 1,
    }),
  );
  const rows = Items.map((item) => String(item['createdAt'])).filter((row) => row !== behind);
  const isLast = LastEvaluatedKey === undefined || rows.length === 0;
  return { rows: new Set(rows), end: rows.at(-1) ?? '', isLast };
}

/** Those that are still there, in the same order. */
async function recordsAt(places: readonly string[]): Promise<VideoRecord[]> {
  const table = required('VIDEOS_TABLE');
  const ids = places.map((place) => positionOf(place).id);
  const found = (await batchGet({ [table]: { Keys: ids.map((id) => ({ id })) } })).get(table) ?? [];
  const byId = new Map(found.map((row) => [row['id'], row]));
  return ids.flatMap((id) => (byId.has(id) ? [videoRecord.parse(byId.get(id))] : []));
}
