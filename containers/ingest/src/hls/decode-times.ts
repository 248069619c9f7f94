/**
 * When the pictures of a segment are decoded, of which only is known when they are shown. Pure.
 *
 * None is decoded after it is shown: composition offsets below zero play in fewer players, and ffmpeg moves the whole track.
 * Nor is one decoded before the segment begins, so that segments stand side by side on one time line, whatever the depth of
 * the reordering. So those that are shown late are decoded in even steps before the one that is shown next.
 */

/** `shown`: ticks, in the order of decoding, none before `start`. @returns ticks, never falling, the first at `start`. */
export function decodeTimes(shown: readonly number[], start: number): number[] {
  /** The earliest that this one or any after it is shown. */
  const latest = [...shown];
  for (let i = latest.length - 2; i >= 0; i -= 1) latest[i] = Math.min(latest[i]!, latest[i + 1]!);
  const times = [start];
  let before = start;
  for (let from = 1; from < latest.length;) {
    const bound = latest[from]!;
    let to = from + 1;
    while (latest[to] === bound) to += 1;
    for (let i = from; i < to; i += 1)
      times[i] = before + Math.floor(((bound - before) * (i - from + 1)) / (to - from));
    before = bound;
    from = to;
  }
  return times;
}
