/** What the configuration allows an upload to be. The construct writes it as one variable; the handler reads it once. */
import { z } from 'zod';

export const uploadLimits = z.object({
  /** Bytes; largest file taken. */
  maxBytes: z.int().positive(),
  /** Media types, `video/*` style. */
  types: z.array(z.string()).min(1),
  /** Uploads one person may have under way. */
  maxInFlight: z.int().min(1).max(1000),
  /** Seconds a signed URL or form stays good. */
  urlSeconds: z.int().positive(),
  /** Seconds after which an unfinished upload, its record and its slot are forgotten. */
  expireSeconds: z.int().positive(),
});
export type UploadLimits = z.infer<typeof uploadLimits>;

/** S3's own: a POST form or single PUT carries at most 5 GiB, and every part but the last at least 5 MiB. */
export const MAX_FORM_BYTES = 5 * 1024 ** 3;
export const MIN_PART_BYTES = 5 * 1024 ** 2;
