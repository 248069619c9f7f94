import { describe, expect, it } from 'vitest';
import {
  decodePoints,
  encodePoints,
  MAX_POINTS,
  positionItem,
  PositionsError,
  startBound,
  trackKey,
  type Point,
} from '../../../lib/contract/positions.ts';
import { positionItems } from '../../../containers/ingest/src/cloud/position-items.ts';

const noon = Date.UTC(2026, 10, 4, 12);
const point = (over: Partial<Point> = {}): Point => ({
  time: noon,
  latE6: 31_230_416,
  lonE6: 121_473_701,
  speed: 423,
  direction: 271,
  altitude: 12,
  alarm: 0,
  accOn: true,
  ...over,
});
/** A drive: a point every ten seconds. */
const drive = (count: number, from = noon, step = 10_000) =>
  Array.from({ length: count }, (_, i) =>
    point({ time: from + i * step, latE6: 31_230_416 + 1100 * i, lonE6: 121_473_701 - 37 * i, speed: 400 + (i % 7) }),
  );

describe('the bytes of points', () => {
  it.each<[string, Point[]]>([
    ['none', []],
    ['a drive', drive(100)],
    [
      'extremes',
      [
        point({ latE6: -90_000_000, lonE6: -180_000_000, altitude: -500, direction: 0, speed: 0 }),
        point({ latE6: 90_000_000, lonE6: 180_000_000, altitude: 9000, direction: 359, speed: 65_535 }),
      ],
    ],
    ['every alarm bit', [point({ alarm: 0xffffffff }), point({ alarm: 0 }), point({ alarm: 0x80000000 })]],
    ['time going back', [point(), point({ time: noon - 60_000 })]],
    ['the far future', [point({ time: Date.UTC(2099, 11, 31) })]],
    ['ignition off', [point({ accOn: false })]],
  ])('come back: %s', (_, points) => expect(decodePoints(encodePoints(points))).toEqual(points));

  it('are about ten a point', () => {
    expect(encodePoints(drive(100)).length).toBeLessThan(1000);
  });

  it('are known to the byte', () => {
    const points = [point({ time: 1000, latE6: -1, lonE6: 64, speed: 1, direction: 2, altitude: 3, alarm: 128 })];
    // version; time 1 → 02; -1 → 01; 64 → 128 → 80 01; 1 → 02; 2 → 04; 3 → 06; 128 → 256 → 80 02; on → 02
    expect(Buffer.from(encodePoints(points)).toString('hex')).toBe('0102018001020406800202');
  });

  it('cut anywhere, or of another version, are refused', () => {
    const bytes = encodePoints(drive(3));
    const whole = new Set([1, encodePoints(drive(1)).length, encodePoints(drive(2)).length, bytes.length]);
    for (let length = 0; length < bytes.length; length += 1) {
      if (whole.has(length)) continue;
      expect(() => decodePoints(bytes.subarray(0, length)), `${length} bytes`).toThrow(PositionsError);
    }
    expect(() => decodePoints(Uint8Array.of(2))).toThrow(PositionsError);
    expect(() => decodePoints(Uint8Array.from([1, ...Array<number>(40).fill(255)]))).toThrow(PositionsError);
    expect(() => encodePoints([point({ latE6: 0.5 })])).toThrow(PositionsError);
  });
});

describe('items', () => {
  it('hold at most a hundred points, an hour and one UTC day, whatever order the points came in', () => {
    const points = [
      ...drive(250),
      ...drive(30, Date.UTC(2026, 10, 4, 23, 58)),
      ...drive(5, noon - 86_400_000, 1_500_000),
    ];
    const items = positionItems('139', points.toReversed(), 30);
    const decoded = items.flatMap((item) => decodePoints(item.points));
    expect(decoded).toEqual(points.toSorted((a, b) => a.time - b.time));
    for (const item of items) {
      expect(positionItem.parse(item)).toEqual(item);
      const [first, last] = [decodePoints(item.points)[0]!, decodePoints(item.points).at(-1)!];
      expect(item.count).toBeLessThanOrEqual(MAX_POINTS);
      expect(item.points.length).toBeLessThan(16_384);
      expect(last.time - first.time).toBeLessThan(3_600_000);
      expect(trackKey('139', last.time)).toBe(item.track);
      expect(item.track).toBe(trackKey('139', first.time));
      expect(item.start.startsWith(startBound(first.time))).toBe(true);
      expect(item.end).toBe(last.time);
      expect(item.expiresAt).toBe(last.time / 1000 + 30 * 86_400);
    }
    expect(new Set(items.map(({ track }) => track)).size).toBe(3);
  });

  it('of the same points have the same keys, and of others at the same time have not', () => {
    const keys = (points: Point[]) => positionItems('139', points, 1).map(({ track, start }) => `${track} ${start}`);
    expect(keys(drive(5))).toEqual(keys(drive(5)));
    expect(keys(drive(5))).not.toEqual(keys(drive(6)));
  });

  it('of no points are none', () => expect(positionItems('139', [], 1)).toEqual([]));
});
