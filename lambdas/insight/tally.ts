/** What reports add to a row: each number of a session is taken once, and no session counts for more than it can have seen. Pure. */
import {
  MOST_PAIRS,
  MOST_RENDITIONS,
  MOST_SESSIONS,
  noCounters,
  OTHER_RENDITION,
  STARTUP_STEPS,
  type Counters,
  type Ledger,
  type Share,
} from '../../lib/contract/heatmap.ts';
import { RUNGS } from '../../lib/contract/options.ts';
import { videoOfThing, type Heartbeat, type PlayerEvent, type Report } from '../../lib/contract/player-events.ts';
import { shown, type Heat } from './heat.ts';
import { MOST_GAPS, withNumber } from './seen.ts';
import { hashOf, KEPT } from './viewers.ts';

export interface Tally {
  readonly counters: Counters;
  readonly ledger: Map<string, Ledger[string]>;
  readonly heat: Heat;
  viewers: number[];
  /** Pairs of numbers of all sessions of the ledger. */
  pairs: number;
  /** It takes no session more, for good: one that was turned away is counted below, and must never be counted here, too. */
  isFull: boolean;
}

export const noTally = (): Tally => ({
  counters: noCounters(),
  ledger: new Map(),
  heat: new Map(),
  viewers: [],
  pairs: 0,
  isFull: false,
});

/** What was counted of a session once. */
const FLAGS = { viewed: 1, completed: 2, failed: 4, begun: 8 } as const;
/**
 * In the ledger how many seeks and errors were counted of a session, and how many seconds as shown for the first time, stand above its
 * flags: rows of earlier versions have none.
 */
const FLAG_VALUES = 16;
/** Seeks and errors of one session, each, that are counted. */
const MOST_TOLD = 255;

/** How much faster than time anybody watches, and seconds that clocks may differ by. */
const FASTEST = 4;
const SKEW = 60;

/** In the ledger: of the session's name what is random, and its part. 71 bits, and the row's hour. */
export const ledgerKey = (session: string): string => `${session.slice(7, 19)}${session.slice(23)}`;

/** Pairs that a session has in a row that has too many: one that follows its own numbers needs one, and one for each that comes late. */
const FEW_GAPS = 4;

/**
 * Whether this row counts the session, or is full and leaves it to another. The first one that it leaves makes it full: that is to
 * be written before the other counts.
 */
export function takes(tally: Tally, session: string): boolean {
  const { ledger } = tally;
  if (ledger.has(ledgerKey(session))) return true;
  tally.isFull ||= ledger.size >= MOST_SESSIONS || tally.pairs >= MOST_PAIRS;
  return !tally.isFull;
}

/**
 * Adds what of the report was not counted. Answers whether anything was. `now`: epoch milliseconds until which its session had time,
 * for what was reported later may have been counted before.
 */
export function add(tally: Tally, report: Report, now = report.receivedAt): boolean {
  const key = ledgerKey(report.session);
  const { counters } = tally;
  let isNew = false;
  for (const { sequence, events } of report.units) {
    const entry = tally.ledger.get(key);
    const [said, used, ...seen] = entry ?? [0, 0];
    const pairs = withNumber(seen, sequence, tally.pairs < MOST_PAIRS ? MOST_GAPS : FEW_GAPS);
    if (pairs === undefined) continue;
    tally.pairs += (pairs.length - seen.length) / 2;
    isNew = true;
    if (entry === undefined) counters.plays += 1;
    const session = sessionOf(said, used);
    const passed = Math.max(report.receivedAt, now) / 1000 - report.began + SKEW;
    for (const event of events) count(tally, report, event, session, passed);
    tally.ledger.set(key, [saidOf(session), session.used, ...pairs]);
  }
  return isNew;
}

interface Session {
  flags: number;
  seeks: number;
  errors: number;
  /** Seconds that were counted as shown for the first time. */
  first: number;
  /** Of the seconds that it can have watched. One in which nothing played is `FASTEST` of them. */
  used: number;
}

const sessionOf = (said: number, used: number): Session => {
  const told = Math.floor(said / FLAG_VALUES);
  const [values, above] = [MOST_TOLD + 1, Math.floor(told / (MOST_TOLD + 1))];
  const [errors, first] = [above % values, Math.floor(above / values)];
  return { flags: said % FLAG_VALUES, seeks: told % values, errors, first, used };
};
const saidOf = ({ flags, seeks, errors, first }: Session): number =>
  flags + FLAG_VALUES * (seeks + (MOST_TOLD + 1) * (errors + (MOST_TOLD + 1) * first));

