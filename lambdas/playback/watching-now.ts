/** Who watches something now, and their end. */
import { paginateQuery } from '@aws-sdk/lib-dynamodb';
import { setTimeout as pause } from 'node:timers/promises';
import { required } from '../../lib/contract/env.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../lib/contract/options.ts';
import { sessionRow, type EndedBy, type SessionRow } from '../../lib/contract/session.ts';
import { beganAt } from '../../lib/contract/ticket.ts';
import { dynamo } from '../shared/clients.ts';
import { revoke } from '../shared/revocation.ts';
import { mayRevoke, revokeSessions } from '../shared/session-edge.ts';
import { endSession } from '../shared/session-ends.ts';
import { sessionsOf } from '../shared/sessions.ts';

/** Most that one answer lists, and one call ends. */
const MOST = 500;
const INDEX = 'byWhat';

interface Found {
  readonly rows: readonly SessionRow[];
  /** False where there are more. */
  readonly isWhole: boolean;
}

interface Wanted {
  /** One session alone. */
  readonly session?: string;
  readonly most?: number;
}

/** Sessions of `what` (`vod/{id}`) that are not over, the newest first. An index is a moment behind. */
export async function watchingNow(what: string, now: number, { session, most = MOST }: Wanted = {}): Promise<Found> {
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

/** What a person watches of these, however many others do: among their own rows, read consistently. */
export async function personWatching(part: string, whats: readonly string[], now: number): Promise<Found> {
  const rows = (await sessionsOfPerson(part, now)).filter(({ what = '' }) => whats.includes(what));
  return { rows: rows.slice(0, MOST), isWhole: rows.length <= MOST };
}

/**
 * Ends them, so many at a time, and has the edge refuse what they still hold. First the edge, then the rows: what is tried again finds
 * what it has not done. Who asks for another signature in between is refused with that one, too, and is told at the next.
 */
export async function endAll(rows: readonly SessionRow[], by: EndedBy, now: number): Promise<void> {
  if (rows.length === 0) return;
  await revokeSessions(rows, now);
  await endRows(rows, by, now);
}

/** Of a person's sessions those that their entries of the edge's store reach for (edge-entries.ts). The others go on. */
export async function revocable(rows: readonly SessionRow[], now: number): Promise<readonly SessionRow[]> {
  for (const [index, row] of rows.entries()) if (!(await mayRevoke(row, now))) return rows.slice(0, index);
  return rows;
}

/**
 * All of a person's, by one entry at the edge, which refuses what is beside their sessions, too, for as long as any signature may be out:
 * the rows that are left do not say it, since a call before this one may have ended others. Answers how many were ended.
 */
export async function endPerson(part: string, now: number): Promise<number> {
  await revoke([{ kind: 'subject', id: part, until: new Date(now + LONGEST_SIGNATURE_SECONDS * 1000) }], now);
  // What begins in that second is refused as well, so its row is to be among these. What begins later goes on.
  const second = Math.floor(now / 1000);
  await pause(Math.max(0, (second + 1) * 1000 + UNDER_WAY_MS - Date.now()));
  const rows = (await sessionsOfPerson(part, now)).filter(({ session }) => beganAt(session) <= second);
  await endRows(rows, 'admin', now);
  return rows.length;
}
/** Milliseconds from when a session was given its name until its row is written. */
const UNDER_WAY_MS = 1000;

async function endRows(rows: readonly SessionRow[], by: EndedBy, now: number): Promise<void> {
  for (let at = 0; at < rows.length; at += SIDE_BY_SIDE) {
    await Promise.all(rows.slice(at, at + SIDE_BY_SIDE).map((row) => endSession(row, by, now)));
  }
}
const SIDE_BY_SIDE = 25;
