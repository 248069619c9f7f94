/** A video as the API shows it and as the videos table stores it. One schema; both types are derived from it. */
import { z } from 'zod';
import { cost } from './cost.ts';
import { drmProtection } from './drm.ts';
import { encryptionName } from './encryption.ts';
import { RENDITION_KINDS, SEGMENT_TYPES, VIDEO_ID } from './keys.ts';
import { MOST_PLACES, place } from './places.ts';
import { pullState } from './pull.ts';
import { counted } from './storage.ts';

export const videoId = z.string().regex(VIDEO_ID).meta({ description: 'Video id: 20 characters of a-z and 0-9.' });

/**
 * A video's status is the name of the last thing that happened to it, and so the name of its last event.
 * `uploading` comes before the first event; `deleted` marks a video whose removal is under way.
 */
export const videoStatus = z.enum(['uploading', 'uploaded', 'probed', 'playable', 'ready', 'failed', 'deleted']);
export type VideoStatus = z.infer<typeof videoStatus>;

/**
 * `private`: owner and admins. `entitled`: also whom a grant lets in, and of a clip or incident who is among the viewers of its
 * device at that moment. `public`: anyone, without signing in, but whom a grant refuses.
 */
export const visibility = z.enum(['private', 'entitled', 'public']);
export type Visibility = z.infer<typeof visibility>;

/** RFC 5646. Its longest reasonable tag is 35 characters (4.4.1). */
export const languageTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must be a language tag such as `de` or `pt-BR`')
  .meta({ description: 'Language, as a BCP 47 tag, e.g. `de`, `pt-BR`.' });

export const rendition = z.object({
  kind: z.enum(RENDITION_KINDS),
  name: z.string().meta({ description: 'Name of the rung, e.g. `720p`; `main` for the first sound, then `main2`.' }),
  codecs: z.string().meta({ description: 'RFC 6381 codec string, e.g. `avc1.64001f`.' }),
  width: z.int().positive().optional().meta({ description: 'Pixels. Video only.' }),
  height: z.int().positive().optional().meta({ description: 'Pixels. Video only.' }),
  frameRate: z.number().positive().optional().meta({ description: 'Frames per second. Video only.' }),
  channels: z.int().positive().optional().meta({ description: 'Audio only.' }),
  language: languageTag.optional().meta({ description: 'Audio only, where it is known: a BCP 47 tag.' }),
  label: z.string().optional().meta({ description: 'Audio only: what a viewer chooses it by, e.g. `Deutsch`.' }),
  bandwidth: z.int().positive().meta({ description: 'Peak segment bit rate, bit/s (RFC 8216bis 4.4.6.2, BANDWIDTH).' }),
  averageBandwidth: z.int().positive().meta({ description: 'Average segment bit rate, bit/s.' }),
  bytes: z.int().nonnegative().meta({ description: 'Size of all segments of this rendition.' }),
});
export type Rendition = z.infer<typeof rendition>;

/** Text tracks of one video: a film has some dozen languages, each with and without noises. */
export const MAX_TEXTS = 50;

export const textId = z
  .string()
  .regex(/^[a-z0-9]{1,20}$/)
  .meta({ description: 'Id of a text track.' });

/** Subtitles or captions: a WebVTT rendition. */
export const textTrack = z.object({
  id: textId,
  language: languageTag.optional(),
  label: z.string().meta({ description: 'What a viewer chooses it by, e.g. `Deutsch`.' }),
  origin: z.enum(['file', 'added']).meta({ description: '`file`: it was in the source; `added`: somebody sent it.' }),
  cues: z.int().positive().meta({ description: 'How many there are.' }),
});
export type TextTrack = z.infer<typeof textTrack>;

export const failure = z.object({
  code: z.string().meta({ description: 'Stable, e.g. `not-video`, `truncated`, `too-long`.' }),
  reason: z.string().meta({ description: 'One sentence for the person who uploaded: what is wrong and what to do.' }),
});
export type Failure = z.infer<typeof failure>;

const timestamp = z.iso.datetime();

/** Tags of one video at most. */
export const MOST_TAGGED = 20;

/** Where a video of a device comes from. */
export const origin = z.object({
  kind: z.enum(['clip', 'incident']).meta({
    description:
      '`clip`: a stretch of a channel that somebody exported; `incident`: a file a device sent with an alarm.',
  }),
  device: z.string(),
  channel: z.int().min(0).max(255).meta({ description: '0: of no channel.' }),
  from: timestamp.optional().meta({ description: 'When the first picture was taken.' }),
  to: timestamp.optional(),
  alarm: z.string().optional().meta({ description: 'Id of the alarm, of the same device.' }),
});
export type Origin = z.infer<typeof origin>;

