/** Last step: sees to it that the video is put together, which the last of its tasks has mostly done. */
import { assembleTask, type AssembleResult } from '../../lib/contract/slicing.ts';
import { assemble } from './assembling.ts';
import { leavePlace } from './place.ts';
import { step } from './transient.ts';

export const handler = step(async (input: unknown): Promise<AssembleResult> => {
  const task = assembleTask.parse(input);
  const result = await assemble(task);
  await leavePlace(task.plan.videoId);
  return result;
});
