/**
 * The way from a camera to a player that follows web/src/live/pace.ts, in the time of a model: segments end when they are
 * full, are published a little later, the edge keeps each playlist for a second, and the player asks, fetches and plays.
 */
import { distances, Pace, Reloads } from '../../../web/src/live/pace.ts';

export interface Way {
  /** Seconds after a segment began at which the player asks first. */
  readonly start: number;
  /** Seconds of a segment. */
  readonly segment?: number;
  /** Seconds that publishing takes, from and to. */
  readonly publishing?: readonly [number, number];
  /** Others watch, too: the edge's copy is as old as they made it. */
  readonly others?: boolean;
  /** The camera is away: from when, and for how long. */
  readonly away?: { readonly at: number; readonly seconds: number };
}

export interface Watched {
  /** Times it ran dry. */
  readonly stalls: number;
  /** Seconds from the camera to the screen, four a second. */
  readonly latencies: readonly number[];
  /** Requests for a playlist, a second. */
  readonly asked: number;
}

const SECONDS = 150;
/** Steps of the model a second: whole numbers, so that nothing is lost by adding. */
const STEPS = 100;
/** Seconds: half the way there and back, and from a playlist to its segment being in the buffer. */
const HALF_WAY = 0.02;
const FETCHING = 0.1;

interface Cut {
  /** Seconds of media, and of the day, at its end. */
  readonly media: number;
  readonly ended: number;
  readonly duration: number;
  readonly published: number;
}

export function watch(way: Way): Watched {
  const { start, segment = 2, others = false } = way;
  const cuts = cutsOf(way);
  const edge = edgeOf(cuts, others);
  const [reloads, pace] = [new Reloads(), new Pace()];
  const latencies: number[] = [];
  let [known, asked, stalls, end, rate] = [0, 0, 0, 0, 1];
  let next = start;
  let position: number | undefined;
  let isDry = false;
  let coming: { readonly at: number; readonly count: number } | undefined;
  for (let step = 0; step < SECONDS * STEPS; step += 1) {
    const now = start + step / STEPS;
    if (now >= next) {
      const count = edge(now + HALF_WAY);
      const durations = cuts.slice(Math.max(0, count - 6), count).map(({ duration }) => duration);
      next = now + reloads.next(count, durations) / 1000;
      asked += 1;
      if (count > known) coming = { at: now + HALF_WAY + FETCHING, count: (known = count) };
    }
    if (coming !== undefined && now >= coming.at) {
      end = cuts[coming.count - 1]!.media;
      position ??= end - distances(segment).liveSyncDuration!;
      coming = undefined;
    }
    if (position === undefined) continue;
    if (position + rate / STEPS > end) {
      if (!isDry) stalls += 1;
      isDry = true;
      continue;
    }
    isDry = false;
    position += rate / STEPS;
    if (step % (STEPS / 4) !== 0) continue;
    rate = pace.rate(now * 1000, end - position);
    const shown: number = position;
    const { media, ended } = cuts.find((cut) => cut.media >= shown)!;
    latencies.push(now - (ended - (media - shown)));
  }
  return { stalls, latencies, asked: asked / SECONDS };
}

function cutsOf({ start, segment = 2, publishing = [0.1, 0.2], away }: Way): Cut[] {
  const cuts: Cut[] = [];
  const [least, most] = publishing;
  let ended = -10 * segment;
  let media = 0;
  while (ended < start + SECONDS + segment) {
    const isCutOff = away !== undefined && ended < away.at && ended + segment > away.at;
    const duration = isCutOff ? away.at - ended : segment;
    ended += duration;
    media += duration;
    // Not by chance: a test shows the same each time.
    const late = ((cuts.length * 7) % 11) / 10;
    cuts.push({ media, ended, duration, published: ended + least + (most - least) * late });
    if (isCutOff) ended += away.seconds;
  }
  return cuts;
}

/** How many segments the playlist lists that the edge answers with. */
function edgeOf(cuts: readonly Cut[], others: boolean): (now: number) => number {
  const listed = (at: number) => cuts.filter(({ published }) => published <= at).length;
  let made = -Infinity;
  return (now) => {
    if (others) made = Math.floor(now);
    else if (now - made >= 1) made = now;
    return listed(made);
  };
}
