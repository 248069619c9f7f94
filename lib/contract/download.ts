/** Downloads: an MP4 of a rung, made once from its segments when somebody asks, and kept for a while. */
import { z } from 'zod';
import { VIDEO_ID } from './keys.ts';

/** Days (UTC) the bucket keeps a made file; it is there for at least as long. */
export const DOWNLOAD_DAYS = 2;

/** A message of the queue: `uploadId` once it was begun. */
export const downloadTask = z.object({
  videoId: z.string().regex(VIDEO_ID),
  revision: z.int().positive(),
  rendition: z.string(),
  uploadId: z.string().optional(),
});
export type DownloadTask = z.infer<typeof downloadTask>;

/** Who may download a rung beside its owner and admins. */
export const downloads = z.enum(['owner', 'viewers']);
