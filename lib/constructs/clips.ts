/** Clips: stretches of a channel that somebody exports wait in a queue for the worker that makes each one file. */
import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX, TRACKS_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import type { DeviceTables } from './device-tables.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';
import type { Storage } from './storage.ts';

const TIMEOUT = Duration.minutes(15);

/** The queue; what is sent there is made. */
export function clips(
  scope: Construct,
  { config, storage }: { readonly config: Config; readonly storage: Storage },
  { positions }: DeviceTables,
): Queue {
  const bus = EventBus.fromEventBusName(scope, 'Bus', 'default');
  // Each is counted that Lambda had no execution for, too: five hours of trying.
  const queue = workQueue(scope, 'Clips', { config, workerTimeout: TIMEOUT, tries: 20 });
  const clipper = new SluiceFunction(scope, 'Clipper', {
    config,
    entry: 'devices/clip.ts',
    description: 'Puts clips together: recorded segments to one file, which is sliced like an upload',
    timeout: TIMEOUT,
    memorySize: 1769,
  })
    .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
    .useTable('POSITIONS_TABLE', positions, ['Query'])
    .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], LIVE_PREFIX)
    .useObjects('MEDIA_BUCKET', storage.media, ['PutObject'], TRACKS_PREFIX)
    .listObjects(storage.media, LIVE_PREFIX)
    .useObjects(
      'SOURCE_BUCKET',
      storage.sources,
      ['PutObject', 'PutObjectTagging', 'AbortMultipartUpload'],
      SOURCE_PREFIX,
    )
    .useEvents('EVENT_BUS', bus);
  clipper.addEventSource(
    new SqsEventSource(queue, {
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: concurrency(config).clips,
    }),
  );
  return queue;
}
