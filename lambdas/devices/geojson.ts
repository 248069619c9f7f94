/** Positions as GeoJSON (RFC 7946), each track with the times of its points. Pure. */
import { alarmNames } from '../../lib/contract/alarms.ts';
import type { Track, TrackFeature } from '../../lib/contract/geojson.ts';
import type { Point } from '../../lib/contract/positions.ts';

/** Milliseconds without a point after which a new track begins: what lies between is not known. */
const BREAK = 10 * 60_000;

/** `points` are in order of time; at most `limit` are kept. */
export function toGeoJson(points: readonly Point[], limit: number): Track {
  const kept = thin(points, limit);
  const features: TrackFeature[] = [];
  let from = 0;
  for (let to = 1; to <= kept.length; to += 1) {
    if (to < kept.length && kept[to]!.time - kept[to - 1]!.time <= Math.max(BREAK, gapOf(points, kept))) continue;
    features.push(feature(kept.slice(from, to)));
    from = to;
  }
  return { type: 'FeatureCollection', thinned: kept.length < points.length, features };
}

/** Thinning makes steps longer; those are no breaks. */
const gapOf = (all: readonly Point[], kept: readonly Point[]): number =>
  kept.length < all.length ? (2 * ((all.at(-1)?.time ?? 0) - (all[0]?.time ?? 0))) / kept.length : 0;

/** Evenly by number, with the first, the last and every point at which an alarm begins or ends. */
function thin(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  const wanted = new Set<number>([0, points.length - 1]);
  for (let i = 1; i < points.length && wanted.size < limit / 2; i += 1) {
    if (points[i]!.alarm !== points[i - 1]!.alarm) wanted.add(i);
  }
  const rest = limit - wanted.size;
  for (let i = 1; i <= rest; i += 1) wanted.add(Math.floor((i * points.length) / (rest + 1)));
  return [...wanted].sort((a, b) => a - b).map((i) => points[i]!);
}

function feature(points: readonly Point[]): TrackFeature {
  const coordinates = points.map(({ latE6, lonE6, altitude }): [number, number, number] => [
    lonE6 / 1e6,
    latE6 / 1e6,
    altitude,
  ]);
  const alarms: Record<string, string[]> = {};
  points.forEach(({ alarm }, i) => {
    if (alarm !== 0) alarms[i] = alarmNames.filter((_, bit) => Math.floor(alarm / 2 ** bit) % 2 === 1);
  });
  return {
    type: 'Feature',
    geometry:
      points.length === 1 ? { type: 'Point', coordinates: coordinates[0]! } : { type: 'LineString', coordinates },
    properties: {
      times: points.map(({ time }) => new Date(time).toISOString()),
      speedKmh: points.map(({ speed }) => speed / 10),
      direction: points.map(({ direction }) => direction),
      accOn: points.map(({ accOn }) => accOn),
      alarms,
    },
  };
}
