/** One change of many videos: what is asked, and what is answered of each. */
import { z } from 'zod';
import { collectionId } from './collection.ts';
import type { Route } from './route.ts';
import { line } from './text.ts';
import { MOST_TAGGED, videoId, visibility } from './video.ts';

/** Videos of one call: each is a few reads and writes, and a call lasts 29 s at most. */
export const MOST_AT_ONCE = 100;

const videos = z
  .array(videoId)
  .min(1)
  .max(MOST_AT_ONCE, { abort: true })
  .meta({ description: 'Each is changed once, however often it is named.' });
const tags = z.array(line(50)).min(1).max(MOST_TAGGED, { abort: true });

export const bulkChange = z.discriminatedUnion('action', [
  z.object({ action: z.literal('tag'), videos, tags }).strict(),
  z.object({ action: z.literal('untag'), videos, tags }).strict(),
  z.object({ action: z.literal('visibility'), videos, visibility }).strict(),
  z
    .object({
      action: z.literal('collect'),
      videos,
      collection: collectionId.meta({ description: 'They join it behind what is in it.' }),
    })
    .strict(),
  z
    .object({
      action: z.literal('uncollect'),
      videos,
      collection: collectionId.meta({ description: 'They are taken out of it; what is not in it is as asked.' }),
    })
    .strict(),
  z
    .object({
      action: z.literal('move'),
      videos,
      from: collectionId.meta({ description: 'The collection that they are in.' }),
      to: collectionId.meta({
        description: 'Another one: they join it behind what is in it, and leave the first then.',
      }),
    })
    .strict(),
  z
    .object({
      action: z.literal('delete'),
      videos,
      now: z.boolean().optional().meta({ description: 'True: for good. Without it, into the trash.' }),
    })
    .strict(),
  z.object({ action: z.literal('restore'), videos }).strict(),
]);
export type BulkChange = z.infer<typeof bulkChange>;

export const bulkAnswer = z.object({
  videos: z
    .array(
      z.object({
        id: videoId,
        refused: z
          .object({ code: z.string(), detail: z.string() })
          .optional()
          .meta({ description: 'Why it is as it was; absent: it is as asked. `code` as in a problem document.' }),
      }),
    )
    .meta({ description: 'In the order they were named.' }),
});
export type BulkAnswer = z.infer<typeof bulkAnswer>;

export const bulkRoutes = {
  'POST /api/videos/bulk': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: `Change up to ${MOST_AT_ONCE} videos: tag, untag, say who may watch, put into a collection, take out of one, move to another, delete, restore. Each is answered by itself: one that is refused keeps no other. Safe to repeat.`,
    body: bulkChange,
    response: bulkAnswer,
  },
} as const satisfies Record<string, Route>;
