/** Catalog: what there is, who may see it; and the workers that remove what was deleted or kept long enough. */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { EventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { z } from 'zod';
import { concurrency, type Config } from '../config.ts';
import type { consoleConfig } from '../contract/api.ts';
import {
  CONTENT_KEYS_PREFIX,
  DOWNLOADS_PREFIX,
  SERVED_POSITIONS,
  SOURCE_PREFIX,
  TEXT_KEYS,
  TRACKS_PREFIX,
  VOD_PREFIX,
  WORK_PREFIX,
} from '../contract/keys.ts';
import { TRASH_DAYS } from '../contract/options.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { hookEnvironment } from './hook.ts';
import { cancelsJobs } from './media-convert.ts';
import { mp4s } from './mp4s.ts';
import { workQueue } from './queue.ts';
import type { Revocation } from './revocation.ts';
import type { SigningKey } from './signing-key.ts';
import { BY_OWNER, BY_REMOVAL, BY_SUBJECT, BY_TIME, type Storage } from './storage.ts';
import { hears, OF_VIDEOS } from './stream.ts';
import { limitsOf } from './upload.ts';

const REMOVER_TIMEOUT = Duration.minutes(5);

export interface CatalogProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly signingKey: SigningKey;
  readonly revocation: Pick<Revocation, 'revokedBy' | 'askedBy' | 'takenBackBy' | 'takesDown'>;
  /** Deleting a video stops its slicing. */
  readonly slicing: { readonly stateMachine: Pick<StateMachine, 'stateMachineArn' | 'stateMachineName'> };
}

export class Catalog extends Construct {
  readonly handler: SluiceFunction;
  readonly remover: SluiceFunction;
  /** What is told there of a video is done by the remover. */
  readonly removals: Queue;
  /** What is sent there is made: MP4s of rungs. */
  readonly downloads: Queue;

