/**
 * What a run that ended without its video being ready is counted with in its month: what its finished tasks measured, in the
 * place of its estimate. What tasks used that died, or are under way while the video is deleted, nobody measured.
 */
import { required } from '../../lib/contract/env.ts';
import { chunkResultKey, runKey } from '../../lib/contract/keys.ts';
import { assembleTask, chunkResult } from '../../lib/contract/slicing.ts';
import type { Usage } from '../../lib/contract/cost.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { logger } from '../shared/logger.ts';
import { readVideo } from '../shared/videos.ts';
import { architecture, microdollars, settleAt } from './budget.ts';
import { transitionsOf } from './estimate.ts';
import { readVersion, type ObjectRef } from './objects.ts';
import { addUsage, dollarsOf } from './prices.ts';
import { AT_A_TIME } from './store-table.ts';

/** Before `work/` is removed. Does nothing for a run that is settled, or that left nothing there: then the estimate stays. */
export async function settleUnfinished(videoId: string, execution: string): Promise<void> {
  const record = await readVideo(videoId);
  const { slicing, spend, cost, chunksDone = new Set<number>() } = record ?? {};
  if (!slicing || !spend || !cost || spend.execution !== execution) return;
  const bucket = required('MEDIA_BUCKET');
  const run = await read({ bucket, key: runKey(videoId, slicing.revision) }, assembleTask);
  // One function, or MediaConvert, had all of it and measured nothing before its end.
  if (run === undefined || run.plan.execution !== execution) return;
  const keys = [...chunksDone].map((index) => chunkResultKey(videoId, slicing.revision, index));
  const used: (Usage | undefined)[] = [];
  for (let at = 0; at < keys.length; at += AT_A_TIME) {
    const results = keys.slice(at, at + AT_A_TIME).map((key) => read({ bucket, key }, chunkResult));
    used.push(...(await Promise.all(results)).map((result) => result?.used));
  }
  const dollars = spentBy(run.plan, used);
  // Rungs that could not be made leave the video as it was, its price as well.
  const shown = run.plan.ladder ? cost : { ...cost, actual: Number(dollars.toFixed(6)) };
  await settleAt({ id: videoId, spend, cost: shown }, microdollars(dollars));
}

/** Dollars of what was measured: probing, and the tasks that are done. Pure. */
export const spentBy = (plan: Plan, used: readonly (Usage | undefined)[]): number =>
  dollarsOf(
    addUsage([
      plan.used ?? {},
      ...used.map((one) => one ?? {}),
      { transitions: transitionsOf({ ...plan, chunkCount: used.length }) },
    ]),
    architecture,
  );

/** Undefined: it is not there, or another version of this app wrote it. Failing and removing go on without. */
async function read<T>(ref: ObjectRef, schema: { parse(value: unknown): T }): Promise<T | undefined> {
  const found = await readVersion(ref);
  try {
    return found && schema.parse(JSON.parse(found.text));
  } catch (error) {
    logger.warn('what a task used is not known', { key: ref.key, error: error as Error });
    return undefined;
  }
}
