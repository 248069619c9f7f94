/**
 * Hands a whole video to MediaConvert. The run waits, without a function and without a place, until the job's end is told by
 * its event (finished.ts). Tried again, it finds its job, and says itself how that ended, should the event be lost.
 */
import {
  CancelJobCommand,
  CreateJobCommand,
  GetJobCommand,
  MediaConvertClient,
  type Job,
} from '@aws-sdk/client-mediaconvert';
import { drmJob } from '../../../lib/contract/drm.ts';
import { json, required } from '../../../lib/contract/env.ts';
import { convertTask } from '../../../lib/contract/slicing.ts';
import { logger } from '../../shared/logger.ts';
import { changeVideo, readVideo } from '../../shared/videos.ts';
import { leavePlace } from '../place.ts';
import { step } from '../transient.ts';
import { answer, type Ended } from './answer.ts';
import { jobOf } from './settings.ts';

const mediaConvert = new MediaConvertClient({});

export const handler = step(async (input: unknown): Promise<void> => {
  const { plan, token } = convertTask.parse(input);
  const { videoId, execution } = plan;
  const keep = (job: string | undefined) =>
    changeVideo(
      videoId,
      { set: { conversion: { execution, token, ...(job !== undefined && { job }) } } },
      { from: ['probed'], execution },
    );
  const before = (await readVideo(videoId))?.conversion;
  const known = before?.execution === execution ? before.job : undefined;
  // Before there is a job: its event may come before this function ends.
  if (!(await keep(known))) return await answer(token, { status: 'CANCELED', message: 'the video was deleted' });
  const { Job } =
    known === undefined
      ? await mediaConvert.send(new CreateJobCommand(jobOf(plan, placeOf())))
      : await mediaConvert.send(new GetJobCommand({ Id: known }));
  const id = Job!.Id!;
  logger.info('job', { videoId, job: id, status: Job!.Status });
  if (!(await keep(id))) {
    await mediaConvert.send(new CancelJobCommand({ Id: id }));
    return await answer(token, { status: 'CANCELED', message: 'the video was deleted' });
  }
  await leavePlace(videoId);
  const ended = endOf(Job!);
  if (ended) await answer(token, ended);
});

const placeOf = () => ({
  bucket: required('MEDIA_BUCKET'),
  role: required('MEDIACONVERT_ROLE'),
  queue: required('MEDIACONVERT_QUEUE'),
  deployment: required('DEPLOYMENT'),
  drm: process.env['DRM'] === undefined ? undefined : json('DRM', drmJob),
});

/** How a job ended; undefined while it goes on. */
export function endOf({ Status, ErrorCode, ErrorMessage }: Job): Ended | undefined {
  if (Status !== 'COMPLETE' && Status !== 'ERROR' && Status !== 'CANCELED') return undefined;
  return { status: Status, code: ErrorCode, message: ErrorMessage };
}
