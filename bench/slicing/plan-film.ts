/** A film's plan and its tasks, by the real planner. */
import type { Config } from '../../lib/config.ts';
import { optionsOf } from '../../lib/constructs/slicing-steps.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { CopyWish } from '../../lambdas/slicing/copy-table.ts';
import { mediaBytes } from '../../lambdas/slicing/estimate.ts';
import { MAX_CHUNKS } from '../../lambdas/slicing/inspect.ts';
import { madeBy } from '../../lambdas/slicing/outputs.ts';
import { audioPlan, planSlicing } from '../../lambdas/slicing/plan.ts';
import { segmentTable } from '../../lambdas/slicing/segment-table.ts';
import { movieIndex, sourceInfo, type Film } from './synthetic.ts';

/** One task: it copies, or encodes these rungs, and sound where it says so. */
export interface Piece extends Chunk {
  readonly length: number;
  readonly rungs: Plan['video'];
  readonly sound: boolean;
}

export interface PlannedFilm {
  readonly plan: Plan;
  readonly chunks: readonly Chunk[];
  readonly pieces: readonly Piece[];
  /** Of the renditions. */
  readonly bytes: number;
}

export type Ladder = 'upload' | 'first-play';

export function planFilm(film: Film, copied: boolean, ladder: Ladder, config: Config): PlannedFilm {
  const info = sourceInfo(film);
  const options = { ...optionsOf(config), ladderWhen: ladder };
  const copy = copied ? wish(film, options.copyMaxMbps) : undefined;
  const of = { ...options, maxChunks: MAX_CHUNKS, audio: audioPlan(info.audio, options.audioKbps), copy };
  const table = segmentTable(movieIndex(film), of);
  if (table === undefined || (copied && !table.copied)) throw new Error('the film has no such segment table');
  const ids = { videoId: 'bench000000000000000', revision: 1, execution: 'bench' };
  const { plan, chunks } = planSlicing({ ...ids, source: { bucket: 'bench', key: 'film', info } }, options, table);
  // What nobody plays is not encoded.
  const made = { ...plan, video: plan.video.filter(({ name }) => plan.later?.includes(`video/${name}`) !== true) };
  const pieces = chunks.map((chunk): Piece => {
    const paths = new Set(madeBy(chunk, plan));
    const rungs = plan.video.filter(({ name, copied: own }) => own !== true && paths.has(`video/${name}`));
    const sound = plan.audio.some(({ name, copied: own }) => own !== true && paths.has(`audio/${name}`));
    return { ...chunk, length: chunk.duration ?? film.seconds - chunk.start, rungs, sound };
  });
  return { plan: made, chunks, pieces, bytes: mediaBytes(made) };
}

/** As its description would say: high profile, level 4.0, AAC-LC in stereo. */
const wish = ({ width, height }: Film, copyMaxMbps: number): CopyWish => ({
  video: { codecs: 'avc1.640028', avcC: Buffer.alloc(40), width, height, level: '4.0', lengthBytes: 4 },
  sounds: [{ codecs: 'mp4a.40.2', config: Buffer.from('1190', 'hex'), channels: 2, sampleRate: 48_000 }],
  maxBitrate: copyMaxMbps * 1e6,
});
