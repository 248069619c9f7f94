/** Sessions that watch by chance, what they post, and what of it must be counted: told apart from how the platform counts. */
import type { PlayerEvent, Report } from '../../lib/contract/player-events.ts';
import { sessionId } from '../../lib/contract/ticket.ts';

/** Numbers that are the same each time (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const videoNumber = (number: number): string => `vod/${String(number).padStart(20, 'v')}`;

export interface Simulated {
  readonly reports: readonly Report[];
  /** Seconds watched, and watched again, by second: what a heatmap of this session alone shows. */
  readonly plays: ReadonlyMap<number, number>;
  readonly what: string;
}

export interface Viewing {
  readonly number: number;
  readonly what: string;
  readonly began: number;
  readonly posts: number;
  readonly seconds: number;
  readonly heartbeats?: number;
}

/** One session: it plays, stalls and jumps about, posts once a minute, each post with its heartbeats. */
export function simulate({ number, what, began, posts, seconds, heartbeats = 6 }: Viewing): Simulated {
  const random = chance(number + 1);
  const session = sessionId(began * 1000, String(number).padEnd(16, 's'));
  const plays = new Map<number, number>();
  let position = Math.floor(random() * seconds * 0.5);
  const reports = Array.from({ length: posts }, (_, post): Report => {
    const at = (began + (post + 1) * 60) * 1000;
    const events: PlayerEvent[] = [];
    if (post === 0)
      events.push({ type: 'start', at }, { type: 'first-frame', at, startup: Math.floor(random() * 3000) });
    for (let beat = 0; beat < heartbeats; beat += 1) {
      if (random() < 0.1) {
        const to = Math.floor(random() * seconds * 0.8);
        events.push({ type: 'seek', at, from: position, to });
        position = to;
      }
      const [watched, again]: [[number, number][], [number, number][]] = [[], []];
      const until = Math.min(seconds, position + 60 / heartbeats);
      for (; position < until; position += 1) {
        const before = plays.get(position) ?? 0;
        plays.set(position, before + 1);
        const list = before === 0 ? watched : again;
        const last = list.at(-1);
        if (last?.[1] === position) last[1] += 1;
        else list.push([position, position + 1]);
      }
      if (position >= seconds) position = 0;
      if (watched.length + again.length > 0)
        events.push({ type: 'heartbeat', at, watched, again, rendition: '720p', kbps: 3000 });
    }
    if (random() < 0.05) events.push({ type: 'stall', at, lasted: Math.floor(random() * 4000) });
    if (random() < 0.01) events.push({ type: 'error', at, kind: 'network', fatal: false });
    if (post === posts - 1) events.push({ type: 'end', at, reason: random() < 0.5 ? 'ended' : 'left' });
    return {
      what,
      session,
      began,
      viewer: `viewer${String(number % 40_000).padStart(5, '0')}`,
      receivedAt: at,
      device: number % 3 === 0 ? 'mobile' : 'desktop',
      ...(number % 2 === 0 && { country: number % 4 === 0 ? 'DE' : 'CN' }),
      units: [{ sequence: post, events }],
    };
  });
  return { reports, plays, what };
}

/** In another order, the same each time. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = chance(seed);
  const result = [...values];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}
