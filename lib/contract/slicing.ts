/** What the slicing steps hand to one another: source facts → plan → chunk results. Parsed on entry of every step. */
import { z } from 'zod';
import { usage } from './cost.ts';
import { drmProtection } from './drm.ts';
import { objectCreated } from './events.ts';
import { RENDITION_KINDS } from './keys.ts';
import { DAY_SECONDS, slicingBounds, whole } from './options.ts';
import { chunk, plan } from './plan.ts';
import { failure, videoId } from './video.ts';

/** The slicing options of a deployment that probing plans by (JSON in `SLICING_OPTIONS`). */
export const slicingOptions = z.object(slicingBounds).omit({ preset: true });
/** Planning takes any rungs; which ones there are to choose from is a matter of the configuration. */
export type SlicingOptions = Omit<z.infer<typeof slicingOptions>, 'ladder'> & { readonly ladder: readonly number[] };

/** Videos sliced at a time. More than these would want another way to count them: every step looks at all that are taken. */
export const slicingPlaces = whole(1, 200);

/** Tasks that all videos together may have at a time, where functions are reserved for them; 0: none are. */
export const slicingTasks = whole(0, 10_000);

/** MiB of scratch space that a task has which encodes some segments: their bytes of the source lie there. */
export const CHUNK_SCRATCH_MIB = 4096;

/**
 * Seconds a record waits for its source to be looked at, once that may have arrived: S3's event is tried for a day and the
 * first step for two, while functions are throttled (lib/constructs/retries.ts). A record that expired earlier would lose
 * its video; one that waits for a place is claimed, and does not expire.
 */
export const ARRIVAL_SECONDS = 4 * DAY_SECONDS;

/** Days a run may take, all its waiting together at its longest; what steps hand over is kept longer. */
export const RUN_DAYS = 42;

/** What somebody reads while it is shown. Times in seconds from the start of the video. */
const cue = z.object({
  start: z.number().nonnegative(),
  end: z.number().positive(),
  text: z.string().meta({ description: 'WebVTT cue text.' }),
  settings: z.string().optional().meta({ description: 'WebVTT cue settings.' }),
});

/** Part of a source that one function reads for where its frames lie. */
const stretch = z.object({
  index: z.int().nonnegative(),
  from: z.int().nonnegative().meta({ description: 'Byte of the source.' }),
  until: z.int().positive().nullable().meta({ description: 'Byte at which the next one begins; null: to the end.' }),
});
export type Stretch = z.infer<typeof stretch>;

const stretchTask = z.object({ ...plan.pick({ source: true, videoId: true, revision: true }).shape, stretch });
export type StretchTask = z.infer<typeof stretchTask>;

/** Input of probe: what S3 said, and which run this is. */
export const probeTask = z.object({
  execution: z.string().min(1),
  before: z
    .looseObject({ stretches: z.array(stretch).min(1).optional().catch(undefined) })
    .optional()
    .meta({ description: 'What it answered, if it is asked again: stretches that were read, if all went well.' }),
  event: objectCreated.extend({
    ladder: z.literal(true).optional().meta({ description: 'Somebody plays the video: make the rest of its ladder.' }),
  }),
});

/**
 * Output of probe. `planned` goes on; `stretches` are to be read, and probe is asked again; everything else ends the run
 * without an error: `duplicate` (another run has this source), `refused` (the video is marked failed), `ignored` (no upload of
 * ours, or deleted meanwhile).
 */
export const probeResult = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('planned'),
    plan,
    chunks: z.array(chunk).min(1),
    atATime: z.int().positive().optional().meta({
      description: 'Tasks at a time. Absent: nothing is reserved for them, and the state machine says it.',
    }),
  }),
  z.object({
    outcome: z.literal('stretches'),
    stretches: z.array(stretch).min(1),
    ...stretchTask.omit({ stretch: true }).shape,
  }),
  z.object({ outcome: z.literal('duplicate'), videoId }),
  z.object({ outcome: z.literal('refused'), videoId, ...failure.shape }),
  z.object({ outcome: z.literal('ignored'), reason: z.string() }),
]);
export type ProbeResult = z.infer<typeof probeResult>;

/** Input of the function of chunks that finds the frames of a stretch, and does nothing else. */
export const readTask = z.object({ read: stretchTask });

