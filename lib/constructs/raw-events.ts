/** Raw events: a bucket of files of Parquet, who writes them, and the table and questions that Athena knows them by. */
import { Aws, Duration } from 'aws-cdk-lib';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { readyQueries } from '../contract/raw-queries.ts';
import {
  ANSWER_DAYS,
  ANSWERS_PREFIX,
  GLUE_TYPES,
  RAW_COLUMNS,
  RAW_PREFIX,
  RAW_TABLE,
  rawDatabase,
} from '../contract/raw-events.ts';
import { deploymentOf } from './alarms.ts';
import { privateBucket } from './bucket.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';
import { removalOf } from './removal.ts';
import type { Storage } from './storage.ts';

export interface RawEventsProps {
  readonly config: Config;
  readonly storage: Pick<Storage, 'emptier'>;
  /** Where it stands who was erased. */
  readonly heatmaps: Table;
}

const TIMEOUT = Duration.minutes(2);
const TRIES = 20;
/** Messages of one execution: Lambda hands over 6 MB at most, which are some thirty full ones. */
const MOST_BUNDLES = 100;
/** Seconds that they wait for others at most: as long as SQS lets them, for the larger a file, the less is to be opened. */
const MOST_WAITING = Duration.seconds(300);
/** SQS wants two. */
const AT_A_TIME = 2;
/** Bytes that one query may read, which Athena bills at $5 a terabyte: a slip costs five cents. */
const MOST_SCANNED = 10_000_000_000;
/** The first day of which there can be files. */
const FIRST_DAY = '2026-01-01';

export class RawEvents extends Construct {
  readonly files: Bucket;
  /** Undefined: none are kept, and what is there goes within a day. */
  readonly queue: Queue | undefined;

  constructor(scope: Construct, id: string, { config, storage, heatmaps }: RawEventsProps) {
    super(scope, id);
    const { keepRawDays } = config.insight;
    this.files = privateBucket(this, 'Files', config, storage.emptier, {
      removalPolicy: removalOf(config),
      lifecycleRules: [
        { id: 'events', prefix: RAW_PREFIX, expiration: Duration.days(Math.max(1, keepRawDays)) },
        { id: 'answers', prefix: ANSWERS_PREFIX, expiration: Duration.days(ANSWER_DAYS) },
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    if (keepRawDays === 0) return;

    this.queue = workQueue(this, 'Queue', {
      config,
      workerTimeout: TIMEOUT,
      window: MOST_WAITING,
      tries: TRIES,
    });
    new SluiceFunction(this, 'Writer', {
      config,
      entry: 'insight/raw.ts',
      description: 'Keeps what players report as files of Parquet',
      timeout: TIMEOUT,
      memorySize: 1024,
    })
      .useTable('HEATMAPS_TABLE', heatmaps, ['Query'])
      .useObjects('RAW_BUCKET', this.files, ['PutObject'], RAW_PREFIX)
      .sendTo('RAW_QUEUE', this.queue)
      .addEventSource(
        new SqsEventSource(this.queue, {
          batchSize: MOST_BUNDLES,
          maxBatchingWindow: MOST_WAITING,
          maxConcurrency: AT_A_TIME,
          reportBatchItemFailures: true,
        }),
      );
    this.#catalog(config);
  }

  /** Partitions are computed of day and hour, so nothing has to look for new ones. */
  #catalog(config: Config): void {
    const name = rawDatabase(config);
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: { name, description: 'Sluice: what players report' },
    });
    const location = `s3://${this.files.bucketName}/${RAW_PREFIX}`;
    new CfnTable(this, 'Table', {
      catalogId: Aws.ACCOUNT_ID,
      databaseName: name,
      tableInput: {
        name: RAW_TABLE,
        description: 'A row for each event, some of them twice: session, sequence and place tell',
        tableType: 'EXTERNAL_TABLE',
        partitionKeys: [
          { name: 'day', type: 'string' },
          { name: 'hour', type: 'int' },
        ],
        parameters: {
          EXTERNAL: 'TRUE',
          classification: 'parquet',
          'projection.enabled': 'true',
          'projection.day.type': 'date',
          'projection.day.format': 'yyyy-MM-dd',
          'projection.day.range': `${FIRST_DAY},NOW`,
          'projection.hour.type': 'integer',
          'projection.hour.range': '0,23',
          'projection.hour.digits': '2',
          'storage.location.template': `${location}day=\${day}/hour=\${hour}`,
        },
        storageDescriptor: {
          location,
          inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
          outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
          serdeInfo: { serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
          columns: RAW_COLUMNS.map(({ name: column, type, says }) => ({
            name: column,
            type: GLUE_TYPES[type],
            comment: says.replaceAll('`', ''),
          })),
        },
      },
    }).addResourceDependency(database);
    const workGroup = new CfnWorkGroup(this, 'WorkGroup', {
      name: deploymentOf(config),
      description: 'Sluice: questions about what players report',
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: false,
        bytesScannedCutoffPerQuery: MOST_SCANNED,
        resultConfiguration: {
          outputLocation: `s3://${this.files.bucketName}/${ANSWERS_PREFIX}`,
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
    for (const { name: query, description, sql } of readyQueries(name))
      new CfnNamedQuery(this, query.replaceAll(' ', ''), {
        name: query,
        description,
        database: name,
        queryString: sql,
        workGroup: workGroup.ref,
      });
  }
}
