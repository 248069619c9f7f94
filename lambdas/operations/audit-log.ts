/** Reading the audit log: by who did something, by what it was done to, or all of it, day by day. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import {
  auditEntry,
  auditId,
  auditRow,
  type AuditEntry,
  type AuditRow,
  type auditQuery,
} from '../../lib/contract/audit.ts';
import { didOf } from '../../lib/contract/audited.ts';
import { number, required } from '../../lib/contract/env.ts';
import { operationsBounds } from '../../lib/contract/options.ts';
import { dynamo } from '../shared/clients.ts';
import { takePage } from '../shared/page.ts';

type Query = z.infer<typeof auditQuery>;

const DAY = 86_400_000;
/** Days without a filter, and rows, that one call looks through. */
const [DAYS, ROWS] = [60, 2000];

interface Page {
  readonly entries: AuditEntry[];
  /** The id of a row, or of the beginning of a day: what is before it follows. Undefined: nothing does. */
  readonly next: string | undefined;
}

/** The newest first, of what is before `start`. */
export async function entriesOf(query: Query, start: string | undefined, now: number): Promise<Page> {
  const before = start ?? auditId(now + DAY, '');
  if (query.by === undefined && query.about === undefined) return await dayByDay(query.limit, before, oldest(now));
  const { by, about } = query;
  const index =
    about === undefined
      ? { IndexName: 'byPerson', name: 'by', value: by! }
      : { IndexName: 'byAbout', name: 'about', value: about };
  const wanted = (row: AuditRow) => by === undefined || row.by === by;
  const { records, last } = await takePage(rows(index, before), wanted, query.limit, ROWS);
  return { entries: records.map(told), next: last?.id };
}

/** The day of the oldest row that is kept still: who follows cursors need not look further back. */
const oldest = (now: number): number => Math.floor(now / DAY - number('AUDIT_DAYS', operationsBounds.auditDays)) * DAY;

async function dayByDay(limit: number, before: string, first: number): Promise<Page> {
  const found: AuditRow[] = [];
  let start = Math.floor(Number(before.split('~')[0]) / DAY) * DAY;
  for (let days = 0; days < DAYS && start >= first; days += 1, start -= DAY) {
    const value = new Date(start).toISOString().slice(0, 10);
    for await (const row of rows({ name: 'day', value }, before)) {
      if (found.length === limit) return { entries: found.map(told), next: found.at(-1)!.id };
      found.push(row);
    }
  }
  // The day that the next page begins with was not looked at.
  return { entries: found.map(told), next: start < first ? undefined : auditId(start + DAY, '') };
}

interface Partition {
  readonly IndexName?: string;
  readonly name: string;
  readonly value: string;
}

async function* rows({ IndexName, name, value }: Partition, before: string): AsyncGenerator<AuditRow> {
  let from: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.send(
      new QueryCommand({
        TableName: required('AUDIT_TABLE'),
        ...(IndexName !== undefined && { IndexName }),
        KeyConditionExpression: '#name = :value AND id < :before',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value, ':before': before },
        ScanIndexForward: false,
        ...(from && { ExclusiveStartKey: from }),
      }),
    );
    for (const item of Items) yield auditRow.parse(item);
    from = LastEvaluatedKey;
  } while (from);
}

const told = (row: AuditRow): AuditEntry => auditEntry.parse({ ...row, did: didOf(row) });
