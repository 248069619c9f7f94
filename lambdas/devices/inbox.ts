/** The inbox of alarms: its index read as one list, its count, and acknowledging. Whose alarms are whose: seen.ts. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { alarmRecord, alarmSortKey, type AlarmRecord } from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import {
  INBOX,
  inboxKey,
  inboxRow,
  inboxState,
  MOST_COUNTED,
  shardOf,
  SHARDS,
  type AlarmName,
  type InboxRow,
  type InboxState,
} from '../../lib/contract/inbox.ts';
import { batchGet, BATCH } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';

/** Whose alarms: of all devices, or of these. */
export type Of = 'all' | ReadonlySet<string>;

/** Rows of a partition that one count looks at, where others' devices lie among them. */
const COUNT_BUDGET = 1000;
/** Updates under way at a time. */
const SIDE_BY_SIDE = 20;

const TableName = () => required('ALARMS_TABLE');

/** Partitions in which alarms of these devices lie. Pure. */
export function partitionsOf(of: Of, states: readonly InboxState[]): string[] {
  const shards = of === 'all' ? SHARDS : [...new Set([...of].map(shardOf))];
  return states.flatMap((state) => shards.map((shard) => inboxKey(state, shard)));
}

export const statesOf = (asked: InboxState | 'all'): readonly InboxState[] =>
  asked === 'all' ? inboxState.options : [asked];

/** A page of one partition, latest first, after the sort key `after`. */
const query = (partition: string, after: string | undefined, limit: number) =>
  new QueryCommand({
    TableName: TableName(),
    IndexName: INBOX,
    KeyConditionExpression: after === undefined ? '#inbox = :inbox' : '#inbox = :inbox AND #at < :after',
    ExpressionAttributeNames: { '#inbox': INBOX, ...(after !== undefined && { '#at': 'at' }) },
    ExpressionAttributeValues: { ':inbox': partition, ...(after !== undefined && { ':after': after }) },
    ScanIndexForward: false,
    Limit: limit,
  });

/**
 * Rows of several partitions as one list, latest first, after the sort key `after`. An alarm's sort key is its own: its id is made
 * of its device, too (containers/ingest, alarmId).
 */
export async function* rowsOf(
  partitions: readonly string[],
  after: string | undefined,
  pageSize: number,
): AsyncGenerator<InboxRow> {
  const lanes = partitions.map((partition) => ({ partition, rows: [] as InboxRow[], after, isRead: false }));
  for (;;) {
    const empty = lanes.filter(({ rows, isRead }) => rows.length === 0 && !isRead);
    await Promise.all(
      empty.map(async (lane) => {
        const { Items = [], LastEvaluatedKey } = await dynamo.send(query(lane.partition, lane.after, pageSize));
        lane.rows = Items.map((item) => inboxRow.parse(item));
        lane.after = lane.rows.at(-1)?.at ?? lane.after;
        lane.isRead = LastEvaluatedKey === undefined;
      }),
    );
    const next = lanes
      .filter(({ rows }) => rows.length > 0)
      .reduce<(typeof lanes)[number] | undefined>(
        (best, lane) => (best === undefined || lane.rows[0]!.at > best.rows[0]!.at ? lane : best),
        undefined,
      );
    if (next !== undefined) yield next.rows.shift()!;
    else if (lanes.every(({ isRead }) => isRead)) return;
  }
}

/** New ones, counted up to MOST_COUNTED. */
export async function countNew(of: Of): Promise<{ count: number; isMore: boolean }> {
  const budget = of === 'all' ? MOST_COUNTED + 1 : COUNT_BUDGET;
  const counts = await Promise.all(
    partitionsOf(of, ['new']).map(async (partition) => {
      const { Items = [], LastEvaluatedKey } = await dynamo.send(query(partition, undefined, budget));
      const mine = of === 'all' ? Items : Items.filter(({ device }) => of.has(String(device)));
      return { some: mine.length, isMore: LastEvaluatedKey !== undefined };
    }),
  );
  const all = counts.reduce((sum, { some }) => sum + some, 0);
  return {
    count: Math.min(all, MOST_COUNTED),
    isMore: all > MOST_COUNTED || counts.some(({ isMore }) => isMore),
  };
}

/** The records behind rows of the index, in their order. One that is gone is left out. */
export async function readAlarmsOf(rows: readonly InboxRow[]): Promise<AlarmRecord[]> {
  const table = TableName();
  const found = new Map<string, AlarmRecord>();
  for (let at = 0; at < rows.length; at += BATCH) {
    const Keys = rows.slice(at, at + BATCH).map((row) => ({ device: row.device, at: row.at }));
    const records = (await batchGet({ [table]: { Keys, ConsistentRead: true } })).get(table) ?? [];
    for (const record of records.map((one) => alarmRecord.parse(one))) found.set(nameOf(record), record);
  }
  return rows.flatMap((row) => found.get(nameOf(row)) ?? []);
}

const nameOf = ({ device, at }: Pick<InboxRow, 'device' | 'at'>): string => `${device} ${at}`;

/** How many of them were new. */
export async function acknowledge(alarms: readonly AlarmName[], by: string, now: number): Promise<number> {
  const at = new Date(now).toISOString();
  let some = 0;
  for (let from = 0; from < alarms.length; from += SIDE_BY_SIDE) {
    const done = await Promise.all(
      alarms.slice(from, from + SIDE_BY_SIDE).map((one) => acknowledgeOne(one, { by, at })),
    );
    some += done.filter(Boolean).length;
  }
  return some;
}

async function acknowledgeOne({ device, time, id }: AlarmName, acknowledged: NonNullable<AlarmRecord['acknowledged']>) {
  try {
    await dynamo.send(
      new UpdateCommand({
        TableName: TableName(),
        Key: { device, at: alarmSortKey({ time, id }) },
        UpdateExpression: 'SET #inbox = :acknowledged, acknowledged = :by',
        ConditionExpression: '#inbox = :new',
        ExpressionAttributeNames: { '#inbox': INBOX },
        ExpressionAttributeValues: {
          ':new': inboxKey('new', shardOf(device)),
          ':acknowledged': inboxKey('acknowledged', shardOf(device)),
          ':by': acknowledged,
        },
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
