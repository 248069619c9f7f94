/** What the slicing steps hand to one another: source facts → plan → chunk results. Parsed on entry of every step. */
import { z } from 'zod';
import { videoId } from './video.ts';

/** What ffprobe says of a source, reduced to what planning needs. */
export const sourceInfo = z.object({
  container: z.string(),
  bytes: z.int().positive(),
  duration: z.number().positive().meta({ description: 'Seconds.' }),
  video: z.object({
    codec: z.string(),
    width: z.int().positive().meta({ description: 'Display pixels: rotation and sample aspect ratio applied.' }),
    height: z.int().positive(),
    rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
    frameRate: z.number().positive(),
    bitDepth: z.int().positive(),
  }),
  audio: z.object({ codec: z.string(), channels: z.int().positive(), sampleRate: z.int().positive() }).nullable(),
});
export type SourceInfo = z.infer<typeof sourceInfo>;

/** One rung of the ladder. */
export const rung = z.object({
  name: z.string().regex(/^[0-9]{2,4}p$/),
  width: z.int().positive(),
  height: z.int().positive(),
  frameRate: z.number().positive(),
  maxBitrate: z.int().positive().meta({ description: 'bit/s, VBV peak.' }),
  level: z.string().meta({ description: 'H.264 level, e.g. `4.0` (ISO/IEC 14496-10 table A-1).' }),
});
export type Rung = z.infer<typeof rung>;

/** A stretch of the source encoded by one task. One chunk is the smallest case of many. */
export const chunk = z.object({
  index: z.int().nonnegative(),
  start: z.number().nonnegative().meta({ description: 'Seconds from the start of the source.' }),
  duration: z.number().positive().nullable().meta({ description: 'Seconds; null: to the end.' }),
  firstSegment: z.int().positive().meta({ description: 'Number of its first segment.' }),
});
export type Chunk = z.infer<typeof chunk>;

export const engine = z.enum(['encode']).meta({ description: 'How chunks become segments. Others join here.' });

export const plan = z.object({
  videoId,
  revision: z.int().positive(),
  engine,
  source: z.object({ bucket: z.string(), key: z.string(), info: sourceInfo }),
  segmentType: z.enum(['fmp4', 'mpegts']),
  segmentSeconds: z.number().positive(),
  video: z.array(rung).min(1).meta({ description: 'Tallest first.' }),
  audio: z
    .object({ bitrate: z.int().positive(), channels: z.int().positive(), sampleRate: z.int().positive() })
    .nullable(),
});
export type Plan = z.infer<typeof plan>;

/** Output of probe: either a plan with its chunks, or the word that another run already has this source. */
export const probeResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('planned'), plan, chunks: z.array(chunk).min(1) }),
  z.object({ outcome: z.literal('duplicate'), videoId }),
]);
export type ProbeResult = z.infer<typeof probeResult>;

/** Input of encode. */
export const encodeTask = z.object({ plan, chunk });
export type EncodeTask = z.infer<typeof encodeTask>;

/** What encode leaves at `chunkResultKey` for assemble. */
export const chunkResult = z.object({
  index: z.int().nonnegative(),
  renditions: z
    .array(
      z.object({
        kind: z.enum(['video', 'audio']),
        name: z.string(),
        codecs: z.string(),
        segments: z
          .array(
            z.object({
              name: z.string(),
              duration: z.number().positive().meta({ description: 'Seconds, exact: the sum of its frames.' }),
              bytes: z.int().positive(),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});
export type ChunkResult = z.infer<typeof chunkResult>;

/** Input of assemble. */
export const assembleTask = z.object({ plan, chunks: z.array(chunk).min(1) });
export type AssembleTask = z.infer<typeof assembleTask>;
