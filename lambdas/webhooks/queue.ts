/** The queue of what webhooks are told. */
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { required } from '../../lib/contract/env.ts';
import type { DeliverTask, WakeTask } from '../../lib/contract/webhook.ts';

const sqs = new SQSClient({});

/** `delay`: seconds, 900 at most. */
export const sendTask = (task: DeliverTask | WakeTask, delay = 0): Promise<unknown> =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl: required('WEBHOOK_QUEUE'),
      MessageBody: JSON.stringify(task),
      ...(delay > 0 && { DelaySeconds: delay }),
    }),
  );

/** Has a message that was received come again after so many seconds. */
export const hide = (ReceiptHandle: string, VisibilityTimeout: number): Promise<unknown> =>
  sqs.send(
    new ChangeMessageVisibilityCommand({ QueueUrl: required('WEBHOOK_QUEUE'), ReceiptHandle, VisibilityTimeout }),
  );
