/** BatchGetItem as a whole: keys that DynamoDB leaves unread are asked for again. */
import { BatchGetCommand, type BatchGetCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamo } from './clients.ts';

/** Most items of one BatchGetItem (DynamoDB API Reference). */
export const BATCH = 100;
/** Rounds in which the tables may leave keys unread, and milliseconds before the next; doubled each time. */
const ROUNDS = 6;
const PAUSE = 50;

/** Rows by table, in any order, of at most 100 keys. Throws when keys go on being left unread: none is taken for missing. */
export async function batchGet(
  asked: NonNullable<BatchGetCommandInput['RequestItems']>,
  client: Pick<typeof dynamo, 'send'> = dynamo,
): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> {
  const rows = new Map<string, Record<string, unknown>[]>();
  const count = (left: typeof asked) => Object.values(left).reduce((sum, { Keys = [] }) => sum + Keys.length, 0);
  let left = asked;
  for (let round = 0; count(left) > 0; round += 1) {
    if (round === ROUNDS) throw new Error(`BatchGetItem left ${count(left)} rows unread ${ROUNDS} times`);
    if (round > 0)
      await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (round - 1) * (0.5 + Math.random())));
    const { Responses = {}, UnprocessedKeys = {} } = await client.send(new BatchGetCommand({ RequestItems: left }));
    for (const [table, found] of Object.entries(Responses)) rows.set(table, [...(rows.get(table) ?? []), ...found]);
    left = UnprocessedKeys;
  }
  return rows;
}
