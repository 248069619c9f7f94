/** What the audit log has of one thing, as handlers on the engine wrote it: read consistently, whatever an index knows yet. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { auditRow, type AuditRow } from '../../lib/contract/audit.ts';
import { didOf } from '../../lib/contract/audited.ts';

export interface Logged extends Pick<AuditRow, 'said'> {
  readonly did: string;
}

/** In the order of their words, since two of one millisecond have none. `about`: as in a row, `video:{id}`. */
export async function loggedOf(about: string): Promise<Logged[]> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));
  const rows: AuditRow[] = [];
  for await (const { Items = [] } of paginateScan(
    { client },
    { TableName: process.env['AUDIT_TABLE'], ConsistentRead: true },
  ))
    rows.push(...Items.map((item) => auditRow.parse(item)));
  return rows
    .filter((row) => row.about === about)
    .map((row) => ({ did: didOf(row), ...(row.said && { said: row.said }) }))
    .toSorted((a, b) => (a.did < b.did ? -1 : 1));
}
