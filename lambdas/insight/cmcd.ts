/**
 * Reports of CMCD version 2, event mode (CTA-5004-B), as hls.js, Shaka and dash.js send them: a line each, a dictionary of
 * structured fields (RFC 9651). What a platform counts is made of them: a report says where a player is and how it is, so what
 * was shown lies between two of them. Pure.
 */
import { decodeCmcd, type Cmcd } from '@svta/cml-cmcd';
import { z } from 'zod';
import {
  CMCD_SEQUENCE,
  MAX_EVENTS,
  MAX_POSITION,
  MAX_SEQUENCE,
  type ErrorKind,
  type PlayerEvent,
} from '../../lib/contract/player-events.ts';
import { refusedField } from '../shared/errors.ts';
import type { Units } from './units.ts';

/** Seconds between two reports of the time where nobody says otherwise (CTA-5004-B, "Time Interval"). */
export const DEFAULT_EVERY = 30;
/** Characters of one report: a dozen times those of a real one. */
const MAX_LINE = 8192;
/** Milliseconds by which where a player is may differ from where it would be after so long. */
const TOLERANCE = 2000;

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
type Known = z.infer<typeof known>;

/** Throws `invalid-request` naming the line. `every`: seconds between reports of the time. */
export function readCmcd(body: string, every: number): Units {
  const lines = body.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length === 0) throw refusedField('body', 'has no events');
  if (lines.length > MAX_EVENTS) throw refusedField('body', `has more than ${MAX_EVENTS} reports`);
  const reports = lines.map((line, index) => knownOf(line, index + 1)).toSorted((a, b) => a.sn - b.sn);
  const units: { sequence: number; events: PlayerEvent[] }[] = [];
  let before: Known | undefined;
  for (const one of reports) {
    const events = eventsOf(one, before, every);
    if (events.length > 0) units.push({ sequence: CMCD_SEQUENCE + one.sn, events });
    before = one;
  }
  // What says nothing that is counted is taken all the same: its player would send it again.
  return { units, now: Math.max(...reports.map(({ ts }) => ts)) };
}

function knownOf(line: string, number: number): Known {
  if (line.length > MAX_LINE) throw refusedField(`body.${number}`, `is longer than ${MAX_LINE} characters`);
  let decoded: Cmcd;
  try {
    decoded = decodeCmcd(line) as Cmcd;
  } catch (cause) {
    throw refusedField(`body.${number}`, 'is no dictionary of structured fields (RFC 9651)', cause);
  }
  const { br, bsd, ec } = decoded;
  const parsed = known.safeParse({ ...decoded, br: largest(br), bsd: largest(bsd), ec: ec?.[0] });
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

function eventsOf(one: Known, before: Known | undefined, every: number): PlayerEvent[] {
  const at = Math.round(one.ts);
  const events: PlayerEvent[] = [];
  if (one.e === 'ps' && one.sta === 's') events.push({ type: 'start', at });
  if (one.msd !== undefined) events.push({ type: 'first-frame', at, startup: Math.round(one.msd) });
  const watched = shown(one, before, every);
  if (watched !== undefined)
    events.push({
      type: 'heartbeat',
      at,
      watched: [watched],
      again: [],
      ...(one.br !== undefined && { kbps: Math.round(one.br) }),
    });
  const stalled = one.bsd ?? (before?.sta === 'r' && one.sta !== 'r' ? one.ts - before.ts : undefined);
  if (stalled !== undefined && stalled > 0)
    events.push({ type: 'stall', at, lasted: Math.round(Math.min(stalled, 3_600_000)) });
  if (one.e === 'ps' && one.sta === 'k' && one.pt !== undefined)
    events.push({ type: 'seek', at, to: Math.floor(one.pt / 1000) });
  if (one.e === 'e' || one.sta === 'f')
    events.push({ type: 'error', at, kind: kindOf(one.ec), fatal: one.sta === 'f' });
  if (one.e === 'ps' && (one.sta === 'e' || one.sta === 'q'))
    events.push({ type: 'end', at, reason: one.sta === 'e' ? 'ended' : 'left' });
  return events;
}

/** Whole seconds that were shown until this report: since the one before, or since as long as its player waits between two. */
function shown(one: Known, before: Known | undefined, every: number): [number, number] | undefined {
  if (one.pt === undefined) return undefined;
  const rate = one.pr ?? 1;
  let from: number | undefined;
  if (before?.pt !== undefined && before.sta === 'p') {
    const ran = (one.ts - before.ts) * (before.pr ?? rate);
    if (Math.abs(one.pt - before.pt - ran) <= TOLERANCE) from = before.pt;
  } else if (before === undefined && one.e === 't' && one.sta === 'p') from = Math.max(0, one.pt - every * 1000 * rate);
  if (from === undefined) return undefined;
  const stretch: [number, number] = [Math.floor(from / 1000), Math.floor(one.pt / 1000)];
  return stretch[0] < stretch[1] ? stretch : undefined;
}

const KINDS: readonly (readonly [ErrorKind, RegExp])[] = [
  ['network', /net|http|timeout|frag|segment|load/i],
  ['manifest', /manifest|playlist|mpd|level/i],
  ['drm', /drm|eme|key|licen[cs]e/i],
  ['decode', /decod|codec|buffer|mse|media/i],
];

/** Players write codes of their own: a word in them tells what they are about. */
const kindOf = (code: string | undefined): ErrorKind =>
  KINDS.find(([, words]) => code !== undefined && words.test(code))?.[0] ?? 'other';
