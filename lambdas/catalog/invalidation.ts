/**
 * Dropping what CloudFront has cached of removed videos: `/vod/{id}/*`, all that is ever cached of one. Answers under
 * `/api/play/` never are.
 *
 * CloudFront takes 15 paths with a wildcard at a time in a distribution (Amazon CloudFront quotas, invalidations), and an
 * invalidation takes a minute or so. So the paths of several messages go together, ten at most: while those of a mass
 * deletion are under way, there is room for somebody's one video. What CloudFront has no room for waits as a new message,
 * which was received never: waiting is not failing, and no step nearer to the dead-letter queue.
 */
import { CloudFrontClient, CreateInvalidationCommand, GetInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { createHash, randomInt } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import { vodPrefix } from '../../lib/contract/keys.ts';
import { MOST_INVALIDATED, type Removal } from '../../lib/contract/removal.ts';
import { logger } from '../shared/logger.ts';
import { reached } from '../shared/takedown.ts';
import { isThrottled } from '../shared/throttled.ts';
import { enqueue } from './removal.ts';

/** Seconds until CloudFront is asked whether it is done, and between that and the next time. */
const LOOK_IN = 10;
/** Seconds in which an invalidation is done, if ever. */
const LOOKED_FOR = 3600;

/** Seconds that what found no room waits, at random between: they must not all come again together. */
const WAIT = [20, 120] as const;

const cloudFront = new CloudFrontClient({});

interface Asked {
  readonly messageId: string;
  readonly videoIds: readonly string[];
}

/** Drops them, or has them wait. Throws when neither could be done: then the messages come again. */
export async function invalidate(asked: readonly Asked[]): Promise<void> {
  const messages = asked.map(({ messageId }) => messageId).toSorted();
  for (const [index, videoIds] of groups(asked.flatMap((message) => message.videoIds)).entries()) {
    try {
      // The same messages again are the same invalidation, not another one.
      const invalidation = await create(videoIds, hash(`${index} ${messages.join(' ')}`));
      const until = Math.floor(Date.now() / 1000) + LOOKED_FOR;
      await enqueue({ step: 'look', invalidation, videoIds: [...videoIds], until }, LOOK_IN);
    } catch (error) {
      if (!isBusy(error)) throw error;
      logger.info('invalidation waits', { videos: videoIds.length });
      await enqueue({ step: 'invalidate', videoIds }, randomInt(WAIT[0], WAIT[1] + 1));
    }
  }
}

/** Each video once, `MOST_INVALIDATED` together at most. Pure. */
export function groups(videoIds: readonly string[]): string[][] {
  const once = [...new Set(videoIds)];
  const count = Math.ceil(once.length / MOST_INVALIDATED);
  return Array.from({ length: count }, (_, i) => once.slice(i * MOST_INVALIDATED, (i + 1) * MOST_INVALIDATED));
}

const isBusy = (error: unknown): boolean =>
  isThrottled(error) || (error instanceof Error && error.name === 'TooManyInvalidationsInProgress');

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Notes of these videos that caches are empty, once CloudFront says so; until then it is asked again. */
export async function look(message: Extract<Removal, { step: 'look' }>): Promise<void> {
  const { invalidation: Id, videoIds, until } = message;
  try {
    const command = new GetInvalidationCommand({ DistributionId: required('DISTRIBUTION_ID'), Id });
    const { Invalidation } = await cloudFront.send(command);
    if (Invalidation?.Status === 'Completed') {
      for (const id of videoIds) await reached(id, 'emptiedAt');
      return;
    }
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  if (Date.now() < until * 1000) await enqueue(message, LOOK_IN);
  else logger.error('an invalidation is not done, and nobody looks for it any more', { invalidation: Id, videoIds });
}

/** Answers its id. */
async function create(videoIds: readonly string[], CallerReference: string): Promise<string> {
  const Items = videoIds.map((id) => `/${vodPrefix(id)}*`);
  const { Invalidation } = await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId: required('DISTRIBUTION_ID'),
      InvalidationBatch: { CallerReference, Paths: { Quantity: Items.length, Items } },
    }),
  );
  return Invalidation!.Id!;
}
