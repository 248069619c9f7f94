/** What the worker that removes a video is told. */
import { z } from 'zod';
import { trashEventType } from './events.ts';
import { videoId } from './video.ts';

/** Videos whose cached copies go with one call to CloudFront. */
export const MOST_INVALIDATED = 10;

export const removal = z.discriminatedUnion('step', [
  /** All of it. */
  z.object({ step: z.literal('remove'), videoId }),
  /** It was put into the trash, or taken out of it: the edge is to do as its record says. */
  z.object({
    step: z.literal('trash'),
    videoId,
    /** What others are told of it then, and when it was; absent: nothing, the edge alone looks again. */
    did: z.object({ type: trashEventType, at: z.iso.datetime() }).optional(),
  }),
  /** Looks once more for objects, after the last encoder has ended. */
  z.object({
    step: z.literal('sweep'),
    videoId,
    /** Whether anything of it was ever served. */
    published: z.boolean().default(true),
    /** Epoch seconds until which its upload form may be posted: till then it is looked at again and again. */
    until: z.int().optional(),
  }),
  /** Drops cached copies. A message of its own: CloudFront takes few at a time, and nothing else needs to wait for it. */
  z.object({ step: z.literal('invalidate'), videoIds: z.array(videoId).min(1).max(MOST_INVALIDATED) }),
  /** Looks whether CloudFront has completed it. */
  z.object({
    step: z.literal('look'),
    invalidation: z.string().min(1),
    videoIds: z.array(videoId).min(1).max(MOST_INVALIDATED),
    /** Epoch seconds after which nobody looks any more. */
    until: z.int(),
  }),
]);
export type Removal = z.infer<typeof removal>;

const moment = z.iso.datetime().nullable();
/** How far a video's removal has come. */
export const removalState = z.object({
  askedAt: z.iso.datetime(),
  refusedAt: moment.meta({ description: 'When the edge was told to refuse it; null: not yet.' }),
  removedAt: moment.meta({
    description: 'When its files were deleted; null: not yet, or not at all while it is in the trash.',
  }),
  emptiedAt: moment.meta({ description: 'When CloudFront had emptied its caches of it; null: not yet.' }),
});
export type RemovalState = z.infer<typeof removalState>;
