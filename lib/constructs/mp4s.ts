/** MP4s of rungs that somebody wants to download wait in a queue for the worker that makes them of their segments. */
import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { DOWNLOADS_PREFIX, VOD_PREFIX } from '../contract/keys.ts';
import { SluiceFunction } from './function.ts';
import { pullPlacesOf } from './pulls.ts';
import { workQueue } from './queue.ts';
import type { Storage } from './storage.ts';

const TIMEOUT = Duration.minutes(15);
/** Two minutes before the function's end no part is begun any more. */
const SECONDS = 780;
/** The least SQS lets an event source be bound to. Those that find no place end at once. */
const WORKERS = 2;

/** The queue; what is sent there is made. */
export function mp4s(
  scope: Construct,
  { config, storage }: { readonly config: Config; readonly storage: Storage },
): Queue {
  const queue = workQueue(scope, 'Downloads', { config, workerTimeout: TIMEOUT, tries: 20 });
  const { videos } = concurrency(config);
  const places = pullPlacesOf(videos);
  const maker = new SluiceFunction(scope, 'Mp4Maker', {
    config,
    entry: 'download/worker.ts',
    description: 'Makes MP4s of rungs for download, by copying their segments',
    timeout: TIMEOUT,
    memorySize: 1769,
    environment: {
      DOWNLOAD_PLACES: String(places),
      DOWNLOAD_SECONDS: String(SECONDS),
      SLICING_PLACES: String(videos),
    },
  })
    .useTable('VIDEOS_TABLE', storage.videos, ['GetItem'])
    .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'PutItem', 'DeleteItem'])
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], VOD_PREFIX)
    .useObjects(
      'MEDIA_BUCKET',
      storage.media,
      ['PutObject', 'AbortMultipartUpload', 'ListMultipartUploadParts'],
      DOWNLOADS_PREFIX,
    )
    .sendTo('DOWNLOAD_QUEUE', queue);
  maker.addEventSource(
    new SqsEventSource(queue, {
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: Math.max(WORKERS, places),
    }),
  );
  return queue;
}