  constructor(scope: Construct, id: string, { config, storage, api, signingKey, revocation, slicing }: CatalogProps) {
    super(scope, id);
    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    // Ten hours of trying: each is counted that Lambda had no execution for, too. What waits for CloudFront is not.
    const removals = workQueue(this, 'Removals', { config, workerTimeout: REMOVER_TIMEOUT, tries: 100 });
    this.removals = removals;

    this.downloads = mp4s(this, { config, storage });

    this.handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'catalog/handler.ts',
      description: 'Catalog API: lists, shows, changes and deletes videos, and keeps grants',
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        CONSOLE_CONFIG: Stack.of(this).toJsonString(consoleConfigOf(config, api)),
        ...hookEnvironment(config),
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'BatchGetItem', 'UpdateItem'], [BY_OWNER, BY_TIME])
      .useTable(
        'ENTITLEMENTS_TABLE',
        storage.entitlements,
        ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'],
        [BY_SUBJECT],
      )
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], TRACKS_PREFIX)
      .allow(
        ['s3:GetObject'],
        [storage.media.arnForObjects(SERVED_POSITIONS)],
        'where clips of earlier versions have their positions',
      )
      .allow(
        ['s3:PutObject', 's3:DeleteObject'],
        [storage.media.arnForObjects(TEXT_KEYS)],
        'captions that people add; videos are not known before they are there',
      )
      .sendTo('REMOVAL_QUEUE', removals)
      // What it may read, an address that it signs may: the original, and the MP4s that were made.
      .useObjects('SOURCE_BUCKET', storage.sources, ['GetObject'], SOURCE_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], DOWNLOADS_PREFIX)
      .useTable('UPLOADS_TABLE', storage.uploads, ['PutItem', 'UpdateItem'])
      .sendTo('DOWNLOAD_QUEUE', this.downloads);
    signingKey.allowSigning(this.handler);
    revocation.takenBackBy(this.handler);
    api.serve('catalog', this.handler);

    this.remover = new SluiceFunction(this, 'Remover', {
      config,
      entry: 'catalog/remove.ts',
      description:
        'Removes the objects, cached copies and records of deleted videos, and withdraws what is in the trash',
      timeout: REMOVER_TIMEOUT,
      environment: {
        STATE_MACHINE_ARN: slicing.stateMachine.stateMachineArn,
        SIGNATURE_HOURS: String(config.playback.signatureHours),
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem', 'DeleteItem'])
      .useTable('UPLOADS_TABLE', storage.uploads, ['UpdateItem', 'DeleteItem'])
      .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['Query', 'DeleteItem'])
      .useTable('LINKS_TABLE', storage.links, ['Query', 'DeleteItem'])
      .useObjects('SOURCE_BUCKET', storage.sources, ['DeleteObject', 'AbortMultipartUpload'], SOURCE_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], VOD_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], CONTENT_KEYS_PREFIX)
      // What a run that is stopped had used.
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject', 'DeleteObject'], WORK_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], TRACKS_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['DeleteObject'], DOWNLOADS_PREFIX)
      .listObjects(storage.sources, SOURCE_PREFIX)
      .listObjects(storage.media, VOD_PREFIX)
      .listObjects(storage.media, CONTENT_KEYS_PREFIX)
      .listObjects(storage.media, WORK_PREFIX)
      .listObjects(storage.media, TRACKS_PREFIX)
      .listObjects(storage.media, DOWNLOADS_PREFIX)
      .useEvents('EVENT_BUS', bus)
      .sendTo('REMOVAL_QUEUE', removals)
      .allow(
        ['states:StopExecution'],
        [
          Stack.of(this).formatArn({
            service: 'states',
            resource: 'execution',
            resourceName: `${slicing.stateMachine.stateMachineName}:*`,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
        'executions of this one state machine; their names are not known before they run',
      );
    if (config.slicing.engine !== 'encode') cancelsJobs(this.remover);
    revocation.takesDown(this.remover);
    // What is taken out of the trash.
    revocation.askedBy(this.remover);
    revocation.takenBackBy(this.remover);
    this.remover.addEventSource(
      new SqsEventSource(removals, {
        // Without a wait for more: a takedown is quick, and of many at a time batches fill by themselves.
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency: concurrency(config).removals,
      }),
    );
    this.#expiry(config, storage, removals);
  }

  #expiry(config: Config, storage: Storage, removals: Queue): void {
    const expiry = new SluiceFunction(this, 'Expiry', {
      config,
      entry: 'catalog/expire.ts',
      description:
        'Hands videos whose retention is over to removal, sees which sources stay, and keeps the index of words',
      timeout: Duration.minutes(15),
      environment: {
        EXPIRE_DAYS: String(config.upload.expireDays),
        SOURCES_GO: config.slicing.keepSourceDays === undefined ? 'no' : 'yes',
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'PutItem', 'UpdateItem', 'BatchWriteItem'], [BY_TIME])
      .allow(['dynamodb:Scan'], [`${storage.videos.tableArn}/index/${BY_REMOVAL}`])
      .useObjects('SOURCE_BUCKET', storage.sources, ['DeleteObjectTagging'], SOURCE_PREFIX)
      .sendTo('REMOVAL_QUEUE', removals);
    if (config.slicing.keepSourceDays !== undefined)
      expiry.useObjects('SOURCE_BUCKET', storage.sources, ['DeleteObject'], SOURCE_PREFIX);
    new Rule(this, 'Daily', {
      description: 'Looks for videos whose retention is over',
      // Days end at midnight UTC.
      schedule: Schedule.cron({ hour: '0', minute: '10' }),
      targets: [new LambdaFunction(expiry)],
    });
    // The index of words follows the videos. What could not be written is tried again for a day, and what broke by itself.
    hears(this, 'Changes', {
      target: expiry,
      table: storage.videos,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      bisectBatchOnError: true,
      retryAttempts: 1000,
      maxRecordAge: Duration.days(1),
      filters: OF_VIDEOS,
    });
  }

  /** Lets removals clear this distribution's caches. Called when it exists: it is made after the catalog. */
  invalidates(distribution: Pick<IDistribution, 'distributionId'>): void {
    this.remover.useInvalidation(distribution, true);
  }
}

/** What `GET /api/config` tells the console (`consoleConfig` of the contract). */
function consoleConfigOf(config: Config, { auth }: Api): z.input<typeof consoleConfig> {
  const { maxBytes, types, maxInFlight } = limitsOf(config);
  return {
    issuer: auth.issuer,
    clientId: auth.clientId,
    scope: config.auth.scope,
    ...(config.auth.resource !== undefined && { resource: config.auth.resource }),
    groupsClaim: config.auth.groupsClaim,
    live: config.live.enabled,
    downloads: config.playback.downloads,
    // The environment of a function is small, and this one's nearly full.
    ...(config.videos.trashDays !== TRASH_DAYS && { trashDays: config.videos.trashDays }),
    ...mapOf(config),
    upload: {
      maxBytes,
      partBytes: config.upload.partSizeMiB * 1024 ** 2,
      types,
      maxInFlight,
      ...(config.drm.keyServer !== undefined && { drm: true as const }),
    },
  };
}

function mapOf({ live }: Config): Pick<z.input<typeof consoleConfig>, 'map'> {
  const { mapTilesUrl, mapAttribution, mapAttributionUrl } = live;
  if (mapTilesUrl === undefined || mapAttribution === undefined) return {};
  return {
    map: {
      tiles: mapTilesUrl,
      attribution: mapAttribution,
      ...(mapAttributionUrl !== undefined && { attributionUrl: mapAttributionUrl }),
    },
  };
}
