/** What is made of a source: renditions, and the chunks that tasks take. */
import { z } from 'zod';
import { cost, ENGINES, usage } from './cost.ts';
import { encryption } from './encryption.ts';
import { SEGMENT_TYPES } from './keys.ts';
import { MAX_SOUND_TRACKS, sourceInfo } from './source.ts';
import { languageTag, videoId } from './video.ts';

/** Of a track in a language: what it is in and what it is called. */
const spoken = {
  language: languageTag.optional(),
  label: z.string().min(1).max(100).meta({ description: 'What a viewer chooses it by; no two of a video are alike.' }),
};

/** A sound rendition to be made. */
const soundPlan = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9]{1,20}$/)
    .meta({ description: 'Of the rendition; `main` is the first one.' }),
  index: z.int().nonnegative().meta({ description: 'Stream index of its track in the source.' }),
  bitrate: z.int().positive(),
  channels: z.int().positive(),
  sampleRate: z.int().positive(),
  copied: z.boolean().optional().meta({ description: 'The source’s own packets, not encoded again.' }),
  ...spoken,
});
export type SoundPlan = z.infer<typeof soundPlan>;

/**
 * Seconds added to every time stamp. B-frames are decoded before they are shown, so the first decode time lies before
 * the first presentation time, and neither may be negative; all renditions move alike. An edit list or negative
 * composition offsets would do the same in fewer players.
 */
export const TIME_OFFSET = 1;

/** One rung of the ladder. */
export const rung = z.object({
  name: z.string().regex(/^[0-9]{2,5}p$/),
  width: z.int().positive(),
  height: z.int().positive(),
  frameRate: z.number().positive().meta({ description: 'At most; more frames are left out.' }),
  maxBitrate: z.int().positive().meta({ description: 'bit/s, VBV peak.' }),
  level: z.string().meta({ description: 'H.264 level, e.g. `4.0` (ISO/IEC 14496-10 table A-1).' }),
  copied: z.boolean().optional().meta({ description: 'The source’s own packets, not encoded again.' }),
});
export type Rung = z.infer<typeof rung>;

/** A rendition by its kind and name, e.g. `video/720p`. */
const renditionPath = z.string().regex(/^[a-z]+\/[a-z0-9]+$/);

/** A stretch of the source that one task takes, some segments long. One chunk is the smallest case of many. */
export const chunk = z.object({
  index: z.int().nonnegative(),
  start: z.number().nonnegative().meta({ description: 'Seconds from the start of the source.' }),
  duration: z.number().positive().nullable().meta({ description: 'Seconds; null: to the end.' }),
  firstSegment: z.int().positive().meta({ description: 'Number of its first segment.' }),
  segments: z.int().positive().optional().meta({ description: 'How many; absent without a segment table.' }),
  copy: z.literal(true).optional().meta({ description: 'Makes the renditions that are copied, and no other.' }),
  ahead: z.literal(true).optional().meta({ description: 'Of frames that a later task decodes once more.' }),
  along: z.literal(true).optional().meta({
    description: 'Makes no rendition: pictures for scrubbing, of keyframes, and captions where nothing is encoded.',
  }),
  only: z
    .array(renditionPath)
    .min(1)
    .optional()
    .meta({ description: 'Encodes these; absent: all that are not copied.' }),
});
export type Chunk = z.infer<typeof chunk>;

export const engine = z.enum(ENGINES).meta({ description: 'What makes the segments.' });

export const plan = z.object({
  videoId,
  revision: z.int().positive(),
  execution: z.string().min(1).meta({ description: 'Slicing run this plan belongs to.' }),
  engine,
  source: z.object({
    bucket: z.string(),
    key: z.string(),
    etag: z.string().optional().meta({ description: 'The object as it was probed; any other is not read.' }),
    info: sourceInfo,
  }),
  remuxed: z
    .object({ bucket: z.string(), key: z.string(), etag: z.string().optional(), bytes: z.int().positive() })
    .optional()
    .meta({ description: 'What chunks read instead of the source: its packets, in a file with an index.' }),
  segmentType: z.enum(SEGMENT_TYPES),
  encryption: encryption.optional().meta({ description: 'Of its segments. Absent: they are in clear.' }),
  segmentSeconds: z.number().positive(),
  timescale: z.int().positive().nullable().meta({
    description:
      'Ticks a second of the renditions; each chunk has its part of the segment table at `chunkTableKey`. Null: the source has no index, so it is one chunk and read whole.',
  }),
  chunkCount: z.int().positive(),
  segments: z
    .object({
      count: z.int().positive(),
      target: z.int().positive().meta({ description: 'Seconds: EXT-X-TARGETDURATION of every rendition.' }),
    })
    .optional()
    .meta({ description: 'Of the segment table.' }),
  growing: z.literal(true).optional().meta({
    description: 'Playlists of what is made first are published while they grow; absent: all at once.',
  }),
  later: z.array(renditionPath).min(1).optional().meta({
    description: 'Renditions that are made when somebody first asks for the manifest.',
  }),
  ladder: z.literal(true).optional().meta({ description: 'Makes these, for a video that is ready.' }),
  sourceDays: z.int().positive().optional().meta({
    description: 'Days that the source is kept once all is made of it. Absent: it stays.',
  }),
  spent: z.number().nonnegative().optional().meta({ description: 'Dollars that the video cost before this run.' }),
  maxSeconds: z.number().positive().optional().meta({
    description: 'Whatever a source says of its length, no more of it is encoded. Absent: in plans of before.',
  }),
  video: z.array(rung).meta({ description: 'Tallest first; none: the source is sound alone.' }),
  audio: z.array(soundPlan).max(MAX_SOUND_TRACKS).meta({ description: 'The default one first; none: silent.' }),
  cost: cost.optional().meta({ description: 'What it will cost. Absent: in plans of before.' }),
  used: usage.optional().meta({ description: 'What probing used.' }),
});
export type Plan = z.infer<typeof plan>;
