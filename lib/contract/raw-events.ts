/**
 * Raw events: what players report, a row for each event, in files of Parquet that its owner asks by Athena or takes away
 * (docs/insight.md). Files and their keys, and the columns of a row. Pure.
 *
 *   events/day={YYYY-MM-DD}/hour={HH}/{name}.parquet      when it was taken in, UTC
 */

export const RAW_PREFIX = 'events/';
/** Where Athena puts what a query answered. */
export const ANSWERS_PREFIX = 'answers/';
/** Days for which an answer is there to be looked at again. */
export const ANSWER_DAYS = 7;

/** `hour`: UTC, `2026-11-29T08`. `name`: hexadecimal, of what is in it. */
export const rawKey = (hour: string, name: string): string =>
  `${RAW_PREFIX}day=${hour.slice(0, 10)}/hour=${hour.slice(11)}/${name}.parquet`;

const KEY = /^events\/day=\d{4}-\d{2}-\d{2}\/hour=\d{2}\/[0-9a-f]{32}\.parquet$/;
export const isRawKey = (key: string): boolean => KEY.test(key);

/** Types as they are called by the writer of Parquet, each with Glue's name of it. */
export const GLUE_TYPES = { STRING: 'string', INT32: 'int', BOOLEAN: 'boolean', TIMESTAMP: 'timestamp' } as const;

interface Column {
  readonly name: string;
  readonly type: keyof typeof GLUE_TYPES;
  /** In every row. */
  readonly always?: true;
  readonly says: string;
}

/** A new one goes to the end: files that are there do not have it, and answer null. */
export const RAW_COLUMNS = [
  { name: 'session', type: 'STRING', always: true, says: 'a viewing, as it is counted' },
  { name: 'sequence', type: 'INT32', always: true, says: 'number of its post in the session' },
  { name: 'place', type: 'INT32', always: true, says: 'of the event in its post, from 0' },
  { name: 'what', type: 'STRING', always: true, says: '`vod/{id}`, or `live/{device}/{channel}`' },
  { name: 'video', type: 'STRING', says: 'id of the video; null of a channel' },
  { name: 'viewer', type: 'STRING', says: 'a pseudonym; null where nobody signed in' },
  { name: 'began', type: 'TIMESTAMP', always: true, says: 'when the session did' },
  { name: 'event_time', type: 'TIMESTAMP', always: true, says: 'when it happened, by our clock' },
  { name: 'received_time', type: 'TIMESTAMP', always: true, says: 'when it was taken in; day and hour are of this' },
  { name: 'country', type: 'STRING', says: "the viewer's, by the address" },
  { name: 'device', type: 'STRING', always: true, says: 'kind of device' },
  { name: 'event', type: 'STRING', always: true, says: 'its type, as above' },
  { name: 'at_second', type: 'INT32', says: 'of the video, where the player was then; of a seek, where it went' },
  { name: 'from_second', type: 'INT32', says: 'of a seek, where it came from' },
  { name: 'startup_ms', type: 'INT32', says: 'of `first-frame`' },
  { name: 'stalled_ms', type: 'INT32', says: 'of `stall`' },
  {
    name: 'watched_seconds',
    type: 'INT32',
    says: 'of `heartbeat`: shown, for the first time, again, and where nobody says which',
  },
  { name: 'again_seconds', type: 'INT32', says: 'of them, shown again' },
  { name: 'watched', type: 'STRING', says: 'JSON: which, for the first time, as `[[from, to], …]`' },
  { name: 'again', type: 'STRING', says: 'JSON: which, again' },
  { name: 'rendition', type: 'STRING', says: 'of `heartbeat` and `rendition`' },
  { name: 'kbps', type: 'INT32', says: 'of `heartbeat`' },
  { name: 'error', type: 'STRING', says: 'kind' },
  { name: 'fatal', type: 'BOOLEAN', says: 'of `error`' },
  { name: 'reason', type: 'STRING', says: 'of `end`' },
] as const satisfies readonly Column[];

interface Values {
  readonly STRING: string;
  readonly INT32: number;
  readonly BOOLEAN: boolean;
  readonly TIMESTAMP: Date;
}
type Of = (typeof RAW_COLUMNS)[number];
/** Of whom the columns say `always` it is never null. */
export type RawRow = {
  readonly [C in Of as C['name']]: C extends { always: true } ? Values[C['type']] : Values[C['type']] | null;
};

/** Glue's names, of which there is one room for an account: lower case, digits and `_`. */
export const rawDatabase = ({ name, environment }: { readonly name: string; readonly environment: string }): string =>
  `${name}_${environment}`.replaceAll('-', '_').toLowerCase();
export const RAW_TABLE = 'events';
