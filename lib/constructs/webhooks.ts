/** Webhooks: the rule that hears what happens, the queue of what is to be told, and who tells it. */
import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { DEVICE_EVENT_SOURCE, EVENT_SOURCE } from '../contract/events.ts';
import type { Api } from './api.ts';
import { SluiceFunction } from './function.ts';
import { workQueue } from './queue.ts';
import { removalOf } from './removal.ts';
import { table, text } from './table.ts';

/** Ten tries side by side, of 15 seconds each at most, and as much again for rows. */
const TIMEOUT = Duration.seconds(60);
/** More than a message is tried to be delivered: what comes that often was never worked on to its end. */
const TRIES = 20;
/** The least SQS lets an event source be bound to: however slow servers of others are, they take no more executions from anybody. */
const AT_A_TIME = 2;

export interface WebhooksProps {
  readonly config: Config;
  readonly api: Api;
  /** By their names events say which deployment of the account they are of. */
  readonly tables: readonly Pick<Table, 'tableName'>[];
}

export class Webhooks extends Construct {
  constructor(scope: Construct, id: string, { config, api, tables }: WebhooksProps) {
    super(scope, id);
    const rows = table(this, 'Rows', {
      partitionKey: text('kind'),
      sortKey: text('id'),
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: removalOf(config),
    });
    const queue = workQueue(this, 'Messages', { config, workerTimeout: TIMEOUT, tries: TRIES });
    const environment = config.upload.pullPrivate ? { WEBHOOK_PRIVATE: 'yes' } : {};

    const deliver = new SluiceFunction(this, 'Deliver', {
      config,
      entry: 'webhooks/deliver.ts',
      description: 'Tells webhooks what happens',
      timeout: TIMEOUT,
      environment,
    })
      .useTable('WEBHOOKS_TABLE', rows, ['Query', 'GetItem', 'PutItem', 'UpdateItem'])
      .sendTo('WEBHOOK_QUEUE', queue);
    deliver.addEventSource(
      new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: AT_A_TIME }),
    );
    new Rule(this, 'Happened', {
      description: 'What happens to videos and devices of this deployment, for webhooks',
      eventPattern: {
        source: [EVENT_SOURCE, DEVICE_EVENT_SOURCE],
        resources: tables.map(({ tableName }) => tableName),
      },
      targets: [new SqsQueue(queue)],
    });

    const handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'webhooks/handler.ts',
      description: 'Webhooks API, for admins',
      environment: { GROUPS_CLAIM: config.auth.groupsClaim, ...environment },
    })
      .useTable('WEBHOOKS_TABLE', rows, ['Query', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'])
      .sendTo('WEBHOOK_QUEUE', queue);
    // Asked for now and then: what is reserved for answering everybody is not for it.
    api.serve('webhooks', handler, { isReserved: false });
  }
}