/** Fields that the API shows as they are stored. */
const common = {
  id: videoId,
  title: z.string().min(1).max(200),
  description: z.string().max(5000),
  tags: z.array(z.string().min(1).max(50)).max(MOST_TAGGED),
  owner: z.string().meta({ description: 'Subject (`sub`) of the person who uploaded it.' }),
  visibility,
  status: videoStatus,
  progress: z.number().min(0).max(100).meta({
    description:
      'Percent of slicing done; 100 when ready. While `uploading`, percent of what is pulled from an address; 0 else.',
  }),
  failure: failure.nullable(),
  createdAt: timestamp,
  updatedAt: timestamp,
  filename: z.string().max(1024),
  type: z.string().max(255).meta({ description: 'Media type the uploader claimed.' }),
  duration: z.number().nonnegative().nullable().meta({ description: 'Seconds; null until probed.' }),
  width: z
    .int()
    .positive()
    .nullable()
    .meta({ description: 'Display width of the source in pixels, rotation applied.' }),
  height: z
    .int()
    .positive()
    .nullable()
    .meta({ description: 'Display height of the source in pixels, rotation applied.' }),
  bytes: z.object({ source: z.int().nonnegative(), media: z.int().nonnegative() }),
  revision: z.int().nonnegative().meta({ description: 'Published slicing run; 0 while there is none.' }),
  encryption: encryptionName.optional().meta({
    description: 'How its segments are encrypted. Absent: not decided before its source is probed; else in clear.',
  }),
  renditions: z.array(rendition),
  texts: z.array(textTrack).optional().meta({ description: 'Subtitles and captions; absent: none.' }),
  later: z
    .array(z.object({ name: z.string(), width: z.int().positive(), height: z.int().positive() }))
    .optional()
    .meta({ description: 'Renditions that would be made once somebody plays the video (`slicing.ladderWhen`).' }),
  timeline: z
    .array(z.object({ status: videoStatus, at: timestamp }))
    .meta({ description: 'When each status was reached, oldest first.' }),
  origin: origin.optional().meta({
    description: 'Set on videos of a device, for its owner, admins and the viewers of the device.',
  }),
  cost: cost
    .optional()
    .meta({ description: 'What slicing and keeping it costs, for its owner and admins; from planning on.' }),
  sourceRemoveOn: z.iso.date().optional().meta({
    description:
      'Day (UTC) with which the original is removed, since it was copied exactly (`slicing.keepSourceDays`).',
  }),
  sourceRemovedOn: z.iso.date().optional().meta({
    description: 'Day the original was removed: the top rendition has all of its picture and sound.',
  }),
  removeOn: z.iso.date().optional().meta({
    description:
      'Of an incident: the day (UTC) with which its retention is over and it is removed; of what is in the trash: with which it is removed from there, the day behind the last on which it can be restored.',
  }),
  trashedAt: timestamp.optional().meta({ description: 'When it was put into the trash; absent: it is not there.' }),
};

const ladderState = z.enum(['making', 'failed']).meta({
  description: '`making`: somebody plays the video, and they are on their way; `failed`: they could not be made.',
});

/** What `GET /api/videos/{id}` answers. */
export const video = z.object({
  ...common,
  ladder: z
    .object({
      state: ladderState,
      progress: z.number().min(0).max(100).optional().meta({ description: 'Percent, while they are made in parts.' }),
      again: timestamp
        .optional()
        .meta({ description: 'When they could not: who plays it after this has it tried again; absent: nobody does.' }),
      reason: z.string().optional().meta({
        description:
          'Why they could not, where it is not our fault; a sentence for people. For who is told what it costs.',
      }),
    })
    .optional()
    .meta({ description: 'How it is with the renditions `later` names; absent: nobody has asked for them.' }),
  posterUrl: z.string().nullable().meta({ description: 'Signed path of the poster on this host; null until ready.' }),
  storyboardUrl: z.string().nullable().meta({
    description:
      'Path of the pictures for scrubbing on this host (WebVTT, each cue a signed address with `#xywh=`), asked for as the manifest is; null until there are any.',
  }),
});
export type Video = z.infer<typeof video>;

