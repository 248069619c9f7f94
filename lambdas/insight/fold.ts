/**
 * Hours that are over for good are added to their day, and what was watched in them to the video's heat: all three rows in one
 * transaction, so that an hour is in one place or the other, never in both or in none.
 */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { dayRow, HEAT_ROW, HOUR_ROWS, lastClosed } from '../../lib/contract/heatmap.ts';
import { dynamo } from '../shared/clients.ts';
import { logger } from '../shared/logger.ts';
import { addPacked, packed } from './heat.ts';
import { itemOf, readRow, rowOf, TableName, unchanged, type Row } from './rows.ts';
import { addCounters, noTally } from './tally.ts';
import { together } from './viewers.ts';

/** Rows of one video folded at a time: a day's, and some that were left. */
const MOST = 30;
/** Why a transaction is cancelled that may be tried another time (API Reference, TransactWriteItems). */
const RACES = new Set(['None', 'ConditionalCheckFailed', 'TransactionConflict']);

/**
 * `now`: epoch seconds. Nothing is thrown: what could not be folded is read as it is, and folded another time, and keeps no hour
 * after it from being folded.
 */
export async function foldOld(what: string, now: number): Promise<void> {
  try {
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: TableName(),
        KeyConditionExpression: 'what = :what AND #row BETWEEN :first AND :last',
        ExpressionAttributeNames: { '#row': 'row' },
        ExpressionAttributeValues: { ':what': what, ':first': HOUR_ROWS, ':last': `${HOUR_ROWS}${lastClosed(now)}~` },
        ConsistentRead: true,
        Limit: MOST,
      }),
    );
    for (const item of Items) await tryToFold(what, item as { row: string; day: string });
  } catch (error) {
    logger.error('hours could not be folded', { what, error: error as Error });
  }
}

async function tryToFold(what: string, item: { readonly row: string; readonly day: string }): Promise<void> {
  try {
    await fold(what, item);
  } catch (error) {
    if (isRace(error)) return;
    logger.error('an hour could not be folded', { what, row: item.row, error: error as Error });
  }
}

/** Somebody else wrote one of the rows meanwhile, or folded the hour. */
const isRace = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  (error.CancellationReasons ?? []).every(({ Code = 'None' }) => RACES.has(Code));

async function fold(what: string, item: { readonly row: string; readonly day: string }): Promise<void> {
  const { row, day } = item;
  const hour = rowOf(item);
  const [ofDay, heat] = await Promise.all([readRow(what, dayRow(day)), readRow(what, HEAT_ROW)]);
  const sum: Row = { ...ofDay, tally: { ...ofDay.tally, viewers: together(ofDay.tally.viewers, hour.tally.viewers) } };
  addCounters(sum.tally.counters, hour.tally.counters);
  addPacked(heat.tally.heat, packed(hour.tally.heat));
  const all: Row = { version: heat.version, tally: { ...noTally(), heat: heat.tally.heat } };
  await dynamo.send(
    new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName: TableName(), Item: itemOf({ what, row: dayRow(day), day }, sum), ...unchanged(ofDay) } },
        { Put: { TableName: TableName(), Item: itemOf({ what, row: HEAT_ROW }, all), ...unchanged(heat) } },
        { Delete: { TableName: TableName(), Key: { what, row }, ...unchanged(hour) } },
      ],
    }),
  );
}
