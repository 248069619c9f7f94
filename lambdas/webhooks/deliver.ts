/**
 * Tells webhooks what happens. The queue brings events of the bus, each of which becomes a row and a message for each webhook that is told
 * of its type, and these messages, each of which is one try to deliver. What is not taken comes again by the queue, after the waits
 * of lib/contract/webhook.ts.
 */
import { ChangeMessageVisibilityCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { required } from '../../lib/contract/env.ts';
import {
  deliverTask,
  TRIES,
  WAITS,
  type Attempt,
  type DeliverTask,
  type DeliveryRow,
  type WebhookRow,
} from '../../lib/contract/webhook.ts';
import { about, logger } from '../shared/logger.ts';
import { attemptTo, type Outcome } from './attempt.ts';
import { busEvent, deliveryOf, toldOf } from './messages.ts';
import {
  allWebhooks,
  changeWebhook,
  noteAttempt,
  putDelivery,
  readDelivery,
  readWebhook,
  secondsUntilFree,
  takeDelivery,
} from './rows.ts';

const sqs = new SQSClient({});
const message = z.union([deliverTask, busEvent]);

export const sendTask = (task: DeliverTask): Promise<unknown> =>
  sqs.send(new SendMessageCommand({ QueueUrl: required('WEBHOOK_QUEUE'), MessageBody: JSON.stringify(task) }));

/** Side by side: most of a try is waiting for somebody's server. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  about(undefined);
  const failed = await Promise.all(Records.map(work));
  return { batchItemFailures: failed.filter((one) => one !== undefined) };
}

/** Answers its message if it is to come again. */
async function work(record: SQSRecord): Promise<SQSBatchItemFailure | undefined> {
  const comesAgain = { itemIdentifier: record.messageId };
  try {
    const read = message.parse(JSON.parse(record.body));
    if ('webhook' in read) {
      const wait = await deliver(read);
      if (wait === undefined) return undefined;
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: required('WEBHOOK_QUEUE'),
          ReceiptHandle: record.receiptHandle,
          VisibilityTimeout: wait,
        }),
      );
      return comesAgain;
    }
    await fanOut(read);
    return undefined;
  } catch (error) {
    logger.error('a message of webhooks is not done', { messageId: record.messageId, error: error as Error });
    return comesAgain;
  }
}

async function fanOut(event: z.infer<typeof busEvent>): Promise<void> {
  const told = toldOf(event);
  if (told === undefined) return;
  const rows = (await allWebhooks()).filter(({ enabled, types }) => enabled && types.includes(told.type));
  for (const { id } of rows) {
    const row = deliveryOf(id, told);
    // One that is there may have been put by a run that broke off before it sent the message; twice is one, by its id.
    await putDelivery(row);
    await sendTask({ webhook: id, delivery: row.id });
  }
}

/**
 * One try. Seconds after which there is another; undefined: there is none. SQS may hand out a message twice, and an event may have
 * two: the one that finds the other at work, or too early, comes again, since it may be the only one that is left then.
 */
async function deliver({ webhook, delivery: id }: DeliverTask): Promise<number | undefined> {
  const [row, delivery] = await Promise.all([readWebhook(webhook), readDelivery(webhook, id)]);
  if (row === undefined || delivery === undefined || delivery.state !== 'waiting') return undefined;
  if (!row.enabled) {
    const at = new Date().toISOString();
    await noteAttempt(delivery, { at, ms: 0, error: 'The webhook is turned off.' }, 'failed', null);
    return undefined;
  }
  if (!(await takeDelivery(delivery, Date.now()))) {
    const other = await readDelivery(webhook, id);
    return other?.state === 'waiting' ? secondsUntilFree(other, Date.now()) : undefined;
  }
  const { attempt, outcome } = await attemptTo(row, delivery);
  const wait = outcome === 'again' ? WAITS[delivery.attempts.length] : undefined;
  await note({ row, delivery, attempt, outcome, wait });
  return wait;
}

interface Tried {
  readonly row: WebhookRow;
  readonly delivery: DeliveryRow;
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly wait: number | undefined;
}

async function note({ row, delivery, attempt, outcome, wait }: Tried): Promise<void> {
  const { at, status, error } = attempt;
  const next = wait === undefined ? null : new Date(Date.parse(at) + wait * 1000).toISOString();
  const state = outcome === 'taken' ? 'delivered' : next === null ? 'failed' : 'waiting';
  await noteAttempt(delivery, attempt, state, next);
  if (outcome === 'taken') {
    if (row.failing !== undefined) await changeWebhook(row.id, {}, ['failing']);
    return;
  }
  logger.info('a webhook did not take a message', {
    webhook: row.id,
    try: delivery.attempts.length + 1,
    of: TRIES,
    status,
    error,
  });
  // By 410 its owner says that it is there no more (Standard Webhooks, "Deliverability and reliability").
  if (outcome === 'gone') await changeWebhook(row.id, { enabled: false, failing: row.failing ?? at });
  else if (row.failing === undefined) await changeWebhook(row.id, { failing: at });
}
