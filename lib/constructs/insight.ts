/** Insight: what players report, from the address that takes it to what is counted of it (docs/insight.md). */
import { Duration, Stack } from 'aws-cdk-lib';
import { ProjectionType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { LoggingFormat, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { BY_DAY } from '../contract/heatmap.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { kafka } from './kafka.ts';
import { workQueue } from './queue.ts';
import { RawEvents } from './raw-events.ts';
import { removalOf } from './removal.ts';
import type { Storage } from './storage.ts';
import { table, text } from './table.ts';

export interface InsightProps {
  readonly config: Config;
  readonly api: Api;
  readonly storage: Pick<Storage, 'videos' | 'emptier'>;
}

/** Of a consumer: it counts what waited since it last looked, which takes seconds. */
const CONSUMER_TIMEOUT = Duration.minutes(2);
/** Each that Lambda had no execution for counts, too: four hours of trying. */
const TRIES = 20;
/** Messages that one execution is given: Lambda hands over 6 MB at most, which are some thousand posts. */
const MOST_POSTS = 5000;
const MOST_BUNDLES = 100;
/** Executions of a consumer: the fewer, the more of one video comes together. SQS wants two. */
const AT_A_TIME = 2;
/** Seconds that posts wait for others at most before they are handed on. */
const MOST_SPREADING = 5;

export class Insight extends Construct {
  /** What was counted, and the keys of addresses and pseudonyms. */
  readonly heatmaps: Table;
  readonly #props: InsightProps;

  constructor(scope: Construct, id: string, props: InsightProps) {
    super(scope, id);
    this.#props = props;
    const { config, api, storage } = props;
    this.heatmaps = table(this, 'Heatmaps', {
      partitionKey: text('what'),
      sortKey: text('row'),
      removalPolicy: removalOf(config),
    });
    this.heatmaps.addGlobalSecondaryIndex({
      indexName: BY_DAY,
      partitionKey: text('day'),
      sortKey: text('what'),
      projectionType: ProjectionType.INCLUDE,
      nonKeyAttributes: ['counters', 'viewers'],
    });

    const spreading = Duration.seconds(Math.min(MOST_SPREADING, config.insight.flushSeconds));
    const posts = this.#queue('Posts', spreading);
    const events = new SluiceFunction(this, 'Events', {
      config,
      entry: 'insight/events.ts',
      description: 'Takes what players report into a queue',
      // Most of its time is spent waiting for the queue.
      memorySize: 256,
      timeout: Duration.seconds(10),
      // Lambda's own three lines for each call would cost more than taking it.
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
    })
      .useTable('HEATMAPS_TABLE', this.heatmaps, ['GetItem'])
      .sendTo('POSTS_QUEUE', posts);
    if (config.kafka.brokers.length > 0) events.sendTo('KAFKA_QUEUE', kafka(this, config));
    // A burst of reports must not take what is kept for who wants to watch.
    api.serve('events', events, { isReserved: false });
    const { queue: raw } = new RawEvents(this, 'Raw', { config, storage, heatmaps: this.heatmaps });
    this.#spread(posts, spreading, [this.#count(), ...(raw === undefined ? [] : [raw])]);

    const handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'insight/handler.ts',
      description: 'Insight API: heatmaps, quality and viewers of a video, and of all',
      memorySize: 1024,
      environment: { GROUPS_CLAIM: config.auth.groupsClaim },
    })
      .useTable('HEATMAPS_TABLE', this.heatmaps, ['Query'], [BY_DAY])
      .useTable('VIDEOS_TABLE', storage.videos, ['GetItem']);
    // Asked for now and then: what is reserved for answering everybody is not for it.
    api.serve('insight', handler, { isReserved: false });
  }

  /** Lets a function say where the events of a session go. */
  addressedBy(fn: SluiceFunction): void {
    fn.useTable('HEATMAPS_TABLE', this.heatmaps, ['GetItem', 'PutItem']);
  }

  /** Lets a function remove what was counted of a video that goes for good. */
  forgottenBy(fn: SluiceFunction): void {
    fn.useTable('HEATMAPS_TABLE', this.heatmaps, ['Query', 'DeleteItem']);
  }

  /** `window`: how long Lambda gathers what is sent there. */
  #queue(id: string, window: Duration): Queue {
    return workQueue(this, id, { config: this.#props.config, workerTimeout: CONSUMER_TIMEOUT, window, tries: TRIES });
  }

  /** Posts in, bundles of them out to each consumer's queue. */
  #spread(posts: Queue, maxBatchingWindow: Duration, consumers: readonly Queue[]): void {
    const { config } = this.#props;
    const spread = new SluiceFunction(this, 'Spread', {
      config,
      entry: 'insight/spread.ts',
      description: 'Hands what players report to each of its consumers, many posts in a message',
      timeout: CONSUMER_TIMEOUT,
      environment: { CONSUMER_QUEUES: Stack.of(this).toJsonString(consumers.map(({ queueUrl }) => queueUrl)) },
    }).allow(
      ['sqs:SendMessage'],
      consumers.map(({ queueArn }) => queueArn),
    );
    spread.addEventSource(
      new SqsEventSource(posts, {
        batchSize: MOST_POSTS,
        maxBatchingWindow,
        maxConcurrency: AT_A_TIME,
        reportBatchItemFailures: true,
      }),
    );
  }

  #count(): Queue {
    const { config } = this.#props;
    const maxBatchingWindow = Duration.seconds(config.insight.flushSeconds);
    const queue = this.#queue('Counts', maxBatchingWindow);
    const count = new SluiceFunction(this, 'Count', {
      config,
      entry: 'insight/count.ts',
      description: 'Counts what players report: heatmaps, quality, who watches with what',
      timeout: CONSUMER_TIMEOUT,
      // A whole core: it packs and unpacks rows.
      memorySize: 1769,
    })
      .useTable('HEATMAPS_TABLE', this.heatmaps, ['GetItem', 'PutItem', 'DeleteItem', 'Query'])
      .sendTo('COUNTS_QUEUE', queue);
    count.addEventSource(
      new SqsEventSource(queue, {
        batchSize: MOST_BUNDLES,
        maxBatchingWindow,
        maxConcurrency: AT_A_TIME,
        reportBatchItemFailures: true,
      }),
    );
    return queue;
  }
}
