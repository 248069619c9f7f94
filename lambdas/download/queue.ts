/** Handing an MP4 to the worker that makes it. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { downloadTask, type DownloadTask } from '../../lib/contract/download.ts';
import { required } from '../../lib/contract/env.ts';

const sqs = new SQSClient({});

/** `delay`: seconds, SQS takes 900 at most. */
export async function enqueue(task: DownloadTask, delay = 0): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: required('DOWNLOAD_QUEUE'),
      MessageBody: JSON.stringify(downloadTask.parse(task)),
      ...(delay > 0 && { DelaySeconds: delay }),
    }),
  );
}
