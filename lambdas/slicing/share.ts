/**
 * How many of its tasks a video may have at a time, where functions are reserved for them (lib/concurrency.ts): all when it is
 * alone, else the share of one. Whoever was there before keeps more for a while; functions that AWS does not give then are asked
 * for again, so that a video is slower and none fails.
 */
import { number } from '../../lib/contract/env.ts';
import { slicingTasks } from '../../lib/contract/slicing.ts';
import { videosBeside } from './beside.ts';

/** Of `tasks`, with so many other videos under way. Pure. */
export const shareOf = (tasks: number, others: number): number => Math.max(1, Math.floor(tasks / (others + 1)));

/** For probe's answer: nothing where nothing is reserved, since the state machine says it then. */
export async function atATime(videoId: string): Promise<{ readonly atATime?: number }> {
  const tasks = number('SLICING_TASKS', slicingTasks);
  return tasks === 0 ? {} : { atATime: shareOf(tasks, await videosBeside(videoId)) };
}
