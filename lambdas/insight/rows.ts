/** The rows of the table of heatmaps as they lie there: ledger and heat packed, each row with a version that its next writer names. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { counters, heat, HEAT_BYTES, HEAT_ROW, ledger } from '../../lib/contract/heatmap.ts';
import { required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';
import { addPacked, coarser, packed, type Heat } from './heat.ts';
import { noTally, type Tally } from './tally.ts';
import { ofBytes, toBytes } from './viewers.ts';

export const TableName = (): string => required('HEATMAPS_TABLE');

const bytes = z.instanceof(Uint8Array);
const item = z.object({
  what: z.string(),
  row: z.string(),
  /** Of its sessions, UTC; absent where it is of all: the index has no such row. */
  day: z.string().optional(),
  version: z.int().positive(),
  /** JSON. */
  counters: z.string(),
  viewers: bytes,
  ledger: bytes.optional(),
  heat: bytes.optional(),
  /** It has turned a session away; absent: not, or its ledger says so by its length. */
  isFull: z.boolean().optional(),
});
export type Item = z.infer<typeof item>;

export interface Row {
  readonly tally: Tally;
  /** 0: it is not there yet. */
  readonly version: number;
}

const pack = (value: unknown): Buffer<ArrayBuffer> => deflateRawSync(JSON.stringify(value));

/** As fine as there is room for: of a long video that is watched all over, and of what strangers say is one. */
function packHeat(whole: Heat, most: number): Buffer<ArrayBuffer> {
  let bytes = pack(packed(whole));
  for (let step = 2; bytes.length > most; step *= 2) bytes = pack(packed(coarser(whole, step)));
  return bytes;
}
const unpack = (packedBytes: Uint8Array): unknown => JSON.parse(inflateRawSync(packedBytes).toString());

/** What counters and viewers say: all that the index has. */
export const itemCounters = ({ counters: text }: Pick<Item, 'counters'>) => counters.parse(JSON.parse(text));
export const itemViewers = ({ viewers }: Pick<Item, 'viewers'>): number[] => ofBytes(viewers);

export function rowOf(found: unknown): Row {
  const parsed = item.parse(found);
  const tally: Tally = { ...noTally(), counters: itemCounters(parsed), viewers: itemViewers(parsed) };
  if (parsed.ledger !== undefined)
    for (const [session, entry] of Object.entries(ledger.parse(unpack(parsed.ledger)))) {
      tally.ledger.set(session, entry);
      tally.pairs += (entry.length - 2) / 2;
    }
  tally.isFull = parsed.isFull === true;
  if (parsed.heat !== undefined) addPacked(tally.heat, heat.parse(unpack(parsed.heat)));
  return { tally, version: parsed.version };
}

export function itemOf({ what, row, day }: Pick<Item, 'what' | 'row' | 'day'>, { tally, version }: Row): Item {
  return {
    what,
    row,
    ...(day !== undefined && { day }),
    version: version + 1,
    counters: JSON.stringify(tally.counters),
    viewers: toBytes(tally.viewers),
    ...(tally.ledger.size > 0 && { ledger: pack(Object.fromEntries(tally.ledger)) }),
    ...(tally.heat.size > 0 && { heat: packHeat(tally.heat, row === HEAT_ROW ? HEAT_BYTES.all : HEAT_BYTES.hour) }),
    ...(tally.isFull && { isFull: true }),
  };
}

export async function readRow(what: string, row: string): Promise<Row> {
  const { Item: found } = await dynamo.send(
    new GetCommand({ TableName: TableName(), Key: { what, row }, ConsistentRead: true }),
  );
  return found === undefined ? { tally: noTally(), version: 0 } : rowOf(found);
}

/** The condition under which a row is as it was read. */
export const unchanged = ({ version }: Pick<Row, 'version'>) =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(version)' }
    : { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };

/** False: somebody else wrote it since it was read. */
export async function writeRow(key: Pick<Item, 'what' | 'row' | 'day'>, row: Row): Promise<boolean> {
  try {
    await dynamo.send(new PutCommand({ TableName: TableName(), Item: itemOf(key, row), ...unchanged(row) }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
