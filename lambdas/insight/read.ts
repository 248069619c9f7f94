/** What was counted of one video or channel, or of all of a day: rows added up. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { BY_DAY, dayRow, HEAT_ROW } from '../../lib/contract/heatmap.ts';
import { dynamo } from '../shared/clients.ts';
import { addPacked, packed } from './heat.ts';
import { itemCounters, itemViewers, rowOf, TableName } from './rows.ts';
import { addCounters, noTally, type Tally } from './tally.ts';
import { together } from './viewers.ts';

export interface Counted extends Pick<Tally, 'counters' | 'heat' | 'viewers'> {
  /** By UTC day, oldest first. */
  readonly days: ReadonlyMap<string, Pick<Tally, 'counters' | 'viewers'>>;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

const dayed = z.object({ row: z.string(), day: z.string().optional() });

/**
 * Sessions that began on a day from `from` to `to`, both included (`2026-11-29`). The heat is of all days. The latest come first, until
 * `until` (epoch milliseconds), and a page of them in any case.
 */
export async function readWhat(what: string, from = '', to = '~', until = Infinity): Promise<Counted> {
  const sum = noTally();
  const days = new Map<string, Tally>();
  let isWhole = true;
  const query = {
    TableName: TableName(),
    // Days, then hours that are not folded, then the heat: but for days before the first one that is all there is.
    KeyConditionExpression: 'what = :what AND #row BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':what': what, ':first': dayRow(from), ':last': HEAT_ROW },
    // A ledger is for who counts, and the most of a row.
    ProjectionExpression: 'what, #row, #day, version, counters, viewers, heat',
    ExpressionAttributeNames: { '#row': 'row', '#day': 'day' },
    ScanIndexForward: false,
  };
  for await (const { Items = [], LastEvaluatedKey } of paginateQuery({ client: dynamo }, query)) {
    for (const item of Items) {
      const { tally } = rowOf(item);
      const { day } = dayed.parse(item);
      addPacked(sum.heat, packed(tally.heat));
      if (day === undefined || day < from || day > to) continue;
      const ofDay = days.get(day) ?? noTally();
      days.set(day, ofDay);
      for (const one of [sum, ofDay]) {
        addCounters(one.counters, tally.counters);
        one.viewers = together(one.viewers, tally.viewers);
      }
    }
    if (LastEvaluatedKey !== undefined && Date.now() >= until) {
      isWhole = false;
      break;
    }
  }
  return { ...sum, days: new Map([...days].toSorted(([a], [b]) => (a < b ? -1 : 1))), isWhole };
}

const indexed = z.object({ what: z.string(), counters: z.string(), viewers: z.instanceof(Uint8Array) });

/** Rows of a day that are read at most: a busy platform's day before it is folded. */
const MOST_ROWS = 20_000;

export interface ReadDay {
  /** Of each video and channel that was watched on it. */
  readonly of: Map<string, Pick<Tally, 'counters' | 'viewers'>>;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

/** Days that are read at a time. */
const AT_A_TIME = 8;

/**
 * Of each of these days, the last one first, until `until` (epoch milliseconds): of what is not read by then nobody waits for an
 * answer any more.
 */
export async function* readDays(days: readonly string[], until: number): AsyncGenerator<ReadDay & { day: string }> {
  const last = days.toReversed();
  for (let at = 0; at < last.length; at += AT_A_TIME) {
    const some = last.slice(at, at + AT_A_TIME);
    const read = await Promise.all(some.map(async (day) => ({ day, ...(await readDay(day, until)) })));
    yield* read;
  }
}

/** What was counted on a day, as far as it is read until then (epoch milliseconds). */
export async function readDay(day: string, until = Infinity): Promise<ReadDay> {
  const of = new Map<string, Tally>();
  let rows = 0;
  if (Date.now() >= until) return { of, isWhole: false };
  const query = {
    TableName: TableName(),
    IndexName: BY_DAY,
    KeyConditionExpression: '#day = :day',
    ExpressionAttributeNames: { '#day': 'day' },
    ExpressionAttributeValues: { ':day': day },
  };
  for await (const { Items = [], LastEvaluatedKey } of paginateQuery({ client: dynamo }, query)) {
    for (const item of Items) {
      const { what, counters, viewers } = indexed.parse(item);
      const tally = of.get(what) ?? noTally();
      of.set(what, tally);
      addCounters(tally.counters, itemCounters({ counters }));
      tally.viewers = together(tally.viewers, itemViewers({ viewers }));
    }
    rows += Items.length;
    if (LastEvaluatedKey !== undefined && (rows >= MOST_ROWS || Date.now() >= until)) return { of, isWhole: false };
  }
  return { of, isWhole: true };
}
