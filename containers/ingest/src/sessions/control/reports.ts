/** Location reports by their own time, whenever they come: late, in batches, out of order. Pure. */
import type { Position } from '../../../../../lib/contract/device.ts';
import type { Point } from '../../../../../lib/contract/positions.ts';
import { Status, type Location } from '../../jt808/messages/location.ts';
import { bcdToUtc } from '../../jt808/time.ts';

export interface Report {
  readonly location: Location;
  /** Epoch milliseconds it is kept by. */
  readonly time: number;
  /** Epoch milliseconds by which it is earlier or later than others: its own, but not beyond its arrival. */
  readonly at: number;
  /** Its own time is none, or cannot be. */
  readonly isUndated: boolean;
  /** Nor does one before it tell: it was made when it came, so that none is later. */
  readonly isNewest: boolean;
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
    return {
      location,
      time: last ?? now,
      at: last === undefined ? latest : Math.min(last, now),
      isUndated,
      isNewest: last === undefined,
    };
  });
  return reports.length > 1 ? reports.toSorted((a, b) => a.at - b.at) : reports;
}

/** Epoch milliseconds, not beyond now: what was said of a time to come must not hold up what is said when it has. */
export const timeOf = (said: string | undefined): number =>
  said === undefined ? -Infinity : Math.min(Date.parse(said), Date.now());

export const positionOf = (location: Location, time: number): Position => ({
  time: new Date(time).toISOString(),
  lat: location.latE6 / 1e6,
  lon: location.lonE6 / 1e6,
  speedKmh: location.speedKmh,
  direction: location.direction % 360,
  altitude: location.altitude,
  accOn: (location.status & Status.accOn) !== 0,
});

export const pointOf = (location: Location, time: number): Point => ({
  time,
  latE6: location.latE6,
  lonE6: location.lonE6,
  speed: Math.round(location.speedKmh * 10),
  direction: location.direction % 360,
  altitude: location.altitude,
  alarm: location.alarm,
  accOn: (location.status & Status.accOn) !== 0,
});
