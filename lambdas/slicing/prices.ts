/**
 * What slicing uses, in dollars of the project's price table. Without what is under a hundredth of the whole: events, and scratch
 * space over 512 MiB (0.2 % of a function's price). Pure.
 */
import type { Usage } from '../../lib/contract/cost.ts';
import { PRICES, type Architecture } from '../../lib/contract/prices.ts';

/**
 * MediaConvert's multipliers in the Basic tier (AVC, one pass): by the picture's size, and by its rate. The sizes are the
 * page's (SD, HD and UHD are 0.0075, 0.015 and 0.030 dollars a minute); the other two numbers are the authors' assumption,
 * which the page behind them could not be read for.
 */
export const MULTIPLIERS = {
  sd: 1,
  hd: 2,
  uhd: 4,
  /** Over 30 frames/s: assumed. */
  fast: 1.5,
  /** An output of sound alone: assumed, a third of SD. */
  sound: 1 / 3,
} as const;

/** Seconds that an output of MediaConvert is charged for at least. */
export const MEDIACONVERT_LEAST_SECONDS = 10;

/** Bytes of a GB as S3 bills it. */
export const GB = 1e9;

export const NOTHING: Usage = {
  gbSeconds: 0,
  invocations: 0,
  transitions: 0,
  puts: 0,
  gets: 0,
  writes: 0,
  normalizedMinutes: 0,
};

export const addUsage = (parts: readonly Partial<Usage>[]): Usage =>
  Object.fromEntries(
    Object.keys(NOTHING).map((name) => [name, parts.reduce((sum, part) => sum + (part[name as keyof Usage] ?? 0), 0)]),
  ) as Usage;

export function dollarsOf(used: Usage, architecture: Architecture): number {
  return (
    used.gbSeconds * PRICES.gbSecond[architecture].dollars +
    used.invocations * PRICES.invocation.dollars +
    used.transitions * PRICES.transition.dollars +
    used.puts * PRICES.put.dollars +
    used.gets * PRICES.get.dollars +
    used.writes * PRICES.write.dollars +
    used.normalizedMinutes * PRICES.normalizedMinute.dollars
  );
}

/** Dollars a month of keeping so many bytes. */
export const monthlyDollars = (bytes: number): number => (bytes / GB) * PRICES.storedGbMonth.dollars;

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/**
 * Normalized minutes of one output. SD ends below 720 lines, HD at 1080, by the side that is shorter; of audio alone pass
 * null.
 */
export function normalizedMinutes(picture: Picture | null, seconds: number): number {
  const minutes = Math.max(seconds, MEDIACONVERT_LEAST_SECONDS) / 60;
  if (picture === null) return minutes * MULTIPLIERS.sound;
  const lines = Math.min(picture.width, picture.height);
  const size = lines < 720 ? MULTIPLIERS.sd : lines <= 1080 ? MULTIPLIERS.hd : MULTIPLIERS.uhd;
  return minutes * size * (picture.frameRate > 30 ? MULTIPLIERS.fast : 1);
}
