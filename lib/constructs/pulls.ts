/** Pulls: sources that lie at an address wait in a queue for the worker that brings them into the bucket. */
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { pullRules, type PullRules } from '../contract/pull.ts';
import type { UploadLimits } from '../contract/upload.ts';
import type { SluiceFunction } from './function.ts';
import { queueWorker, WORKER_SECONDS } from './queue-worker.ts';
import type { Storage } from './storage.ts';

interface PullsProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly limits: UploadLimits;
}

/** The queue, and who works on what is sent there. */
export function pulls(
  scope: Construct,
  { config, storage, limits }: PullsProps,
): { readonly queue: Queue; readonly puller: SluiceFunction } {
  const { videos } = concurrency(config);
  const places = pullPlacesOf(videos);
  const { queue, worker: puller } = queueWorker(scope, {
    ids: { queue: 'Pulls', worker: 'Puller' },
    config,
    entry: 'pull/worker.ts',
    description: 'Pulls sources from https addresses and from buckets that the configuration names',
    atATime: places,
    environment: {
      UPLOAD_LIMITS: JSON.stringify(limits),
      PULL_RULES: JSON.stringify(rulesOf(config)),
      PULL_PLACES: String(places),
      PULL_SECONDS: String(WORKER_SECONDS),
      SLICING_PLACES: String(videos),
    },
  });
  puller
    .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
    .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'PutItem', 'DeleteItem'])
    .useObjects(
      'SOURCE_BUCKET',
      storage.sources,
      ['PutObject', 'PutObjectTagging', 'AbortMultipartUpload', 'ListMultipartUploadParts'],
      SOURCE_PREFIX,
    )
    .listObjects(storage.sources, SOURCE_PREFIX)
    .sendTo('PULL_QUEUE', queue)
    .useEvents('EVENT_BUS', EventBus.fromEventBusName(scope, 'PullBus', 'default'));
  const named = config.upload.pullBuckets.map((name, i) => Bucket.fromBucketName(scope, `Pulled${i}`, name));
  if (named.length > 0) {
    puller.allow(
      ['s3:GetObject'],
      named.map((bucket) => bucket.arnForObjects('*')),
      'objects of the buckets that upload.pullBuckets names',
    );
  }
  return { queue, puller };
}

/** Of slicing's places, so that what comes from outside, however slowly, leaves the others theirs. */
export const pullPlacesOf = (videos: number): number => Math.max(1, Math.floor(videos / 3));

export const rulesOf = ({ upload }: Pick<Config, 'upload'>): PullRules =>
  pullRules.parse({ allowPrivate: upload.pullPrivate, buckets: upload.pullBuckets });
