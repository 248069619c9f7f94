/** Positions as GeoJSON (RFC 7946), each track with the times of its points. Pure. */
import { alarmNames } from '../../lib/contract/alarms.ts';
import type { Track, TrackFeature } from '../../lib/contract/geojson.ts';
import type { Point } from '../../lib/contract/positions.ts';

/** Milliseconds without a point after which a new track begins: what lies between is not known. */
const BREAK = 10 * 60_000;
/** Millionths of a degree from Greenwich to where longitudes turn over. */
const HALF = 180_000_000;

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

/** Points of a line in parts, none of which goes over 180°: a map would draw that one all round the earth (RFC 7946 3.1.9). */
function cut(points: readonly Point[]): Point[][] {
  const parts: Point[][] = [[]];
  for (const [i, point] of points.entries()) {
    const before = points[i - 1];
    if (before !== undefined && Math.abs(point.lonE6 - before.lonE6) > HALF) {
      const there = between(before, point);
      parts.at(-1)!.push(there);
      parts.push([{ ...there, lonE6: -there.lonE6 }]);
    }
    parts.at(-1)!.push(point);
  }
  return parts;
}

/** Where a way goes over 180°, on its beginning's side. What was reported before holds until the next report. */
function between(from: Point, to: Point): Point {
  const lonE6 = Math.sign(from.lonE6) * HALF;
  const way = to.lonE6 + 2 * lonE6 - from.lonE6;
  // From 180 to -180 it is none.
  const part = way === 0 ? 0 : (lonE6 - from.lonE6) / way;
  const at = (key: 'time' | 'latE6' | 'altitude') => Math.round(from[key] + (to[key] - from[key]) * part);
  return { ...from, lonE6, time: at('time'), latE6: at('latE6'), altitude: at('altitude') };
}

function feature(run: readonly Point[]): TrackFeature {
  const parts = cut(run);
  const points = parts.flat();
  const alarms: Record<string, string[]> = {};
  points.forEach(({ alarm }, i) => {
    if (alarm !== 0) alarms[i] = alarmNames.filter((_, bit) => Math.floor(alarm / 2 ** bit) % 2 === 1);
  });
  return {
    type: 'Feature',
    geometry: geometryOf(parts),
    properties: {
      times: points.map(({ time }) => new Date(time).toISOString()),
      speedKmh: points.map(({ speed }) => speed / 10),
      direction: points.map(({ direction }) => direction),
      accOn: points.map(({ accOn }) => accOn),
      alarms,
    },
  };
}

function geometryOf(parts: readonly (readonly Point[])[]): TrackFeature['geometry'] {
  const lines = parts.map((points) =>
    points.map(({ latE6, lonE6, altitude }): [number, number, number] => [lonE6 / 1e6, latE6 / 1e6, altitude]),
  );
  const [line] = lines;
  if (lines.length > 1) return { type: 'MultiLineString', coordinates: lines };
  return line!.length === 1 ? { type: 'Point', coordinates: line![0]! } : { type: 'LineString', coordinates: line! };
}
