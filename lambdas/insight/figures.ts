/** Figures that people read, from what was counted. Pure; the formulas are told in docs/insight.md. */
import type { Counters, Share } from '../../lib/contract/heatmap.ts';
import { STARTUP_STEPS } from '../../lib/contract/heatmap.ts';
import { scoreParts } from '../../lib/contract/insight.ts';
import type { Figures, Shared } from '../../lib/contract/insight-api.ts';
import { estimate } from './viewers.ts';

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
const rounded = (value: number | null, digits: number): number | null =>
  value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
/** From 0 to 100; null: nobody watched, and nobody failed. */
export function scoreOf(counters: Counters): number | null {
  const { plays, views, failed, startups, startup } = counters;
  const startupSeconds = ratio(startup / 1000, startups);
  const parts = scoreParts({ plays, views, failed, startupSeconds, stallRatio: stallRatio(counters) });
  return parts && Math.round(parts.startup + parts.stalls + parts.errors);
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
