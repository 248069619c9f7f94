/**
 * What somebody sees of a video, as the events that are reported of it (docs/insight.md). Pure: it is told what the element says,
 * each time with when (epoch ms) and, where it matters, where (seconds from the beginning).
 */
import type { ErrorKind, PlayerEvent } from '../../../lib/contract/player-events.ts';

/** Of one heartbeat, as the contract has it. */
const MAX_STRETCHES = 64;
/** Whole seconds from the beginning that a place may be at. */
const MAX_POSITION = 172_800;
/** ms; what takes longer was not waited for. */
const MAX_WAIT = 3_600_000;
/** ms in which nothing plays and nobody sees it. */
const UNSEEN = 100;
/** ms between two seeks that are one hand's: dragging along the time line is many. */
const ONE_HAND = 1000;
/** Seconds: who goes less far looks at a picture, or it is the player that steps over a hole. */
const STEP = 1;
/** Seconds by which the element's own clock may be ahead of ours. */
const SLACK = 1;
/** ms in which errors of a kind are one: a player tries again and again. */
const SAME_ERROR = 10_000;
/** Events that wait to be fetched: what is older is lost. */
const MAX_WAITING = 400;

type Stretch = [from: number, to: number];

interface Places {
  /** Whether there are seconds that everybody counts from: of a channel there are none, and it is told how many were shown. */
  readonly hasPlaces: boolean;
}

export class Viewing {
  readonly #hasPlaces: boolean;
  /** Seconds that were shown in this session. */
  #seen = new Set<number>();
  #events: PlayerEvent[] = [];
  #watched: Stretch[] = [];
  #again: Stretch[] = [];
  /** Of what has no places: seconds shown and not told yet. */
  #played = 0;
  /** While it moves: where it was last, and when. */
  #at: number | undefined;
  #since = 0;
  #rate = 1;
  /** Where it was last, moving or not. */
  #last = 0;
  #asked: number | undefined;
  #hasBegun = false;
  #hasEnded = false;
  #isSeeking = false;
  #waiting: number | undefined;
  #rendition: string | undefined;
  #kbps: number | undefined;
  readonly #erred = new Map<ErrorKind, number>();
  #isUrgent = false;

  constructor({ hasPlaces }: Places) {
    this.#hasPlaces = hasPlaces;
  }

  /** Whether there is something that is told at once. */
  get isUrgent(): boolean {
    return this.#isUrgent;
  }

