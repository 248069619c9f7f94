/**
 * Reports of CMCD version 2, event mode (CTA-5004-B), as hls.js, Shaka and dash.js send them: a line each, a dictionary of
 * structured fields (RFC 9651). What a platform counts of them: cmcd-events.ts. Pure.
 */
import { decodeCmcd, type Cmcd } from '@svta/cml-cmcd';
import { z } from 'zod';
import {
  CMCD_SEQUENCE,
  MAX_EVENTS,
  MAX_POSITION,
  MAX_SEQUENCE,
  type PlayerEvent,
} from '../../lib/contract/player-events.ts';
import { refusedField } from '../shared/errors.ts';
import { CmcdSession, type Known } from './cmcd-events.ts';
import type { Units } from './units.ts';

/** Seconds between two reports of the time where nobody says otherwise (CTA-5004-B, "Time Interval"). */
export const DEFAULT_EVERY = 30;
/** What a page says in place of `pt`, where its player leaves that out and takes keys of one's own (CTA-5004-B, "Custom Keys"). */
const PLACE = 'io.sluice-pt';
/** Characters of one report: a dozen times those of a real one. */
const MAX_LINE = 8192;

const milliseconds = z.number().min(0).max(4_102_444_800_000);
const known = z.object({
  /** `Infinity` and fractions are in what a stranger may write. */
  e: z.string().max(10),
  sn: z.int().min(0).max(MAX_SEQUENCE),
  ts: milliseconds,
  sta: z.string().max(10).optional(),
  pt: z
    .number()
    .min(0)
    .max(MAX_POSITION * 1000)
    .optional()
    .catch(undefined),
  pr: z.number().min(0).max(16).optional().catch(undefined),
  msd: z.number().min(0).max(3_600_000).optional().catch(undefined),
  br: z.number().min(1).max(1_000_000).optional().catch(undefined),
  bsd: z.number().min(0).max(3_600_000).optional().catch(undefined),
  ec: z.string().max(200).optional().catch(undefined),
});

/** Throws `invalid-request` naming the line. `every`: seconds between reports of the time. */
export function readCmcd(body: string, every: number): Units {
  const lines = body.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw refusedField('body', 'has no events');
  if (lines.length > MAX_EVENTS) throw refusedField('body', `has more than ${MAX_EVENTS} reports`);
  const reports = lines.map((line, index) => knownOf(line, index + 1)).toSorted((a, b) => a.sn - b.sn);
  const units: { sequence: number; events: PlayerEvent[] }[] = [];
  const session = new CmcdSession(every);
  let isCounted = false;
  for (const one of reports) {
    const events = session.take(one);
    units.push({ sequence: CMCD_SEQUENCE + one.sn, events });
    // Of what says nothing that is counted the number is known all the same, or there would be ever more gaps.
    if (events.length > 0 || isOfViewing(one)) isCounted = true;
  }
  return { units: isCounted ? units : [], now: Math.max(...reports.map(({ ts }) => Math.round(ts))) };
}

/** Whether somebody watches, or did: not while a player only loads, and not what comes with each segment. */
const isOfViewing = ({ e, sta }: Known): boolean => e !== 'rr' && sta !== undefined && sta !== 'd';

function knownOf(line: string, number: number): Known {
  if (line.length > MAX_LINE) throw refusedField(`body.${number}`, `is longer than ${MAX_LINE} characters`);
  let decoded: Cmcd;
  try {
    decoded = decodeCmcd(line) as Cmcd;
  } catch (cause) {
    throw refusedField(`body.${number}`, 'is no dictionary of structured fields (RFC 9651)', cause);
  }
  const { br, bsd, ec, pt, [PLACE]: place } = decoded as Readonly<Record<string, unknown>>;
  const parsed = known.safeParse({ ...decoded, pt: pt ?? place, br: largest(br), bsd: largest(bsd), ec: code(ec) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refusedField(`body.${number}.${issue!.path.join('.')}`, issue!.message);
}

/** Of picture and sound, as an inner list has them, what is more. */
function largest(list: unknown): number | undefined {
  if (!Array.isArray(list)) return typeof list === 'number' ? list : undefined;
  const values = list.map((one: unknown) =>
    typeof one === 'object' && one !== null ? (one as { value?: unknown }).value : one,
  );
  const numbers = values.filter((value): value is number => typeof value === 'number');
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

/** The first of an inner list, as the standard has it; or what a player wrote in its place: a number, say. */
function code(ec: unknown): string | undefined {
  const first: unknown = Array.isArray(ec) ? ec[0] : ec;
  const value = typeof first === 'object' && first !== null ? (first as { value?: unknown }).value : first;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : undefined;
}
