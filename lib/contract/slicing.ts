/** What the slicing steps hand to one another: source facts → plan → chunk results. Parsed on entry of every step. */
import { z } from 'zod';
import { cost, ENGINES, usage } from './cost.ts';
import { objectCreated } from './events.ts';
import { RENDITION_KINDS, SEGMENT_TYPES } from './keys.ts';
import { DAY_SECONDS, slicingBounds, whole } from './options.ts';
import { failure, languageTag, videoId } from './video.ts';

/** The slicing options of a deployment that probing plans by (JSON in `SLICING_OPTIONS`). */
export const slicingOptions = z.object(slicingBounds).omit({ preset: true });
/** Planning takes any rungs; which ones there are to choose from is a matter of the configuration. */
export type SlicingOptions = Omit<z.infer<typeof slicingOptions>, 'ladder'> & { readonly ladder: readonly number[] };

/** Videos sliced at a time. More than these would want another way to count them: every step looks at all that are taken. */
export const slicingPlaces = whole(1, 200);

/**
 * Seconds a record waits for its source to be looked at, once that may have arrived: S3's event is tried for a day and the
 * first step for two, while functions are throttled (lib/constructs/retries.ts). A record that expired earlier would lose
 * its video; one that waits for a place is claimed, and does not expire.
 */
export const ARRIVAL_SECONDS = 4 * DAY_SECONDS;

/** Days a run may take, all its waiting together at its longest; what steps hand over is kept longer. */
export const RUN_DAYS = 42;

/** Sound tracks of one video that become renditions: a film has its languages, their descriptions and a commentary. */
export const MAX_SOUND_TRACKS = 12;

/** Of a track in a language: what it is in and what it is called. */
const spoken = {
  language: languageTag.optional(),
  label: z.string().min(1).max(100).meta({ description: 'What a viewer chooses it by; no two of a video are alike.' }),
};

/** A sound track of a source. */
const sourceSound = z.object({
  index: z.int().nonnegative().meta({ description: 'Stream index in the container.' }),
  codec: z.string(),
  channels: z.int().positive(),
  sampleRate: z.int().positive(),
  language: languageTag.optional(),
  title: z.string().min(1).max(100).optional().meta({ description: 'What the file calls it.' }),
  default: z.boolean().meta({ description: 'Marked as the one to play where nobody chose.' }),
});
export type SourceSound = z.infer<typeof sourceSound>;

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

/** Text tracks of a source that become renditions; people may add more (`MAX_TEXTS`). */
export const MAX_SOURCE_TEXTS = 32;

/** Codecs of text, as ffprobe names them. Of others (bitmaps of DVDs, Blu-rays and broadcasts) there is nothing to write. */
export const TEXT_CODECS = ['mov_text', 'subrip', 'ass', 'ssa', 'webvtt', 'text'] as const;

/** A text track of a source. */
const sourceText = z.object({
  index: z.int().nonnegative().meta({ description: 'Stream index in the container.' }),
  codec: z.enum(TEXT_CODECS),
  language: languageTag.optional(),
  title: z.string().min(1).max(100).optional(),
});
export type SourceText = z.infer<typeof sourceText>;

/** What somebody reads while it is shown. Times in seconds from the start of the video. */
const cue = z.object({
  start: z.number().nonnegative(),
  end: z.number().positive(),
  text: z.string().meta({ description: 'WebVTT cue text.' }),
  settings: z.string().optional().meta({ description: 'WebVTT cue settings.' }),
});

