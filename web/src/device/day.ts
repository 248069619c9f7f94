/** Days as the reader's own calendar has them, and the scale of the time line. Pure. */
import type { Stretch } from '../fleet/stretch.ts';

/** `2026-03-29` of a moment (epoch ms), in the reader's own zone. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** From midnight to midnight: 23 to 25 hours. Undefined when the text is no day. */
export function stretchOf(day: string): Stretch | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  if (match === null) return undefined;
  const [year, month, date] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const from = new Date(year, month - 1, date);
  if (from.getMonth() !== month - 1 || from.getDate() !== date) return undefined;
  return { from: from.getTime(), to: new Date(year, month - 1, date + 1).getTime() };
}

/** The day `by` days later or earlier. */
export function shifted(day: string, by: number): string {
  const stretch = stretchOf(day);
  if (stretch === undefined) return day;
  const date = new Date(stretch.from);
  return dayOf(new Date(date.getFullYear(), date.getMonth(), date.getDate() + by).getTime());
}

/** Lengths of time the time line can show, in ms; the whole day comes first. */
export const ZOOMS = { day: Infinity, '6 h': 6 * 3_600_000, '1 h': 3_600_000, '10 min': 600_000 } as const;
export type Zoom = keyof typeof ZOOMS;

/** The closest look that still shows everything between the first and the last of these; the day where there is nothing. */
export function fittingZoom(all: readonly Stretch[]): Zoom {
  if (all.length === 0) return 'day';
  const length = Math.max(...all.map(({ to }) => to)) - Math.min(...all.map(({ from }) => from));
  const names = Object.keys(ZOOMS) as Zoom[];
  // With a little room on both sides.
  return names.findLast((name) => ZOOMS[name] >= length * 1.2) ?? 'day';
}

/** The part of `day` that is shown around `at`. It stays where it is as long as `at` is well inside of it. */
export function viewAround(day: Stretch, zoom: Zoom, at: number, before?: Stretch): Stretch {
  const length = Math.min(ZOOMS[zoom], day.to - day.from);
  const margin = length / 12;
  const stays =
    before !== undefined &&
    before.to - before.from === length &&
    before.from >= day.from &&
    before.to <= day.to &&
    (at - before.from >= margin || before.from === day.from) &&
    (before.to - at >= margin || before.to === day.to) &&
    at >= before.from &&
    at <= before.to;
  if (stays) return before;
  const from = Math.min(Math.max(day.from, at - length / 2), day.to - length);
  return { from, to: from + length };
}

const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600].map((seconds) => seconds * 1000);

/** Round moments of the local clock to put marks at: at most `most` of them. */
export function ticksOf(view: Stretch, most: number): number[] {
  const step = STEPS.find((one) => (view.to - view.from) / one <= most) ?? STEPS.at(-1)!;
  const midnight = new Date(view.from);
  midnight.setHours(0, 0, 0, 0);
  const first = midnight.getTime() + Math.ceil((view.from - midnight.getTime()) / step) * step;
  const ticks: number[] = [];
  for (let at = first; at <= view.to; at += step) ticks.push(at);
  return ticks;
}

/** Percent of the way from the view's beginning to its end, kept between 0 and 100. */
export const percentOf = (view: Stretch, at: number): number =>
  Math.min(100, Math.max(0, ((at - view.from) / (view.to - view.from)) * 100));

/** The value of an `<input type="datetime-local" step="1">` for a moment, and back. */
export function toField(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${dayOf(at)}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export const fromField = (value: string): number | undefined => {
  const at = new Date(value).getTime();
  return Number.isNaN(at) ? undefined : at;
};

/** The value of an `<input type="time" step="1">` for a moment, and that time of a day; undefined when it is none. */
export const toTimeField = (at: number): string => toField(at).slice(11);

export function atTime(day: Stretch, value: string): number | undefined {
  if (!/^\d\d:\d\d(:\d\d)?$/.test(value)) return undefined;
  const at = fromField(`${dayOf(day.from)}T${value}`);
  return at !== undefined && at >= day.from && at < day.to ? at : undefined;
}
