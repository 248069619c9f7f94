/** A film's plan and chunks by the real planner. */
import type { Config } from '../../lib/config.ts';
import { optionsOf } from '../../lib/constructs/slicing.ts';
import type { Chunk, Plan } from '../../lib/contract/slicing.ts';
import { MAX_CHUNKS } from '../../lambdas/slicing/inspect.ts';
import { audioPlan, planSlicing } from '../../lambdas/slicing/plan.ts';
import { segmentTable } from '../../lambdas/slicing/segment-table.ts';
import { movieIndex, sourceInfo, type Film } from './synthetic.ts';

export interface PlannedFilm {
  readonly plan: Plan;
  readonly chunks: readonly Chunk[];
}

export function planFilm(film: Film, config: Config): PlannedFilm {
  const info = sourceInfo(film);
  const options = optionsOf(config);
  const of = { ...options, maxChunks: MAX_CHUNKS, audio: audioPlan(info.audio, options.audioKbps) };
  const table = segmentTable(movieIndex(film), of);
  if (table === undefined) throw new Error('the film has no segment table');
  const ids = { videoId: 'bench000000000000000', revision: 1, execution: 'bench' };
  return planSlicing({ ...ids, source: { bucket: 'bench', key: 'film', info } }, options, table);
}
