/**
 * The one writer of the store at the edge. Its queue has one group, so there is one batch at a time, and what several calls revoke
 * goes together: 50 keys an update. Every step may be repeated; what fails comes again, and what never works waits for a person
 * in the dead-letter queue.
 */
import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchItemFailure, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { revocationTask, type Revocation, type RevocationTask } from '../../lib/contract/revocation.ts';
import { logger } from '../shared/logger.ts';
import { tell } from '../shared/revocation.ts';
import { inUpdates, latest, sweepOf, withRoom } from './plan.ts';
import { allRecords, forget, markWritten, noteSize, noteStore } from './records.ts';
import { forgetState, stateOf, storeArn, StoreFull, update } from './store.ts';

/** Milliseconds that an update and its rows may take: with less left, the rest is left to the next message. */
const SPARE_MS = 20_000;

export async function handler(
  { Records }: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<SQSBatchResponse> {
  const failed: SQSBatchItemFailure[] = [];
  const tasks: RevocationTask[] = [];
  const read: SQSBatchItemFailure[] = [];
  for (const { messageId, body } of Records) {
    try {
      tasks.push(revocationTask.parse(JSON.parse(body)));
      read.push({ itemIdentifier: messageId });
    } catch (error) {
      logger.error('not a task of the writer', { messageId, error: error as Error });
      failed.push({ itemIdentifier: messageId });
    }
  }
  try {
    await work(tasks, () => context.getRemainingTimeInMillis() > SPARE_MS);
  } catch (error) {
    logger.error('revocations not written, to be tried again', { tasks: tasks.length, error: error as Error });
    failed.push(...read);
  }
  return { batchItemFailures: failed };
}

async function work(tasks: readonly RevocationTask[], hasTime: () => boolean): Promise<void> {
  const asked = latest(tasks.flatMap((task) => (task.step === 'write' ? task.revocations : [])));
  const now = Math.floor(Date.now() / 1000);
  if (asked.length > 0)
    await write(
      asked.filter(({ until }) => until > now),
      hasTime,
    );
  if (tasks.some(({ step }) => step === 'sweep')) await sweep(now, hasTime);
}

/** Puts them. For those that find no room a sweep makes some, if anything is over; it counts those that wait, too. Health is told of both. */
async function write(revocations: readonly Revocation[], hasTime: () => boolean): Promise<void> {
  const { wait, late } = await put(revocations, hasTime);
  if (wait.length > 0) {
    await note(wait.length);
    await tell({ step: 'sweep' });
  } else if (revocations.length > late.length) await noteSize(await stateOf());
  if (late.length > 0) throw new Error(`no time for ${late.length} of ${revocations.length} revocations`);
}

interface Left {
  /** Those that found no room, and those that there was no time for. */
  readonly wait: readonly Revocation[];
  readonly late: readonly Revocation[];
}

async function put(revocations: readonly Revocation[], hasTime: () => boolean): Promise<Left> {
  const { fit, wait } = withRoom(revocations, (await stateOf()).bytes);
  const updates = inUpdates(fit);
  for (const [index, puts] of updates.entries()) {
    const rest = updates.slice(index).flat();
    if (!hasTime()) return { wait, late: rest };
    try {
      await update({ puts, deletes: [] });
    } catch (error) {
      // Fuller than it says. What comes next refuses less by an entry, so nothing of it goes before these.
      if (error instanceof StoreFull) return { wait: [...wait, ...rest], late: [] };
      throw error;
    }
    await markWritten(puts, storeArn());
  }
  return { wait, late: [] };
}

/** Takes out what is over, brings in what is not there, and goes on with another message where time is up. */
async function sweep(now: number, hasTime: () => boolean): Promise<void> {
  const { records, noted } = await allRecords();
  if (records.length === 0 && noted?.entries === 0 && noted.waiting === 0) {
    // Nothing is meant and nothing was there. To ask costs, and once an hour all year that is dearer than all that is ever revoked.
    forgetState();
    return;
  }
  const { remove, forget: never, bring } = sweepOf(records, storeArn(), now);
  await stateOf(true);
  let left = await inTime(inUpdates(never), hasTime, forget);
  left += await inTime(inUpdates(remove), hasTime, async (over) => {
    await update({ puts: [], deletes: over.map(({ key }) => key) });
    await forget(over);
  });
  const { wait, late } = await put(bring, hasTime);
  await note(wait.length);
  logger.info('swept', { over: remove.length + never.length, brought: bring.length - wait.length - late.length });
  if (left + late.length > 0) await tell({ step: 'sweep' }, randomUUID());
}

/** Each in turn while there is time; answers how many are left. */
async function inTime<T>(all: readonly T[], hasTime: () => boolean, each: (one: T) => Promise<void>): Promise<number> {
  for (const [index, one] of all.entries()) {
    if (!hasTime()) return all.length - index;
    await each(one);
  }
  return 0;
}

async function note(waiting: number): Promise<void> {
  const { entries, bytes } = await stateOf();
  if (waiting > 0) logger.error('revocations wait: the store at the edge is full', { waiting, entries, bytes });
  await noteStore({ entries, bytes, waiting });
}
