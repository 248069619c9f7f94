/** Handing a pull to the worker. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import { pullTask, type PullTask } from '../../lib/contract/pull.ts';

/** Exported for tests, in which delays are shorter. */
export const sqs = new SQSClient({});

/** `delay`: seconds, SQS takes 900 at most. */
export async function enqueue(task: PullTask, delay = 0): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('PULL_QUEUE'),
      MessageBody: JSON.stringify(pullTask.parse(task)),
      ...(delay > 0 && { DelaySeconds: delay }),
    }),
  );
}
