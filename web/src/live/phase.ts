/** What a tile does next and what it says of it. Pure: nothing is fetched here. */
import type { LiveStateAnswer } from '../../../lib/contract/device-api.ts';
import { ApiProblem } from '../api/problem.ts';
import { isOver } from '../shared/signature.ts';
import { moment } from '../fleet/words.ts';

export type Phase =
  /** Out of view: nothing is asked for. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting' }
  /** `behind`: seconds between what happens and what is shown; undefined where the browser does not say. */
  | { readonly kind: 'live'; readonly behind?: number }
  /**
   * It was live, and since `since` (epoch ms) no new picture has been shown; `isOffline`: this browser has no network;
   * `isBlind`: nor was there one before, only sound.
   */
  | { readonly kind: 'still'; readonly since: number; readonly isOffline: boolean; readonly isBlind?: boolean }
  | { readonly kind: 'offline'; readonly since?: string; readonly reason?: string }
  | { readonly kind: 'busy'; readonly reason?: string }
  /** Something went wrong that may pass; `retryAt` is epoch milliseconds, undefined where it waits for a network. */
  | { readonly kind: 'lost'; readonly message: string; readonly retryAt?: number }
  /** Asking again would not help. */
  | { readonly kind: 'refused'; readonly message: string };

/** Milliseconds until the state is asked for again. A busy device is asked anew by the API after ten seconds. */
const ASK_AGAIN = { starting: 1000, offline: 10_000, busy: 10_000 } as const;

/** What an answer means, and when to ask again (ms); `live` means: play. */
export function phaseOf(answer: LiveStateAnswer): { readonly phase: Phase; readonly askIn?: number } {
  const { state, since, reason } = answer;
  switch (state) {
    case 'starting':
      return { phase: { kind: 'starting' }, askIn: ASK_AGAIN.starting };
    case 'offline':
      return {
        phase: { kind: 'offline', ...(since !== undefined && { since }), ...(reason !== undefined && { reason }) },
        askIn: ASK_AGAIN.offline,
      };
    case 'busy':
      return { phase: { kind: 'busy', ...(reason !== undefined && { reason }) }, askIn: ASK_AGAIN.busy };
    default:
      // Live, but not yet on the screen.
      return { phase: { kind: 'starting' } };
  }
}

/** Milliseconds before try number `attempt` (from 0): from one second to half a minute, spread so that tiles do not all come at once. */
export const delayOf = (attempt: number, random: number): number =>
  Math.round(Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10)) * (0.75 + random / 2));

const OFFLINE = 'This browser is offline.';

/** A call that failed, or a player that gave up. */
export function phaseOfFailure(error: unknown, delay: number, now: number, isOffline = false): Phase {
  if (isOffline) return { kind: 'lost', message: OFFLINE, retryAt: now + delay };
  if (error instanceof ApiProblem) {
    if (error.status === 404 || error.status === 403) {
      return {
        kind: 'refused',
        message: 'This channel is not there any more, or not yours to see. Choose another one.',
      };
    }
    if (error.status === 400 || isOver(error)) return { kind: 'refused', message: error.message };
    return { kind: 'lost', message: error.message, retryAt: now + delay };
  }
  return { kind: 'lost', message: 'The stream broke off.', retryAt: now + delay };
}

/** Of a channel whose policy is `never`: nothing is asked for. */
export const NEVER: Phase = {
  kind: 'refused',
  message: 'This channel is set to send nothing live. An administrator can change that in the settings of the device.',
};

export const UNDECODABLE =
  'This browser cannot decode what the device sends. Set the device to H.264, or use a browser that plays H.265.';

/** Seconds by which the pictures' own clock may say more than the playlist does: segments are made, sent and found in less. */
const ON_THE_WAY = 10;

/**
 * Seconds between what happens and what is shown. `latency`: how far it is to the newest segment's end, which is too
 * little, since that has been on its way. `playing`: when the picture on show was taken, by the device's clock, which is
 * believed as far as it can be.
 */
export function behindOf(latency: number | undefined, playing: number | undefined, now: number): number | undefined {
  const least = latency !== undefined && latency > 0 ? latency : undefined;
  const byClock = playing === undefined ? undefined : (now - playing) / 1000;
  if (byClock === undefined || least === undefined) return least;
  return byClock >= least && byClock <= least + ON_THE_WAY ? byClock : least;
}

/** ms without a new picture after which nothing is called live any more: less than three seconds, looks included. */
const STILL = 2_200;
/** ms between two looks. */
export const LOOK = 500;

/** ms that somebody who looks again at a page waits for the first new picture. */
const GLANCE = 1_000;

