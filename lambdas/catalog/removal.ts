/** Handing a video's removal to the worker. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import { removal, type Removal } from '../../lib/contract/removal.ts';

/** Exported for tests, in which delays are shorter. */
export const sqs = new SQSClient({});

/** `delay`: seconds, SQS takes 900 at most. */
export async function enqueue(message: Removal, delay = 0): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('REMOVAL_QUEUE'),
      MessageBody: JSON.stringify(removal.parse(message)),
      ...(delay > 0 && { DelaySeconds: delay }),
    }),
  );
}
