import { describe, expect, it } from 'vitest';
import { cellsAround, cellsAt } from '../../../lambdas/catalog/cells.ts';
import { isRecorded, recordedAsked, recordedTerms, type Recorded } from '../../../lambdas/catalog/recorded.ts';
import { EARTH, metresBetween, WITHIN, type Place } from '../../../lib/contract/places.ts';
import { random } from '../../../local/device/faults.ts';

const degrees = (angle: number) => (angle * 180) / Math.PI;
const inMillionths = (lat: number, lon: number): Place => [
  Math.max(-90e6, Math.min(90e6, Math.round(lat * 1e6))),
  Math.max(-180e6, Math.min(180e6, Math.round(lon * 1e6))),
];

/** What lies so many metres from there, in a direction (radians): the great circle's own formula, which cells know nothing of. */
function beside([latE6, lonE6]: Place, metres: number, direction: number): Place {
  const [lat, angle] = [((latE6 / 1e6) * Math.PI) / 180, metres / EARTH];
  const sine = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(direction);
  const east = Math.sin(direction) * Math.sin(angle) * Math.cos(lat);
  const lon = lonE6 / 1e6 + degrees(Math.atan2(east, Math.cos(angle) - Math.sin(lat) * sine));
  return inMillionths(degrees(Math.asin(Math.max(-1, Math.min(1, sine)))), ((lon + 540) % 360) - 180);
}

describe('cells', () => {
  const cast = random(16);
  const anywhere = (): Place => inMillionths(cast() * 180 - 90, cast() * 360 - 180);
  const centres: [string, () => Place][] = [
    ['anywhere', anywhere],
    ['at 180°', () => inMillionths(cast() * 160 - 80, (cast() < 0.5 ? -1 : 1) * (180 - cast() * 0.1))],
    ['near the north pole', () => inMillionths(90 - cast() * 1.5, cast() * 360 - 180)],
    ['near the south pole', () => inMillionths(-90 + cast() * 1.5, cast() * 360 - 180)],
    ['at the poles', () => [cast() < 0.5 ? -90_000_000 : 90_000_000, anywhere()[1]]],
    ['on corners of cells', () => inMillionths(Math.round(cast() * 400 - 200) * 0.45, Math.round(cast() * 360) - 180)],
  ];

  it.each(centres)('hold all that is within, %s, and are a dozen at most', (_, centre) => {
    for (let i = 0; i < 3000; i += 1) {
      const here = centre();
      const within = i % 3 === 0 ? WITHIN.max : Math.round(WITHIN.min * (WITHIN.max / WITHIN.min) ** cast());
      const cells = cellsAround(here, within);
      expect(new Set(cells).size).toBe(cells.length);
      expect(cells.length).toBeLessThanOrEqual(12);
      const there = beside(here, within * (i % 2 === 0 ? 1 : cast()), cast() * 2 * Math.PI);
      if (metresBetween(here, there) > within) continue;
      expect({ here, there, within, isThere: cellsAt(there).some((cell) => cells.includes(cell)) }).toMatchObject({
        isThere: true,
      });
    }
  });

  it('are few and small: nine for most, and none that lies far from what is asked for', () => {
    for (let i = 0; i < 3000; i += 1) {
      const here = inMillionths(cast() * 130 - 65, cast() * 360 - 180);
      const within = Math.round(WITHIN.min * (WITHIN.max / WITHIN.min) ** cast());
      const cells = new Set(cellsAround(here, within));
      expect(cells.size).toBeLessThanOrEqual(10);
      // A cell is up to four times as high as the circle is wide to one side, and about as wide as high.
      const far = beside(here, Math.max(800, 4 * within) * 3 + within, cast() * 2 * Math.PI);
      expect(cellsAt(far).some((cell) => cells.has(cell))).toBe(false);
    }
  });

  it('are the same on both sides of 180°', () => {
    expect(cellsAt([10_000_000, 180_000_000])).toEqual(cellsAt([10_000_000, -180_000_000]));
  });
});

const clip = (from: string, to?: string, places?: Place[]): Recorded => ({
  origin: { kind: 'clip', device: '13900000016', channel: 1, from, ...(to !== undefined && { to }) },
  ...(places && { places }),
});

