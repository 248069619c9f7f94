/** A job of ours has ended (EventBridge): the run that waits for it goes on. The same event may come twice. */
import { jobStateChange } from '../../../lib/contract/events.ts';
import { logger } from '../../shared/logger.ts';
import { readVideo } from '../../shared/videos.ts';
import { answer } from './answer.ts';

export async function handler(event: unknown): Promise<void> {
  const { jobId, status, errorCode, errorMessage, userMetadata } = jobStateChange.parse(event).detail;
  const { videoId, execution } = userMetadata;
  const record = await readVideo(videoId);
  const { conversion } = record ?? {};
  if (record?.status === 'deleted' || conversion?.execution !== execution || (conversion.job ?? jobId) !== jobId) {
    logger.info('nobody waits for this job', { jobId, videoId, status });
    return;
  }
  await answer(conversion.token, { status, code: errorCode, message: errorMessage });
}
