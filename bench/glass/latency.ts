/** From what was shown and what was sent: how late pictures came, and what went wrong meanwhile. Pure. */
import type { Shown, Viewing } from '../../test/support/viewing.ts';
import { longestStandstill } from '../../test/support/viewing.ts';
import { quantile, round } from '../ingest/figures.ts';

/** A loop of stamped pictures as it is sent. */
export interface Source {
  /** Epoch milliseconds at which its picture 0 was due. */
  readonly began: number;
  /** Milliseconds from one picture to the next, and until the loop begins anew. */
  readonly interval: number;
  readonly duration: number;
}

export interface Figures {
  /** Seconds from the player's first request to its first picture. */
  readonly startUp: number;
  /** Seconds by which the latest picture was late before those that were measured. */
  readonly maxAtFirst: number;
  /** Seconds of viewing that were measured, and pictures read in them. */
  readonly seconds: number;
  readonly pictures: number;
  /** Pictures presented whose stamp could not be read. */
  readonly unread: number;
  /** Seconds from the moment a picture was due at the camera to the moment it was seen in the page. */
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** What hls.js says of itself, p50, seconds: how far its position is behind the end of the playlist. */
  readonly hlsLatency: number | undefined;
  /** Times the player waited for data, and the longest that its position stood still, milliseconds. */
  readonly stalls: number;
  readonly longestStandstill: number;
  readonly dropped: number;
  readonly errors: readonly string[];
}

/** Milliseconds from being due to being seen, at most a loop's duration. */
export function age(seenAt: number, number: number, { began, interval, duration }: Source): number {
  const since = seenAt - (began + number * interval);
  return since - Math.floor(since / duration) * duration;
}

/** `from`, `to`: epoch milliseconds of what is measured. `asked`: of the first request. */
export function figures(viewing: Viewing, source: Source, asked: number, from: number, to: number): Figures {
  const agesOf = (shown: readonly Shown[]) =>
    shown.flatMap(({ at, number }) => (number === undefined ? [] : [age(at, number, source) / 1000]));
  const shown = viewing.shown.filter(({ at }) => at >= from && at <= to);
  const ages = agesOf(shown);
  const own = viewing.samples.flatMap(({ at, latency }) =>
    at >= from && at <= to && latency !== undefined && latency > 0 ? [latency] : [],
  );
  const first = viewing.shown[0]?.at ?? Number.NaN;
  return {
    startUp: round((first - asked) / 1000, 2),
    maxAtFirst: round(quantile(agesOf(viewing.shown.filter(({ at }) => at < from)), 1), 2),
    seconds: round((to - from) / 1000, 1),
    pictures: ages.length,
    unread: shown.length - ages.length,
    p50: round(quantile(ages, 0.5), 2),
    p95: round(quantile(ages, 0.95), 2),
    max: round(quantile(ages, 1), 2),
    hlsLatency: own.length === 0 ? undefined : round(quantile(own, 0.5), 2),
    stalls: viewing.waits.filter((at) => at > first).length,
    longestStandstill: Math.round(longestStandstill(viewing, first)),
    dropped: viewing.dropped,
    errors: viewing.errors,
  };
}
