/** H.264 levels (ISO/IEC 14496-10 table A-1), for choosing the lowest one a rung fits. */

export interface Level {
  readonly name: string;
  /** MaxMBPS: macroblocks per second. */
  readonly rate: number;
  /** MaxFS: macroblocks per frame. */
  readonly frame: number;
  /** MaxBR and MaxCPB: units of 1000 bits (per second) for Baseline and Main; High has 1.25 times (table A-2). */
  readonly bitrate: number;
  readonly buffer: number;
}

const level = (name: string, rate: number, frame: number, bitrate: number, buffer: number): Level => ({
  name,
  rate,
  frame,
  bitrate,
  buffer,
});

export const LEVELS: readonly Level[] = [
  level('1.0', 1_485, 99, 64, 175),
  level('1.1', 3_000, 396, 192, 500),
  level('1.2', 6_000, 396, 384, 1_000),
  level('1.3', 11_880, 396, 768, 2_000),
  level('2.0', 11_880, 396, 2_000, 2_000),
  level('2.1', 19_800, 792, 4_000, 4_000),
  level('2.2', 20_250, 1_620, 4_000, 4_000),
  level('3.0', 40_500, 1_620, 10_000, 10_000),
  level('3.1', 108_000, 3_600, 14_000, 14_000),
  level('3.2', 216_000, 5_120, 20_000, 20_000),
  level('4.0', 245_760, 8_192, 20_000, 25_000),
  level('4.1', 245_760, 8_192, 50_000, 62_500),
  level('4.2', 522_240, 8_704, 50_000, 62_500),
  level('5.0', 589_824, 22_080, 135_000, 135_000),
  level('5.1', 983_040, 36_864, 240_000, 240_000),
  level('5.2', 2_073_600, 36_864, 240_000, 240_000),
  level('6.0', 4_177_920, 139_264, 240_000, 240_000),
  level('6.1', 8_355_840, 139_264, 480_000, 480_000),
  level('6.2', 16_711_680, 139_264, 800_000, 800_000),
];

/** High profile: cpbBrVclFactor 1250, where the table counts in 1000 bits (table A-2). */
const HIGH_PROFILE = 1250;

/** Name of the lowest level that holds this picture, rate (frames/s), peak bit rate (bit/s) and buffer (bits). */
export function levelFor(width: number, height: number, frameRate: number, bitrate: number, buffer: number): string {
  const columns = Math.ceil(width / 16);
  const rows = Math.ceil(height / 16);
  const fits = (l: Level): boolean =>
    columns * rows <= l.frame &&
    columns * rows * frameRate <= l.rate &&
    // A.3.1 (h, i): neither side may exceed sqrt(8 * MaxFS) macroblocks.
    Math.max(columns, rows) <= Math.sqrt(8 * l.frame) &&
    bitrate <= l.bitrate * HIGH_PROFILE &&
    buffer <= l.buffer * HIGH_PROFILE;
  const found = LEVELS.find(fits);
  if (!found) throw new RangeError(`no H.264 level holds ${width}x${height} at ${frameRate} frames/s`);
  return found.name;
}
