/** A film's plan and its tasks, by the real planner. */
import type { Config } from '../../lib/config.ts';
import { optionsOf } from '../../lib/constructs/slicing.ts';
import type { Chunk, Plan } from '../../lib/contract/slicing.ts';
import { mediaBytes } from '../../lambdas/slicing/estimate.ts';
import { MAX_CHUNKS } from '../../lambdas/slicing/inspect.ts';
import { audioPlan, planSlicing } from '../../lambdas/slicing/plan.ts';
import { segmentTable } from '../../lambdas/slicing/segment-table.ts';
import { movieIndex, sourceInfo, type Film } from './synthetic.ts';

/** One task: it copies, or encodes these rungs. */
export interface Piece {
  readonly start: number;
  readonly duration: number;
  readonly copy: boolean;
  readonly rungs: Plan['video'];
  /** What is playable first is made of it. */
  readonly first: boolean;
}

export interface PlannedFilm {
  readonly plan: Plan;
  readonly pieces: readonly Piece[];
  readonly bytes: number;
}

export type Ladder = 'upload' | 'first-play';

/** Bytes of a task that copies: small ones first, so that something plays soon. */
const SMALL = 16 * 1024 ** 2;
const LARGE = 128 * 1024 ** 2;
/** Seconds of the low rung that come ahead of everything else, where nothing is copied. */
const AHEAD = 60;

export function planFilm(film: Film, copied: boolean, ladder: Ladder, config: Config): PlannedFilm {
  const info = sourceInfo(film);
  const options = optionsOf(config);
  const of = { ...options, maxChunks: MAX_CHUNKS, audio: audioPlan(info.audio, options.audioKbps) };
  const table = segmentTable(movieIndex(film), of);
  if (table === undefined) throw new Error('the film has no segment table');
  const ids = { videoId: 'bench000000000000000', revision: 1, execution: 'bench' };
  const { chunks } = table;
  const { plan } = planSlicing({ ...ids, source: { bucket: 'bench', key: 'film', info } }, options, table);
  const low = plan.video.slice(-1);
  const encoded = ladder === 'first-play' ? low : copied ? plan.video.slice(1) : plan.video;
  const piece = ({ start, duration }: Chunk): Piece => ({
    start,
    duration: duration!,
    copy: false,
    rungs: encoded,
    first: false,
  });
  const first = copied ? copies(info.bytes, film.seconds) : ahead(chunks, low);
  const work = { ...plan, video: [...(copied ? [{ ...plan.video[0]!, copied }] : []), ...encoded] };
  return { plan, pieces: [...first, ...chunks.map(piece)], bytes: mediaBytes(work) };
}

function copies(bytes: number, seconds: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0, size = SMALL; at < bytes; size = Math.min(LARGE, size * 2)) {
    const end = Math.min(bytes, at + size);
    const [start, stop] = [at, end].map((byte) => (byte / bytes) * seconds) as [number, number];
    pieces.push({ start, duration: stop - start, copy: true, rungs: [], first: true });
    at = end;
  }
  return pieces;
}

const ahead = (chunks: readonly Chunk[], rungs: Plan['video']): Piece[] =>
  chunks
    .filter(({ start }) => start < AHEAD)
    .map(({ start, duration }) => ({ start, duration: duration!, copy: false, rungs, first: true }));
