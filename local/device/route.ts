/** Where a simulated vehicle is at any time: it drives round a closed route at a speed that rises and falls. Pure. */
import { random } from './faults.ts';

export interface Place {
  /** Degrees. */
  readonly lat: number;
  readonly lon: number;
  readonly speedKmh: number;
  /** Degrees clockwise from north, 0 to below 360. */
  readonly direction: number;
  /** Metres. */
  readonly altitude: number;
  /** Kilometres driven since `time` 0 of the route. */
  readonly mileageKm: number;
}

export interface Route {
  /** Metres round. */
  readonly length: number;
  /** `seconds` since the vehicle set out; any number. */
  at(seconds: number): Place;
}

const CORNERS = 12;
const METRES_PER_DEGREE = 111_320;
const MEAN_KMH = 42;
/** Speed swings by this much around the mean, once in a PERIOD of seconds. */
const SWING_KMH = 24;
const PERIOD = 75;

/** A loop of about `radius` metres around a place, with corners that the seed decides. */
export function createRoute(lat: number, lon: number, seed: number, radius = 1500): Route {
  const next = random(seed);
  const scale = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  // Metres east and north of the centre.
  const corners = Array.from({ length: CORNERS }, (_, i) => {
    const angle = ((i + 0.6 * next()) / CORNERS) * 2 * Math.PI;
    const distance = radius * (0.6 + 0.4 * next());
    return { east: distance * Math.sin(angle), north: distance * Math.cos(angle) };
  });
  const legs = corners.map((from, i) => {
    const to = corners[(i + 1) % CORNERS]!;
    const [east, north] = [to.east - from.east, to.north - from.north];
    return { from, east, north, length: Math.hypot(east, north) };
  });
  const length = legs.reduce((sum, leg) => sum + leg.length, 0);
  const [mean, swing, turn] = [MEAN_KMH / 3.6, SWING_KMH / 3.6, (2 * Math.PI) / PERIOD];
  return {
    length,
    at(seconds) {
      // The integral of the speed.
      const driven = mean * seconds + (swing / turn) * (1 - Math.cos(turn * seconds));
      let left = ((driven % length) + length) % length;
      let leg = legs[0]!;
      for (leg of legs) {
        if (left < leg.length) break;
        left -= leg.length;
      }
      const share = Math.min(1, left / leg.length);
      return {
        lat: lat + (leg.from.north + leg.north * share) / METRES_PER_DEGREE,
        lon: lon + (leg.from.east + leg.east * share) / scale,
        speedKmh: (mean + swing * Math.sin(turn * seconds)) * 3.6,
        direction: ((Math.atan2(leg.east, leg.north) * 180) / Math.PI + 360) % 360,
        altitude: Math.round(20 + 10 * Math.sin((driven / length) * 2 * Math.PI)),
        mileageKm: driven / 1000,
      };
    },
  };
}
