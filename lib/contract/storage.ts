/**
 * How much is kept of whom: rows of the videos table beside the videos, one an owner. Their ids are none of a video, they have no owner,
 * and no `createdAt` but in their own partition of the index by time, so no list of videos has them.
 */
import { z } from 'zod';

const bytes = z
  .int()
  .nonnegative()
  .meta({ description: 'Bytes of sources and renditions, of what is in the trash, too.' });
const videos = z.int().nonnegative().meta({ description: 'How many videos that are.' });

export const STORAGE_KIND = 'storage';
/** Key of an owner's row. */
export const storageId = (owner: string): string => `storage ${owner}`;

export const storageRow = z.object({
  id: z.string(),
  kind: z.literal(STORAGE_KIND),
  subject: z.string(),
  createdAt: z.iso.datetime(),
  bytes: bytes.default(0),
  videos: videos.default(0),
  /** Changes with each change of what is kept, and with each upload that is let in: who read another one asks anew. */
  version: z.int().default(0),
});
export type StorageRow = z.infer<typeof storageRow>;

/** What of a video is counted, and at whom. */
export const counted = z.object({ owner: z.string(), bytes: z.int().nonnegative() });
export type Counted = z.infer<typeof counted>;

/** Owners that one answer has at most. */
export const MOST_OWNERS = 100;

export const storageAnswer = z.object({
  bytes,
  videos,
  uploading: z.int().nonnegative().meta({ description: 'Bytes that uploads under way have announced.' }),
  quotaBytes: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'Bytes one person may keep (`upload.quotaGiB`); absent: as many as they like.' }),
  owners: z
    .array(z.object({ owner: z.string(), bytes, videos }))
    .optional()
    .meta({ description: `For admins: who keeps the most, at most ${MOST_OWNERS}; of what devices sent, the device.` }),
  total: z.object({ bytes, videos }).optional().meta({ description: 'For admins: of all together.' }),
});
export type StorageAnswer = z.infer<typeof storageAnswer>;
