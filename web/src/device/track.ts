/** A device's track, searched by time and by place. Pure. */
import { nearest, type TrackPoint } from '../fleet/track.ts';

/**
 * Where it was at a moment: between two points of a run on the line between them, and before, between or after runs
 * where it was last heard of (`isKnown` says which). Undefined before the first point.
 */
export function placeAt(
  runs: readonly (readonly TrackPoint[])[],
  at: number,
): (TrackPoint & { readonly isKnown: boolean }) | undefined {
  const run = runs.findLast((one) => one.length > 0 && one[0]!.at <= at);
  if (run === undefined) return undefined;
  let [low, high] = [0, run.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (run[middle]!.at <= at) low = middle;
    else high = middle - 1;
  }
  const [before, after] = [run[low]!, run[low + 1]];
  if (after === undefined) return { ...before, isKnown: at - before.at < 60_000 };
  const part = (at - before.at) / (after.at - before.at);
  const lon = before.lon + (nearest(after.lon, before.lon) - before.lon) * part;
  return {
    at,
    lon: nearest(lon, 0),
    lat: before.lat + (after.lat - before.lat) * part,
    speedKmh: before.speedKmh + (after.speedKmh - before.speedKmh) * part,
    direction: before.direction,
    isKnown: true,
  };
}

/** When it was nearest to a place, taking the line between points into account. */
export function momentNear(
  runs: readonly (readonly TrackPoint[])[],
  place: { readonly lon: number; readonly lat: number },
): number | undefined {
  // A degree of longitude is shorter by the cosine of the latitude; exact enough next to one another.
  const squeeze = Math.cos((place.lat * Math.PI) / 180);
  let best: { far: number; at: number } | undefined;
  for (const run of runs) {
    for (const [i, a] of run.entries()) {
      const b = run[i + 1] ?? a;
      const [x, y] = [(nearest(b.lon, a.lon) - a.lon) * squeeze, b.lat - a.lat];
      const [px, py] = [(nearest(place.lon, a.lon) - a.lon) * squeeze, place.lat - a.lat];
      const length = x * x + y * y;
      const part = length === 0 ? 0 : Math.min(1, Math.max(0, (px * x + py * y) / length));
      const far = (px - part * x) ** 2 + (py - part * y) ** 2;
      if (best === undefined || far < best.far) best = { far, at: a.at + (b.at - a.at) * part };
    }
  }
  return best?.at;
}
