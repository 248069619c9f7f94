/** Where a device was: tracks as the API answers them (RFC 7946), as runs of points. Pure. */
import type { Track } from '../../../lib/contract/geojson.ts';

export interface TrackPoint {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Degrees. */
  readonly lon: number;
  readonly lat: number;
  readonly speedKmh: number;
  /** Degrees clockwise from north. */
  readonly direction: number;
}

/** Unbroken runs of points, each in order of time. */
export const runsOf = (track: Track): TrackPoint[][] =>
  track.features.map(({ geometry, properties }) => {
    const all = geometry.type === 'Point' ? [geometry.coordinates] : geometry.coordinates;
    return all.map(([lon, lat], i) => ({
      at: Date.parse(properties.times[i] ?? ''),
      lon,
      lat,
      speedKmh: properties.speedKmh[i] ?? 0,
      direction: properties.direction[i] ?? 0,
    }));
  });

/** West, south, east, north of everything; undefined of nothing. */
export function boundsOf(
  points: Iterable<{ readonly lon: number; readonly lat: number }>,
): [number, number, number, number] | undefined {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { lon, lat } of points) {
    [west, south] = [Math.min(west, lon), Math.min(south, lat)];
    [east, north] = [Math.max(east, lon), Math.max(north, lat)];
  }
  return west === Infinity ? undefined : [west, south, east, north];
}
