/** Stretches of recorded time, what lies between them, and how a playlist's time maps to the clock. Pure. */
import type { Stretch } from '../fleet/stretch.ts';
import { span } from '../shared/format.ts';
import { timeOfDay } from './words.ts';

/** Between two recordings less than this apart (ms) nobody would see a gap. */
const SEAM = 1500;

/** Recordings in order, with those joined that have no gap to speak of between them. */
export function joined(recordings: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const one of recordings.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && one.from - last.to < SEAM)
      all[all.length - 1] = { from: last.from, to: Math.max(last.to, one.to) };
    else all.push(one);
  }
  return all;
}

/** What lies between recordings that are `joined`. Before the first and after the last there is no gap, only nothing. */
export const gapsOf = (recordings: readonly Stretch[]): Stretch[] =>
  recordings.slice(1).map(({ from }, i) => ({ from: recordings[i]!.to, to: from }));

export const recordedMs = (recordings: readonly Stretch[]): number =>
  recordings.reduce((sum, { from, to }) => sum + to - from, 0);

export const recordingAt = (recordings: readonly Stretch[], at: number): Stretch | undefined =>
  recordings.find(({ from, to }) => from <= at && at < to);

export const nextRecording = (recordings: readonly Stretch[], at: number): Stretch | undefined =>
  recordings.find(({ from }) => from > at);

export const previousRecording = (recordings: readonly Stretch[], at: number): Stretch | undefined =>
  recordings.findLast(({ to }) => to <= at);

/** ms that one playlist covers: an hour of two-second segments is one a browser reads at once. */
const WINDOW = 3_600_000;
/** ms before the wished-for moment that one can step back to without asking again. */
const LEAD = 300_000;

/** The stretch to ask a playlist of, to play from `at` on. Undefined when nothing is recorded then. */
export function windowFor(recordings: readonly Stretch[], at: number, day: Stretch): Stretch | undefined {
  if (recordingAt(recordings, at) === undefined) return undefined;
  const from = Math.max(day.from, at - LEAD);
  return { from, to: Math.min(day.to, from + WINDOW) };
}

/** What hls.js says of a fragment: `start` and `duration` in media seconds, `programDateTime` in epoch milliseconds. */
export interface Fragment {
  readonly start: number;
  readonly duration: number;
  readonly programDateTime: number | null;
}

/** The media position (s) of a moment: inside its fragment, or where the next one begins if it falls into a gap. */
export function positionOf(fragments: readonly Fragment[], at: number): number | undefined {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue;
    if (at < programDateTime + duration * 1000) return start + Math.max(0, at - programDateTime) / 1000;
  }
  return undefined;
}

/** The moment (epoch ms) of a media position in seconds. */
export function momentOf(fragments: readonly Fragment[], position: number): number | undefined {
  const fragment = fragments.findLast(({ start }) => start <= position + 0.001) ?? fragments[0];
  if (fragment?.programDateTime == null) return undefined;
  const within = Math.min(Math.max(0, position - fragment.start), fragment.duration);
  return fragment.programDateTime + within * 1000;
}

/** Where to begin: shortly before the latest recording's end, so that something can be seen at once. */
export function firstMoment(recordings: readonly Stretch[], lastPoint: number | undefined, day: Stretch): number {
  const last = recordings.at(-1);
  if (last !== undefined) return Math.max(last.from, last.to - 60_000);
  return lastPoint ?? Math.min(Math.max(day.from, Date.now()), day.from + (day.to - day.from) / 2);
}

/** ms by which a clip may be longer than what is marked without anybody minding. */
const UNSEEN = 700;

/**
 * How long a clip becomes: it is cut where segments are, not through them. `whole`: what there is of the marked stretch, by
 * whole segments; `held`: ms of the stretch itself that are recorded.
 */
export function wholeWords(whole: readonly Stretch[], held: number): string | undefined {
  const length = recordedMs(whole);
  const [first, last] = [whole[0], whole.at(-1)];
  if (first === undefined || last === undefined || length - held < UNSEEN) return undefined;
  return `The clip will last ${span(length / 1000)}, from ${timeOfDay(first.from)} to ${timeOfDay(last.to)}: it is cut only where the recording has its cuts.`;
}

/** ms before and after the moment that a clip begins as. */
const AROUND = 30_000;

/** A minute around a moment, as far as it lies between the first and the last recording. */
export function aroundWithin(recordings: readonly Stretch[], at: number): Stretch {
  const [first, last] = [recordings[0]?.from ?? -Infinity, recordings.at(-1)?.to ?? Infinity];
  const [from, to] = [Math.max(first, at - AROUND), Math.min(last, at + AROUND)];
  return to > from ? { from, to } : { from: at - AROUND, to: at + AROUND };
}
