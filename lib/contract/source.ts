/** What a source is, as probing found it. */
import { z } from 'zod';
import { languageTag } from './video.ts';

/** Sound tracks of one video that become renditions: a film has its languages, their descriptions and a commentary. */
export const MAX_SOUND_TRACKS = 12;

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

/** What ffprobe says of a source, reduced to what planning needs. */
export const sourceInfo = z.object({
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
  others: z.literal(true).optional().meta({ description: 'It has more tracks of picture, sound or text than these.' }),
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
