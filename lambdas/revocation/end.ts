/**
 * Ends what plays by a right that was taken back: the edge refuses what its sessions hold, and their rows go. Nothing is said of
 * it: a player that asks again is decided about anew, and begins another session if it may by another right.
 *
 * First the edge, then the row: what is tried again finds what it has not done. Each look takes three quarters of a minute at most
 * and then goes on behind what else waits, from where it was, so ten thousand sessions of one grant do not keep a single one waiting.
 */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { AGAIN_SECONDS, ending, type Ending } from '../../lib/contract/ending.ts';
import type { SessionRow } from '../../lib/contract/session.ts';
import { eachMessage } from '../shared/batch.ts';
import { logger } from '../shared/logger.ts';
import { revokeSessions } from '../shared/session-edge.ts';
import { forgetSession } from '../shared/session-ends.ts';
import { tellEnding } from '../shared/taking-back.ts';
import { isMeant } from './meant.ts';
import { running, watchedBy } from './running.ts';

/** Milliseconds of one look. */
const LOOK_MS = 45_000;
const SIDE_BY_SIDE = 25;

const each = eachMessage('sessions not ended, to be tried again', (body) => ending.parse(body), end);
export const handler = (event: SQSEvent, _context: Context): Promise<SQSBatchResponse> => each(event);

async function end({ taken, isAgain, from }: Ending): Promise<void> {
  const begun = Date.now();
  const needsRecords = 'resource' in taken && taken.among === undefined && !taken.resource.startsWith('video:');
  let count = 0;
  for await (const { rows, next } of running(taken, from)) {
    const watched = needsRecords ? await watchedBy(rows) : undefined;
    const now = Date.now();
    const meant = rows.filter((row) => isMeant(row, taken, now, watched));
    await endRows(meant, now);
    count += meant.length;
    if (next === undefined || Date.now() - begun < LOOK_MS) continue;
    logger.info('ended, and more to come', { of: taken.of, sessions: count });
    return await tellEnding({ taken, isAgain, from: next });
  }
  logger.info('ended', { of: taken.of, sessions: count, isAgain });
  if (!isAgain) await tellEnding({ taken, isAgain: true }, AGAIN_SECONDS);
}

async function endRows(rows: readonly SessionRow[], now: number): Promise<void> {
  if (rows.length === 0) return;
  await revokeSessions(rows, now);
  for (let at = 0; at < rows.length; at += SIDE_BY_SIDE)
    await Promise.all(rows.slice(at, at + SIDE_BY_SIDE).map(forgetSession));
}
