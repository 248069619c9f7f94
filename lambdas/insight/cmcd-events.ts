/**
 * What a platform counts, made of one post's reports of CMCD in the order in which its player wrote them: a report says how a player
 * is and perhaps where, so what was shown, and what was waited for, lies between two of them. Pure.
 */
import { type ErrorKind, type PlayerEvent } from '../../lib/contract/player-events.ts';

/** Milliseconds by which where a player is may differ from where it would be after so long. */
const TOLERANCE = 2000;
/** Milliseconds that anybody waits. */
const MAX_WAIT = 3_600_000;
/** Times `every` that may lie between two reports: after that the device slept, and nothing played and nobody waited. */
const AWAKE = 3;

/** What is read of one report (cmcd.ts); names are CTA-5004-B's. */
export interface Known {
  readonly e: string;
  readonly sn: number;
  readonly ts: number;
  readonly sta?: string | undefined;
  readonly pt?: number | undefined;
  readonly pr?: number | undefined;
  readonly msd?: number | undefined;
  readonly br?: number | undefined;
  readonly bsd?: number | undefined;
  readonly ec?: string | undefined;
}

export class CmcdSession {
  readonly #every: number;
  #before: Known | undefined;
  /** Milliseconds since the first report, without those in which the device slept. */
  #time = 0;
  /** Of them, when it was told that somebody wants to watch, and since when nothing plays though it should. */
  #started: number | undefined;
  #waits: number | undefined;
  /** Whether what it waits for is another place, or the first picture. */
  #isOnItsWay = true;
  /** Milliseconds shown, of which nobody said where, and less than a second. */
  #rest = 0;

  /** `every`: seconds between two reports of the time. */
  constructor(every: number) {
    this.#every = every;
  }

  /** Reports by their `sn`. */
  take(one: Known): PlayerEvent[] {
    const at = Math.round(one.ts);
    const before = this.#before;
    const passed = this.#passed(one);
    this.#time += passed;
    // Whether it has played before its post began is not known, but of the first one.
    if (before === undefined) this.#isOnItsWay = one.sn === 0;
    const events: PlayerEvent[] = [];
    const isNew = one.sta !== before?.sta;
    if (one.e === 'ps' && one.sta === 's') {
      events.push({ type: 'start', at });
      this.#started ??= this.#time;
    }
    const began = isNew && one.sta === 'p' ? this.#sinceStart() : undefined;
    const startup = one.msd ?? began;
    if (startup !== undefined) events.push({ type: 'first-frame', at, startup: waited(startup) });
    const shown = this.#shown(one, passed);
    if (shown !== undefined)
      events.push({
        type: 'heartbeat',
        at,
        again: [],
        ...shown,
        ...(one.br !== undefined && { kbps: Math.round(one.br) }),
      });
    const stalled = this.#stalled(one);
    if (stalled !== undefined && stalled > 0) events.push({ type: 'stall', at, lasted: waited(stalled) });
    if (one.e === 'ps' && one.sta === 'k' && isNew)
      events.push({ type: 'seek', at, ...(one.pt !== undefined && { to: Math.floor(one.pt / 1000) }) });
    // The state that follows on one, `ps` with `sta=f`, says the same once more and not of what kind.
    if (one.e === 'e') events.push({ type: 'error', at, kind: kindOf(one.ec), fatal: one.sta === 'f' });
    if (one.e === 'ps' && (one.sta === 'e' || one.sta === 'q'))
      events.push({ type: 'end', at, reason: one.sta === 'e' ? 'ended' : 'left' });
    this.#before = one;
    return events;
  }

  /** Milliseconds since the report before, as long as anybody was awake to report. */
  #passed({ ts }: Known): number {
    return Math.min(this.#every * 1000 * AWAKE, Math.max(0, ts - (this.#before?.ts ?? ts)));
  }

  #sinceStart(): number | undefined {
    const since = this.#started;
    this.#started = undefined;
    return since === undefined ? undefined : this.#time - since;
  }

  /** How long nothing played, once that is over: as it says itself, or since it said that it waits. */
  #stalled({ sta, bsd }: Known): number | undefined {
    const since = this.#waits;
    if (sta === 'k' || sta === 's') this.#isOnItsWay = true;
    if (sta === 'r') this.#waits ??= this.#time;
    else this.#waits = undefined;
    const isOnItsWay = this.#isOnItsWay;
    if (sta === 'p') this.#isOnItsWay = false;
    if (bsd !== undefined) return bsd;
    return since === undefined || sta === 'r' || isOnItsWay ? undefined : this.#time - since;
  }

  /** What was shown until this report: since the one before, or since as long as its player waits between two. */
  #shown(one: Known, passed: number): { watched: [number, number][]; played?: number } | undefined {
    const before = this.#before;
    const rate = one.pr ?? 1;
    if (before === undefined) {
      if (one.e !== 't' || one.sta !== 'p') return undefined;
      const ran = this.#every * 1000 * rate;
      return one.pt === undefined ? this.#somewhere(ran) : between(Math.max(0, one.pt - ran), one.pt);
    }
    if (before.sta !== 'p') return undefined;
    const speed = before.pr ?? rate;
    const ran = passed * speed;
    if (before.pt === undefined || one.pt === undefined) return this.#somewhere(ran);
    // Reports may be lost on their way: who is where that long leads has watched until there.
    if (Math.abs(one.pt - before.pt - (one.ts - before.ts) * speed) <= TOLERANCE) return between(before.pt, one.pt);
    // Where a seek leads is where it is already: until then it played on.
    return one.sta === 'k' ? between(before.pt, before.pt + ran) : undefined;
  }

  #somewhere(ms: number): { watched: [number, number][]; played: number } | undefined {
    this.#rest += ms;
    const played = Math.min(MAX_WAIT / 1000, Math.floor(this.#rest / 1000));
    this.#rest -= played * 1000;
    return played === 0 ? undefined : { watched: [], played };
  }
}

/** Whole seconds from one place to another, milliseconds each. */
function between(from: number, to: number): { watched: [number, number][] } | undefined {
  const stretch: [number, number] = [Math.floor(from / 1000), Math.floor(to / 1000)];
  return stretch[0] < stretch[1] ? { watched: [stretch] } : undefined;
}

const waited = (ms: number): number => Math.round(Math.min(MAX_WAIT, Math.max(0, ms)));

const KINDS: readonly (readonly [ErrorKind, RegExp])[] = [
  ['network', /net|http|timeout|frag|segment|load/i],
  ['manifest', /manifest|playlist|mpd|level/i],
  ['drm', /drm|eme|key|licen[cs]e/i],
  ['decode', /decod|codec|buffer|mse|media/i],
];

/** Players write codes of their own: a word in them tells what they are about. */
const kindOf = (code: string | undefined): ErrorKind =>
  KINDS.find(([, words]) => code !== undefined && words.test(code))?.[0] ?? 'other';
