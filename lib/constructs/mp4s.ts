/** MP4s of rungs that somebody wants to download wait in a queue for the worker that makes them of their segments. */
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { DOWNLOADS_PREFIX, VOD_PREFIX } from '../contract/keys.ts';
import { pullPlacesOf } from './pulls.ts';
import { queueWorker, WORKER_SECONDS } from './queue-worker.ts';
import type { Storage } from './storage.ts';

/** The queue; what is sent there is made. */
export function mp4s(
  scope: Construct,
  { config, storage }: { readonly config: Config; readonly storage: Storage },
): Queue {
  const { videos } = concurrency(config);
  const places = pullPlacesOf(videos);
  const { queue, worker } = queueWorker(scope, {
    ids: { queue: 'Downloads', worker: 'Mp4Maker' },
    config,
    entry: 'download/worker.ts',
    description: 'Makes MP4s of rungs for download, by copying their segments',
    atATime: places,
    environment: {
      DOWNLOAD_PLACES: String(places),
      DOWNLOAD_SECONDS: String(WORKER_SECONDS),
      SLICING_PLACES: String(videos),
    },
  });
  worker
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
  return queue;
}
