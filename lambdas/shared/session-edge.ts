/** What the edge is to refuse of a session: whatever its signatures would still open. */
import { CLOCK_SECONDS, RENEWED_SECONDS, type SessionRow } from '../../lib/contract/session.ts';
import { takeEntry } from './edge-entries.ts';
import { revoke } from './revocation.ts';

/**
 * Has the edge refuse a session that gives its place back; false: this person has no entry left, so the place is taken until its
 * signature ends.
 */
export async function refuse(row: SessionRow, now: number): Promise<boolean> {
  if (!(await mayRevoke(row, now))) return false;
  await revokeSessions([row], now);
  return true;
}

/** Whether whose session it is has an entry of the edge's store left for it (edge-entries.ts), which is spent by this. */
export const mayRevoke = (row: SessionRow, now: number): Promise<boolean> =>
  takeEntry(row.who, goodUntil(row, now), Math.floor(now / 1000));

/** Has the edge refuse what these sessions still hold of signatures. Throws when that could not be said: then say it again. */
export const revokeSessions = (
  rows: readonly Pick<SessionRow, 'session' | 'expiresAt'>[],
  now: number,
): Promise<void> =>
  revoke(rows.map((row) => ({ kind: 'session', id: row.session, until: new Date(goodUntil(row, now) * 1000) })));

/** Until when a signature of that session may be good, epoch seconds: one that renews at this moment may have another. Pure. */
export const goodUntil = ({ expiresAt }: Pick<SessionRow, 'expiresAt'>, now: number): number =>
  Math.max(expiresAt, Math.ceil(now / 1000) + RENEWED_SECONDS) + CLOCK_SECONDS;
