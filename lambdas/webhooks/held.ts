/**
 * Webhooks to which nothing gets through. What is to be told to one waits as rows, outside the queue, and one of them at a time is tried:
 * so it takes neither time nor room from the others, however long it is away. Once one got through, all that waits goes to the
 * queue again, a page at a time, each behind what the queue then holds.
 *
 * A row that waits so has no `nextAt`, and lies at the webhook's `waitsFrom` or behind it. While there is a `waitsFrom`, a task that
 * wakes the webhook is in the queue.
 */
import {
  HOLD_AFTER_MS,
  MOST_WAITING,
  PROBES,
  TRIES,
  type DeliveryRow,
  type Held,
  type WebhookRow,
} from '../../lib/contract/webhook.ts';
import { logger } from '../shared/logger.ts';
import { sendTask } from './queue.ts';
import { changeWebhook, deliveriesFrom, forgetNext, noteProbe, readWebhook, updateWebhook } from './rows.ts';

/** Rows that go to the queue at once. */
const PAGE = 100;

/** Whether a try that failed now is one too many. `now`: epoch milliseconds. */
export const isTooMuch = ({ held, failing }: WebhookRow, now: number): boolean =>
  held === undefined && failing !== undefined && now - Date.parse(failing) >= HOLD_AFTER_MS;

/** Has what is to be told to it wait from now on, this delivery first. False: it does already, or something got through meanwhile. */
export async function hold({ id, failing, waitsFrom }: WebhookRow, delivery: string): Promise<boolean> {
  // Sent first: who is held and never woken would wait for ever, and a task of none that is held does nothing.
  const at = await wakeLater(id, 0);
  const row = await updateWebhook(id, {
    set: 'SET held = :held, waitsFrom = :from, waiting = :one REMOVE missed',
    // What waited before may still be on its way into the queue.
    when: `attribute_not_exists(held) AND failing = :failing AND ${waitsFrom === undefined ? 'attribute_not_exists(waitsFrom)' : 'waitsFrom = :seen'}`,
    values: {
      ':held': { at, tries: 0 } satisfies Held,
      ':from': least(waitsFrom, delivery),
      ':one': 1,
      ':failing': failing,
      ...(waitsFrom !== undefined && { ':seen': waitsFrom }),
    },
  });
  if (row !== undefined) logger.warn('nothing gets through to a webhook: what comes waits', { webhook: id, failing });
  return row !== undefined;
}

/** Whether as much waits for it as may. */
export const isFull = ({ held, waiting = 0 }: WebhookRow): boolean => held !== undefined && waiting >= MOST_WAITING;

/** Counts what is not kept because so much waits. */
export const miss = (id: string): Promise<unknown> =>
  updateWebhook(id, { set: 'ADD missed :one', when: 'attribute_exists(held)', values: { ':one': 1 } });

/**
 * Has a delivery wait that has a row and no time of its own. False: its webhook is not held, so it wants a message. `counts`: as how
 * many, 0 of one that was told of before.
 */
export async function keepWaiting({ kind, id }: Pick<DeliveryRow, 'kind' | 'id'>, counts = 1): Promise<boolean> {
  for (;;) {
    const row = await readWebhook(kind);
    if (row?.held === undefined || row.waitsFrom === undefined) return false;
    const kept = await updateWebhook(kind, {
      set: 'SET waitsFrom = :from ADD waiting :counts',
      when: 'attribute_exists(held) AND waitsFrom = :seen',
      values: { ':from': least(row.waitsFrom, id), ':counts': counts, ':seen': row.waitsFrom },
    });
    if (kept !== undefined) return true;
  }
}

/** The same of one whose message is here. */
export async function putOff(delivery: DeliveryRow): Promise<boolean> {
  // Before it is known to wait: of what has a time of its own nothing is sent when the webhook is let go.
  if (delivery.nextAt !== undefined) await forgetNext(delivery);
  return await keepWaiting(delivery);
}

/** Changes a webhook, and has what waits for it go to the queue. Undefined: there is none. */
export async function letGo(
  id: string,
  fields: Parameters<typeof changeWebhook>[1],
  remove: readonly (keyof WebhookRow)[] = [],
): Promise<WebhookRow | undefined> {
  const row = await changeWebhook(id, fields, [...remove, 'held', 'waiting']);
  if (row?.waitsFrom !== undefined) await sendTask({ webhook: id, wake: '' });
  return row;
}

/** The one to be tried: another each time, so that one which alone is refused holds up no others. Undefined: none waits. */
export async function nextToTry(
  id: string,
  from: string,
  { last }: Held,
  now: number,
): Promise<DeliveryRow | undefined> {
  const isFree = (row: DeliveryRow) => isWaiting(row) && (row.takenUntil ?? 0) * 1000 < now;
  for (const first of last === undefined ? [from] : [behind(last), from])
    for await (const row of deliveriesFrom(id, first, PAGE)) if (isFree(row)) return row;
  return undefined;
}

/** It failed: another is tried later. */
export async function tryLater(
  id: string,
  { at, tries }: Held,
  tried: DeliveryRow,
  attempt: DeliveryRow['attempts'][number],
): Promise<void> {
  // Of as many tries as leave it one more, the first and the latest.
  await noteProbe(tried, [...tried.attempts.slice(0, TRIES - 2), attempt]);
  const next = await wakeLater(id, tries + 1);
  await updateWebhook(id, {
    set: 'SET held = :held',
    when: 'held.#at = :at',
    names: { '#at': 'at' },
    values: { ':held': { at: next, tries: tries + 1, last: tried.id } satisfies Held, ':at': at },
  });
}

/** Sends a page of what waits to the queue, and a task for the next page behind it. */
export async function sendWaiting(id: string, from: string): Promise<void> {
  const page: DeliveryRow[] = [];
  for await (const row of deliveriesFrom(id, from, PAGE)) if (page.push(row) === PAGE) break;
  await Promise.all(page.filter(isWaiting).map(({ id: delivery }) => sendTask({ webhook: id, delivery })));
  const last = page.length < PAGE ? undefined : page.at(-1);
  const row = await updateWebhook(id, {
    set: last === undefined ? 'REMOVE waitsFrom' : 'SET waitsFrom = :next',
    // Held again, or sent by another task at the same time, it goes on there.
    when: 'attribute_not_exists(held) AND waitsFrom = :from',
    values: { ':from': from, ...(last !== undefined && { ':next': behind(last.id) }) },
  });
  if (row?.waitsFrom !== undefined) await sendTask({ webhook: id, wake: '' });
}

const isWaiting = ({ state, nextAt }: DeliveryRow): boolean => state === 'waiting' && nextAt === undefined;
const least = (a: string | undefined, b: string): string => (a !== undefined && a < b ? a : b);
/** Behind this id and before every other: ids have no character as small. */
const behind = (id: string): string => `${id}!`;

/** Sends the task that wakes it after the `n`th try, and answers what names this task. */
async function wakeLater(webhook: string, n: number): Promise<string> {
  const seconds = PROBES[Math.min(n, PROBES.length - 1)]!;
  const wake = new Date(Date.now() + seconds * 1000).toISOString();
  await sendTask({ webhook, wake }, seconds);
  return wake;
}
