/**
 * Where and when videos of devices were recorded: terms of the index (index-rows.ts) as words.ts has them of the rest. Of time they are how
 * a day begins, from its century on, so that a stretch of any length is some few of them. Pure.
 */
import { metresBetween, WITHIN, type Place } from '../../lib/contract/places.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { cellsAround, cellsAt } from './cells.ts';

const DAY = 86_400_000;
/** Days that a video of a device has, at most: a clip is of 25 hours at most (lib/contract/device-api.ts). */
const MOST_DAYS = 3;
/** Characters of a century, a decade, a year, a month and a day. */
const LENGTHS = [2, 3, 4, 7, 10] as const;
/** Beginnings of days that are looked up for one stretch. */
const MOST_ASKED = 12;

const cellTerm = (cell: string): string => `cell:${cell}`;
const dayTerm = (day: string): string => `recorded:${day}`;

export type Recorded = Pick<VideoRecord, 'origin' | 'places'>;

/** What may be asked of it. */
export interface Where {
  /** With `within`, metres; of a longer way some places count (MOST_PLACES). */
  readonly near?: Readonly<Place> | undefined;
  readonly within?: number | undefined;
  /** ISO 8601; some of it was recorded since then, and until then. */
  readonly recordedFrom?: string | undefined;
  readonly recordedTo?: string | undefined;
}

/** Epoch milliseconds; undefined where nobody knows. */
function stretchOf({ origin }: Recorded): { readonly from: number; readonly to: number } | undefined {
  if (origin?.from === undefined) return undefined;
  const from = Date.parse(origin.from);
  return { from, to: Math.max(from, Date.parse(origin.to ?? origin.from)) };
}

export function recordedTerms(record: Recorded): Set<string> {
  const terms = new Set<string>();
  for (const one of record.places ?? []) for (const cell of cellsAt(one)) terms.add(cellTerm(cell));
  const stretch = stretchOf(record);
  if (stretch === undefined) return terms;
  const first = Math.floor(stretch.from / DAY);
  const last = Math.min(Math.floor(stretch.to / DAY), first + MOST_DAYS - 1);
  for (let day = first; day <= last; day += 1) {
    const name = new Date(day * DAY).toISOString();
    for (const length of LENGTHS) terms.add(dayTerm(name.slice(0, length)));
  }
  return terms;
}

/** Terms that a video which is sought has: of each list one at least. */
export function recordedAsked({ near, within = WITHIN.usual, recordedFrom, recordedTo }: Where): string[][] {
  return [
    ...(near === undefined ? [] : [cellsAround(near, within).map(cellTerm)]),
    ...(recordedFrom === undefined && recordedTo === undefined
      ? []
      : [beginnings(dayOf(recordedFrom) ?? ALWAYS.from, dayOf(recordedTo) ?? ALWAYS.to).map(dayTerm)]),
  ];
}

const dayOf = (time: string | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().slice(0, 10);
/** Before and behind all that may be asked for (lib/contract/text.ts). */
const ALWAYS = { from: '18', to: '22' };

/** Beginnings of days that all from `from` to `to` have, both included, the longest that are few enough, and others may have. */
function beginnings(from: string, to: string): string[] {
  const isIn = (name: string) => name >= from.slice(0, name.length) && name <= to.slice(0, name.length);
  let names = ['19', '20', '21'].filter(isIn);
  for (;;) {
    // What goes beyond the stretch, the largest first, is taken apart while that makes not too many.
    const at = names
      .map((name, i) => ({ name, i }))
      .filter(({ name }) => name.length < 10 && [from, to].some((end) => end.startsWith(name)))
      .toSorted((a, b) => a.name.length - b.name.length)[0]?.i;
    if (at === undefined) return names;
    const finer = names.toSpliced(at, 1, ...partsOf(names[at]!).filter(isIn));
    if (finer.length > MOST_ASKED) return names;
    names = finer;
  }
}

/** Decades of a century, years of one, months of one, days of one: of a short month some that are none. */
function partsOf(name: string): string[] {
  const two = (some: number) => Array.from({ length: some }, (_, i) => `${name}-${String(i + 1).padStart(2, '0')}`);
  if (name.length === 7) return two(31);
  return name.length === 4 ? two(12) : Array.from({ length: 10 }, (_, digit) => `${name}${digit}`);
}

/** Whether it was recorded there and then: exactly, where terms only come near. */
export function isRecorded(
  record: Recorded,
  { near, within = WITHIN.usual, recordedFrom, recordedTo }: Where,
): boolean {
  if (near !== undefined && record.places?.some((one) => metresBetween(one, near) <= within) !== true) return false;
  if (recordedFrom === undefined && recordedTo === undefined) return true;
  const stretch = stretchOf(record);
  if (stretch === undefined) return false;
  return (
    (recordedFrom === undefined || stretch.to >= Date.parse(recordedFrom)) &&
    (recordedTo === undefined || stretch.from <= Date.parse(recordedTo))
  );
}
