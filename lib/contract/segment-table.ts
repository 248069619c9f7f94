/** Parts of the segment table: which samples of the source a task reads, and where its segments begin. */
import { z } from 'zod';
import { RENDITION_KINDS } from './keys.ts';

/** Part of a track that one chunk reads: its samples in decode order, and where they lie in the source. */
const trackPart = z.object({
  trak: z.base64().meta({ description: 'Content of the `trak` box, without its tables and edits.' }),
  timescale: z.int().positive().meta({ description: 'Ticks a second of the times here.' }),
  offset: z.array(z.int().nonnegative()).meta({ description: 'Bytes from the start of the source.' }),
  size: z.array(z.int().nonnegative()),
  duration: z.array(z.int().nonnegative()).meta({ description: 'Ticks from its decode time to the next one.' }),
  composition: z.array(z.int().nonnegative()).meta({ description: 'Ticks from decoding to presentation.' }),
  sync: z.array(z.int().nonnegative()).meta({ description: 'Positions of samples that can be decoded alone.' }),
});
export type TrackPart = z.infer<typeof trackPart>;

/**
 * One chunk's part of the segment table, made by probe and stored at `chunkTableKey`, so that nobody else reads the
 * source's index. Presentation times count from the part's first decode time.
 */
export const chunkTable = z.object({
  cuts: z.array(z.number().positive()).meta({
    description: 'Seconds from the chunk’s start at which its second and every later segment begins.',
  }),
  repeats: z.array(z.number().positive()).optional().meta({
    description: 'Those of them at which no picture begins: the one that is shown is repeated.',
  }),
  video: trackPart.extend({
    start: z.int().meta({ description: 'Presentation time, ticks, of the chunk’s start.' }),
    from: z.int().meta({ description: 'Of the first picture that is shown; earlier ones are only decoded.' }),
    to: z.int().meta({ description: 'Of its end: pictures from there on are the next chunk’s.' }),
  }),
  audio: z
    .array(
      z.object({
        part: trackPart
          .extend({
            late: z
              .int()
              .meta({ description: 'Ticks from where decoding begins (`soundBegins`) to the first sample.' }),
          })
          .nullable()
          .meta({ description: 'Null: the source has no sound here.' }),
        firstFrame: z.int().nonnegative().meta({ description: 'Of the whole rendition, counted in AAC frames.' }),
        frames: z.int().nonnegative(),
        runIn: z.int().nonnegative().meta({ description: 'Frames encoded ahead of these and dropped.' }),
      }),
    )
    .meta({ description: 'AAC frames of this chunk, of each sound rendition of the plan.' }),
  texts: z
    .array(
      z.object({
        offset: z.array(z.int().nonnegative()).meta({ description: 'Bytes from the start of the source.' }),
        size: z.array(z.int().nonnegative()),
        start: z.array(z.number().nonnegative()).meta({ description: 'Seconds from the start of the video.' }),
        end: z.array(z.number().nonnegative()),
      }),
    )
    .optional()
    .meta({ description: 'Samples that begin in this chunk, of each text track of the source.' }),
});
export type ChunkTable = z.infer<typeof chunkTable>;
export type SoundPart = ChunkTable['audio'][number];

/** What one group of copied segments reads, stored at `chunkTableKey`: times are those of the rendition. */
export const copyTable = z.object({
  tracks: z
    .array(
      trackPart.omit({ trak: true, sync: true }).extend({
        kind: z.enum(RENDITION_KINDS),
        name: z.string(),
        codecs: z.string(),
        init: z.base64().meta({ description: 'Its initialization section.' }),
        decode: z.int().meta({ description: 'Ticks: when the first sample is decoded.' }),
        sync: trackPart.shape.sync.optional().meta({ description: 'Absent: all samples.' }),
        segments: z.array(
          z.object({
            samples: z.int().positive(),
            duration: z.number().positive().meta({ description: 'Seconds, exact.' }),
          }),
        ),
      }),
    )
    .min(1),
});
export type CopyTable = z.infer<typeof copyTable>;
