/**
 * Videos that were deleted for good. Their rows are deleted with them (lambdas/catalog/watched.ts); players that go on, and what waits in
 * queues, report of them for up to three days.
 */
import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { goneRow } from '../../lib/contract/heatmap.ts';
import { dynamo } from '../shared/clients.ts';
import { TableName } from './rows.ts';

/**
 * Takes a row away again that was the first of its hour. Asked after it was written: either whoever deletes the video has said so by then,
 * or finds the row. Answers whether it is gone.
 */
export async function dropIfGone(what: string, row: string): Promise<boolean> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: TableName(), Key: goneRow(what), ConsistentRead: true }),
  );
  if (Item === undefined) return false;
  await dynamo.send(new DeleteCommand({ TableName: TableName(), Key: { what, row } }));
  return true;
}
