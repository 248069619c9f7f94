/** What a run is to do: by the index a source has or is given, and by the engine that is right for it. */
import { costOptions, type CostOptions } from '../../lib/contract/cost.ts';
import { json } from '../../lib/contract/env.ts';
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import type { Architecture } from '../../lib/contract/prices.ts';
import { checkTime, chooseEngine } from './engine.ts';
import type { Work } from './estimate.ts';
import { checkBytes, checkLimits, fits } from './facts.ts';
import { planSlicing, wholeAsOneChunk } from './plan.ts';
import { checkChunks, chunksFit } from './room.ts';
import { withIndex } from './remux.ts';
import type { SegmentTable } from './segment-table.ts';
import { laterTasks } from './tasks.ts';

export interface Laid {
  readonly plan: Plan;
  readonly chunks: Chunk[];
  readonly table: SegmentTable | undefined;
}

/** What tells the engines apart. */
interface Engines {
  readonly options: SlicingOptions;
  readonly machine: CostOptions;
  readonly architecture: Architecture;
}

export const costs = () => json('SLICING_COST', costOptions);

/**
 * What the right engine for it works by: our own functions, or MediaConvert, which knows no segment table. Throws Refusal for
 * what one function would have to encode and cannot.
 */
export function byEngine(own: Laid, whole: Pick<Laid, 'plan' | 'chunks'>, engines: Engines): Laid {
  const { options, machine } = engines;
  const theirs: Laid = { ...whole, plan: { ...whole.plan, engine: 'mediaconvert' }, table: undefined };
  const { bytes } = own.plan.source.info;
  const [ours, other] = [own, theirs].map(({ plan, chunks }) => ({ ...plan, chunks }));
  const later = laterOf(own);
  const choice = {
    own: ours!,
    later,
    theirs: other!,
    fits: own.table ? chunksFit(own.table) : fits(bytes, options),
  };
  if (chooseEngine(choice, machine, engines.architecture) === 'mediaconvert') return theirs;
  if (own.table) checkChunks(own.table);
  else checkBytes(bytes, options);
  for (const work of [ours!, ...later]) checkTime(work, machine);
  return own;
}

/** What is made of it once somebody plays it, which must be possible, too. */
function laterOf({ plan, table }: Laid): Work[] {
  const { later = [], ...rest } = plan;
  return later.length === 0 ? [] : [{ ...rest, chunks: laterTasks(table?.chunks ?? wholeAsOneChunk(), later) }];
}

/** The plan by the table that a pass over the source gives it, if it does. */
export async function withFoundIndex(asItIs: Laid, by: Parameters<typeof withIndex>[1]): Promise<Laid | undefined> {
  const { videoId, revision, execution, source, encryption } = asItIs.plan;
  const made = await withIndex(asItIs, by);
  if (!made) return undefined;
  const { table, remuxed } = made;
  const counted = { ...source, info: { ...source.info, duration: table.seconds } };
  checkLimits(counted.info, by.options);
  const of = {
    videoId,
    revision,
    execution,
    source: counted,
    ...(remuxed && { remuxed }),
    ...(encryption && { encryption }),
  };
  return { ...planSlicing(of, by.options, table), table };
}