/** What ffprobe says of a source, reduced to what planning needs. */
const sourceInfo = z.object({
  container: z.string(),
  bytes: z.int().positive(),
  duration: z.number().positive().meta({ description: 'Seconds.' }),
  complete: z.boolean().optional().meta({
    description: 'The container is whole by its structure, so a length that is not there is one it never had.',
  }),
  video: z.object({
    index: z.int().nonnegative().meta({ description: 'Stream index in the container.' }),
    codec: z.string(),
    duration: z
      .number()
      .positive()
      .nullable()
      .meta({ description: 'Seconds of this track, where the container says.' }),
    width: z.int().positive().meta({ description: 'Display pixels: rotation and sample aspect ratio applied.' }),
    height: z.int().positive(),
    stored: z
      .object({ width: z.int().positive(), height: z.int().positive() })
      .optional()
      .meta({ description: 'Pixels as they are decoded, turned upright. Absent: in plans of before.' }),
    rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
    frameRate: z.number().positive().meta({ description: 'Frames a second, on average.' }),
    maxFrameRate: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'Where it varies: at most, as far as the container says. Absent: it does not vary.' }),
    oddAngle: z
      .boolean()
      .optional()
      .meta({ description: 'To be turned by what is no quarter turn, it says: it is shown as it is stored.' }),
    bitDepth: z.int().positive(),
    interlaced: z.boolean(),
    fields: z.enum(['told', 'unsaid', 'none']).optional().meta({
      description:
        'Whether each picture says if it is two fields: the decoder tells, nobody does and it must be looked at, or its codec has no fields. Absent: in plans of before.',
    }),
    hdr: z
      .enum(['pq', 'hlg'])
      .optional()
      .meta({ description: 'Transfer of a picture with high dynamic range (ITU-R BT.2100). Absent: it has none.' }),
    rgb: z.boolean().meta({ description: 'Stored as RGB, so it has no YCbCr matrix of its own.' }),
  }),
  audio: z.array(sourceSound).max(MAX_SOUND_TRACKS).meta({
    description: 'Sound tracks that can be decoded, the one players would choose first; none: a silent video.',
  }),
  texts: z.array(sourceText).max(MAX_SOURCE_TEXTS).optional().meta({ description: 'Absent: none.' }),
  cover: z
    .int()
    .nonnegative()
    .optional()
    .meta({ description: 'Of sound alone: stream index of the picture that goes with it.' }),
});
export type SourceInfo = z.infer<typeof sourceInfo>;

/** Codec of what stands for the picture of a source that is sound alone. */
const NO_PICTURE = 'none';

/**
 * What sound alone has for a picture: whoever does not look has one pixel of it, whose clock is that of the track `index`,
 * the first one of sound.
 */
export const noPicture = (index: number): SourceInfo['video'] => ({
  index,
  codec: NO_PICTURE,
  duration: null,
  width: 1,
  height: 1,
  rotation: 0,
  frameRate: 1,
  bitDepth: 8,
  interlaced: false,
  rgb: false,
});
export const hasPicture = ({ video }: { readonly video: { readonly codec: string } }): boolean =>
  video.codec !== NO_PICTURE;

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
  read: stretchTask.optional().meta({ description: 'Find the frames of this stretch, and do nothing else.' }),
  before: z
    .looseObject({ stretches: z.array(stretch).min(1).optional().catch(undefined) })
    .optional()
    .meta({ description: 'What it answered, if it is asked again: stretches that were read, if all went well.' }),
  event: objectCreated.extend({
    ladder: z.literal(true).optional().meta({ description: 'Somebody plays the video: make the rest of its ladder.' }),
  }),
});

/**
 * Output of probe. `planned` goes on; `stretches` are to be read, and probe is asked again; everything else ends the run without an error: `duplicate` (another run has this
 * source), `refused` (the video is marked failed), `ignored` (no upload of ours, or deleted meanwhile).
 */
export const probeResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('planned'), plan, chunks: z.array(chunk).min(1) }),
  z.object({
    ...{ outcome: z.literal('stretches'), stretches: z.array(stretch).min(1) },
    ...stretchTask.omit({ stretch: true }).shape,
  }),
  z.object({ outcome: z.literal('duplicate'), videoId }),
  z.object({ outcome: z.literal('refused'), videoId, ...failure.shape }),
  z.object({ outcome: z.literal('ignored'), reason: z.string() }),
  z.object({ outcome: z.literal('read') }),
]);
export type ProbeResult = z.infer<typeof probeResult>;

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
  cover: z.boolean().optional().meta({ description: 'Of sound alone: the picture that goes with it is stored.' }),
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
