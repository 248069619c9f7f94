/** Handing a video's removal to the worker, and what the message says. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import { videoId } from '../../lib/contract/video.ts';

export const removal = z.object({
  videoId,
  /** `remove` does all of it; `sweep` looks once more for objects, after the last encoder has ended. */
  step: z.enum(['remove', 'sweep']),
});
export type Removal = z.infer<typeof removal>;

/**
 * Seconds. A Lambda that was encoding when its execution was stopped runs on, for 15 minutes at most, and may still
 * write. It is also the longest delay of SQS.
 */
const SWEEP_DELAY = 900;

const sqs = new SQSClient({});

export async function enqueue(message: Removal): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('REMOVAL_QUEUE'),
      MessageBody: JSON.stringify(removal.parse(message)),
      ...(message.step === 'sweep' && { DelaySeconds: SWEEP_DELAY }),
    }),
  );
}
