/**
 * Devices: their tables, their API, live playback and clips. All of it is billed by use, so it stays with the serverless
 * stack and outlives the one that costs by the hour.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SOURCE_PREFIX, VOD_PREFIX } from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { acknowledge } from './nag.ts';
import type { SigningKey } from './signing-key.ts';
import type { Storage } from './storage.ts';

/** Index of the devices table: every device by name. */
export const BY_NAME = 'byName';
/** Index of the devices table: the device a media packet belongs to, by all that a six-byte SIM says. */
export const BY_MEDIA_KEY = 'byMediaKey';

const CLIP_TIMEOUT = Duration.minutes(15);

export interface DevicesProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly signingKey: SigningKey;
}

export class Devices extends Construct {
  /** Registrations with the latest state in the same item. */
  readonly devices: Table;
  readonly positions: Table;
  readonly alarms: Table;
  /**
   * What lives for minutes: leases of tasks, answers to commands, viewers of on-demand streams, and the unknown devices of
   * the last days. Apart from the devices, so that listing those reads nothing else and losing this one loses nothing.
   */
  readonly fleet: Table;
  /** Clips that could not be put together; each needs a person. */
  readonly deadClips: Queue;

  constructor(scope: Construct, id: string, props: DevicesProps) {
    super(scope, id);
    const { config, storage, api, signingKey } = props;
    const kept = config.removal === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const text = (name: string) => ({ name, type: AttributeType.STRING });

    this.devices = this.#table('Registrations', { partitionKey: text('id'), removalPolicy: kept });
    this.devices.addGlobalSecondaryIndex({
      indexName: BY_NAME,
      partitionKey: text('kind'),
      sortKey: text('name'),
      projectionType: ProjectionType.ALL,
    });
    this.devices.addGlobalSecondaryIndex({
      indexName: BY_MEDIA_KEY,
      partitionKey: text('mediaKey'),
      projectionType: ProjectionType.KEYS_ONLY,
    });
    const timed = { timeToLiveAttribute: 'expiresAt', removalPolicy: kept };
    this.positions = this.#table('Positions', { partitionKey: text('track'), sortKey: text('start'), ...timed });
    this.alarms = this.#table('Alarms', { partitionKey: text('device'), sortKey: text('at'), ...timed });
    this.fleet = this.#table('Fleet', {
      partitionKey: text('kind'),
      sortKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const bus = EventBus.fromEventBusName(this, 'Bus', 'default');
    this.deadClips = this.#queue('DeadClips', config, { retentionPeriod: Duration.days(14) });
    const clips = this.#queue('Clips', config, {
      // Longer than the worker may run, or a message would be worked on twice at once.
      visibilityTimeout: CLIP_TIMEOUT.plus(Duration.minutes(1)),
      deadLetterQueue: { queue: this.deadClips, maxReceiveCount: 3 },
    });

    const handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'devices/handler.ts',
      description: 'Devices API: registrations, state, positions, alarms, recordings, commands and clips',
      memorySize: 1024,
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        START_SECONDS: String(config.live.startSeconds),
        RETENTION_DAYS: String(config.live.retentionDays),
        CLIP_QUEUE: clips.queueUrl,
      },
    })
      .useTable('DEVICES_TABLE', this.devices, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'])
      .allow(
        ['dynamodb:Query'],
        [BY_NAME, BY_MEDIA_KEY].map((index) => `${this.devices.tableArn}/index/${index}`),
      )
      .useTable('POSITIONS_TABLE', this.positions, ['Query'])
      .useTable('ALARMS_TABLE', this.alarms, ['Query'])
      .useTable('FLEET_TABLE', this.fleet, ['GetItem', 'PutItem', 'DeleteItem', 'Query'])
      .useTable('VIDEOS_TABLE', storage.videos, ['PutItem', 'DeleteItem'])
      .allow(['sqs:SendMessage'], [clips.queueArn]);
    handler.addEnvironment('MEDIA_BUCKET', storage.media.bucketName);
    handler.listObjects(storage.media, LIVE_PREFIX);
    this.#commands(handler, config);
    signingKey.allowSigning(handler);
    api.serve('devices', handler);

    const live = new SluiceFunction(this, 'Live', {
      config,
      entry: 'playback/live/handler.ts',
      description: 'Checks who may watch a channel, asks for the stream and answers signed playlists',
      // Buys CPU for the cold start; a call takes a few milliseconds.
      memorySize: 1024,
      environment: {
        ISSUER: api.auth.issuer,
        AUDIENCE: api.auth.audience,
        GROUPS_CLAIM: config.auth.groupsClaim,
        SIGNATURE_HOURS: String(config.playback.signatureHours),
        TOKEN_MINUTES: String(config.playback.tokenMinutes),
        ON_DEMAND_MINUTES: String(config.live.onDemandMinutes),
        START_SECONDS: String(config.live.startSeconds),
      },
    })
      .useTable('DEVICES_TABLE', this.devices, ['GetItem', 'UpdateItem'])
      .useTable('FLEET_TABLE', this.fleet, ['PutItem', 'DeleteItem', 'Query'])
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], LIVE_PREFIX)
      .listObjects(storage.media, LIVE_PREFIX);
    this.#commands(live, config);
    signingKey.allowSigning(live);
    api.serve('live', live);

    const clipper = new SluiceFunction(this, 'Clipper', {
      config,
      entry: 'devices/clip.ts',
      description: 'Puts clips together: recorded segments to one file, which is sliced like an upload',
      timeout: CLIP_TIMEOUT,
      memorySize: 1769,
      environment: { EVENT_BUS: bus.eventBusName },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem', 'UpdateItem'])
      .useTable('POSITIONS_TABLE', this.positions, ['Query'])
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], LIVE_PREFIX)
      .useObjects('MEDIA_BUCKET', storage.media, ['PutObject'], VOD_PREFIX)
      .listObjects(storage.media, LIVE_PREFIX)
      .useObjects('SOURCE_BUCKET', storage.sources, ['PutObject', 'AbortMultipartUpload'], SOURCE_PREFIX)
      .allow(['events:PutEvents'], [bus.eventBusArn]);
    clipper.addEventSource(
      new SqsEventSource(clips, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency: 5 }),
    );
  }

  /** Sending to the queues that tasks make for themselves. */
  #commands(fn: SluiceFunction, config: Config): void {
    fn.allow(
      ['sqs:SendMessage'],
      [commandQueueArn(this, config)],
      'each task makes a queue of its own; their names begin alike and are not known before',
    );
  }

  #queue(id: string, config: Config, props: QueueProps): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: config.enforceTls,
      ...props,
    });
    if (!config.enforceTls)
      acknowledge(queue, 'AwsSolutions-SQS4', 'A local engine answers plain http on loopback only');
    return queue;
  }

  #table(id: string, props: Omit<TableProps, 'billingMode'>): Table {
    return new Table(this, id, {
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...props,
    });
  }
}

/** What the names of the tasks' command queues begin with. */
export const commandQueuePrefix = ({ name, environment }: Pick<Config, 'name' | 'environment'>): string =>
  `${name}-${environment}-ingest-`;

/** Command queues of every task. */
export const commandQueueArn = (scope: Construct, config: Config): string =>
  Stack.of(scope).formatArn({
    service: 'sqs',
    resource: `${commandQueuePrefix(config)}*`,
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  });
