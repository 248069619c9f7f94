/**
 * When the samples of a segment are decoded. With B pictures an encoder decodes each two or three pictures before it is shown, and
 * seconds before where few are shown a second. Players that tell by the decode time of its first sample where a segment
 * begins would show all of its pictures so much later than they are heard: Shaka does, and hls.js moves its whole timeline. So a
 * segment's first sample is decoded when it is shown, and those that were to be decoded before that follow closely. Pure.
 */

interface Timed {
  /** Ticks. */
  readonly dts: number;
  readonly pts: number;
}

/**
 * Decode times in place of those given, in the same order: never before the first sample is shown, never after a sample is, and
 * never falling. What follows is decoded from `end`, when it is shown, ticks: no sample lasts beyond that. As given where
 * pictures are shown before the first one (an open group).
 */
export function decodeTimes(samples: readonly Timed[], end: number): number[] {
  const times = samples.map(({ dts }) => dts);
  const start = samples[0]?.pts ?? 0;
  /** The earliest that is shown of this one and all after it. */
  const shown = samples.map(({ pts }) => pts);
  for (let i = shown.length - 2; i >= 0; i -= 1) shown[i] = Math.min(shown[i]!, shown[i + 1]!);
  const rest = shown[1] ?? end;
  if (rest <= start) return times;
  const later = times.findIndex((dts, i) => i > 0 && dts > start);
  const count = later === -1 ? times.length : later;
  const span = Math.min(times[count] ?? Infinity, rest) - start;
  // As late as pictures follow one another, so that what is held is the first one, and no later one has its length.
  const step = closest(samples);
  for (let i = 1; i < count; i += 1) {
    times[i] = start + Math.max(Math.floor((i * span) / count), span - (count - i) * step);
  }
  times[0] = start;
  // One lasts until the next is decoded: the last ones, and those before a hole, are decoded as late as may be.
  for (let i = times.length - 1; i > 0; i -= 1) {
    const next = times[i + 1] ?? end;
    if (samples[i]!.pts + next - times[i]! <= end) continue;
    times[i] = Math.max(times[i]!, Math.min(shown[i]!, next - 1));
  }
  return times;
}

/** Ticks from one picture to the next, where they are closest. */
function closest(samples: readonly Timed[]): number {
  const shown = samples.map(({ pts }) => pts).toSorted((a, b) => a - b);
  return Math.min(...shown.slice(1).flatMap((pts, i) => (pts > shown[i]! ? [pts - shown[i]!] : [])));
}