/** What a video says of its pictures. */
export interface Shown {
  /** How many it has shown, by any count that only grows. */
  readonly pictures: number;
  /** Then a new one is where it was sent to, and nothing moves. */
  readonly isPaused: boolean;
  /** Of a page that nobody sees a browser need not show any: then none is missed. */
  readonly isHidden: boolean;
}

/** What the pictures do: there was none yet, they move, or the same one stands since `since` (epoch ms). */
export type Motion =
  | { readonly kind: 'none' }
  | { readonly kind: 'moving' }
  | { readonly kind: 'standing'; readonly since: number };

export const NONE: Motion = { kind: 'none' };

/** When the last new picture was shown, by a video's own count of them: neither what was fetched says so, nor the API. */
export class Pictures {
  #count = 0;
  #last: number | undefined;
  #began: number | undefined;
  #glance = 0;

  /** Any difference of the count is news: a video that was set up anew counts from nothing. `now`: epoch ms, as everywhere. */
  look({ pictures, isPaused, isHidden }: Shown, now: number): void {
    if (pictures !== this.#count && !isPaused) this.#last = now;
    if (isHidden) this.#glance = now + GLANCE;
    this.#count = pictures;
  }

  /** It is said to play: from now on there is time for the first, which of sound alone never comes. */
  begin(now: number): void {
    this.#began ??= now;
  }

  /** Another stream, or none: of the `pictures` counted until now none says anything of it. */
  forget(pictures: number): void {
    this.#count = pictures;
    this.#last = undefined;
    this.#began = undefined;
  }

  motion(now: number): Motion {
    const since = this.#last ?? this.#began;
    if (since === undefined) return NONE;
    if (now > Math.max(since + STILL, this.#glance)) return { kind: 'standing', since };
    return { kind: this.#last === undefined ? 'none' : 'moving' };
  }
}

interface Circumstances {
  readonly isOffline: boolean;
  /** Whether it has no picture at all, only sound. */
  readonly isBlind: boolean;
  readonly behind: number | undefined;
}

/**
 * What a tile says. Pictures are believed before anybody's word: what moves is live, what has moved stands; only where
 * there was none yet does it matter what was told last, by the API or by a failure.
 */
export function phaseOnShow(told: Phase, motion: Motion, { isOffline, isBlind, behind }: Circumstances): Phase {
  switch (motion.kind) {
    case 'moving':
      return { kind: 'live', ...(behind !== undefined && { behind }) };
    case 'standing':
      return { kind: 'still', since: motion.since, isOffline, isBlind };
    default:
      return told.kind === 'starting' && isOffline ? { kind: 'lost', message: OFFLINE } : told;
  }
}

/** A few words for the corner of the tile. */
export function wordsOf(phase: Phase, now: number): string {
  switch (phase.kind) {
    case 'idle':
      return 'Not in view';
    case 'starting':
      return 'Starting';
    case 'live':
      return phase.behind === undefined ? 'Live' : `Live, ${Math.max(0, Math.round(phase.behind))} s behind`;
    case 'still':
      if (phase.isBlind === true) return 'No picture';
      return `No new picture for ${Math.max(2, Math.round((now - phase.since) / 1000))} s`;
    case 'offline':
      return phase.since === undefined ? 'Offline' : `Offline since ${moment(phase.since, now)}`;
    case 'busy':
      return 'Busy';
    case 'lost':
      return phase.message === OFFLINE ? 'No network' : 'Broken off';
    default:
      return 'Not shown';
  }
}

/** A sentence for its middle: why there is no picture and what happens next. */
export function sentenceOf(phase: Phase, now: number): string | undefined {
  switch (phase.kind) {
    case 'starting':
      return 'Asking the device for pictures.';
    case 'still':
      return phase.isOffline
        ? `${OFFLINE} It goes on as soon as there is a network again.`
        : phase.isBlind === true
          ? 'Nothing but sound has come so far.'
          : 'This is the last one that came. It goes on as soon as there is another.';
    case 'offline':
      return `${phase.reason ?? 'The device sends nothing.'} It is shown as soon as it comes back.`;
    case 'busy':
      return `${phase.reason ?? 'The device cannot send this channel now.'} Trying again every 10 s.`;
    case 'lost': {
      if (phase.retryAt === undefined) return `${phase.message} It goes on as soon as there is a network again.`;
      const seconds = Math.ceil((phase.retryAt - now) / 1000);
      return `${phase.message} ${seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again.'}`;
    }
    case 'refused':
      return phase.message;
    default:
      return undefined;
  }
}
