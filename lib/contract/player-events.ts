/**
 * What players report of one session, from the post of a player to the consumers of it. A post is what strangers send; a
 * `report` is what was made of it and waits in the queues. Where events go from there: docs/insight.md.
 */
import { z } from 'zod';
import { VIDEO_ID } from './keys.ts';

/** Bytes of one post, as it is sent. */
export const MAX_POST_BYTES = 64 * 1024;
/** Events of one post. A player that posts once a minute has a dozen. */
export const MAX_EVENTS = 200;
/** Stretches that one heartbeat names: more jumps in a minute are nobody's watching. */
export const MAX_STRETCHES = 64;
/** Seconds from the beginning of a video that a player may say it is at: two days. */
export const MAX_POSITION = 172_800;
/** Posts of one session: one a minute for a day, and a few thousand for what is reported at once. */
export const MAX_SEQUENCE = 9999;
/** Where the numbers of CMCD's reports begin, so that they are never a post's. */
export const CMCD_SEQUENCE = 100_000;
/** Milliseconds; what took longer was not waited for. */
const MAX_WAIT = 3_600_000;

/** What went wrong, in words that can be counted. `other` is what a standard player calls otherwise. */
export const ERROR_KINDS = ['network', 'manifest', 'media', 'decode', 'drm', 'source', 'other'] as const;
export const errorKind = z.enum(ERROR_KINDS);
export type ErrorKind = z.infer<typeof errorKind>;

const position = z.int().min(0).max(MAX_POSITION);
const at = z.int().min(0).max(4_102_444_800_000).meta({ description: "Epoch milliseconds by the player's clock." });
const rendition = z.string().regex(/^[a-z0-9]{1,20}$/);
/** Seconds from one to another, the first one watched and the last one not any more. */
const stretch = z.tuple([position, position]).refine(([from, to]) => from < to, 'must end after it begins');
const stretches = z.array(stretch).max(MAX_STRETCHES);

const start = z.strictObject({ type: z.literal('start'), at });
const firstFrame = z.strictObject({
  type: z.literal('first-frame'),
  at,
  startup: z.int().min(0).max(MAX_WAIT).meta({ description: 'Milliseconds from asking to play to the first picture.' }),
});
const stall = z.strictObject({
  type: z.literal('stall'),
  at,
  position: position.optional(),
  lasted: z.int().min(0).max(MAX_WAIT).meta({ description: 'Milliseconds in which nothing played.' }),
});
const seek = z.strictObject({ type: z.literal('seek'), at, from: position.optional(), to: position.optional() });
const renditionChange = z.strictObject({ type: z.literal('rendition'), at, rendition });
const error = z.strictObject({ type: z.literal('error'), at, kind: errorKind, fatal: z.boolean() });
const heartbeat = z.strictObject({
  type: z.literal('heartbeat'),
  at,
  position: position.optional(),
  watched: stretches.default([]).meta({
    description:
      'Seconds that were shown since the last heartbeat and never before in this session, as `[from, to)`. What a post names twice counts as shown again.',
  }),
  again: stretches.default([]).meta({ description: 'Seconds that were shown before in this session, and now again.' }),
  played: z
    .int()
    .min(1)
    .max(MAX_WAIT / 1000)
    .optional()
    .meta({
      description:
        'Seconds that were shown besides, where nobody says which: of a channel, or by a player that does not know.',
    }),
  rendition: rendition.optional(),
  kbps: z.int().min(1).max(1_000_000).optional().meta({ description: 'Of the rendition, in kbit/s.' }),
});
const end = z.strictObject({
  type: z.literal('end'),
  at,
  reason: z.enum(['ended', 'left']).meta({ description: '`ended`: to the end of the video.' }),
});

export const playerEvent = z.discriminatedUnion('type', [
  start,
  firstFrame,
  stall,
  seek,
  renditionChange,
  error,
  heartbeat,
  end,
]);
export type PlayerEvent = z.infer<typeof playerEvent>;
export type Heartbeat = z.infer<typeof heartbeat>;

/** What our own players post. CMCD's bodies are its own (lambdas/insight/cmcd.ts). */
export const playerPost = z.strictObject({
  sequence: z.int().min(0).max(MAX_SEQUENCE).meta({
    description: 'Counts the posts of a session from 0. A post that is sent again has the same: it counts once.',
  }),
  now: at.meta({ description: "Epoch milliseconds by the player's clock when it is sent: how wrong that clock is." }),
  events: z.array(playerEvent).min(1).max(MAX_EVENTS, { abort: true }),
});

/** Kinds of device, as the edge tells them by the player's `User-Agent`. */
export const DEVICE_KINDS = ['desktop', 'mobile', 'tablet', 'tv', 'other'] as const;
export const deviceKind = z.enum(DEVICE_KINDS);
export type DeviceKind = z.infer<typeof deviceKind>;

/** `vod/{id}` or `live/{device}/{channel}`, as sessions name it. */
export const watchedThing = z
  .string()
  .regex(/^(?:vod\/[a-z0-9]{20}|live\/[0-9a-f]{1,20}\/[0-9]{1,3})$/, 'must be a video or a channel');

/** What a video is as something watched. */
export const watchedVideo = (id: string): string => `vod/${id}`;

/** The video that something watched is; undefined: it is a channel. */
export function videoOfThing(what: string): string | undefined {
  const id = what.startsWith('vod/') ? what.slice(4) : '';
  return VIDEO_ID.test(id) ? id : undefined;
}

/** One of what a session counts: taken once, however often it comes. */
const unit = z.object({
  sequence: z
    .int()
    .min(0)
    .max(CMCD_SEQUENCE + MAX_SEQUENCE),
  /** None: it was taken, and nothing is counted of it. */
  events: z.array(playerEvent).max(MAX_EVENTS),
});

/** One post, verified: what is trusted of it comes from its signed address, not from its body. */
export const report = z.object({
  what: watchedThing,
  /** Of events (events-address.ts). */
  session: z.string().max(40),
  /** When that began, epoch seconds. */
  began: z.int().positive(),
  /** A pseudonym; absent: nobody signed in. */
  viewer: z.string().max(32).optional(),
  /** When it was taken in, epoch milliseconds by our clock. Times of its events are by the same clock. */
  receivedAt: z.int().positive(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  device: deviceKind,
  /** Whole seconds that the video has; absent: not known, or a channel. */
  seconds: position.optional(),
  units: z.array(unit).min(1).max(MAX_EVENTS),
});
export type Report = z.infer<typeof report>;

/** A message of a consumer's queue: reports of many posts. */
export const bundle = z.object({ reports: z.array(report).min(1) });
export type Bundle = z.infer<typeof bundle>;
