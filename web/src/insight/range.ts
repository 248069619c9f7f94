/** The days that are looked at, as the address has them: `?days=7`, or `?from=…&to=…`; UTC, as the API counts. Pure. */
import { MOST_DAYS } from '../../../lib/contract/insight.ts';

const DAY = 86_400_000;
export const CHOICES = [7, 28, MOST_DAYS] as const;
const USUAL = 28;

export interface Range {
  readonly from: string;
  readonly to: string;
}

/** `problem`: why nothing can be asked of these days. */
export interface Chosen extends Range {
  /** So many up to today; `own`: from one day to another. */
  readonly choice: number | 'own';
  readonly problem?: string;
}

const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

/** The last so many days, today among them. `now`: epoch milliseconds. */
export const lastDays = (days: number, now: number): Range => ({ from: dayOf(now - (days - 1) * DAY), to: dayOf(now) });
export const usual = (now: number): Range => lastDays(USUAL, now);

export function chosenOf(search: URLSearchParams, now: number): Chosen {
  const [from, to] = [search.get('from'), search.get('to')];
  if (from === null && to === null) {
    const days = CHOICES.find((choice) => String(choice) === search.get('days')) ?? USUAL;
    return { choice: days, ...lastDays(days, now) };
  }
  const range = { from: from ?? '', to: to ?? '' };
  const problem = problemOf(range);
  return { choice: 'own', ...range, ...(problem !== undefined && { problem }) };
}

function problemOf({ from, to }: Range): string | undefined {
  if (!isDay(from) || !isDay(to)) return 'Choose a first and a last day.';
  if (from > to) return 'The first day is after the last one.';
  if (daysBetween({ from, to }).length > MOST_DAYS) return `Choose ${MOST_DAYS} days at most.`;
  return undefined;
}

const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text;

/** Each of them, the first and the last among them; one more than may be asked for at most. */
export function daysBetween({ from, to }: Range): string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const length = Math.min(MOST_DAYS + 1, Math.round((last - first) / DAY) + 1);
  return Array.from({ length: Math.max(0, length) }, (_, at) => dayOf(first + at * DAY));
}