describe('time', () => {
  it.each([
    ['2026-11-04T12:00:00Z', '2026-11-04T12:05:00Z', ['20', '202', '2026', '2026-11', '2026-11-04']],
    [
      '2025-12-31T23:59:00Z',
      '2026-01-01T00:01:00Z',
      ['20', '202', '2025', '2025-12', '2025-12-31', '2026', '2026-01', '2026-01-01'],
    ],
    ['2000-01-01T00:00:00Z', undefined, ['20', '200', '2000', '2000-01', '2000-01-01']],
  ])('of what was recorded from %s to %s', (from, to, expected) => {
    expect([...recordedTerms(clip(from, to))]).toEqual(expected.map((name) => `recorded:${name}`));
  });

  it('is bounded, whatever a record says', () => {
    expect(recordedTerms(clip('2026-01-01T00:00:00Z', '2099-01-01T00:00:00Z')).size).toBeLessThanOrEqual(15);
    expect(recordedTerms(clip('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).size).toBe(5);
    expect(recordedTerms({}).size).toBe(0);
  });

  it.each([
    ['2026-11-04T12:00:00Z', '2026-11-04T13:00:00Z', ['2026-11-04']],
    ['2026-11-04T12:00:00Z', '2026-11-06T13:00:00Z', ['2026-11-04', '2026-11-05', '2026-11-06']],
    ['2026-10-20T00:00:00Z', '2026-11-25T00:00:00Z', ['2026-10', '2026-11']],
    ['2020-01-01T00:00:00Z', '2026-11-25T00:00:00Z', ['2020', '2021', '2022', '2023', '2024', '2025', '2026']],
  ])('from %s to %s is looked up as %j', (recordedFrom, recordedTo, expected) => {
    expect(recordedAsked({ recordedFrom, recordedTo })).toEqual([expected.map((name) => `recorded:${name}`)]);
  });

  it('has for each stretch few terms, of which each has one that was recorded in it', () => {
    const cast = random(7);
    const time = (from: number, to: number) => new Date(from + cast() * (to - from)).toISOString();
    const [first, last] = [Date.UTC(1970, 0, 1), Date.UTC(2200, 0, 1) - 1];
    for (let i = 0; i < 3000; i += 1) {
      const span = 3_600_000 * 10 ** (cast() * 6);
      const recordedFrom = i % 5 === 0 ? undefined : time(first, last - 3_600_000);
      const end = Math.min(last, (recordedFrom === undefined ? first : Date.parse(recordedFrom)) + span);
      const recordedTo = i % 7 === 0 ? undefined : new Date(end).toISOString();
      if (recordedFrom === undefined && recordedTo === undefined) continue;
      const [terms] = recordedAsked({ recordedFrom, recordedTo });
      expect(terms!.length).toBeLessThanOrEqual(12);
      const record = clip(
        time(recordedFrom === undefined ? first : Date.parse(recordedFrom), recordedTo === undefined ? last : end),
      );
      expect(isRecorded(record, { recordedFrom, recordedTo })).toBe(true);
      const has = recordedTerms(record);
      expect({ record, recordedFrom, recordedTo, isThere: terms!.some((term) => has.has(term)) }).toMatchObject({
        isThere: true,
      });
    }
  });
});

describe('what was recorded there and then', () => {
  const record = clip('2026-11-04T12:00:00Z', '2026-11-04T12:10:00Z', [
    [52_520_000, 13_405_000],
    [52_530_000, 13_405_000],
  ]);
  it.each([
    [{}, true],
    [{ near: [52_530_000, 13_405_000], within: 100 }, true],
    // 556 m from both.
    [{ near: [52_525_000, 13_405_000], within: 500 }, false],
    [{ near: [52_525_000, 13_405_000], within: 600 }, true],
    [{ near: [52_525_000, 13_405_000] }, true],
    [{ recordedFrom: '2026-11-04T12:10:00Z' }, true],
    [{ recordedFrom: '2026-11-04T12:10:01Z' }, false],
    [{ recordedTo: '2026-11-04T12:00:00Z' }, true],
    [{ recordedTo: '2026-11-04T11:59:59Z' }, false],
    [{ recordedFrom: '2026-11-04T12:04:00Z', recordedTo: '2026-11-04T12:05:00Z' }, true],
    [{ near: [52_530_000, 13_405_000], recordedTo: '2026-11-03T00:00:00Z' }, false],
  ] as [Parameters<typeof isRecorded>[1], boolean][])('%j: %s', (asked, expected) => {
    expect(isRecorded(record, asked)).toBe(expected);
  });
  it('has nothing to do with what no device recorded, or nobody knows where', () => {
    expect(isRecorded({}, { near: [0, 0] })).toBe(false);
    expect(isRecorded({}, { recordedTo: '2199-01-01T00:00:00Z' })).toBe(false);
    expect(isRecorded(clip('2026-11-04T12:00:00Z'), { near: [0, 0], within: 50_000 })).toBe(false);
  });
});
