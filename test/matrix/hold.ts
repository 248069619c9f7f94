/** What was seen and heard of an odd file against its recipe. Pure. */
import type { Expected } from '../odd-files/making.ts';

/** What a player showed (pages/watch.js); times in seconds of the player's own timeline. */
export interface Watched {
  /** Each picture shown: its time, how bright it is (0 to 255), and how many there were up to it, those not looked at too. */
  readonly pictures: readonly (readonly [time: number, brightness: number, presented: number])[];
  /** When it began to sound, on the clock of the sound. */
  readonly sounds: readonly number[];
  /** That clock beside the player's, every hundredth of a second. */
  readonly clock: readonly (readonly [sound: number, player: number])[];
  /** Where the player had to wait. */
  readonly halts: readonly number[];
  readonly colours: readonly (readonly number[])[] | undefined;
  /** Where the player's timeline begins: hls.js counts from when the first picture is decoded, which is before it is shown. */
  readonly start: number;
  readonly time: number;
  readonly duration: number;
  readonly size: string;
  readonly ended: boolean;
  readonly problems: readonly string[];
}

/** Seconds. A frame of 30 a second, and what looking takes. */
const FRAME = 0.04;
/** Seconds: what the clocks of sound and picture, read beside each other, are off at times. */
const HEARD = 0.06;
/** Seconds of the end that may not be shown, or stand over: a frame of sound or picture. */
const END = 0.12;
/** Seconds: pictures are decoded so long before they are shown, at most. */
const MOST_START = 0.2;
/** Seconds from one that a browser may not show, within which it may. */
const LATE = 0.5;
/** Brightness of a flash; the card is half as bright. */
const WHITE = 120;
/** Seconds after a place that was jumped to, and before the end of a stretch, that do not count. */
const EDGE = 0.3;
/** A colour's share may be so far off. */
const COLOUR = 30;

/** What is wrong, a line each; none: it is as its recipe. `latency`: seconds from the player's clock to what is heard. */
export function faults(expected: Expected, watched: Watched, latency: number): string[] {
  const { flashes = expected.both, beeps = expected.both, unsure = [] } = expected;
  const { ended, time, duration, problems, size, colours, halts, start } = watched;
  const found: string[] = [];
  const waited = halts.length > 0 ? `, having waited at ${halts.map((at) => at.toFixed(2)).join(', ')} s` : '';
  if (problems.length > 0) found.push(`says ${[...new Set(problems)].join(', ')}${waited}`);
  if (!ended) found.push(`stands at ${time.toFixed(2)} s and does not end`);
  if (start > MOST_START) found.push(`begins at ${start.toFixed(2)} s`);
  if (Math.abs(duration - start - expected.seconds) > END && Math.abs(duration - expected.seconds) > END)
    found.push(`is ${duration.toFixed(2)} s long, not ${expected.seconds}`);
  if (expected.size !== undefined && size !== expected.size) found.push(`is ${size}, not ${expected.size}`);
  const counts = countedIn(expected);
  const compare = (what: string, moments: readonly Moment[], wanted: readonly number[], step: number) => {
    const own = moments.map(({ after, at }): Moment => ({ after: after - start, at: at - start }));
    found.push(
      ...unlike(
        what,
        own.filter(({ at }) => counts(at)),
        wanted.filter(counts),
        step,
      ),
    );
  };
  const isSure = (time: number) => !unsure.some((at) => Math.abs(time - at) < LATE);
  if (flashes)
    compare(
      'flash',
      flashesOf(watched).filter(({ at }) => isSure(at - start)),
      flashes.filter(isSure),
      FRAME,
    );
  if (beeps) compare('beep', beepsOf(watched, latency), beeps, HEARD);
  // What does not say how its colours are meant, browsers take for BT.709, and others for BT.601 where it is small.
  (expected.space === undefined ? [] : (expected.colours ?? [])).forEach(([x, y, ...rgb], index) => {
    const seen = colours?.[index] ?? [];
    if (rgb.some((value, i) => !(Math.abs((seen[i] ?? Number.NaN) - value) < COLOUR)))
      found.push(`is ${seen.join(' ')} at ${x}, ${y}, not ${rgb.join(' ')}`);
  });
  return found;
}

/** Whether a moment is in what is played, and not at an edge of it. */
function countedIn({ watched, seconds }: Expected): (time: number) => boolean {
  if (watched === undefined) return () => true;
  return (time) =>
    watched.some(
      ([from, to]) => time >= (from > 0 ? from + EDGE : -EDGE) && time < (to < seconds ? to - EDGE : Infinity),
    );
}

interface Moment {
  /** It was not yet so, and it was. */
  readonly after: number;
  readonly at: number;
}

/** Each picture that is white after one that is not: it began between the two. */
export function flashesOf({ pictures }: Pick<Watched, 'pictures'>): Moment[] {
  return pictures.flatMap(([at, brightness], i) => {
    // What is white at first began before it was looked at.
    const [before, was] = pictures[i - 1] ?? [Math.min(0, at), 0];
    // After a jump there is nothing to tell it by.
    return brightness > WHITE && was <= WHITE && at >= before ? [{ after: before, at }] : [];
  });
}

/** Readings of the clocks on either side of a sound that tell its time: the middle one of them counts. */
const NEAREST = 15;

export function beepsOf({ sounds, clock }: Pick<Watched, 'sounds' | 'clock'>, latency: number): Moment[] {
  return sounds.flatMap((sound) => {
    const near = clock
      .toSorted((a, b) => Math.abs(a[0] - sound) - Math.abs(b[0] - sound))
      .slice(0, NEAREST)
      .map(([heard, shown]) => shown - heard)
      .toSorted((a, b) => a - b);
    const between = near[Math.floor(near.length / 2)];
    if (between === undefined) return [];
    const at = sound + between - latency;
    return [{ after: at, at }];
  });
}

function unlike(what: string, found: readonly Moment[], wanted: readonly number[], step: number): string[] {
  const left = [...found];
  const wrong: string[] = [];
  for (const time of wanted) {
    const at = left.findIndex((moment) => moment.after - step < time && moment.at + step > time);
    if (at === -1) wrong.push(`${what} at ${time} s is not there`);
    else left.splice(at, 1);
  }
  return [...wrong, ...left.map(({ at }) => `${what} at ${at.toFixed(2)} s is none`)];
}
