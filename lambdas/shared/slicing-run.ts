/** Starting a slicing run by name: who starts it twice starts it once. */
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { required } from '../../lib/contract/env.ts';
import { sourceKey } from '../../lib/contract/keys.ts';
import type { probeTask } from '../../lib/contract/slicing.ts';
import type { z } from 'zod';
import { logger } from './logger.ts';

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
