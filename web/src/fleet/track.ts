/** Where a device was: tracks as the API answers them (RFC 7946), as runs of points. Pure. */
import type { Track, TrackFeature } from '../../../lib/contract/geojson.ts';

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
    return placesOf(geometry).map(([lon, lat], i) => ({
      at: Date.parse(properties.times[i] ?? ''),
      lon,
      lat,
      speedKmh: properties.speedKmh[i] ?? 0,
      direction: properties.direction[i] ?? 0,
    }));
  });

/** What was cut at 180° is one way again. */
function placesOf(geometry: TrackFeature['geometry']): readonly (readonly [number, number, number])[] {
  if (geometry.type === 'Point') return [geometry.coordinates];
  return geometry.type === 'LineString' ? geometry.coordinates : geometry.coordinates.flat();
}

/** The longitude of the same place that is nearest to another one: beyond 180° where the shorter way goes over that. */
export const nearest = (lon: number, to: number): number => lon + 360 * Math.round((to - lon) / 360);

/** A run as one line, which goes on beyond 180° where the device went over that. */
export function unrolled<T extends { readonly lon: number }>(run: readonly T[]): T[] {
  let before = run[0]?.lon ?? 0;
  return run.map((point) => {
    before = nearest(point.lon, before);
    return { ...point, lon: before };
  });
}

/** West, south, east, north of the smallest box around everything, east beyond 180° where it goes over that; undefined of nothing. */
export function boundsOf(
  points: Iterable<{ readonly lon: number; readonly lat: number }>,
): [number, number, number, number] | undefined {
  let [south, north] = [Infinity, -Infinity];
  const all: number[] = [];
  for (const { lon, lat } of points) {
    all.push(lon);
    [south, north] = [Math.min(south, lat), Math.max(north, lat)];
  }
  if (all.length === 0) return undefined;
  const lons = all.toSorted((a, b) => a - b);
  let [west, east] = [lons[0]!, lons.at(-1)!];
  // What it leaves out is the widest stretch in which nothing is.
  let widest = 360 - (east - west);
  for (let i = 1; i < lons.length; i += 1) {
    const [from, to] = [lons[i - 1]!, lons[i]!];
    if (to - from <= widest) continue;
    [widest, west, east] = [to - from, to, from + 360];
  }
  return [west, south, east, north];
}
