/** Pulls: sources that lie at an address wait in a queue for the worker that brings them into the bucket. */
import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { concurrency, type Config } from '../config.ts';
import { SOURCE_PREFIX } from '../contract/keys.ts';
import { pullRules, type PullRules } from '../contract/pull.ts';
import type { UploadLimits } from '../contract/upload.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';
import type { Storage } from './storage.ts';

const TIMEOUT = Duration.minutes(15);
/** Two minutes before the function's end no part is begun any more. */
const SECONDS = 780;
/** The least SQS lets an event source be bound to. Those that find no place end at once. */
const WORKERS = 2;

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
  // Each is counted that Lambda had no execution for, too: five hours of trying.
  const queue = workQueue(scope, 'Pulls', { config, workerTimeout: TIMEOUT, tries: 20 });
  const { videos } = concurrency(config);
  const places = pullPlacesOf(videos);
  const puller = new SluiceFunction(scope, 'Puller', {
    config,
    entry: 'pull/worker.ts',
    description: 'Pulls sources from https addresses and from buckets that the configuration names',
    timeout: TIMEOUT,
    memorySize: 1769,
    environment: {
      UPLOAD_LIMITS: JSON.stringify(limits),
      PULL_RULES: JSON.stringify(rulesOf(config)),
      PULL_PLACES: String(places),
      PULL_SECONDS: String(SECONDS),
      SLICING_PLACES: String(videos),
    },
  })
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
  puller.addEventSource(
    new SqsEventSource(queue, {
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: Math.max(WORKERS, places),
    }),
  );
  return { queue, puller };
}

/** Of slicing's places, so that what comes from outside, however slowly, leaves the others theirs. */
export const pullPlacesOf = (videos: number): number => Math.max(1, Math.floor(videos / 3));

export const rulesOf = ({ upload }: Pick<Config, 'upload'>): PullRules =>
  pullRules.parse({ allowPrivate: upload.pullPrivate, buckets: upload.pullBuckets });
