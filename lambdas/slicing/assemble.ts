/** Last step: sees to it that the video is put together, which the last of its tasks has mostly done. */
import { assembleTask, type AssembleResult } from '../../lib/contract/slicing.ts';
import { assemble } from './assembling.ts';
import { settle } from './budget.ts';
import { startMeter } from './meter.ts';
import { leavePlace } from './place.ts';
import { step } from './transient.ts';
import { settleUnfinished } from './unfinished.ts';

export const handler = step(async (input: unknown): Promise<AssembleResult> => {
  const used = startMeter();
  const task = assembleTask.parse(input);
  const result = await assemble(task, used);
  // Also by a call that finds the work done: the one that did it may have died just before.
  if (result.outcome === 'ready') await settle(result.videoId);
  else await settleUnfinished(result.videoId, task.plan.execution);
  await leavePlace(task.plan.videoId);
  return result;
});
