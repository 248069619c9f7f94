/**
 * A queue, and the one function that works on what is sent there, a message at a time and for as long as a function may run:
 * clips, pulls and downloads are made so. What one invocation does not get done goes on with the next message.
 */
import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { SluiceFunction, type SluiceFunctionProps } from './function.ts';
import { workQueue } from './queue.ts';

const TIMEOUT = Duration.minutes(15);
/** Seconds in which work is begun: two minutes before the function's end no part is begun any more. */
export const WORKER_SECONDS = 780;
/** Each is counted that Lambda had no execution for, too: five hours of trying. */
const TRIES = 20;
/** The least SQS lets an event source be bound to. Those that find no place end at once. */
const LEAST = 2;

export interface QueueWorkerProps extends Omit<SluiceFunctionProps, 'timeout' | 'memorySize'> {
  /** Ids of the queue and of the function in `scope`; `Dead{queue}` is for what no further try will mend. */
  readonly ids: { readonly queue: string; readonly worker: string };
  /** Messages worked on at a time. */
  readonly atATime: number;
}

export function queueWorker(
  scope: Construct,
  { ids, atATime, ...props }: QueueWorkerProps,
): { readonly queue: Queue; readonly worker: SluiceFunction } {
  const queue = workQueue(scope, ids.queue, { config: props.config, workerTimeout: TIMEOUT, tries: TRIES });
  const worker = new SluiceFunction(scope, ids.worker, { timeout: TIMEOUT, memorySize: 1769, ...props });
  worker.addEventSource(
    new SqsEventSource(queue, {
      batchSize: 1,
      reportBatchItemFailures: true,
      maxConcurrency: Math.max(LEAST, atATime),
    }),
  );
  return { queue, worker };
}