/** Input of encode. */
export const encodeTask = z.object({ plan, chunk });
export type EncodeTask = z.infer<typeof encodeTask>;

/** Output of encode. `stopped`: the video was deleted or has failed meanwhile, and nothing of this chunk is left. */
const encodeResult = z.object({ outcome: z.enum(['encoded', 'stopped']), index: z.int().nonnegative() });
export type EncodeResult = z.infer<typeof encodeResult>;

/** What encode leaves at `chunkResultKey` for assemble. */
export const chunkResult = z.object({
  index: z.int().nonnegative(),
  used: usage.optional().meta({ description: 'What its function used, until it wrote this.' }),
  renditions: z
    .array(
      z.object({
        kind: z.enum(RENDITION_KINDS),
        name: z.string(),
        codecs: z.string(),
        init: z
          .string()
          .meta({ description: 'SHA-256 of its initialization section, hex; of MPEG-TS, which has none, empty.' }),
        timescale: z
          .int()
          .positive()
          .optional()
          .meta({ description: 'Ticks a second of its fMP4 segments. Absent: MPEG-TS, or of before.' }),
        protection: drmProtection
          .optional()
          .meta({ description: 'Of `drm`: by which key, and how players ask for it.' }),
        begins: z.number().optional().meta({
          description: 'Seconds on the media’s clock at which its first frame is shown. Absent: `TIME_OFFSET`.',
        }),
        segments: z
          .array(
            z.object({
              name: z.string(),
              duration: z.number().positive().meta({ description: 'Seconds, exact: the sum of its frames.' }),
              bytes: z.int().positive(),
              frames: z.int().positive().optional().meta({ description: 'Video: how many there are in it.' }),
            }),
          )
          .min(1),
      }),
    )
    .meta({ description: 'None: of a task that only reads along.' }),
  cover: z.boolean().optional().meta({
    description: 'The poster is stored: of sound alone the picture that goes with it, a frame of what is protected.',
  }),
  texts: z
    .array(z.object({ index: z.int().nonnegative(), cues: z.array(cue) }))
    .optional()
    .meta({ description: 'What is said in this chunk, of each text track of the source by its stream index.' }),
  storyboard: z
    .object({
      every: z.int().positive().meta({ description: 'Seconds from one picture to the next, the first at the start.' }),
      width: z.int().positive().meta({ description: 'Pixels of one picture.' }),
      height: z.int().positive(),
      columns: z.int().positive().meta({ description: 'Of a sheet, which is filled row by row.' }),
      rows: z.int().positive(),
      tiles: z.int().positive().meta({ description: 'Pictures, on all sheets.' }),
      sheets: z.array(z.string()).min(1).meta({ description: 'Relative to the revision prefix.' }),
      best: z
        .object({ tile: z.int().nonnegative(), score: z.number() })
        .meta({ description: 'The one that shows most, counted from 0, and how much it shows (storyboard.ts).' }),
    })
    .optional()
    .meta({ description: 'Pictures for scrubbing. Absent: they could not be made, or of before.' }),
});
export type ChunkResult = z.infer<typeof chunkResult>;

/** Input of assemble. */
export const assembleTask = z.object({ plan, chunks: z.array(chunk).min(1) });
export type AssembleTask = z.infer<typeof assembleTask>;

/** Output of assemble. `stopped` as for encode. */
const assembleResult = z.object({ outcome: z.enum(['ready', 'stopped']), videoId });
export type AssembleResult = z.infer<typeof assembleResult>;

/** Input of the step that hands a video to MediaConvert: the run waits until somebody answers with its token. */
export const convertTask = z.object({ plan, token: z.string().min(1).max(2048) });

/** Input of the step that looks at what MediaConvert made. */
export const collectTask = z.object({ plan });

/** Output of it, as of encode. */
const collectResult = z.object({ outcome: z.enum(['collected', 'stopped']) });
export type CollectResult = z.infer<typeof collectResult>;

/** Input of fail: the run, what started it, and the error Step Functions caught. */
export const failTask = z.object({
  execution: z.string().min(1),
  event: objectCreated,
  error: z.object({ Error: z.string().optional(), Cause: z.string().optional() }),
  chunk: chunk.optional().meta({ description: 'The task that broke, where it was one.' }),
});
export type FailTask = z.infer<typeof failTask>;
