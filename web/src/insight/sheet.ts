/** What a plot shows, as its table and its CSV say it. Pure. */
import type { Figures, Shared, VideoInsight } from '../../../lib/contract/insight-api.ts';
import { clock, span } from '../shared/format.ts';
import { dayName, MEASURES, saidOf, seconds, whole } from './words.ts';

/** What is written, and what a person reads in its place. */
export type Cell = readonly [value: string | number | null, said: string];

export interface Sheet {
  /** Part of its file's name. */
  readonly name: string;
  /** `field` heads its column of the CSV, as the API calls it. */
  readonly columns: readonly { readonly field: string; readonly title: string }[];
  readonly rows: readonly (readonly Cell[])[];
}

const FIGURES = MEASURES.map(({ figure, title }) => ({ field: figure, title }));
const figureCells = (figures: Figures): Cell[] =>
  MEASURES.map((measure) => [figures[measure.figure], saidOf(measure, figures)]);

export const daysSheet = (days: readonly (Figures & { readonly day: string })[]): Sheet => ({
  name: 'days',
  columns: [{ field: 'day', title: 'Day' }, ...FIGURES],
  rows: days.map((one) => [[one.day, dayName(one.day)], ...figureCells(one)]),
});

/** Videos and channels by what a person calls them. */
export const mostSheet = (most: readonly (Figures & { readonly id: string; readonly title: string })[]): Sheet => ({
  name: 'most-watched',
  columns: [{ field: 'title', title: 'Title' }, { field: 'id', title: 'Id' }, ...FIGURES],
  rows: most.map((one) => [[one.title, one.title], [one.id, one.id], ...figureCells(one)]),
});

export const heatSheet = ({ step, watched, again }: VideoInsight['heatmap']): Sheet => ({
  name: 'heatmap',
  columns: [
    { field: 'second', title: 'From' },
    { field: 'watched', title: 'Shown' },
    { field: 'again', title: 'Of that again' },
  ],
  rows: watched.map((count, at) => [
    [at * step, clock(at * step)],
    [count, whole(count)],
    [again[at] ?? 0, whole(again[at] ?? 0)],
  ]),
});

export const sharesSheet = (
  name: string,
  title: string,
  shares: readonly Shared[],
  nameOf: (name: string) => string,
): Sheet => ({
  name,
  columns: [
    { field: 'name', title },
    { field: 'views', title: 'Views' },
    { field: 'watchSeconds', title: 'Watch time' },
    { field: 'stalledSeconds', title: 'Stalled' },
  ],
  rows: shares.map((one) => [
    [one.name, nameOf(one.name)],
    [one.views, whole(one.views)],
    [one.watchSeconds, span(one.watchSeconds)],
    [one.stalledSeconds, span(one.stalledSeconds)],
  ]),
});

/** No rows where no player told. */
export const startupsSheet = (startups: Figures['startups']): Sheet => ({
  name: 'startup',
  columns: [
    { field: 'upToSeconds', title: 'To the first picture' },
    { field: 'count', title: 'Sessions' },
  ],
  rows: startups.some(({ count }) => count > 0)
    ? startups.map(({ within, count }, at) => {
        const before = startups[at - 1]?.within ?? null;
        const said =
          within === null ? 'longer' : before === null ? `up to ${seconds(within)}` : `${before} to ${seconds(within)}`;
        return [
          [within, said],
          [count, whole(count)],
        ];
      })
    : [],
});

/** One number for each name. */
export const countsSheet = (
  name: string,
  [title, field, heading]: readonly [title: string, field: string, heading: string],
  counts: readonly Cell[][],
): Sheet => ({
  name,
  columns: [
    { field: 'name', title },
    { field, title: heading },
  ],
  rows: counts,
});

/** What spreadsheets take for a formula, quoted or not, and after white space that some drop; an apostrophe before it makes it text. */
const FORMULA = /^\s*[=+\-@＝＋－＠]/;

const written = (value: string | number | null): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  return `"${(FORMULA.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
};

/** RFC 4180, in UTF-8 that says so: spreadsheets guess otherwise. */
export const csvOf = ({ columns, rows }: Sheet): string =>
  `\u{feff}${[
    columns.map(({ field }) => field).join(','),
    ...rows.map((row) => row.map(([value]) => written(value)).join(',')),
  ].join('\r\n')}\r\n`;
