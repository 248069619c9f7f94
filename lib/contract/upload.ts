/** What the configuration allows an upload to be. The construct writes it as one variable; the handler reads it once. */
import { z } from 'zod';
import { DAY_SECONDS, GIB, MINUTE_SECONDS, times, uploadBounds } from './options.ts';
import { ARRIVAL_SECONDS } from './slicing.ts';

export const uploadLimits = z.object({
  /** Bytes; largest file taken. */
  maxBytes: times(uploadBounds.maxSizeGiB, GIB),
  /** Media types, `video/*` style. */
  types: uploadBounds.types,
  /** Uploads one person may have under way. */
  maxInFlight: uploadBounds.maxInFlight,
  /** Seconds a signed URL or form stays good. */
  urlSeconds: times(uploadBounds.urlMinutes, MINUTE_SECONDS),
  /** Seconds after which an unfinished upload, its record and its slot are forgotten. */
  expireSeconds: times(uploadBounds.expireDays, DAY_SECONDS),
  /** Bytes one person may keep; absent: as many as they like. */
  quotaBytes: z.int().positive().optional(),
  /** A DRM provider is there, by whose keys a video may be asked to be protected. */
  drm: z.literal(true).optional(),
});
export type UploadLimits = z.infer<typeof uploadLimits>;

/**
 * Tag of everything that arrives under `uploads/`. Who accepts a source takes it off; what nobody accepted goes by a lifecycle
 * rule on it. Never by age alone: accepted sources stay as long as their video.
 */
export const UNACCEPTED = { key: 'state', value: 'unaccepted' } as const;

/**
 * Days after `upload.expireDays` that the rule waits. An object's age is counted from its upload's first part; then what has
 * arrived may wait to be looked at.
 */
export const UNACCEPTED_MORE_DAYS = Math.ceil(ARRIVAL_SECONDS / DAY_SECONDS) + 1;

/** As S3's requests take it. */
export const UNACCEPTED_TAGGING = `${UNACCEPTED.key}=${UNACCEPTED.value}`;

/** As S3's form field `tagging` takes it. */
export const UNACCEPTED_FORM_TAGGING = `<Tagging><TagSet><Tag><Key>${UNACCEPTED.key}</Key><Value>${UNACCEPTED.value}</Value></Tag></TagSet></Tagging>`;

/** Seconds for which no signed form can outlive its video's record. */
export const FORM_SECONDS = uploadBounds.urlMinutes.maxValue! * MINUTE_SECONDS;

/** S3's own: a POST form or single PUT carries at most 5 GiB, and every part but the last at least 5 MiB. */
export const MAX_FORM_BYTES = 5 * 1024 ** 3;
export const MIN_PART_BYTES = 5 * 1024 ** 2;
