/** The days that somebody asks for. Pure. */
import { MOST_DAYS } from '../../lib/contract/insight.ts';
import { refusedField } from '../shared/errors.ts';

const DAY = 86_400_000;
/** Without a first one. */
const USUAL = 28;

/** UTC days from the first to the last, `2026-11-29`. `now`: epoch milliseconds. Throws `invalid-request`. */
export function daysOf(from: string | undefined, to: string | undefined, now: number): string[] {
  const last = to === undefined ? Math.floor(now / DAY) : Date.parse(to) / DAY;
  const first = from === undefined ? last - USUAL + 1 : Date.parse(from) / DAY;
  if (first > last) throw refusedField('query.from', 'is after the last day');
  if (last - first >= MOST_DAYS) throw refusedField('query.from', `is more than ${MOST_DAYS} days before the last one`);
  return Array.from({ length: last - first + 1 }, (_, at) => new Date((first + at) * DAY).toISOString().slice(0, 10));
}
