/**
 * Tells webhooks what happens. The queue brings events of the bus, each of which becomes a row and a message for each webhook that is told
 * of its type, and these messages, each of which is one try to deliver. What is not taken comes again by the queue, after the waits
 * of lib/contract/webhook.ts; where nothing gets through, what comes waits outside of it (held.ts).
 */
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import {
  deliverTask,
  TRIES,
  WAITS,
  wakeTask,
  type Attempt,
  type DeliverTask,
  type DeliveryRow,
  type Held,
  type WakeTask,
  type WebhookRow,
} from '../../lib/contract/webhook.ts';
import { about, logger } from '../shared/logger.ts';
import { attemptTo, type Outcome } from './attempt.ts';
import * as held from './held.ts';
import { busEvent, deliveryOf, toldOf } from './messages.ts';
import { hide, sendTask } from './queue.ts';
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

const message = z.union([deliverTask, wakeTask, busEvent]);

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
      const wait = 'wake' in read ? await wake(read) : await deliver(read);
      if (wait === undefined) return undefined;
      await hide(record.receiptHandle, wait);
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
  for (const webhook of rows) {
    if (held.isFull(webhook)) {
      await held.miss(webhook.id);
      continue;
    }
    const row = deliveryOf(webhook.id, told);
    // One that is there may have been put by a run that broke off before it sent the message; twice is one, by its id.
    const isNew = await putDelivery(row);
    if (webhook.held !== undefined && (await held.keepWaiting(row, isNew ? 1 : 0))) continue;
    await sendTask({ webhook: webhook.id, delivery: row.id });
  }
}

/** Looks after what waits for a webhook. Seconds after which the task comes again; undefined: it is done. */
async function wake({ webhook, wake: at }: WakeTask): Promise<number | undefined> {
  const row = await readWebhook(webhook);
  if (row?.waitsFrom === undefined) return undefined;
  if (row.held === undefined) await held.sendWaiting(webhook, row.waitsFrom);
  else if (row.held.at === at) return await probe(row, row.held, row.waitsFrom);
  return undefined;
}

/** Tries one of what waits. */
async function probe(row: WebhookRow, hold: Held, from: string): Promise<number | undefined> {
  const now = Date.now();
  const delivery = row.enabled ? await held.nextToTry(row.id, from, hold, now) : undefined;
  if (delivery === undefined) {
    await held.letGo(row.id, {});
    return undefined;
  }
  if (!(await takeDelivery(delivery, now))) return secondsUntilFree(delivery, now);
  const { attempt, outcome } = await attemptTo(row, delivery);
  if (outcome === 'again') await held.tryLater(row.id, hold, delivery, attempt);
  else await note({ row, delivery, attempt, outcome, wait: undefined });
  return undefined;
}

/**
 * One try. Seconds after which there is another; undefined: there is none. SQS may hand out a message twice, and an event may have
 * two: the one that finds the other at work, or too early, comes again, since it may be the only one that is left then.
 */
async function deliver({ webhook, delivery: id, asked }: DeliverTask): Promise<number | undefined> {
  const [row, delivery] = await Promise.all([readWebhook(webhook), readDelivery(webhook, id)]);
  if (row === undefined || delivery === undefined || delivery.state !== 'waiting') return undefined;
  if (!row.enabled) {
    const at = new Date().toISOString();
    await noteAttempt(delivery, { at, ms: 0, error: 'The webhook is turned off.' }, 'failed', null);
    return undefined;
  }
  const isBusy = (delivery.takenUntil ?? 0) * 1000 > Date.now();
  if (row.held !== undefined && asked !== true && !isBusy && (await held.putOff(delivery))) return undefined;
  if (!(await takeDelivery(delivery, Date.now()))) {
    const other = await readDelivery(webhook, id);
    return other?.state === 'waiting' ? secondsUntilFree(other, Date.now()) : undefined;
  }
  const { attempt, outcome } = await attemptTo(row, delivery);
  const wait = outcome === 'again' ? WAITS[delivery.attempts.length] : undefined;
  if (wait === undefined || !held.isTooMuch(row, Date.now())) {
    await note({ row, delivery, attempt, outcome, wait });
    return wait;
  }
  // Noted first: of what has a time of its own nothing is sent when the webhook is let go.
  await note({ row, delivery, attempt, outcome, wait: undefined, isHeld: true });
  if ((await held.hold(row, id)) || (await held.keepWaiting(delivery))) return undefined;
  // Something got through meanwhile.
  return 1;
}

interface Tried {
  readonly row: WebhookRow;
  readonly delivery: DeliveryRow;
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly wait: number | undefined;
  /** It waits, and is not tried by itself. */
  readonly isHeld?: boolean;
}

async function note({ row, delivery, attempt, outcome, wait, isHeld = false }: Tried): Promise<void> {
  const { at, status, error } = attempt;
  const next = wait === undefined ? null : new Date(Date.parse(at) + wait * 1000).toISOString();
  const state = outcome === 'taken' ? 'delivered' : next === null && !isHeld ? 'failed' : 'waiting';
  await noteAttempt(delivery, attempt, state, next);
  if (outcome === 'taken') {
    if (row.failing !== undefined || row.held !== undefined) await held.letGo(row.id, {}, ['failing']);
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
  if (outcome === 'gone') await held.letGo(row.id, { enabled: false, failing: row.failing ?? at });
  else if (row.failing === undefined) await changeWebhook(row.id, { failing: at });
}
