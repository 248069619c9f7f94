/** Recordings that the device itself has, beside those that are here. Pure. */
import type { Stretch } from '../fleet/stretch.ts';
import type { Answer } from './commands.ts';
import { joined, recordedMs } from './recordings.ts';

export interface Held extends Stretch {
  readonly bytes: number;
}

/** Of one channel, oldest first, each stretch once: devices list main and sub stream, and some the same file twice. */
export function heldOf(answer: Pick<Answer, 'recordings'>, channel: number): Held[] {
  const found = new Map<string, Held>();
  for (const { channel: of, from, to, bytes } of answer.recordings ?? []) {
    const one = { from: Date.parse(from), to: Date.parse(to), bytes };
    if (of === channel && one.to > one.from && !found.has(`${from} ${to}`)) found.set(`${from} ${to}`, one);
  }
  return [...found.values()].toSorted((a, b) => a.from - b.from);
}

/** What of a stretch is recorded here. */
export const within = (recordings: readonly Stretch[], { from, to }: Stretch): Stretch[] =>
  joined(
    recordings
      .map((one) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
      .filter((one) => one.to > one.from),
  );

/** 0 to 1. */
export const partHere = (recordings: readonly Stretch[], stretch: Stretch): number =>
  stretch.to > stretch.from ? Math.min(1, recordedMs(within(recordings, stretch)) / (stretch.to - stretch.from)) : 0;

/** A playback begins at a keyframe before and ends with its last whole segment: nearly all is all. */
export const isHere = (recordings: readonly Stretch[], stretch: Stretch): boolean =>
  partHere(recordings, stretch) > 0.96 || recordedMs(within(recordings, stretch)) > stretch.to - stretch.from - 5_000;
