/**
 * What players report, to Kafka: from a queue that keeps each session's posts in order and hands out no later one while an earlier
 * one is under way. So a broker that is down leaves them in the queue, in order; what no broker will ever take, or nobody can read, goes
 * to the dead letters at once and alone, since there it holds up nobody (docs/insight.md#kafka).
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { json, required } from '../../../lib/contract/env.ts';
import {
  kafkaErasure,
  kafkaRecords,
  kafkaSettings,
  type KafkaErasure,
  type KafkaRecord,
} from '../../../lib/contract/kafka.ts';
import { report } from '../../../lib/contract/player-events.ts';
import { about, logger } from '../../shared/logger.ts';
import { KafkaProducer, optionsOf, readSecret, RefusedRecords } from './producer.ts';

const settings = json('KAFKA', kafkaSettings);
const QueueUrl = required('KAFKA_DEAD_QUEUE');
// In a network without a way to SQS a message is not set aside, and must not take the function's time either.
const sqs = new SQSClient({ requestHandler: { connectionTimeout: 2000, requestTimeout: 4000 }, maxAttempts: 1 });
const producer = new KafkaProducer(settings, async () =>
  optionsOf(settings, await readSecret(process.env['KAFKA_SECRET'])),
);

interface Message {
  readonly of: SQSRecord;
  readonly records: readonly (KafkaRecord | KafkaErasure)[];
}

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  about(undefined);
  const messages: Message[] = [];
  const aside: SQSRecord[] = [];
  for (const of of Records) {
    try {
      messages.push({ of, records: recordsOf(JSON.parse(of.body)) });
    } catch (error) {
      logger.error('a report cannot be read', { messageId: of.messageId, error: error as Error });
      aside.push(of);
    }
  }
  const { refused, again } = await deliver(messages);
  aside.push(...refused);
  const left: SQSRecord[] = again.map(({ of }) => of);
  for (const of of aside) if (!(await setAside(of))) left.push(of);
  return { batchItemFailures: left.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** A report's, or that somebody was erased (local/erase.ts). Throws where it is neither. */
function recordsOf(message: unknown): readonly (KafkaRecord | KafkaErasure)[] {
  const erasure = kafkaErasure.safeParse(message);
  return erasure.success ? [erasure.data] : kafkaRecords(report.parse(message));
}

interface Delivered {
  readonly refused: readonly SQSRecord[];
  /** To come again: from the first that was not taken on, since what follows must not overtake it. */
  readonly again: readonly Message[];
}

async function deliver(messages: readonly Message[]): Promise<Delivered> {
  const refused: SQSRecord[] = [];
  const sendAll = async (some: readonly Message[]) => producer.send(some.flatMap(({ records }) => records));
  try {
    if (messages.length > 0) await sendAll(messages);
    return { refused, again: [] };
  } catch (error) {
    if (!(error instanceof RefusedRecords)) return { refused, again: notSent(messages, error) };
  }
  // What goes to one partition is taken or refused as one: by themselves it shows which it is.
  for (const [index, message] of messages.entries()) {
    try {
      await sendAll([message]);
    } catch (error) {
      if (!(error instanceof RefusedRecords)) return { refused, again: notSent(messages.slice(index), error) };
      logger.error('Kafka refuses a report', { messageId: message.of.messageId, error });
      refused.push(message.of);
    }
  }
  return { refused, again: [] };
}

function notSent(messages: readonly Message[], error: unknown): readonly Message[] {
  logger.error('reports could not be sent to Kafka', { reports: messages.length, error: error as Error });
  return messages;
}

/** Where that fails it comes again, and to the dead letters after its tries. */
async function setAside({ messageId, body, attributes }: SQSRecord): Promise<boolean> {
  try {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: attributes.MessageGroupId!,
        MessageDeduplicationId: messageId,
      }),
    );
    return true;
  } catch (error) {
    logger.error('a report could not be set aside', { messageId, error: error as Error });
    return false;
  }
}
