/**
 * What was taken back, told to the worker that ends what plays by it (lambdas/revocation/end.ts). Who may still watch by another right
 * begins anew, and nobody notices where our player plays.
 */
import { z } from 'zod';
import { resource, subject } from './entitlement.ts';
import { videoId } from './video.ts';

/** Rights in one message, and videos: those of a collection fit. */
export const MOST_RIGHTS = 100;
export const MOST_VIDEOS = 200;

/** These videos alone, which come under the resource now, whatever their records say yet. */
const among = z.array(videoId).min(1).max(MOST_VIDEOS).optional();

export const taken = z.discriminatedUnion('of', [
  /** These rights (right.ts): what began by them. */
  z.object({ of: z.literal('rights'), rights: z.array(z.string().min(1)).min(1).max(MOST_RIGHTS) }),
  /** Of these videos what was let in for one of the `reasons`, or by a grant on one of the resources in `from`. */
  z.object({
    of: z.literal('videos'),
    videos: z.array(videoId).min(1).max(MOST_VIDEOS),
    reasons: z.array(z.string()),
    from: z.array(z.string()),
  }),
  /** What a grant that denies is about, of whomever it names. */
  z.object({ of: z.literal('denied'), resource, subject, among }),
  /** A grant with limits: of whomever it names what was let in to what it is about by one that is farther (docs/playback.md). */
  z.object({ of: z.literal('nearer'), resource, subject, among }),
]);
export type Taken = z.infer<typeof taken>;

/** How far a look has come: of the rights or videos that it is about the `nth`, from 0, and the last row of it that was looked at. */
export const place = z.object({
  nth: z.int().nonnegative(),
  /** As DynamoDB says where a page ends: keys of the table and of its index. Absent: none of it was looked at yet. */
  key: z.record(z.string(), z.string()).optional(),
});
export type Place = z.infer<typeof place>;

export const ending = z.object({
  taken,
  /** Where a look that was broken off goes on. */
  from: place.optional(),
  /** The second look: for what was being let in at that very moment, and what an index did not show yet. */
  isAgain: z.boolean(),
});
export type Ending = z.infer<typeof ending>;

/**
 * Seconds until the second look. API Gateway waits for no answer longer than 30 (HTTP API quotas): so long after it was told the change
 * is written at the latest, and so long again who was let in just before.
 */
export const AGAIN_SECONDS = 65;