/** What the videos table holds (partition key `id`). */
export const videoRecord = z.object({
  ...common,
  /** Operators may set it by hand: what is no date is none, and one slip must not take the whole library away. */
  removeOn: common.removeOn.catch(undefined),
  /** While it is in the trash: the `removeOn` it had, and has again when it is restored. */
  removeOnBefore: common.removeOn,
  /** When it was taken out of the trash the last time, until it is put there again: a call that is made again tells of the same moment. */
  restoredAt: timestamp.optional(),
  /**
   * How the source arrives. `id` is S3's upload id (multipart and pull). `slot` is the place in the uploads table it holds;
   * one that Sluice itself makes (`device`) holds none and says 0.
   */
  upload: z.object({
    kind: z.enum(['multipart', 'form', 'device', 'pull']),
    id: z.string().optional(),
    slot: z.int().nonnegative(),
  }),
  /** What is being pulled from where. Goes when it has arrived: an address may be signed, and then is a key. */
  pull: pullState.optional(),
  /** Constant partition of the `all` index (admins list every video by time). */
  kind: z.literal('video'),
  /** Slicing run in progress or last finished; the published one is `revision`. */
  slicing: z.object({ execution: z.string(), revision: z.int().positive() }).optional(),
  /** What that run has of its month's dollars, until what it cost is known (lambdas/slicing/budget.ts). */
  spend: z
    .object({
      execution: z.string(),
      month: z.int().positive(),
      microdollars: z.int().nonnegative(),
      /** What runs before it cost, which their months have. */
      before: z.int().nonnegative().optional(),
    })
    .optional(),
  /** Of that run, the job at MediaConvert, and who waits for it. */
  conversion: z.object({ execution: z.string(), token: z.string(), job: z.string().optional() }).optional(),
  /** Of that run, chunks that are done, by index. */
  chunksDone: z.set(z.int().nonnegative()).optional(),
  /** With `later`: the plan of the run that made the others, as JSON. */
  ladderPlan: z.string().optional(),
  /** With `later`, once somebody asked: the runs that are to make them (lambdas/shared/ladder.ts). */
  ladder: z
    .object({
      state: ladderState,
      tries: z.int().positive(),
      /** Epoch seconds from which on a viewer asks again. */
      next: z.int().positive(),
      /** Tasks of the run, by which it says how far it is. */
      tasks: z.int().positive().optional(),
      /** Hash of how it was cut into them: a try that cuts alike goes on where the one before it ended. */
      cut: z.string().optional(),
      /** What the video cost before any of these runs. */
      before: cost.optional(),
      /** Why the last of them was refused; absent: it broke. */
      reason: z.string().optional(),
      /** Refused for what stays as it is: nobody's playing it asks again. */
      final: z.literal(true).optional(),
    })
    .optional(),
  segmentType: z.enum(SEGMENT_TYPES).optional(),
  /** With `encryption` `aes-128`, once that is decided: segments in a row that have one key. */
  keySegments: z.int().positive().optional(),
  /** With `encryption` `drm`: how each rendition is protected, by `kind/name`. */
  protection: z.record(z.string(), drmProtection).optional(),
  hasPoster: z.boolean().optional(),
  /** Hash in the name of a poster that somebody chose (`posterPath`); absent: the first one. */
  poster: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  hasStoryboard: z.boolean().optional(),
  /** What of it is counted as kept, and at whom (lambdas/shared/storage.ts). Absent: nothing. */
  counted: counted.optional(),
  /** Where it was recorded, by which who may see its device finds it. Never shown: its owner may not see the device any more. */
  places: z.array(place).max(MOST_PLACES).optional(),
  /** Collections it is in (collection.ts). */
  collections: z.set(z.string()).optional(),
  /** Seconds on the media's clock at which the video begins; absent: `TIME_OFFSET`. */
  begins: z.number().optional(),
  /** Epoch seconds. Only while uploading: an abandoned upload's record goes with it (DynamoDB TTL). */
  expiresAt: z.int().optional(),
});
export type VideoRecord = z.infer<typeof videoRecord>;

/** That a person may watch a video, as its list of people tells it: the narrow form of a grant (entitlement.ts). */
export const grant = z.object({
  videoId,
  subject: z.string().min(1).max(255).meta({ description: 'The viewer (`sub` of their token).' }),
  grantedBy: z.string(),
  createdAt: timestamp,
  expiresAt: z
    .int()
    .positive()
    .optional()
    .meta({ description: 'Epoch seconds after which the grant no longer counts.' }),
});
export type Grant = z.infer<typeof grant>;

/**
 * One row of the uploads table: partition key `owner`, sort key `slot` (0 … limit-1): the uploads a person has in flight, and
 * the videos being sliced (lambdas/slicing/place.ts).
 */
const uploadSlot = z.object({
  owner: z.string(),
  slot: z.int().nonnegative(),
  videoId,
  /** As announced, where there is a quota; absent: nobody said. */
  bytes: z.int().nonnegative().optional(),
  expiresAt: z.int().positive(),
});
export type UploadSlot = z.infer<typeof uploadSlot>;
