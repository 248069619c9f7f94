/** Starting a slicing run by name: who starts it twice starts it once. */
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { probeTask } from '../../lib/contract/slicing.ts';
import { z } from 'zod';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { logger } from './logger.ts';
import { changeVideo } from './videos.ts';

const states = new SFNClient({});

/**
 * Starts the run of a source that is complete, without waiting for the bucket's event. That comes nevertheless: its run finds
 * the video claimed and ends. So what fails here is only slower.
 */
export async function startSlicing(videoId: string): Promise<void> {
  const input: z.input<typeof probeTask>['event'] = {
    detail: { bucket: { name: required('SOURCE_BUCKET') }, object: { key: sourceKey(videoId) } },
  };
  await startRun(videoId, input).catch((error: unknown) =>
    logger.warn('the run is left to the event of the bucket', { videoId, error: error as Error }),
  );
}

/**
 * Somebody plays a video whose ladder was left for then: it is asked for, once. Whoever asks plays what is there, and waits
 * for nothing.
 */
export async function askForLadder(video: VideoRecord): Promise<void> {
  const { id, revision, later, ladderPlan, slicing } = video;
  const execution = `${id}-ladder-${revision}`;
  if (later === undefined || ladderPlan === undefined || slicing === undefined || slicing.execution === execution)
    return;
  try {
    const change = { set: { slicing: { ...slicing, execution } }, remove: ['chunksDone'] as const };
    if (!(await changeVideo(id, change, { from: ['ready'], execution: slicing.execution }))) return;
    const { source } = z
      .object({ source: z.object({ bucket: z.string(), key: z.string() }) })
      .parse(JSON.parse(ladderPlan));
    const input: z.input<typeof probeTask>['event'] = {
      detail: { bucket: { name: source.bucket }, object: { key: source.key } },
      ladder: true,
    };
    await startRun(execution, input).catch(async (error: unknown) => {
      // The next one who plays it asks again.
      await changeVideo(id, { set: { slicing } }, { from: ['ready'], execution });
      throw error;
    });
  } catch (error) {
    logger.warn('the ladder was not asked for', { videoId: id, error: error as Error });
  }
}

/** `name`: 1 to 80 letters and digits; one that was given in the last 90 days starts nothing. */
async function startRun(name: string, input: unknown): Promise<void> {
  try {
    await states.send(
      new StartExecutionCommand({ stateMachineArn: required('STATE_MACHINE_ARN'), name, input: JSON.stringify(input) }),
    );
  } catch (error) {
    if (!(error instanceof ExecutionAlreadyExists)) throw error;
  }
}
