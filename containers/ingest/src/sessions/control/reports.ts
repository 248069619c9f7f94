/** Location reports by their own time, whenever they come: late, in batches, out of order. Pure. */
import type { Location } from '../../jt808/messages/location.ts';
import { bcdToUtc } from '../../jt808/time.ts';

export interface Report {
  readonly location: Location;
  /** Epoch milliseconds it is kept by. */
  readonly time: number;
  /** Epoch milliseconds by which it is earlier or later than others: its own, but not beyond its arrival. */
  readonly at: number;
  /** Its own time is none, or cannot be. */
  readonly isUndated: boolean;
}

export interface Arrival {
  readonly now: number;
  /** Minutes the device's clock is ahead of UTC. */
  readonly zoneMinutes: number;
  /** `at` of the latest report before these; -Infinity: there is none. */
  readonly latest: number;
}

/** Milliseconds ahead of ours at which a device's clock is wrong. */
const FUTURE = 60 * 60_000;

/**
 * The reports of one message, the oldest first. One without a date is of the time of the one before it; alone, it is the
 * latest there is and was made when it came, but does not make others late that do have a time.
 */
export function inOrder(locations: readonly Location[], { now, zoneMinutes, latest }: Arrival): Report[] {
  const times = locations.map(({ time }) => {
    const said = bcdToUtc(time, zoneMinutes, now);
    return said === undefined || said > now + FUTURE ? undefined : said;
  });
  let last = times.find((time) => time !== undefined);
  const reports = locations.map((location, n): Report => {
    const said = times[n];
    last = said ?? last;
    const isUndated = said === undefined;
    return { location, time: last ?? now, at: last === undefined ? latest : Math.min(last, now), isUndated };
  });
  return reports.length > 1 ? reports.toSorted((a, b) => a.at - b.at) : reports;
}
