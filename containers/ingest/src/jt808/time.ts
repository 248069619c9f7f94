/**
 * Device times: BCD[6] `YY MM DD hh mm ss`, nominally GMT+8 (JT/T 808-2019 table 23), in the field any zone at all.
 * The digits are kept as sent; what instant they mean is worked out with the device's own zone.
 */

/** Twelve hex digits as sent, `YYMMDDhhmmss`. May be no date at all. */
export type BcdTime = string;

/** "Open end" in 0x9201, 0x9205, 0x9202. */
export const OPEN_TIME: BcdTime = '000000000000';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** After which a receiver's count of GPS weeks, ten bits, begins anew. */
const ROLL_OVER = 1024 * 7 * DAY;

/**
 * UTC milliseconds of a device time, or undefined when it is no date (zeros, not BCD, a 30th of February), as devices
 * without a fix send. `zoneMinutes` is the device's offset, minutes east of UTC (480 for GMT+8). A time that is 1024 weeks
 * before `now`, to the day, is of a receiver whose count of GPS weeks rolled over: they are added. Any other old date is
 * one: of a clock that was never set, or of something that was kept for long.
 */
export function bcdToUtc(time: BcdTime, zoneMinutes: number, now: number): number | undefined {
  if (time.length !== 12) return undefined;
  const year = pair(time, 0);
  const month = pair(time, 2);
  const day = pair(time, 4);
  const hour = pair(time, 6);
  const minute = pair(time, 8);
  const second = pair(time, 10);
  if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (day > 28 && day > daysOf(2000 + year, month)) return undefined;
  const utc = Date.UTC(2000 + year, month - 1, day, hour, minute, second) - zoneMinutes * MINUTE;
  return Math.abs(now - utc - ROLL_OVER) <= DAY ? utc + ROLL_OVER : utc;
}

/** Twelve digits of an instant in the device's zone; years 2000 to 2099. */
export function utcToBcd(utc: number, zoneMinutes: number): BcdTime {
  const iso = new Date(utc + zoneMinutes * MINUTE).toISOString();
  return iso.slice(2, 19).replace(/[-T:]/g, '');
}

/** Whether these digits can be a date, in any zone. */
export function isDate(time: BcdTime): boolean {
  return bcdToUtc(time, 0, 0) !== undefined;
}

/** Two decimal digits, or -1. */
function pair(time: string, at: number): number {
  const tens = time.charCodeAt(at) - 0x30;
  const ones = time.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