/** `passed`: seconds that the session can have taken until now. */
function count(tally: Tally, report: Report, event: PlayerEvent, session: Session, passed: number): void {
  const { counters } = tally;
  // Nobody watches, or waits, more than there was time for: what is said beyond is not counted.
  const wasTime = (seconds: number): boolean => {
    if (session.used + seconds > passed * FASTEST) return false;
    session.used += seconds;
    return true;
  };
  const once = (flag: number): number => {
    if ((session.flags & flag) !== 0) return 0;
    session.flags |= flag;
    return 1;
  };
  const viewed = () => {
    if (once(FLAGS.viewed) === 0) return;
    counters.views += 1;
    addShare(counters, report, 0, 1);
    const hash = hashOf(report.viewer ?? report.session);
    const at = tally.viewers.findIndex((one) => one >= hash);
    if (tally.viewers[at] === hash) return;
    tally.viewers.splice(at === -1 ? tally.viewers.length : at, 0, hash);
    tally.viewers.length = Math.min(tally.viewers.length, KEPT);
  };
  switch (event.type) {
    case 'first-frame': {
      viewed();
      if (event.startup > passed * 1000 || once(FLAGS.begun) === 0) break;
      counters.startups += 1;
      counters.startup += event.startup;
      const step = STARTUP_STEPS.findIndex((most) => event.startup <= most);
      counters.startupSteps[step === -1 ? STARTUP_STEPS.length : step]! += 1;
      break;
    }
    case 'stall':
      if (!wasTime(Math.max(1, Math.ceil((event.lasted / 1000) * FASTEST)))) break;
      counters.stalls += 1;
      counters.stalled += event.lasted;
      addShare(counters, report, 2, event.lasted);
      break;
    case 'seek':
      if (session.seeks >= MOST_TOLD) break;
      session.seeks += 1;
      counters.seeks += 1;
      break;
    case 'error':
      if (event.fatal) counters.failed += once(FLAGS.failed);
      if (session.errors >= MOST_TOLD) break;
      session.errors += 1;
      counters.errors[event.kind] = (counters.errors[event.kind] ?? 0) + 1;
      break;
    case 'heartbeat': {
      const seconds = secondsOf(event);
      if (seconds === 0 || !wasTime(seconds)) break;
      viewed();
      addHeartbeat(tally, report, firstOnce(event, session, report.seconds), seconds);
      break;
    }
    case 'end':
      if (event.reason === 'ended') counters.completed += once(FLAGS.completed);
      break;
    case 'start':
    case 'rendition':
    default:
  }
}

const lengthOf = (stretches: Heartbeat['watched']): number => stretches.reduce((sum, [from, to]) => sum + to - from, 0);
const secondsOf = ({ watched, again, played = 0 }: Heartbeat): number => lengthOf(watched) + lengthOf(again) + played;

/**
 * No session sees more seconds for the first time than its video has: which it has seen in posts before is not kept, but how many.
 * `most`: undefined where nobody knows.
 */
function firstOnce(event: Heartbeat, session: Session, most: number | undefined): Heartbeat {
  if (most === undefined) return event;
  const first = session.first + lengthOf(event.watched);
  if (first > most) return { ...event, watched: [], again: [...event.watched, ...event.again] };
  session.first = first;
  return event;
}

function addHeartbeat({ counters, heat }: Tally, report: Report, event: Heartbeat, seconds: number): void {
  counters.watched += seconds;
  counters.again += lengthOf(event.again);
  addShare(counters, report, 1, seconds);
  if (event.kbps !== undefined) {
    counters.kilobits += event.kbps * seconds;
    counters.ratedSeconds += seconds;
  }
  if (event.rendition !== undefined) addRendition(counters.renditions, event.rendition, seconds);
  // A channel has no seconds that everybody counts from.
  if (videoOfThing(report.what) === undefined) return;
  for (const stretch of event.watched) shown(heat, stretch, 0);
  for (const stretch of event.again) shown(heat, stretch, 1);
}

function addShare({ devices, countries }: Counters, { device, country }: Report, which: 0 | 1 | 2, by: number): void {
  (devices[device] ??= noShare())[which] += by;
  (countries[country ?? 'ZZ'] ??= noShare())[which] += by;
}

const noShare = (): Share => [0, 0, 0];

/** Those of the rungs that are made most, of channels and of what they recorded: whoever invents others leaves them theirs. */
const USUAL = new Set([...RUNGS.map((lines) => `${lines}p`), 'live', 'main', OTHER_RENDITION]);
/** A source that is no such size, or is copied, has a rung of its own lines. */
const RUNG = /^[0-9]{2,4}p$/;

/** Under its name; under one that no ladder has, or that is one of too many odd ones, with all others. */
function addRendition(renditions: Counters['renditions'], name: string, seconds: number): void {
  const isKept = (one: string): boolean => USUAL.has(one) || Object.hasOwn(renditions, one);
  const isRoom = () => Object.keys(renditions).filter((one) => !USUAL.has(one)).length < MOST_RENDITIONS;
  const under = isKept(name) || (RUNG.test(name) && isRoom()) ? name : OTHER_RENDITION;
  renditions[under] = (Object.hasOwn(renditions, under) ? renditions[under]! : 0) + seconds;
}

/** One row's counters with another's. */
export function addCounters(sum: Counters, other: Counters): void {
  for (const [name, value] of Object.entries(other) as [keyof Counters, Counters[keyof Counters]][]) {
    if (name === 'renditions')
      for (const [one, seconds] of Object.entries(other.renditions)) addRendition(sum.renditions, one, seconds);
    else if (typeof value === 'number') (sum[name] as number) += value;
    else if (Array.isArray(value)) addTo(sum[name] as number[], value);
    else addRecord(sum[name] as Record<string, number | number[]>, value);
  }
}

function addTo(sum: number[], values: readonly number[]): void {
  for (const [index, value] of values.entries()) sum[index] = (sum[index] ?? 0) + value;
}

function addRecord(sum: Record<string, number | number[]>, values: Readonly<Record<string, number | number[]>>): void {
  for (const [name, value] of Object.entries(values)) {
    const there = Object.hasOwn(sum, name) ? sum[name] : undefined;
    if (typeof value === 'number') sum[name] = ((there as number | undefined) ?? 0) + value;
    else addTo((sum[name] = (there as number[] | undefined) ?? []), value);
  }
}
