/**
 * The table of heatmaps: what was counted of each video and channel (docs/insight.md). Two kinds of rows: an hour's, of the
 * sessions that began in it, with the ledger of what was counted of each; and, once an hour is over for good, its day's.
 */
import { z } from 'zod';
import { LATE_SECONDS, PART_SECONDS } from './events-address.ts';
import { DEVICE_KINDS, ERROR_KINDS } from './player-events.ts';

/** Where the keys of events lie (lambdas/shared/insight-keys.ts). */
export const KEYS_ROW = { what: 'keys', row: 'keys' } as const;

/** Of rows that are viewers who were erased: `row` is the pseudonym, `before` until when (lambdas/insight/erased.ts). */
export const ERASED = 'erased';

/** Index of the table: rows by the day of their sessions, for the overview. Of a row it has counters and viewers. */
export const BY_DAY = 'byDay';

const HOUR = 3600;
/** Seconds that a report may wait in queues, among the dead letters too, and is counted still: two days. */
const WAITING_SECONDS = 2 * 86_400;

/** UTC hour in which a session began (epoch seconds): `2026-11-29T08`. */
export const hourOf = (began: number): string => new Date(began * 1000).toISOString().slice(0, 13);

/** When an hour's row takes no more: its last session is over, and so is what of it waited. Epoch seconds. */
export const closesAt = (hour: string): number =>
  Date.parse(`${hour}:00:00Z`) / 1000 + HOUR + PART_SECONDS + LATE_SECONDS + WAITING_SECONDS;

/** The last hour whose row is closed at `now` (epoch seconds). */
export const lastClosed = (now: number): string =>
  hourOf(now - (PART_SECONDS + LATE_SECONDS + WAITING_SECONDS) - 2 * HOUR);

export const HOUR_ROWS = 'h#';
/** Row of an hour; `path`: empty, and where it is full one more hexadecimal digit of each session's hash. */
export const hourRow = (hour: string, path: string): string => `${HOUR_ROWS}${hour}#${path}`;
export const dayRow = (day: string): string => `d#${day}`;
/** Of all days that are folded: which seconds were watched. */
export const HEAT_ROW = 'heat';

const count = z.int().nonnegative();
/** Views, seconds watched, milliseconds stalled. */
const share = z.tuple([count, count, count]);
export type Share = z.infer<typeof share>;

/** What a session's reports add up to. Each number grows only, so rows are added by adding. */
export const counters = z.object({
  /** Sessions that reported anything; that showed a picture; that came to the end; that ended by an error. */
  plays: count,
  views: count,
  completed: count,
  failed: count,
  /** Seconds shown, those shown again included; of them, those shown again. */
  watched: count,
  again: count,
  /** Of those that told it: how many, milliseconds altogether, and how many began within each of `STARTUP_STEPS`. */
  startups: count,
  startup: count,
  startupSteps: z.array(count),
  stalls: count,
  stalled: count,
  seeks: count,
  /** kbit/s times seconds, and the seconds of which it is known. */
  kilobits: count,
  ratedSeconds: count,
  errors: z.partialRecord(z.enum(ERROR_KINDS), count),
  /** Seconds by rendition. */
  renditions: z.record(z.string(), count),
  devices: z.partialRecord(z.enum(DEVICE_KINDS), share),
  countries: z.record(z.string(), share),
});
export type Counters = z.infer<typeof counters>;

/** Milliseconds; the last step is what took longer. */
export const STARTUP_STEPS = [500, 1000, 2000, 4000, 8000] as const;
/** Names of renditions that one row counts apart, beside those of usual rungs: players say them. */
export const MOST_RENDITIONS = 16;
export const OTHER_RENDITION = 'other';

export const noCounters = (): Counters => ({
  plays: 0,
  views: 0,
  completed: 0,
  failed: 0,
  watched: 0,
  again: 0,
  startups: 0,
  startup: 0,
  startupSteps: Array.from({ length: STARTUP_STEPS.length + 1 }, () => 0),
  stalls: 0,
  stalled: 0,
  seeks: 0,
  kilobits: 0,
  ratedSeconds: 0,
  errors: {},
  renditions: {},
  devices: {},
  countries: {},
});

/**
 * What of a session was counted: flags and how many seeks and errors, seconds watched and waited, and which numbers, as pairs of from
 * and to (lambdas/insight/tally.ts).
 */
export const ledgerEntry = z.tuple([count, count], count);
export const ledger = z.record(z.string(), ledgerEntry);
export type Ledger = z.infer<typeof ledger>;

/** Seconds at which watching changes: how much later than the last one, by how many watched, by how many again. */
export const heat = z.array(z.int());

/** Sessions of one row: an item of DynamoDB has 400 KB, and each write of one costs by its size. */
export const MOST_SESSIONS = 4000;
/** Pairs of numbers in the ledger of one row, before it takes no session more: three times those of players and networks as they are. */
export const MOST_PAIRS = 12_000;
/** Bytes of the heat of one row, packed: of what has more the seconds are taken together by two, by four, until it fits. */
export const HEAT_BYTES = { hour: 100_000, all: 300_000 } as const;
