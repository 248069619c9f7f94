/** Queues of work, each with the queue of what failed again and again beside it. */
import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { acknowledge } from './nag.ts';

/** SQS keeps no message longer. */
const LONGEST = Duration.days(14);

export interface WorkQueueProps {
  readonly config: Config;
  /** How long the worker may run on what it was given. */
  readonly workerTimeout: Duration;
  /** How long Lambda gathers messages for it, where it does (`maxBatchingWindow`). */
  readonly window?: Duration;
  /** Times a message is tried before it waits for a person. */
  readonly tries: number;
  /** Messages of one group come one after another, and one of the same content within five minutes is the same message. */
  readonly fifo?: boolean;
  readonly more?: Pick<QueueProps, 'fifoThroughputLimit' | 'deduplicationScope'>;
}

/** The queue `id`, and `Dead{id}` for messages that no further try will mend. */
export const workQueue = (
  scope: Construct,
  id: string,
  { config, workerTimeout, window, tries, fifo = false, more = {} }: WorkQueueProps,
): Queue =>
  queue(scope, id, config, {
    visibilityTimeout: visibilityOf(workerTimeout, window),
    // As long as SQS keeps one: what waits that long is tried to the end, and told of, before it is gone.
    retentionPeriod: LONGEST,
    deadLetterQueue: { queue: deadLetterQueue(scope, `Dead${id}`, config, fifo), maxReceiveCount: tries },
    ...(fifo && { fifo, contentBasedDeduplication: true }),
    ...more,
  });

/**
 * Longer than the worker may run, or a message would be worked on twice at once; and no longer than that, since what failed is tried
 * again after it. Where Lambda gathers messages, they are hidden for as long as it does, and wait in many for an execution: six times what the worker
 * may run, beside the window (AWS Lambda developer guide, "Creating and configuring an Amazon SQS event source mapping").
 */
const visibilityOf = (workerTimeout: Duration, window: Duration | undefined): Duration =>
  window === undefined
    ? workerTimeout.plus(Duration.minutes(1))
    : Duration.seconds(6 * workerTimeout.toSeconds()).plus(window);

/** Each message in it needs a person, who has 14 days from when it was sent, first of all to the queue that it comes from. */
export const deadLetterQueue = (scope: Construct, id: string, config: Config, fifo = false): Queue =>
  queue(scope, id, config, { retentionPeriod: LONGEST, ...(fifo && { fifo }) });

function queue(scope: Construct, id: string, config: Config, props: QueueProps): Queue {
  const made = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: config.enforceTls,
    ...props,
  });
  if (!config.enforceTls) acknowledge(made, 'AwsSolutions-SQS4', 'A local engine answers plain http on loopback only');
  return made;
}
