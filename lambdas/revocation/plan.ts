/** Which entries the store at the edge is to have, and in which updates they get there. Pure. */
import { revocationKey, valueOf, type Revocation, type RevocationRecord } from '../../lib/contract/revocation.ts';

/** Keys in one update (Quotas on key value stores). */
export const MOST_KEYS = 50;
/**
 * Bytes of a store that are filled: 5 MB, read as the smaller of the two things it may mean. Sessions and links may fill nine tenths. The last
 * tenth is kept for what owners and admins refuse many sessions by: videos, devices and people.
 */
export const STORE_BYTES = 5_000_000;
export const SESSION_BYTES = 4_500_000;

export interface Update {
  readonly puts: readonly Revocation[];
  /** Keys. */
  readonly deletes: readonly string[];
}

/** What comes first where not all find room: the last tenth's, then links, then sessions. Pure. */
const rank = ({ key }: Revocation): number => (key.startsWith('s:') ? 2 : key.startsWith('l:') ? 1 : 0);

/** Bytes of an entry, as the API adds them up. */
export const bytesOf = (one: Revocation): number => Buffer.byteLength(one.key) + Buffer.byteLength(valueOf(one));

/** Each key once, as it was revoked last. */
export function latest(revocations: readonly Revocation[]): Revocation[] {
  const last = new Map<string, Revocation>();
  for (const one of revocations) if (one.at >= (last.get(one.key)?.at ?? 0)) last.set(one.key, one);
  return [...last.values()];
}

/**
 * Those that there is room for, and those that must wait: what refuses many sessions comes first, then the sessions whose
 * signatures would live longest. `bytes`: what the store holds. An entry that is there already is counted as a new one, so that
 * the bound is kept whatever is there.
 */
export function withRoom(
  revocations: readonly Revocation[],
  bytes: number,
): { readonly fit: readonly Revocation[]; readonly wait: readonly Revocation[] } {
  const fit: Revocation[] = [];
  const wait: Revocation[] = [];
  let filled = bytes;
  const order = revocations.toSorted((a, b) => rank(a) - rank(b) || b.until - a.until || (a.key < b.key ? -1 : 1));
  for (const one of order) {
    const more = bytesOf(one);
    if (filled + more > (rank(one) > 0 ? SESSION_BYTES : STORE_BYTES)) wait.push(one);
    else {
      fit.push(one);
      filled += more;
    }
  }
  return { fit, wait };
}

/** In updates of at most `MOST_KEYS`. */
export function inUpdates<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MOST_KEYS) }, (_, i) =>
    all.slice(i * MOST_KEYS, (i + 1) * MOST_KEYS),
  );
}

export interface Sweep {
  /** Over, and in the store. */
  readonly remove: readonly RevocationRecord[];
  /** Over, and never written. */
  readonly forget: readonly RevocationRecord[];
  /** Not over, and not in this store: they found no room, their message was lost, or the store is another one. */
  readonly bring: readonly RevocationRecord[];
}

/** What is to be done about a row at `now` (epoch seconds), where the store is `store` (ARN). */
export function sweepOf(records: readonly RevocationRecord[], store: string, now: number): Sweep {
  const rows = records.filter(({ key }) => revocationKey.safeParse(key).success);
  const over = ({ until }: RevocationRecord) => until <= now;
  const written = (one: RevocationRecord) => one.store === store;
  return {
    remove: rows.filter((one) => over(one) && written(one)),
    forget: rows.filter((one) => over(one) && !written(one)),
    bring: rows.filter((one) => !over(one) && !written(one)),
  };
}
