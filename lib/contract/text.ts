/**
 * Text and times that come from strangers: what every schema of a request is made of. Lengths are looked at first, since
 * zod stops there only if it is told to (`abort`), and what follows reads the whole text. Records are read by schemas
 * that ask for less: what was stored before a rule was made stays readable. Characters are code points, as zod counts them:
 * four bytes of UTF-8 at most.
 */
import { z } from 'zod';

/**
 * Half a surrogate pair is no character. JSON can spell one, UTF-8 cannot (RFC 3629 3), so DynamoDB and S3 refuse it or
 * give back something else.
 */
const isWellFormed = (text: string): boolean => text.isWellFormed();
const WELL_FORMED = 'holds half a surrogate pair, which is no character';

const CONTROL = /\p{Cc}/u;
/** Tab, line feed and carriage return may stand in text of many lines. */
const CONTROL_BUT_LINES = /(?![\t\n\r])\p{Cc}/u;

const bounded = (min: number, max: number) =>
  z.string().min(min, { abort: true, error: 'must not be empty' }).max(max, { abort: true });

/** Any characters, control characters too: names of files, which are kept as they are. `max` counts characters. */
export const characters = (max: number) => bounded(1, max).refine(isWellFormed, { error: WELL_FORMED, abort: true });

/** A name, title, tag or subject: one line that says something. `max` counts characters. */
export const line = (max: number) =>
  characters(max)
    .refine((text) => !CONTROL.test(text), { error: 'must be one line without control characters', abort: true })
    .refine((text) => text.trim() !== '', 'must not be blank');

/** Text of many lines; may be empty. `max` counts characters. */
export const lines = (max: number) =>
  bounded(0, max)
    .refine(isWellFormed, { error: WELL_FORMED, abort: true })
    .refine((text) => !CONTROL_BUT_LINES.test(text), 'must have no control characters but line breaks and tabs');

/** Token characters of RFC 6838 4.2, so that it can stand in a header; `;` and parameters may follow in visible ASCII. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(\s?;[ -~]*)?$/i;

/** A media type as RFC 6838 writes one, e.g. `video/mp4`; parameters are allowed. */
export const mediaType = bounded(1, 255).regex(MEDIA_TYPE, 'must be a media type, e.g. `video/mp4`');

/** Opaque, as this API gave it out: a cursor or a token. */
export const opaque = (max: number) => bounded(1, max).regex(/^[A-Za-z0-9._~=-]+$/, 'is not one this API gave out');

/** Years the platform knows. Text of other years sorts differently, and arithmetic on it leaves the calendar. */
const FIRST = Date.UTC(1970, 0, 1);
const LAST = Date.UTC(2200, 0, 1);
const isInRange = (text: string): boolean => {
  const at = Date.parse(text);
  return at >= FIRST && at < LAST;
};

const YEARS = 'must lie between the years 1970 and 2199';
/** ISO 8601 takes any number of digits behind the second's point: nobody's clock has more than nine. */
const LONGEST_TIME = '1970-01-01T00:00:00.000000000+00:00'.length;
const time = z.string().max(LONGEST_TIME, { abort: true });
/** ISO 8601 with its offset, or Z. */
export const instant = time.check(z.iso.datetime({ offset: true, abort: true })).refine(isInRange, YEARS);
/** ISO 8601 in UTC. */
export const utcInstant = time.check(z.iso.datetime({ abort: true })).refine(isInRange, YEARS);

/** Whether `to` is later than `from`, by `maxHours` at most. Wrong times are said where they are. */
const isInOrder = (value: unknown, maxHours: number): boolean => {
  const { from, to } = value as { from?: string; to?: string };
  if (from === undefined || to === undefined) return true;
  const length = Date.parse(to) - Date.parse(from);
  return Number.isNaN(length) || (length > 0 && length <= maxHours * 3_600_000);
};

/** For `superRefine` of what has `from` and `to`: says at `to` what is wrong with them. Without `maxHours`: any length. */
export const inOrder =
  (maxHours = Infinity) =>
  (value: unknown, context: z.RefinementCtx): void => {
    if (isInOrder(value, maxHours)) return;
    const most = maxHours === Infinity ? '' : `, by ${maxHours} hours at most`;
    context.addIssue({ code: 'custom', path: ['to'], message: `must be later than \`from\`${most}` });
  };

/** What somebody calls a thing, as one line of at most `max` characters: whatever is no text becomes a space. */
export const oneLine = (text: string, max: number): string =>
  cut(text.replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ').trim(), max).trim();

/** The first `max` characters of `text`, none of them halved. */
export const cut = (text: string, max: number): string =>
  text.length <= max ? text : Array.from(text).slice(0, max).join('');
