/** Last step of a run that went wrong unforeseen: the video says so, and what the run wrote goes. */
import { required } from '../../lib/contract/env.ts';
import { contentKeysKey, parseUploadKey, revisionPrefix, workPrefix } from '../../lib/contract/keys.ts';
import { SLICING_FAILED } from '../../lib/contract/metrics.ts';
import type { Failure } from '../../lib/contract/video.ts';
import { failTask, type FailTask } from '../../lib/contract/slicing.ts';
import { logger } from '../shared/logger.ts';
import { removeObjects, removePrefix } from '../shared/objects.ts';
import { readVideo } from '../shared/videos.ts';
import { fail, failLadder } from './failing.ts';
import { leavePlace } from './place.ts';
import { MergeError } from './playlists.ts';
import { FAILED } from './mediaconvert/failed.ts';
import { spokenStretch } from './refusal.ts';
import { step } from './transient.ts';
import { settleUnfinished } from './unfinished.ts';

/** MediaConvert says why itself; for everything else it is us. */
function failureOf({ Error: name, Cause }: FailTask['error'], execution: string, chunk: FailTask['chunk']): Failure {
  if (name === FAILED) {
    return {
      code: 'mediaconvert-failed',
      reason: `MediaConvert could not convert the video: ${Cause ?? 'it gave no reason'}; export it again with an ordinary encoder, or ask the operator.`,
    };
  }
  const where = chunk ? ` ${spokenStretch(chunk)}` : '';
  return {
    code: 'internal',
    reason: `Something went wrong on our side while preparing the video${where}; upload it again, and if it happens again tell the operator this run's name: ${execution}.`,
  };
}

export const handler = step(async (input: unknown): Promise<{ outcome: 'failed' | 'kept' }> => {
  const { execution, event, error, chunk } = failTask.parse(input);
  const videoId = parseUploadKey(event.detail.object.key)?.videoId;
  logger.error(SLICING_FAILED, { execution, videoId, error: error.Error, cause: error.Cause?.slice(0, 2000) });
  if (videoId === undefined) return { outcome: 'kept' };
  const failed = await fail(videoId, execution, failureOf(error, execution, chunk), chunk !== undefined);
  const record = await readVideo(videoId);
  // Not of another run of the same video, which goes on.
  if (record?.slicing?.execution === execution) await leavePlace(videoId);
  await settleUnfinished(videoId, execution);
  if (!failed) {
    await failLadder(videoId, execution, error.Error !== MergeError.name);
    return { outcome: 'kept' };
  }
  if (record?.slicing) {
    await removeObjects(required('MEDIA_BUCKET'), [contentKeysKey(videoId, record.slicing.revision)]);
    await removePrefix(required('MEDIA_BUCKET'), revisionPrefix(videoId, record.slicing.revision));
    await removePrefix(required('MEDIA_BUCKET'), workPrefix(videoId));
  }
  return { outcome: 'failed' };
});
