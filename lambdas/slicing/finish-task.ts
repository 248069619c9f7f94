/** After a task is done: what can be played is published, and the last one of all puts the video together. */
import { required } from '../../lib/contract/env.ts';
import { runKey } from '../../lib/contract/keys.ts';
import { assembleTask, type EncodeTask } from '../../lib/contract/slicing.ts';
import { assemble } from './assembling.ts';
import { startMeter } from './meter.ts';
import { readVersion } from './objects.ts';
import { publish } from './publish.ts';

/** `done`: the run's tasks that are. `draws`: there is an ffmpeg here, to draw the poster with. */
export async function finishTask(
  { plan, chunk }: EncodeTask,
  done: ReadonlySet<number>,
  draws: boolean,
): Promise<void> {
  // A source that is read whole is one task, whose run assembles.
  if (plan.segments === undefined) return;
  const stored = await readVersion({
    bucket: required('MEDIA_BUCKET'),
    key: runKey(plan.videoId, plan.revision),
  });
  // Gone once it is assembled: another one was the last.
  if (stored === undefined) return;
  const run = assembleTask.parse(JSON.parse(stored.text));
  await publish(run, done, chunk.index);
  if (done.size === plan.chunkCount && draws) await assemble(run, startMeter());
}
