/** Starting a slicing run by name: who starts it twice starts it once. */
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { probeTask } from '../../lib/contract/slicing.ts';
import { z } from 'zod';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ask, ladderRun } from './ladder.ts';
import { logger } from './logger.ts';
import { changeVideo, readVideo } from './videos.ts';

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
 * Somebody plays a video whose ladder was left for then: it is asked for, once, and again by who plays it some time after it
 * failed. Whoever asks plays what is there, and waits for nothing. Answers the record as it is now. `check` is done before, where
 * there is something to ask for; nothing is when it throws.
 */
export async function askForLadder(
  video: VideoRecord,
  check: () => Promise<void> = async () => {},
): Promise<VideoRecord> {
  const { id, revision, ladderPlan, slicing } = video;
  const ladder = ask(video, Math.floor(Date.now() / 1000));
  if (ladder === undefined || slicing === undefined || ladderPlan === undefined) return video;
  await check();
  const execution = ladderRun(id, revision, ladder.tries);
  try {
    const change = { set: { slicing: { ...slicing, execution }, ladder }, remove: ['chunksDone'] as const };
    const asked = await changeVideo(id, change, { from: ['ready'], execution: slicing.execution });
    if (!asked) return await asItIsNow(video);
    const { source } = z
      .object({ source: z.object({ bucket: z.string(), key: z.string() }) })
      .parse(JSON.parse(ladderPlan));
    const input: z.input<typeof probeTask>['event'] = {
      detail: { bucket: { name: source.bucket }, object: { key: source.key } },
      ladder: true,
    };
    await startRun(execution, input).catch(async (error: unknown) => {
      // The next one who plays it asks again.
      const set = { slicing, ...(video.ladder && { ladder: video.ladder }) };
      const undo = { set, remove: video.ladder ? [] : (['ladder'] as const) };
      await changeVideo(id, undo, { from: ['ready'], execution });
      throw error;
    });
    return asked;
  } catch (error) {
    logger.warn('the ladder was not asked for', { videoId: id, error: error as Error });
    return video;
  }
}

/** The record as `askForLadder` would answer it, and nothing asked for. */
export function asIfAsked(video: VideoRecord): VideoRecord {
  const ladder = ask(video, Math.floor(Date.now() / 1000));
  return ladder === undefined ? video : { ...video, ladder };
}

/** Somebody else has asked meanwhile: the record says that it grows. */
async function asItIsNow(video: VideoRecord): Promise<VideoRecord> {
  const now = await readVideo(video.id);
  return now?.status === 'ready' ? now : video;
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
