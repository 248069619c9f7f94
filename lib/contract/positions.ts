/**
 * Positions as the positions table keeps them: many points an item, as differences in variable-length numbers, about ten
 * bytes a point. Partition key `track` (`{device}#{UTC day}`), sort key `start`. Pure.
 */
import { z } from 'zod';

export interface Point {
  /** Epoch milliseconds; kept to the second, which is all that devices say. */
  readonly time: number;
  /** Millionths of a degree, north and east positive. */
  readonly latE6: number;
  readonly lonE6: number;
  /** Tenths of km/h. */
  readonly speed: number;
  /** Degrees, 0 … 359. */
  readonly direction: number;
  /** Metres. */
  readonly altitude: number;
  /** The 32 alarm bits (JT/T 808-2019 table 24). */
  readonly alarm: number;
  readonly accOn: boolean;
}

export const positionItem = z.object({
  track: z.string(),
  start: z.string(),
  /** Epoch milliseconds of the last point. */
  end: z.int(),
  count: z.int().positive(),
  points: z.instanceof(Uint8Array),
  /** Epoch seconds; DynamoDB TTL. */
  expiresAt: z.int().positive(),
});
export type PositionItem = z.infer<typeof positionItem>;

export const MAX_POINTS = 100;
/** An item spans less than this, so that a query by time knows how far to look back. Milliseconds. */
export const MAX_SPAN = 3_600_000;

export class PositionsError extends Error {
  override name = 'PositionsError';
}

/** Partition of a device's points of the UTC day of `time` (epoch ms). */
export const trackKey = (device: string, time: number): string =>
  `${device}#${new Date(time).toISOString().slice(0, 10)}`;

/** Sort key of the first item that may hold points at `time`, or of the last one. */
export const startBound = (time: number): string => String(Math.max(0, Math.floor(time))).padStart(13, '0');

const VERSION = 1;
/** Fields in order, each as the difference to the point before; time in seconds. */
const fields = (p: Point): number[] => [
  Math.round(p.time / 1000),
  p.latE6,
  p.lonE6,
  p.speed,
  p.direction,
  p.altitude,
  p.alarm,
  p.accOn ? 1 : 0,
];

/** One byte of version, then the fields of each point. */
export function encodePoints(points: readonly Point[]): Uint8Array<ArrayBuffer> {
  const out: number[] = [VERSION];
  let before = fields({ time: 0, latE6: 0, lonE6: 0, speed: 0, direction: 0, altitude: 0, alarm: 0, accOn: false });
  for (const point of points) {
    const now = fields(point);
    now.forEach((value, i) => {
      if (!Number.isSafeInteger(value)) throw new PositionsError(`not a whole number: ${value}`);
      writeSigned(out, value - before[i]!);
    });
    before = now;
  }
  return Uint8Array.from(out);
}

/** Throws PositionsError when the bytes are not what `encodePoints` makes. */
export function decodePoints(bytes: Uint8Array): Point[] {
  if (bytes[0] !== VERSION) throw new PositionsError(`not a version of points we know: ${bytes[0]}`);
  const cursor = { bytes, at: 1 };
  const sums = [0, 0, 0, 0, 0, 0, 0, 0];
  const points: Point[] = [];
  while (cursor.at < bytes.length) {
    for (let i = 0; i < sums.length; i += 1) sums[i]! += readSigned(cursor);
    const [seconds, latE6, lonE6, speed, direction, altitude, alarm, acc] = sums as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    points.push({ time: seconds * 1000, latE6, lonE6, speed, direction, altitude, alarm, accOn: acc === 1 });
  }
  return points;
}

/** Zigzag, then seven bits a byte, lowest first; the top bit says that more follow. No bitwise operators: 32 bits are too few. */
function writeSigned(out: number[], value: number): void {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest > 127) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
}

function readSigned(cursor: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined || factor > 128 ** 7) throw new PositionsError('the points end in the middle of a number');
    cursor.at += 1;
    value += (byte % 128) * factor;
    if (byte < 128) return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}
