import { describe, expect, it } from 'vitest';
import { momentNear, placeAt } from '../../../web/src/device/track.ts';
import { runsOf } from '../../../web/src/fleet/track.ts';
import { track } from '../fleet/drive.ts';

const runs = runsOf(track);

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

describe('over 180°', () => {
  const point = { lat: -17, speedKmh: 36, direction: 90 };
  const ferry = [
    [
      { ...point, at: 0, lon: 179.9 },
      { ...point, at: 60_000, lon: -179.9 },
    ],
  ];

  it('a place is on the short way, by longitudes that maps know', () => {
    expect(placeAt(ferry, 15_000)!.lon).toBeCloseTo(179.95, 9);
    expect(placeAt(ferry, 45_000)!.lon).toBeCloseTo(-179.95, 9);
    expect(placeAt(ferry, 30_000)!.lon).toBeCloseTo(180, 9);
  });

  it('and was there when it passed', () => {
    expect(momentNear(ferry, { lat: -17, lon: 179.95 })).toBeCloseTo(15_000, 3);
    expect(momentNear(ferry, { lat: -17, lon: -179.95 })).toBeCloseTo(45_000, 3);
    expect(momentNear(ferry, { lat: -17, lon: 0 })).not.toBeCloseTo(30_000, 3);
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
