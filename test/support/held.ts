/**
 * Whether the machine itself stood still. Cameras, platform and players share a few cores in tests: where a timer of a
 * tenth of a second came much too late, what was shown then says nothing about the platform.
 */
import type { Viewing } from './viewing.ts';

/** Milliseconds between two looks, and what is much too late. */
const TICK = 100;
const LATE = 700;
/** Milliseconds until a picture that was held up has been shown. */
const AFTERWARDS = 8000;

export interface Held {
  /** Epoch milliseconds at which it went on, and for how long nothing did. */
  readonly at: number;
  readonly ms: number;
}

/** Of this process, in which the cameras are. */
export function watchProcess(): { readonly held: readonly Held[]; stop(): void } {
  const held: Held[] = [];
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > LATE) held.push({ at: now, ms: now - last });
    last = now;
  }, TICK);
  return { held, stop: () => clearInterval(timer) };
}

/** Of the page, in which the player is. */
export const heldIn = ({ samples }: Pick<Viewing, 'samples'>): Held[] =>
  samples.flatMap(({ at }, i) => {
    const ms = i === 0 ? 0 : at - samples[i - 1]!.at;
    return ms > LATE ? [{ at, ms }] : [];
  });

/** Moments that none of them explains. */
export const unexplained = (moments: readonly number[], held: readonly Held[]): number[] =>
  moments.filter((moment) => !held.some(({ at, ms }) => moment >= at - ms && moment <= at + AFTERWARDS));
