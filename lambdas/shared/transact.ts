/** Several writes of which all are made or none. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { randomInt } from 'node:crypto';
import { dynamo } from './clients.ts';

export type Write = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** What another's write at the same moment makes of ours (DynamoDB API, TransactWriteItems, CancellationReasons). */
const LOST = new Set(['None', 'ConditionalCheckFailed', 'TransactionConflict']);

/** False where a condition did not hold, or somebody else wrote one of these at the same time. */
export async function written(TransactItems: Write[]): Promise<boolean> {
  try {
    await dynamo.send(new TransactWriteCommand({ TransactItems }));
    return true;
  } catch (error) {
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;
    if (reasons?.every(({ Code = 'None' }) => LOST.has(Code)) === true) return false;
    throw error;
  }
}

/** Until a write that lost to another one is tried again: longer each time, and not when the others are. */
export const afterLosing = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, randomInt(10, 40 * 2 ** Math.min(attempt, 6))));
