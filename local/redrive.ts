/**
 * Sends what is in a dead-letter queue again: to the queue that it came from, or, of an event that found nobody, to whom the event
 * was for. A message leaves the dead letters after it was sent, so who stops this half-way loses nothing, and at worst a message
 * is sent twice, which all workers bear.
 *
 * A loop of our own, and not SQS's `StartMessageMoveTask`: that knows no events, and says how far it is once a minute.
 */
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALARMS } from '../lib/contract/operations.ts';
import { awsRequest, type AwsAccess } from './aws-request.ts';
import type { Find } from './deployment.ts';

const PREFIX = 'dead-letters-';

/** What people call a dead-letter queue → the beginning of its logical id in the template, as alarms know it. */
export const DEAD_LETTERS: ReadonlyMap<string, string> = new Map(
  ALARMS.flatMap(({ id, source }) =>
    source.of === 'queue' && id.startsWith(PREFIX) ? [[id.slice(PREFIX.length), source.at.replaceAll('/', '')]] : [],
  ),
);

/** Where a message goes. Throws when it was not taken. */
type Send = (message: Message) => Promise<unknown>;

export interface DeadLetters {
  readonly name: string;
  readonly url: string;
  readonly send: Send;
}

export interface Clients {
  readonly sqs: SQSClient;
  readonly states: SFNClient;
  readonly access: AwsAccess;
}

/** Undefined where the deployment has no such queue: MediaConvert's, as a rule. */
export function deadLetters(name: string, find: Find, clients: Clients): DeadLetters | undefined {
  const url = find('AWS::SQS::Queue', DEAD_LETTERS.get(name)!);
  if (url === undefined) return undefined;
  return { name, url, send: receiverOf(name, url, find, clients) };
}

function receiverOf(name: string, url: string, find: Find, { sqs, states, access }: Clients): Send {
  if (name === 'sources') {
    const stateMachineArn = find('AWS::StepFunctions::StateMachine', 'SlicingMachine');
    // As the rule would have: the run of a source that was sliced meanwhile finds its video claimed, and ends.
    return ({ Body }) => states.send(new StartExecutionCommand({ stateMachineArn, input: Body }));
  }
  if (name === 'jobs') {
    const fn = find('AWS::Lambda::Function', 'SlicingConvertFinished');
    return ({ Body = '' }) =>
      awsRequest(access, { service: 'lambda', path: `/2015-03-31/functions/${fn}/invocations`, payload: Body });
  }
  // Beside each other, and called so (lib/constructs/queue.ts).
  const QueueUrl = find('AWS::SQS::Queue', DEAD_LETTERS.get(name)!.replace('Dead', ''));
  if (QueueUrl === undefined) throw new Error(`whose dead letters are in ${url}?`);
  return ({ MessageId, Body, Attributes, MessageAttributes }) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: Body,
        ...(MessageAttributes && { MessageAttributes }),
        // The same content may have been sent a moment ago, and would not be sent again.
        ...(Attributes?.MessageGroupId !== undefined && {
          MessageGroupId: Attributes.MessageGroupId,
          MessageDeduplicationId: `redrive-${MessageId}`,
        }),
      }),
    );
}

/** How many there are, those included that somebody looks at just now. About, as SQS says itself. */
export async function waiting(sqs: SQSClient, { url }: Pick<DeadLetters, 'url'>): Promise<number> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return Object.values(Attributes).reduce((sum, value) => sum + Number(value), 0);
}

export interface Redriven {
  readonly sent: number;
  readonly failed: number;
}

export interface RedriveOptions {
  /** At most so many: what fails again comes back here, and must not go round for ever. */
  readonly most: number;
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly progress: (sent: number) => void;
  readonly failure: (message: Message, error: unknown) => void;
}

/** What SQS hands out at once. */
const BATCH = 10;
/** Seconds nobody else sees what is about to be sent; and those in which SQS is asked for more before there is none. */
const HIDDEN = 60;
const LAST_LOOK = 1;
/** In a row without a message: SQS looks at some of its servers only. */
const EMPTY_LOOKS = 3;

export async function redrive(sqs: SQSClient, { url, send }: DeadLetters, options: RedriveOptions): Promise<Redriven> {
  const { most, perSecond, signal, progress, failure } = options;
  let [sent, failed, empty] = [0, 0, 0];
  while (sent + failed < most && empty < EMPTY_LOOKS && !signal.aborted) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: Math.min(BATCH, most - sent - failed),
        VisibilityTimeout: HIDDEN,
        WaitTimeSeconds: LAST_LOOK,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['MessageGroupId'],
      }),
    );
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const message of Messages) {
      if (signal.aborted) break;
      try {
        await send(message);
        await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
        sent += 1;
      } catch (error) {
        failed += 1;
        failure(message, error);
      }
      await sleep(1000 / perSecond, undefined, { signal }).catch(() => {});
    }
    if (Messages.length > 0) progress(sent);
  }
  return { sent, failed };
}
