import { describe, expect, it } from 'vitest';
import { toGeoJson } from '../../../lambdas/devices/geojson.ts';
import { boundsOf, momentNear, placeAt, runsOf } from '../../../web/src/device/track.ts';

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

/** As the API answers it: two runs, since an hour without a point lies between. */
const track = toGeoJson([point(0, 48, 9), point(1, 48, 9.1), point(2, 48.1, 9.1), point(70, 50, 10)], 100);
const runs = runsOf(track);

it('reads what the API answers, a single point as well', () => {
  expect(runs.map((run) => run.length)).toEqual([3, 1]);
  expect(runs[0]![1]).toEqual({ at: 60_000, lon: 9.1, lat: 48, speedKmh: 36, direction: 90 });
});

describe('where it was', () => {
  it('is on the line between two points', () => {
    expect(placeAt(runs, 30_000)).toMatchObject({ lat: 48, isKnown: true });
    expect(placeAt(runs, 30_000)!.lon).toBeCloseTo(9.05, 9);
    expect(placeAt(runs, 90_000)!.lat).toBeCloseTo(48.05, 9);
    expect(placeAt(runs, 60_000)).toMatchObject({ lat: 48, lon: 9.1 });
  });

  it('is where it was last heard of, and said to be so, when no point is near', () => {
    expect(placeAt(runs, 30 * 60_000)).toMatchObject({ lat: 48.1, lon: 9.1, isKnown: false });
    expect(placeAt(runs, 71.5 * 60_000)).toMatchObject({ lat: 50, isKnown: false });
    expect(placeAt(runs, 70.5 * 60_000)).toMatchObject({ lat: 50, isKnown: true });
    expect(placeAt(runs, -1)).toBeUndefined();
    expect(placeAt([], 5)).toBeUndefined();
  });
});

describe('when it was there', () => {
  it('is the moment of the nearest place of the line, not of the nearest point', () => {
    expect(momentNear(runs, { lat: 48.001, lon: 9.05 })).toBeCloseTo(30_000, 3);
    expect(momentNear(runs, { lat: 48.05, lon: 9.11 })).toBeCloseTo(90_000, 3);
    expect(momentNear(runs, { lat: 51, lon: 11 })).toBe(70 * 60_000);
    expect(momentNear([], { lat: 0, lon: 0 })).toBeUndefined();
  });
});

it('knows the box of everything', () => {
  expect(boundsOf(runs.flat())).toEqual([9, 48, 10, 50]);
  expect(boundsOf([])).toBeUndefined();
});
