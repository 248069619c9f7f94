/** Invitations: grants to an e-mail address, until its owner signs in. What they are, and what becomes of them. Pure. */
import { isInvitation, subjectKey, type GrantRow } from '../../lib/contract/entitlement.ts';

/** Seconds in which somebody has to sign in for the first time: an address may be another's some day. */
export const INVITED_SECONDS = 30 * 86_400;

/** A row as it is stored: an invitation ends by itself, at the latest with the grant that it would become. `now`: epoch seconds. */
export function stored(row: GrantRow, now: number): GrantRow {
  if (!isInvitation(row)) return row;
  const { expiresAt: until, ...rest } = row;
  return {
    ...rest,
    expiresAt: Math.min(now + INVITED_SECONDS, until ?? Infinity),
    ...(until !== undefined && { until }),
  };
}

/** What the API says of a row: the grant's end and, of an invitation, its own. */
export function said({ until, expiresAt, ...row }: GrantRow) {
  const end = isInvitation(row) ? until : expiresAt;
  return {
    ...row,
    ...(end !== undefined && { expiresAt: end }),
    ...(isInvitation(row) && expiresAt !== undefined && { pendingUntil: expiresAt }),
  };
}

/** The grant that an invitation becomes for who signed in; undefined: it was over. */
export function grantFor({ until, expiresAt, ...row }: GrantRow, subject: string, now: Date): GrantRow | undefined {
  if (expiresAt !== undefined && expiresAt * 1000 <= now.getTime()) return undefined;
  return {
    ...row,
    subject: subjectKey(`person:${subject}`),
    ...(until !== undefined && { expiresAt: until }),
    createdAt: now.toISOString(),
  };
}
