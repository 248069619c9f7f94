/**
 * What 1,000 viewers ask for in an hour, in both designs, as hls.js asks (1.7: RFC 8216bis 6.3.4): a multivariant playlist
 * once, each media playlist it plays once, a live one again one target duration after it changed and half of one after it did
 * not. Simulated, second by second, on a clock of its own; arrivals and changes of rung come from a seeded generator. Pure.
 */
import { renewIn } from '../../web/src/shared/signature.ts';
import { SEGMENT_SECONDS } from './film.ts';

export interface Asked {
  /** Requests that a function answers: the first one, media playlists in the usual design, renewals. */
  readonly first: number;
  readonly playlists: number;
  readonly renewals: number;
  /** Requests that the edge answers by itself, the running of its function included. */
  readonly edge: number;
}

export interface Plan {
  readonly viewers: number;
  readonly hours: number;
  /** `ours`: media playlists come from the edge; `perUrl`: a function makes each. */
  readonly design: 'ours' | 'perUrl';
  readonly live?: {
    readonly segmentSeconds: number;
    /** Life of a signature, which our player renews while it watches. */
    readonly signatureMinutes: number;
    /** Longest that the edge keeps a playlist, s: how much later a change is seen. */
    readonly playlistCacheSeconds: number;
  };
  /** Life of a film's signature, hours, which our player renews while it watches. */
  readonly signatureHours: number;
  /** Of a film. */
  readonly segmentSeconds?: number;
}

/** Changes of rung an hour: hls.js begins in the middle, finds its rung within seconds, and seldom leaves it. */
const RUNGS_PLAYED = 3;

/** Of all viewers together, an hour of each. */
export function ask(plan: Plan): Asked {
  const random = seeded(42);
  const sum = { first: 0, playlists: 0, renewals: 0, edge: 0 };
  for (let i = 0; i < plan.viewers; i += 1) {
    const of = plan.live === undefined ? film(plan) : live(plan, plan.live, random());
    for (const key of Object.keys(sum) as (keyof Asked)[]) sum[key] += of[key];
  }
  return sum;
}

function film({ design, hours, signatureHours, segmentSeconds = SEGMENT_SECONDS }: Plan): Asked {
  // Pictures of each rung that was played, and sound.
  const playlists = RUNGS_PLAYED + 1;
  const segments = 2 * ((hours * 3600) / segmentSeconds) + playlists;
  const renewals = design === 'ours' ? renewalsIn(hours * 3_600_000, signatureHours * 3_600_000) : 0;
  return design === 'ours'
    ? { first: 1, playlists: 0, renewals, edge: segments + playlists }
    : { first: 1, playlists, renewals, edge: segments };
}

function live(
  { design, hours }: Plan,
  { segmentSeconds, signatureMinutes, playlistCacheSeconds }: Required<Plan>['live'],
  phase: number,
): Asked {
  const seconds = hours * 3600;
  let reloads = 0;
  let seen = -1;
  for (let at = phase * segmentSeconds; at < seconds;) {
    reloads += 1;
    // From a cache it is as old as the cache lets it be; a function reads the newest.
    const age = design === 'ours' ? phase * playlistCacheSeconds : 0;
    const newest = Math.floor((at - age) / segmentSeconds);
    at += newest > seen ? segmentSeconds : segmentSeconds / 2;
    seen = newest;
  }
  const segments = seconds / segmentSeconds + 1;
  const renewals = design === 'ours' ? renewalsIn(seconds * 1000, signatureMinutes * 60_000) : 0;
  return design === 'ours'
    ? { first: 2, playlists: 0, renewals, edge: segments + reloads }
    : { first: 2, playlists: reloads, renewals, edge: segments };
}

/** By the rule of the player that is shipped (web/src/shared/signature.ts). */
function renewalsIn(milliseconds: number, life: number): number {
  const every = renewIn(life, 0);
  return Math.floor((milliseconds - 1) / every);
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
