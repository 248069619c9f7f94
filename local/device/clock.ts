/** The clock that a device stamps its pictures with, in the forms seen in the field. */

export const CLOCKS = ['utc', 'local', '2000', 'uptime'] as const;
/** Milliseconds since 1970 UTC; the same of local time; since 2000 UTC; since power-up. */
export type ClockKind = (typeof CLOCKS)[number];

const YEAR_2000 = 946_684_800_000;
const POWER_UP = Date.now() - 60_000;

/** Timestamp of the instant `utc` (epoch milliseconds). */
export function timestamp(kind: ClockKind, utc: number, zoneMinutes: number): number {
  if (kind === 'local') return utc + zoneMinutes * 60_000;
  if (kind === '2000') return utc - YEAR_2000;
  return kind === 'uptime' ? Math.max(0, utc - POWER_UP) : utc;
}