  /** Whether there is anything to tell. */
  get isWaiting(): boolean {
    return this.#events.length + this.#watched.length + this.#again.length > 0 || this.#played >= 1;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** It is told in this session from now on, in which `seen` were shown already. */
  goOnIn(seen: Set<number>): void {
    for (const second of this.#seen) seen.add(second);
    this.#seen = seen;
  }

  /** In another session than before: nothing was shown in it yet. */
  beginAnew(seen: Set<number>): void {
    this.#seen = seen;
  }

  /** Somebody wants to watch. */
  asked(now: number): void {
    if (this.#asked !== undefined) return;
    this.#asked = now;
    this.#add({ type: 'start', at: now });
  }

  plays(now: number, at: number): void {
    this.#settle(now);
    if (!this.#hasBegun) {
      this.asked(now);
      this.#hasBegun = true;
      this.#add({ type: 'first-frame', at: now, startup: wait(now - this.#asked!) });
    }
    this.#isSeeking = false;
    this.#hasEnded = false;
    [this.#at, this.#since, this.#last] = [at, now, at];
  }

  /** While it plays and is not on its way to another place. */
  moves(now: number, at: number, rate: number): void {
    if (!this.#hasBegun) return;
    const from = this.#at;
    if (from !== undefined && at > from) {
      this.#settle(now);
      this.#isSeeking = false;
      // What is further than it can have run was jumped over.
      if (at - from <= ((now - this.#since) / 1000) * Math.max(rate, this.#rate) + SLACK) this.#show(from, at, now);
    }
    [this.#at, this.#since, this.#last, this.#rate] = [at, now, at, rate];
  }

  halts(now: number, at: number, rate: number): void {
    if (this.#at !== undefined && !this.#isSeeking) this.moves(now, at, rate);
    this.#settle(now);
    this.#at = undefined;
  }

  /** Nothing is there to be shown. */
  waits(now: number, at: number, rate: number): void {
    if (!this.#hasBegun || this.#isSeeking || this.#hasEnded || this.#waiting !== undefined) return;
    this.moves(now, at, rate);
    this.#waiting = now;
  }

  seeks(now: number, to: number): void {
    const ran = this.#at === undefined || this.#waiting !== undefined ? 0 : ((now - this.#since) / 1000) * this.#rate;
    const from = this.#last + Math.min(ran, SLACK);
    if (this.#at !== undefined && !this.#isSeeking) this.#show(this.#at, from, now);
    this.#settle(now);
    [this.#at, this.#last, this.#isSeeking] = [undefined, to, true];
    // Where it begins, and where it begins again, nobody went to.
    if (!this.#hasPlaces || !this.#hasBegun || this.#hasEnded || Math.abs(to - from) < STEP) return;
    this.#isUrgent = true;
    const before = this.#events.at(-1);
    if (before?.type === 'seek' && now - before.at < ONE_HAND) {
      this.#events[this.#events.length - 1] = { ...before, at: now, to: place(to) };
      return;
    }
    this.#beat(now);
    this.#add({ type: 'seek', at: now, from: place(from), to: place(to) });
  }

  /** `rendition`: its name; `kbps`: of it, in kbit/s. */
  shows(now: number, rendition: string | undefined, kbps: number | undefined): void {
    if (rendition === this.#rendition && kbps === this.#kbps) return;
    this.#beat(now);
    const isAnother = this.#rendition !== undefined && rendition !== undefined && rendition !== this.#rendition;
    [this.#rendition, this.#kbps] = [rendition, kbps];
    if (isAnother) this.#add({ type: 'rendition', at: now, rendition });
  }

  /** `isFatal`: nothing plays on. */
  fails(now: number, kind: ErrorKind, isFatal: boolean): void {
    if (!isFatal && now - (this.#erred.get(kind) ?? -Infinity) < SAME_ERROR) return;
    this.#erred.set(kind, now);
    if (isFatal) this.#settle(now);
    this.#isUrgent = true;
    this.#add({ type: 'error', at: now, kind, fatal: isFatal });
  }

  /** To the end of the video. */
  ends(now: number, at: number, rate: number): void {
    this.halts(now, at, rate);
    // What a channel recorded goes on with the next stretch.
    if (this.#hasPlaces) this.#end(now, 'ended');
  }

  /** Whoever watched goes. */
  leaves(now: number): void {
    this.#settle(now);
    if (this.#asked !== undefined && !this.#hasEnded) this.#end(now, 'left');
  }

  /** What is to be told, and is not kept any more. */
  take(now: number): PlayerEvent[] {
    this.#beat(now);
    const events = this.#events;
    this.#events = [];
    this.#isUrgent = false;
    return events;
  }

  #end(now: number, reason: 'ended' | 'left'): void {
    this.#beat(now);
    this.#isUrgent = true;
    this.#hasEnded = true;
    this.#add({ type: 'end', at: now, reason });
  }

  #add(event: PlayerEvent): void {
    this.#events.push(event);
    if (this.#events.length > MAX_WAITING) this.#events.shift();
  }

  /** It waits no longer. */
  #settle(now: number): void {
    const since = this.#waiting;
    this.#waiting = undefined;
    if (since === undefined || now - since < UNSEEN) return;
    this.#isUrgent = true;
    const where = this.#hasPlaces && { position: place(this.#last) };
    this.#add({ type: 'stall', at: now, ...where, lasted: wait(now - since) });
  }

  /** A second is shown when its middle was. */
  #show(from: number, to: number, now: number): void {
    if (!this.#hasPlaces) {
      this.#played += to - from;
      return;
    }
    const last = Math.min(Math.floor(to - 0.5), MAX_POSITION - 1);
    for (let second = Math.max(0, Math.floor(from - 0.5) + 1); second <= last; second += 1) this.#second(second, now);
  }

  #second(second: number, now: number): void {
    const list = () => (this.#seen.has(second) ? this.#again : this.#watched);
    const before = list().at(-1);
    if (before?.[1] === second) before[1] = second + 1;
    else {
      if (list().length >= MAX_STRETCHES) this.#beat(now);
      list().push([second, second + 1]);
    }
    this.#seen.add(second);
  }

  #beat(now: number): void {
    const played = Math.floor(this.#played);
    if (this.#watched.length + this.#again.length + played === 0) return;
    this.#add({
      type: 'heartbeat',
      at: now,
      ...(this.#hasPlaces && { position: place(this.#last) }),
      watched: this.#watched,
      again: this.#again,
      ...(played > 0 && { played }),
      ...(this.#rendition !== undefined && { rendition: this.#rendition }),
      ...(this.#kbps !== undefined && { kbps: this.#kbps }),
    });
    [this.#watched, this.#again] = [[], []];
    this.#played -= played;
  }
}

const place = (seconds: number): number => Math.min(MAX_POSITION, Math.max(0, Math.floor(seconds)));
const wait = (ms: number): number => Math.min(MAX_WAIT, Math.max(0, Math.round(ms)));
