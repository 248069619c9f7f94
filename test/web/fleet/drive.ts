/** A drive as the API answers it. */
import { toGeoJson } from '../../../lambdas/devices/geojson.ts';

const point = (minute: number, lat: number, lon: number) => ({
  time: minute * 60_000,
  latE6: lat * 1e6,
  lonE6: lon * 1e6,
  speed: 360,
  direction: 90,
  altitude: 5,
  alarm: 0,
  accOn: true,
});

/** Two runs, since an hour without a point lies between. */
export const track = toGeoJson([point(0, 48, 9), point(1, 48, 9.1), point(2, 48.1, 9.1), point(70, 50, 10)], 100);

/** A minute over 180°. */
export const over = toGeoJson([point(0, 48, 179), point(1, 48, -179)], 100);
