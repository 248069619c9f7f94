/** Who watches something now, and their end. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { sessionRow, type EndedBy, type SessionRow } from '../../lib/contract/session.ts';
import { dynamo } from '../shared/clients.ts';
import { revoke } from '../shared/revocation.ts';
import { endSession, goodUntil, mayRevoke, revokeSessions, sessionsOf } from '../shared/sessions.ts';
import { signatureHours } from './options.ts';

/** Most that one answer lists, and one call ends. */
const MOST = 500;
const INDEX = 'byWhat';

interface Wanted {
  /** One session alone. */
  readonly session?: string;
  readonly most?: number;
}

/** Sessions of `what` (`vod/{id}`) that are not over, the newest first. An index is a moment behind. */
export async function watchingNow(what: string, now: number, { session, most = MOST }: Wanted = {}) {
  const rows: SessionRow[] = [];
  const query = {
    TableName: required('SESSIONS_TABLE'),
    IndexName: INDEX,
    KeyConditionExpression: `what = :what${session === undefined ? '' : ' AND #session = :session'}`,
    FilterExpression: 'expiresAt >= :now',
    ...(session !== undefined && { ExpressionAttributeNames: { '#session': 'session' } }),
    ExpressionAttributeValues: {
      ':what': what,
      ':now': Math.floor(now / 1000),
      ...(session !== undefined && { ':session': session }),
    },
    ScanIndexForward: false,
  };
  for await (const { Items = [], LastEvaluatedKey } of paginateQuery({ client: dynamo }, query)) {
    rows.push(...Items.map((item) => sessionRow.parse(item)));
    if (rows.length > most) return { rows: rows.slice(0, most), isWhole: false };
    if (rows.length === most) return { rows, isWhole: LastEvaluatedKey === undefined };
  }
  return { rows, isWhole: true };
}

/** What a person watches now, wherever. `part`: what stands for them in tickets. */
export const sessionsOfPerson = async (part: string, now: number): Promise<SessionRow[]> =>
  (await sessionsOf(`u:${part}`)).filter(({ what, expiresAt }) => what !== undefined && expiresAt * 1000 >= now);

/**
 * Ends them, so many at a time, and has the edge refuse what they still hold. Rows first: who asks for another signature in
 * between is told that it is over, and what others were given by then is within `goodUntil`.
 */
export async function endAll(rows: readonly SessionRow[], by: EndedBy, now: number): Promise<void> {
  await endRows(rows, by, now);
  if (rows.length > 0) await revokeSessions(rows, now);
}

/** Of a person's sessions those that their entries of the edge's store reach for (edge-entries.ts). The others go on. */
export async function revocable(rows: readonly SessionRow[], now: number): Promise<readonly SessionRow[]> {
  for (const [index, row] of rows.entries()) if (!(await mayRevoke(row, now))) return rows.slice(0, index);
  return rows;
}

/** All of a person's, by one entry at the edge, which refuses what is beside their sessions, too. */
export async function endPerson(part: string, rows: readonly SessionRow[], now: number): Promise<void> {
  await endRows(rows, 'admin', now);
  const until = Math.max(now / 1000 + signatureHours * 3600, ...rows.map((row) => goodUntil(row, now)));
  await revoke([{ kind: 'subject', id: part, until: new Date(until * 1000) }]);
}

async function endRows(rows: readonly SessionRow[], by: EndedBy, now: number): Promise<void> {
  for (let at = 0; at < rows.length; at += SIDE_BY_SIDE) {
    await Promise.all(rows.slice(at, at + SIDE_BY_SIDE).map((row) => endSession(row, by, now)));
  }
}
const SIDE_BY_SIDE = 25;
