/** What insight's API and the console share of its figures: the score's formula (docs/insight.md), and bounds. Pure. */

/** Days that one answer is of at most. */
export const MOST_DAYS = 92;

/**
 * Parts of the score and what each is worth. `startup`: seconds to the first picture, on average, up to which nothing is lost,
 * and from which on all of it is. `stalls`: of the time, from which on all is lost. `errors`: of sessions, likewise.
 */
export const SCORE = {
  startup: { worth: 25, good: 1, bad: 9 },
  stalls: { worth: 45, bad: 0.1 },
  errors: { worth: 30, bad: 0.2 },
} as const;

/** How it played. `startupSeconds`, `stallRatio`: null where nobody told. */
export interface Played {
  readonly plays: number;
  readonly views: number;
  readonly failed: number;
  readonly startupSeconds: number | null;
  readonly stallRatio: number | null;
}

/** Points of each part, up to what it is worth: their sum, rounded, is the score. Null: nobody watched, and nobody failed. */
export function scoreParts(played: Played): Record<keyof typeof SCORE, number> | null {
  const { plays, views, failed, startupSeconds, stallRatio } = played;
  if (plays === 0 || (views === 0 && failed === 0)) return null;
  const { startup, stalls, errors } = SCORE;
  return {
    startup:
      startup.worth * down(Math.max(0, (startupSeconds ?? startup.good) - startup.good), startup.bad - startup.good),
    stalls: stalls.worth * down(stallRatio ?? 0, stalls.bad),
    errors: errors.worth * down(failed / plays, errors.bad),
  };
}

/** 1 at nothing, 0 from `worst` on. */
const down = (value: number, worst: number): number => Math.max(0, 1 - value / worst);
