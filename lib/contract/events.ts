/** EventBridge events a video sends: source `sluice.video`, detail-type is the status reached. */
import { z } from 'zod';
import { failure, videoId } from './video.ts';

export const EVENT_SOURCE = 'sluice.video';

export const videoEventType = z.enum(['uploaded', 'probed', 'playable', 'ready', 'failed', 'deleted']);
export type VideoEventType = z.infer<typeof videoEventType>;

/** `detail` of every `sluice.video` event. */
export const videoEvent = z.object({
  videoId,
  owner: z.string(),
  status: videoEventType,
  at: z.iso.datetime(),
  revision: z.int().positive().optional().meta({ description: 'Slicing run; absent before probing.' }),
  duration: z.number().nonnegative().optional().meta({ description: 'Seconds; from `probed` on.' }),
  failure: failure.optional().meta({ description: 'With `failed` only.' }),
});
export type VideoEvent = z.infer<typeof videoEvent>;

/** The part of S3's "Object Created" EventBridge event that starts slicing. Keys in it are not URL-encoded. */
export const objectCreated = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1), size: z.int().nonnegative().optional(), etag: z.string().optional() }),
  }),
});
export type ObjectCreated = z.infer<typeof objectCreated>;
