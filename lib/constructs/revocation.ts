/**
 * Revocation: the store that the edge reads, its one writer, and the table that says what is meant; and what ends sessions whose right
 * was taken back.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { KeyValueStore } from 'aws-cdk-lib/aws-cloudfront';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { REVOCATION_GROUP, type RevocationTask } from '../contract/revocation.ts';
import { edgeName } from './edge-names.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';
import { BY_RIGHT, BY_WHAT, type Storage } from './storage.ts';
import { table, text } from './table.ts';

const WRITER_TIMEOUT = Duration.minutes(2);
/** Each blocks the one group until its messages are seen again: half an hour of trying. */
const TRIES = 10;

/** A look ends after 45 s; what is left goes on with another message. */
const ENDER_TIMEOUT = Duration.minutes(2);
/** Half a day of trying: who may not watch any more still does. */
const ENDER_TRIES = 200;
/** The least SQS lets an event source be bound to. Like the writer's, of the API's share: whoever took it back waits for it. */
const ENDERS = 2;

export interface RevocationProps {
  readonly config: Config;
  readonly storage: Pick<Storage, 'sessions' | 'videos'>;
}

export class Revocation extends Construct {
  readonly store: KeyValueStore;
  readonly writer: SluiceFunction;
  readonly #queue: Queue;
  readonly #endings: Queue;
  readonly #records: Table;

  constructor(scope: Construct, id: string, { config, storage }: RevocationProps) {
    super(scope, id);
    this.store = new KeyValueStore(this, 'Store', {
      keyValueStoreName: edgeName(this, 'Store'),
      comment: 'What is refused at the edge before its signature ends',
    });
    // What is in it is over in hours, and without the distribution it says nothing.
    this.#records = table(this, 'Records', { partitionKey: text('key'), removalPolicy: RemovalPolicy.DESTROY });
    this.#queue = workQueue(this, 'Tasks', { config, workerTimeout: WRITER_TIMEOUT, tries: TRIES, fifo: true });

    this.writer = new SluiceFunction(this, 'Writer', {
      config,
      entry: 'revocation/write.ts',
      description: 'Writes what is revoked to the key value store at the edge, and takes out what is over',
      timeout: WRITER_TIMEOUT,
      environment: { REVOCATION_STORE: this.store.keyValueStoreArn },
    })
      .useTable('REVOCATIONS_TABLE', this.#records, ['Scan', 'PutItem', 'UpdateItem', 'DeleteItem'])
      .allow(
        ['cloudfront-keyvaluestore:DescribeKeyValueStore', 'cloudfront-keyvaluestore:UpdateKeys'],
        [this.store.keyValueStoreArn],
      )
      .sendTo('REVOCATION_QUEUE', this.#queue);
    // One group, so one batch at a time. Nothing waits for a batch to fill: what is revoked is to be refused in seconds.
    this.writer.addEventSource(new SqsEventSource(this.#queue, { batchSize: 10, reportBatchItemFailures: true }));

    const sweep: RevocationTask = { step: 'sweep' };
    new Rule(this, 'Hourly', {
      description: 'Takes out of the store at the edge what is over',
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [
        new SqsQueue(this.#queue, { messageGroupId: REVOCATION_GROUP, message: RuleTargetInput.fromObject(sweep) }),
      ],
    });
    this.#endings = workQueue(this, 'Endings', { config, workerTimeout: ENDER_TIMEOUT, tries: ENDER_TRIES });
    this.#ender(config, storage);
  }

  #ender(config: Config, { sessions, videos }: RevocationProps['storage']): void {
    const ender = new SluiceFunction(this, 'Ender', {
      config,
      entry: 'revocation/end.ts',
      description: 'Ends what plays by a right that was taken back',
      timeout: ENDER_TIMEOUT,
    })
      .useTable('SESSIONS_TABLE', sessions, ['BatchGetItem', 'DeleteItem', 'Scan'], [BY_RIGHT, BY_WHAT])
      // What is watched, where a denial is about a collection, a device or a tag.
      .useTable('VIDEOS_TABLE', videos, ['BatchGetItem']);
    this.revokedBy(ender);
    this.takenBackBy(ender);
    ender.addEventSource(
      new SqsEventSource(this.#endings, { batchSize: 1, reportBatchItemFailures: true, maxConcurrency: ENDERS }),
    );
  }

  /** What lambdas/shared/taking-back.ts needs, for a function that takes rights back. */
  takenBackBy(fn: SluiceFunction): void {
    fn.sendTo('ENDING_QUEUE', this.#endings);
  }

  /** What lambdas/shared/revocation.ts needs, for a function that revokes. */
  revokedBy(fn: SluiceFunction): void {
    fn.useTable('REVOCATIONS_TABLE', this.#records, ['PutItem']).sendTo('REVOCATION_QUEUE', this.#queue);
  }

  /** The same, and how far a takedown has come (lambdas/shared/takedown.ts). */
  takesDown(fn: SluiceFunction): void {
    this.revokedBy(fn);
    fn.useTable('REVOCATIONS_TABLE', this.#records, ['UpdateItem']);
  }

  /** For a function that asks whether the edge is full (`edgeIsFull`), or how far a takedown has come. */
  askedBy(fn: SluiceFunction): void {
    fn.useTable('REVOCATIONS_TABLE', this.#records, ['GetItem']);
  }
}
