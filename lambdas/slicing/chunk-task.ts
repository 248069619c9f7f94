/** What every task of a run does around its work, whatever that is: hold the place, store the result, be counted. */
import { required } from '../../lib/contract/env.ts';
import { chunkResultKey, revisionPrefix } from '../../lib/contract/keys.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import {
  chunkResult,
  encodeTask,
  type ChunkResult,
  type EncodeResult,
  type EncodeTask,
} from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects } from '../shared/objects.ts';
import { readVideo } from '../shared/videos.ts';
import type { Put } from './encoder.ts';
import { refuse } from './failing.ts';
import { finishTask } from './finish-task.ts';
import { startMeter } from './meter.ts';
import { headObject, putObject } from './objects.ts';
import { holdPlace, leavePlace } from './place.ts';
import { Refusal, spokenStretch } from './refusal.ts';
import { sealer } from './sealing.ts';
import { Watch, Stopped } from './watch.ts';

export interface Work {
  readonly task: EncodeTask;
  readonly watch: Watch;
  /** Stores a file of the revision. */
  readonly put: Put;
}

/** `draws`: there is an ffmpeg here. */
export async function runTask(
  input: unknown,
  draws: boolean,
  work: (work: Work) => Promise<ChunkResult>,
): Promise<EncodeResult> {
  const used = startMeter();
  const task = encodeTask.parse(input);
  const { plan, chunk } = task;
  const bucket = required('MEDIA_BUCKET');
  const watch = new Watch(plan, chunk);
  const stored: string[] = [];
  const prefix = revisionPrefix(plan.videoId, plan.revision);
  const seal = sealer(plan, (path) => {
    // Those of a ladder stay: other tasks of it that are done need not be done again, and may have used them.
    if (!plan.ladder) stored.push(`${prefix}${path}`);
  });
  const put: Put = async (path, bytes, contentType, init) => {
    const sealed = await seal(path, bytes, init);
    const key = `${prefix}${path}`;
    stored.push(key);
    await putObject(bucket, key, sealed, contentType);
  };
  try {
    await watch.check();
    await holdPlace(plan.videoId);
    const key = chunkResultKey(plan.videoId, plan.revision, chunk.index);
    // One that broke off after its work has only the rest to do again.
    if (plan.segments === undefined || (await headObject({ bucket, key })) === undefined) {
      const made = await work({ task, watch, put });
      const result = chunkResult.parse({ ...made, used: used() });
      stored.push(key);
      await putObject(bucket, key, JSON.stringify(result), 'application/json', 'no-store');
    }
    const done = await watch.done();
    await finishTask(task, done, draws);
    return { outcome: 'encoded', index: chunk.index };
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof Stopped)) {
      // Done twice at a time: the other one was the last of all, and what this one reads is gone.
      if (await isDone(plan)) return { outcome: 'encoded', index: chunk.index };
      throw error;
    }
    logger.info('encoding ended early', { videoId: plan.videoId, error });
    if (error instanceof Refusal) {
      const { code } = error;
      // Of one task of many: where in the video it is.
      const reason = plan.chunkCount > 1 ? `${error.reason} It is the stretch ${spokenStretch(chunk)}.` : error.reason;
      await refuse(plan.videoId, plan.execution, { code, reason }, plan.source);
    }
    await removeObjects(bucket, stored);
    // The run may have been stopped from outside, so that no later step does it.
    await leavePlace(plan.videoId);
    return { outcome: 'stopped', index: chunk.index };
  } finally {
    await watch.end();
  }
}

/** Whether all that the run was to make is there. */
async function isDone({ videoId, execution, ladder }: Plan): Promise<boolean> {
  const record = await readVideo(videoId);
  const isReady = record?.status === 'ready' && record.slicing?.execution === execution;
  return isReady && (ladder !== true || record.later === undefined);
}
