/** Numbers as a person reads them: always with a unit, never with false precision. Pure. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in decimal units, as file managers and S3 bills count: `184 MB`, `1.2 GB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${significant(value, unit)} ${BYTE_UNITS[unit]}`;
}

/** Bit rate in bit/s: `820 kbit/s`, `4.7 Mbit/s`. */
export function bitRate(bitsPerSecond: number): string {
  return bitsPerSecond < 999_500
    ? `${Math.round(bitsPerSecond / 1000)} kbit/s`
    : `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
}

/** Transfer speed in bytes per second: `3.4 MB/s`. */
export const speed = (bytesPerSecond: number): string => `${bytes(bytesPerSecond)}/s`;

/** A media position or length in seconds: `0:07`, `12:34`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A stretch of time in seconds, in its one or two largest units: `8 s`, `4 min`, `1 h 20 min`, `3 d`. */
export function span(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(0, seconds < 9.5 ? Math.round(seconds * 10) / 10 : Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} d`;
}

/** Made when it is first needed, and once: making one takes a slow processor as long as a picture is shown. */
export function format(options: Intl.DateTimeFormatOptions): (moment: number | Date) => string {
  let made: Intl.DateTimeFormat | undefined;
  return (moment) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(moment);
}

const day = format({ dateStyle: 'medium' });
const inFull = format({ dateStyle: 'full', timeStyle: 'long' });

/** When something happened, seen from `now` (both in ms since 1970): `just now`, `5 min ago`, `3 d ago`. */
export function ago(then: number, now: number): string {
  const seconds = (now - then) / 1000;
  if (seconds < 45) return 'just now';
  if (seconds > 30 * 86_400) return day(then);
  return `${span(Math.max(60, seconds < 5_400 || seconds > 172_800 ? seconds : Math.round(seconds / 3600) * 3600))} ago`;
}

/** The exact moment in the reader's own time, with seconds and zone, for a tooltip. */
export const exact = (moment: string | number): string => inFull(new Date(moment));

/** Day and time in the reader's own zone, to the minute. */
export const moment = format({ dateStyle: 'medium', timeStyle: 'short' });

/** US dollars: `$1.23`; below ten cents with as many digits as say something: `$0.0042`. */
export const dollars = (amount: number): string =>
  amount >= 0.1 || amount === 0
    ? `$${amount.toFixed(2)}`
    : `$${amount.toFixed(Math.min(6, 1 - Math.floor(Math.log10(amount))))}`;

/** `1 video`, `3 videos`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

function significant(value: number, unit: number): string {
  if (unit === 0) return String(Math.round(value));
  return value < 9.95 ? value.toFixed(1) : String(Math.round(value));
}
