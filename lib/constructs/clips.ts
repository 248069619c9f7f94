/** Clips: stretches of a channel that somebody exports wait in a queue for the worker that makes each one file. */
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX, TRACKS_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import type { DeviceTables } from './device-tables.ts';
import { queueWorker } from './queue-worker.ts';
import type { Storage } from './storage.ts';

/** The queue; what is sent there is made. */
export function clips(
  scope: Construct,
  { config, storage }: { readonly config: Config; readonly storage: Storage },
  { positions }: DeviceTables,
): Queue {
  const bus = EventBus.fromEventBusName(scope, 'Bus', 'default');
  const { queue, worker } = queueWorker(scope, {
    ids: { queue: 'Clips', worker: 'Clipper' },
    config,
    entry: 'devices/clip.ts',
    description: 'Puts clips together: recorded segments to one file, which is sliced like an upload',
    atATime: concurrency(config).clips,
  });
  worker
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
  return queue;
}
