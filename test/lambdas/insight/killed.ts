/** A thread that counts what it is given, and is gone in the middle of it: after so many rows were written. */
import { workerData } from 'node:worker_threads';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { dynamo } from '../../../lambdas/shared/clients.ts';

const { event, writes } = workerData as { readonly event: SQSEvent; readonly writes: number };
let left = writes;
const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
dynamo.send = (async (command: unknown) => {
  const answer = await send(command);
  if (command instanceof PutCommand && (left -= 1) === 0) process.exit(3);
  return answer;
}) as typeof dynamo.send;
const { handler } = await import('../../../lambdas/insight/count.ts');
await handler(event);
