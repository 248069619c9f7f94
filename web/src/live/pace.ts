/**
 * How near the live edge a player stays without ever running dry. Three things decide that: where it begins, when it asks
 * for the playlist again, and how fast it plays. Pure but for what the two classes remember.
 */
import type { HlsConfig } from 'hls.js';

/** Little is kept: there may be sixteen of these. */
export const LIVE: Partial<HlsConfig> = {
  // Seconds; what it is once the length of segments is known, `distances` says.
  liveSyncDuration: 3,
  liveMaxLatencyDuration: 10,
  // Its own way of catching up waits until the buffer is comfortable and never slows down: Pace does both.
  maxLiveSyncPlaybackRate: 1,
  maxBufferLength: 10,
  backBufferLength: 6,
  // Fragments are CMAF already; a worker for each tile would cost more than it saves.
  enableWorker: false,
};

/** Seconds that are buffered beyond a segment in the beginning: the next playlist may be that late. */
const FIRST_MARGIN = 1;
/** Seconds behind which it goes forward at once. */
const FAR = 8;

/** Seconds from the end of the playlist at which to begin, and at which to go there again. `segment`: seconds. */
export const distances = (segment: number): Pick<HlsConfig, 'liveSyncDuration' | 'liveMaxLatencyDuration'> => ({
  liveSyncDuration: segment + FIRST_MARGIN,
  liveMaxLatencyDuration: segment + FAR,
});

/**
 * Whether a video may begin with `ahead` seconds buffered. A stream that has just begun has one segment: it would play that
 * and stand still until the next.
 */
export const isEnough = (ahead: number, { liveSyncDuration = 0 }: Partial<HlsConfig>): boolean =>
  ahead >= liveSyncDuration - FIRST_MARGIN / 2;

/** ms: half of the second for which the edge keeps a playlist. Other viewers have the next one fetched, too. */
const AGAIN = 525;
/** Part of a segment by which each request for a regular playlist is earlier than the last: the wait for news shrinks. */
const EARLIER = 0.175;
/** Segments this alike (part of their length) come at regular times. */
const ALIKE = 0.05;

/**
 * When to ask for the media playlist again. hls.js asks once a target duration: where that falls between two segments is
 * chance, stays so, and costs up to a whole one. So the first request comes as early as the edge may know more; those
 * that found something new are repeated a segment later, a little earlier each time, until one comes too early and the
 * next but one finds a playlist that is a second old: a round of four segments of two seconds.
 */
export class Reloads {
  #last: number | undefined;

  /** Milliseconds from the request before. `last`: sequence number of the last segment; `durations`: seconds, in order. */
  next(last: number, durations: readonly number[]): number {
    const isNews = this.#last !== undefined && last > this.#last;
    this.#last = last;
    const [before, latest] = [durations.at(-2), durations.at(-1)];
    if (!isNews || before === undefined || latest === undefined) return AGAIN;
    return Math.abs(before - latest) > ALIKE * latest ? AGAIN : Math.max(AGAIN, latest * (1 - EARLIER) * 1000);
  }
}

/** Milliseconds looked back on: more than a round of requests, so that the longest wait for news is among them. */
const ROUND = 12_000;
/** New segments after which it most likely is. */
const ALL = 4;
/** Seconds by which the buffer grows between two looks when a segment was added; those of the first moment are the start. */
const GROWN = 0.3;
const STARTING = 1000;
/** Seconds that are buffered when the next segment comes. Below `slow` it plays slower, until `enough`; above `fast`, faster. */
const MARGIN = { verySlow: 0.5, slow: 1.1, enough: 1.4, fast: 1.7, veryFast: 1.9 } as const;
const RATE = { verySlow: 0.9, slow: 0.95, fast: 1.05, veryFast: 1.1 } as const;

interface Look {
  readonly at: number;
  /** Seconds buffered, less those won by playing slower until then. */
  readonly ahead: number;
}

/**
 * How fast to play. What is buffered swings by a segment's length and by the wait for news; its least, just before the
 * next segment comes, is what is there against a device that is away for a moment. What it loses is missing in the stream
 * and so brings the viewer nearer to the edge: after that, and where the network is slow, playing a little slower wins the
 * margin back unseen.
 */
export class Pace {
  #rate = 1;
  /** Seconds won by playing slower, or lost by playing faster, since the beginning. */
  #won = 0;
  #seen: Look[] = [];
  #began = Number.NaN;
  #news = 0;

  /** `at`: ms of any clock; `ahead`: seconds buffered beyond the position of a video that plays. */
  rate(at: number, ahead: number): number {
    const before = this.#seen.at(-1);
    if (before === undefined) this.#began = at;
    else this.#won += ((1 - this.#rate) * (at - before.at)) / 1000;
    const sample = { at, ahead: ahead - this.#won };
    if (before !== undefined && sample.ahead > before.ahead + GROWN && at > this.#began + STARTING) this.#news += 1;
    this.#seen.push(sample);
    while (this.#seen[0]!.at < at - ROUND) this.#seen.shift();
    // What the least of this round would be at today's distance from the edge.
    this.#rate = this.#decide(Math.min(...this.#seen.map((one) => one.ahead)) + this.#won);
    return this.#rate;
  }

  #decide(least: number): number {
    if (least < MARGIN.verySlow) return RATE.verySlow;
    if (least < MARGIN.slow || (this.#rate < 1 && least < MARGIN.enough)) return RATE.slow;
    // The longest wait may still come.
    if (this.#news === 0) return 1;
    if (least > MARGIN.veryFast) return RATE.veryFast;
    if (this.#news < ALL) return 1;
    return least > MARGIN.fast || (this.#rate > 1 && least > MARGIN.enough) ? RATE.fast : 1;
  }

  /** It went somewhere else: what was buffered before says nothing. */
  forget(): void {
    this.#seen = [];
    this.#won = 0;
    this.#rate = 1;
    this.#news = 0;
  }
}
