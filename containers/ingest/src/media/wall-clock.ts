/** From a device's clock to the time of day, for EXT-X-PROGRAM-DATE-TIME. */

/** Milliseconds from 1970-01-01 to 2000-01-01, the other epoch devices count from. */
const YEAR_2000 = 946_684_800_000;

export interface WallClockOptions {
  /** Minutes the device's time zone is ahead of UTC: devices count local time as if it were UTC. -1440 to 1440. */
  readonly zoneMinutes: number;
  /** Milliseconds a device's clock may differ from ours and still be believed. */
  readonly tolerance: number;
}

export interface WallTime {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  /** `arrival` when no reading of the device's clock came near. */
  readonly source: 'device' | 'arrival';
}

/**
 * The time of day a picture was taken: of the ways to read its timestamp (epoch 1970 or 2000, UTC or local) the one
 * nearest to `arrival`, if it lies within the tolerance. A counter since power-up, or a clock never set, falls back to
 * `arrival`, milliseconds since 1970-01-01 UTC.
 */
export function wallTime(timestamp: number, arrival: number, { zoneMinutes, tolerance }: WallClockOptions): WallTime {
  const zone = zoneMinutes * 60_000;
  let best: number | undefined;
  for (const at of [timestamp, timestamp - zone, timestamp + YEAR_2000, timestamp + YEAR_2000 - zone]) {
    if (best === undefined || Math.abs(at - arrival) < Math.abs(best - arrival)) best = at;
  }
  return best !== undefined && Math.abs(best - arrival) <= tolerance
    ? { at: best, source: 'device' }
    : { at: Math.round(arrival), source: 'arrival' };
}
