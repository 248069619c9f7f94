/** Tells the run that waits for a job of MediaConvert how the job ended. */
import { SendTaskFailureCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { FAILED } from './failed.ts';
import { logger } from '../../shared/logger.ts';

const states = new SFNClient({});

export interface Ended {
  readonly status: 'COMPLETE' | 'ERROR' | 'CANCELED';
  readonly code?: number | undefined;
  readonly message?: string | undefined;
}

/** Nobody waits any more: the run was stopped, was told already, or asked again with another token. */
const GONE = ['TaskDoesNotExist', 'TaskTimedOut', 'InvalidToken'];

/** Characters of a failure's cause that Step Functions takes are 32,768; nobody reads so many. */
const CAUSE = 1000;

export async function answer(taskToken: string, { status, code, message }: Ended): Promise<void> {
  const command =
    status === 'COMPLETE'
      ? new SendTaskSuccessCommand({ taskToken, output: '{}' })
      : new SendTaskFailureCommand({
          taskToken,
          error: status === 'ERROR' ? FAILED : 'MediaConvertCanceled',
          cause: `${message ?? 'no reason given'}${code === undefined ? '' : ` (${code})`}`.slice(0, CAUSE),
        });
  try {
    await states.send(command as SendTaskSuccessCommand);
  } catch (error) {
    if (!(error instanceof Error && GONE.includes(error.name))) throw error;
    logger.info('nobody waits for this job any more', { status, error });
  }
}
