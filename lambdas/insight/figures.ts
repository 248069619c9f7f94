/** Figures that people read, from what was counted. Pure; the formulas are told in docs/insight.md. */
import type { Counters, Share } from '../../lib/contract/heatmap.ts';
import { STARTUP_STEPS } from '../../lib/contract/heatmap.ts';
import type { Figures, Shared } from '../../lib/contract/insight-api.ts';
import { estimate } from './viewers.ts';

/** Seconds of waiting for the first picture that cost nothing, and from which on that part of the score is 0. */
const STARTUP = { good: 1, bad: 9 } as const;
/** Part of the time in which nothing plays from which on that part of the score is 0. */
const STALLED = 0.1;
/** Of sessions that failed. */
const FAILED = 0.2;
const WEIGHTS = { startup: 0.25, stalls: 0.45, errors: 0.3 } as const;

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const rounded = (value: number | null, digits: number): number | null =>
  value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
/** 1 at nothing, 0 from `worst` on. */
const down = (value: number, worst: number): number => Math.max(0, 1 - value / worst);

/**
 * From 0 to 100: 25 for beginning within a second (none from 9 on), 45 for never stalling (none where a tenth of the time is), 30
 * for no session that failed (none where a fifth does). Null: nobody watched, and nobody failed.
 */
export function scoreOf(counters: Counters): number | null {
  const { plays, views, startups, startup, failed } = counters;
  if (plays === 0 || (views === 0 && failed === 0)) return null;
  const mean = startups === 0 ? STARTUP.good : startup / startups / 1000;
  const parts = {
    startup: down(Math.max(0, mean - STARTUP.good), STARTUP.bad - STARTUP.good),
    stalls: down(stallRatio(counters) ?? 0, STALLED),
    errors: down(failed / plays, FAILED),
  };
  const sum = Object.entries(WEIGHTS).reduce(
    (total, [name, weight]) => total + weight * parts[name as keyof typeof parts],
    0,
  );
  return Math.round(sum * 100);
}

/** Of the time in which something should have played. */
const stallRatio = ({ stalled, watched }: Pick<Counters, 'stalled' | 'watched'>): number | null =>
  ratio(stalled / 1000, watched + stalled / 1000);

export function figuresOf(counters: Counters, viewers: readonly number[]): Figures {
  const { plays, views, completed, failed, watched, again, startups, startup, stalls, stalled, seeks } = counters;
  return {
    plays,
    views,
    viewers: estimate(viewers),
    watchSeconds: watched,
    againSeconds: again,
    completion: rounded(ratio(completed, views), 4),
    startupSeconds: rounded(ratio(startup / 1000, startups), 3),
    startups: counters.startupSteps.map((count, index) => ({
      within: (STARTUP_STEPS[index] ?? 0) / 1000 || null,
      count,
    })),
    stalls,
    stalledSeconds: rounded(stalled / 1000, 3)!,
    stallRatio: rounded(stallRatio(counters), 5),
    seeks,
    failed,
    kbps: rounded(ratio(counters.kilobits, counters.ratedSeconds), 0),
    score: scoreOf(counters),
  };
}

/** By name, what was watched most first. */
export const sharesOf = (shares: Readonly<Record<string, Share>>): Shared[] =>
  Object.entries(shares)
    .map(([name, [views, watchSeconds, stalled]]) => ({ name, views, watchSeconds, stalledSeconds: stalled / 1000 }))
    .toSorted((a, b) => b.watchSeconds - a.watchSeconds || (a.name < b.name ? -1 : 1));

/** Sums of `step` seconds: of a long video nobody looks at each. */
export function stepped(values: readonly number[], step: number): number[] {
  if (step === 1) return [...values];
  return Array.from({ length: Math.ceil(values.length / step) }, (_, at) =>
    Math.max(...values.slice(at * step, at * step + step)),
  );
}
