/** Handing a video's removal to the worker. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import { removal, type Removal } from '../../lib/contract/removal.ts';

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
