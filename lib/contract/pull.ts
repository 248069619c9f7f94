/** Pulling a source from an address: what is asked for, what the record keeps of it, and what the worker is told. */
import { z } from 'zod';
import { VIDEO_ID } from './keys.ts';
import { uploadBounds, whole } from './options.ts';

/** Characters of an address; signed ones are long. */
export const MAX_ADDRESS = 2048;

/** In the record while the source is being pulled. */
export const pullState = z.object({
  address: z.string().max(MAX_ADDRESS),
  /** What the server said when the pull began; a source that changed since is begun again. */
  facts: z
    .object({
      bytes: z.int().nonnegative().optional(),
      ranges: z.boolean(),
      validator: z.string().optional(),
      etag: z.string().optional(),
      type: z.string(),
    })
    .optional(),
  /** Of the upload to S3; all parts but the last have as many bytes. */
  partBytes: z.int().positive().optional(),
  /** How often the source changed under way. */
  restarts: z.int().nonnegative(),
});
export type PullState = z.infer<typeof pullState>;

/** A message of the queue. `failures`: times in a row that the source answered nothing new, of which `parts` is the measure. */
export const pullTask = z.object({
  videoId: z.string().regex(VIDEO_ID),
  failures: z.int().nonnegative(),
  parts: z.int().nonnegative(),
});
export type PullTask = z.infer<typeof pullTask>;

/** What the configuration allows. One variable, read by the API's function and by the worker. */
export const pullRules = z.object({
  allowPrivate: z.boolean(),
  buckets: uploadBounds.pullBuckets,
});
export type PullRules = z.infer<typeof pullRules>;

/** Pulls at a time; each also holds a place of slicing. */
export const pullPlaces = whole(1, 100);

/** Seconds one invocation begins new parts for; the rest of its time is for those under way. */
export const pullSeconds = whole(1, 780);
