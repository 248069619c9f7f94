/** Where a player goes on that takes another one's place. Pure. */

/** Seconds. What is loaded next begins beside the end of the buffer, or is the last segment where that is all there is. */
const BESIDE = 0.05;
const LAST = 0.5;

interface Rung {
  readonly height: number;
  /** bit/s. */
  readonly bitrate: number;
}

/** Index in the new list of the rung that a viewer chose from the old one; -1: nobody chose, or there is none like it. */
export function sameRung(chosen: Rung | undefined, rungs: readonly Rung[]): number {
  if (chosen === undefined) return -1;
  const off = (index: number) => Math.abs(rungs[index]!.bitrate - chosen.bitrate);
  const alike = rungs.flatMap(({ height }, index) => (height === chosen.height ? [index] : []));
  return alike.toSorted((a, b) => off(a) - off(b))[0] ?? -1;
}

/** From where on to load, seconds: where what is buffered at `time` ends. */
export function loadFrom(time: number, duration: number, buffered: readonly (readonly [number, number])[]): number {
  const end = buffered.find(([from, to]) => from <= time + BESIDE && time <= to)?.[1] ?? time;
  return end > duration - LAST ? Math.max(0, duration - 2 * BESIDE) : end + BESIDE;
}
