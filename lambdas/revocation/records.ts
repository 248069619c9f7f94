/** The table of revocations, which says what is meant whatever the store at the edge has room for. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, paginateScan, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import {
  revocationRecord,
  STORE_ROW,
  storeRow,
  type Revocation,
  type RevocationRecord,
  type StoreRow,
} from '../../lib/contract/revocation.ts';
import { dynamo } from '../shared/clients.ts';

const TableName = () => required('REVOCATIONS_TABLE');

/** Every revocation on record, and what was last noted of the store. */
export async function allRecords(): Promise<{ readonly records: RevocationRecord[]; readonly noted?: StoreRow }> {
  const records: RevocationRecord[] = [];
  let noted: StoreRow | undefined;
  for await (const { Items = [] } of paginateScan(
    { client: dynamo },
    { TableName: TableName(), ConsistentRead: true },
  )) {
    for (const item of Items)
      if (item['key'] === STORE_ROW) noted = storeRow.parse(item);
      else records.push(revocationRecord.parse(item));
  }
  return { records, ...(noted && { noted }) };
}

/** These are in the store now. One that was revoked anew since is not: its own message comes behind this one. */
export async function markWritten(written: readonly Revocation[], store: string): Promise<void> {
  await Promise.all(
    written.map(({ key, at }) =>
      unlessChanged(
        dynamo.send(
          new UpdateCommand({
            TableName: TableName(),
            Key: { key },
            UpdateExpression: 'SET #store = :store, writtenAt = :now',
            ConditionExpression: '#at = :at',
            ExpressionAttributeNames: { '#store': 'store', '#at': 'at' },
            ExpressionAttributeValues: { ':store': store, ':at': at, ':now': new Date().toISOString() },
          }),
        ),
      ),
    ),
  );
}

/** Forgets what is over. One that was revoked anew since stays. */
export async function forget(over: readonly Revocation[]): Promise<void> {
  await Promise.all(
    over.map(({ key, at }) =>
      unlessChanged(
        dynamo.send(
          new DeleteCommand({
            TableName: TableName(),
            Key: { key },
            ConditionExpression: '#at = :at',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':at': at },
          }),
        ),
      ),
    ),
  );
}

export async function noteStore(row: Omit<StoreRow, 'key'>): Promise<void> {
  await dynamo.send(new PutCommand({ TableName: TableName(), Item: { key: STORE_ROW, ...row } satisfies StoreRow }));
}

/** How full it is now. What waits for room is counted by who knows of all of it. */
export async function noteSize({ entries, bytes }: Pick<StoreRow, 'entries' | 'bytes'>): Promise<void> {
  await dynamo.send(
    new UpdateCommand({
      TableName: TableName(),
      Key: { key: STORE_ROW },
      UpdateExpression: 'SET entries = :entries, bytes = :bytes, waiting = if_not_exists(waiting, :none)',
      ExpressionAttributeValues: { ':entries': entries, ':bytes': bytes, ':none': 0 },
    }),
  );
}

async function unlessChanged(attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
