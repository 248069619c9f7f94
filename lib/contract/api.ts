/**
 * The HTTP API: every route with its inputs, output and who may call it. Infra makes the routes from this table, the
 * Lambdas parse by it, the OpenAPI document is generated from it and the console is typed by it.
 */
import { z } from 'zod';
import { bulkRoutes } from './bulk.ts';
import { streamState } from './device.ts';
import { downloads } from './download.ts';
import { offered } from './encryption.ts';
import { liveRoutes } from './device-api.ts';
import { inboxRoutes } from './inbox.ts';
import { eventsRoutes, insightRoutes } from './insight-api.ts';
import { operationsRoutes } from './operations-api.ts';
import { idParam, subject } from './params.ts';
import { peopleRoutes } from './people-api.ts';
import { playRoutes } from './play-api.ts';
import { presenceRoutes } from './presence.ts';
import { sharingRoutes } from './sharing-api.ts';
import { track } from './geojson.ts';
import { goTogether, near, WITHIN } from './places.ts';
import { MAX_ADDRESS } from './pull.ts';
import { removalState } from './removal.ts';
import type { Route, Stage } from './route.ts';
import { storageAnswer } from './storage.ts';
import { uploadRoutes } from './upload-api.ts';
import { webhookRoutes } from './webhook-api.ts';
import { TRASH_DAYS } from './options.ts';
import { instant, line, lines, opaque } from './text.ts';
import { grant, languageTag, MOST_TAGGED, textId, video, videoId, videoStatus, visibility } from './video.ts';

/** RFC 9457 problem document. `code` is stable; `limit` names the limit that was broken, if one was. */
export const problem = z.object({
  type: z.string().meta({ description: '`about:blank` or a documentation address of the code.' }),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional().meta({ description: 'What is wrong and what to do, for a person.' }),
  code: z.string(),
  limit: z.object({ name: z.string(), value: z.number(), unit: z.string().optional() }).optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  state: streamState.optional().meta({ description: 'With `not-live`: what the stream is instead.' }),
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;

const videoPatch = z
  .object({
    title: line(200).optional(),
    description: lines(5000).optional(),
    tags: z.array(line(50)).max(MOST_TAGGED, { abort: true }).optional(),
    visibility: visibility.optional(),
    owner: line(255).optional().meta({ description: 'Hand the video to another subject (admins only).' }),
  })
  .strict();

/** Of a picture of 3 MiB, in base64. */
const MAX_PICTURE_CHARACTERS = 4 * 1024 ** 2;

/** Characters of a .srt or .vtt file: several times those of the longest film. */
export const MAX_TEXT_LENGTH = 400_000;

export const textAdded = z
  .object({
    text: lines(MAX_TEXT_LENGTH).meta({ description: 'A .srt or .vtt file, as it is.' }),
    language: languageTag,
    label: line(100)
      .optional()
      .meta({ description: 'What viewers choose it by; without it what the language calls itself, e.g. `Deutsch`.' }),
  })
  .strict();

const textPatch = z.object({ language: languageTag.optional(), label: line(100).optional() }).strict();

const videoPull = z
  .object({
    sourceUrl: line(MAX_ADDRESS).meta({
      description:
        'Where the source is: an https address of the file itself that anybody may open, or `s3://bucket/key` of a bucket that the configuration names (`upload.pullBuckets`).',
    }),
    filename: line(255).optional().meta({ description: 'Without it, the last part of the address.' }),
    title: videoPatch.shape.title,
    description: videoPatch.shape.description,
    tags: videoPatch.shape.tags,
    visibility: videoPatch.shape.visibility,
    encryption: offered.optional().meta({
      description: 'How its segments are encrypted; without it, as the deployment does it (`slicing.encryption`).',
    }),
  })
  .strict();

export const consoleConfig = z.object({
  issuer: z.string(),
  clientId: z.string(),
  scope: z.string(),
  resource: z
    .string()
    .optional()
    .meta({ description: 'RFC 8707 resource indicator to ask a token for, where the issuer wants one.' }),
  groupsClaim: z.string(),
  live: z
    .boolean()
    .default(false)
    .meta({ description: 'Whether this deployment takes in devices now. What it took in before stays.' }),
  map: z
    .object({
      tiles: z.string().meta({
        description: 'Address or path of raster tiles with `{z}`, `{x}` and `{y}`, or path of a PMTiles file of them.',
      }),
      attribution: z.string(),
      attributionUrl: z.string().optional(),
    })
    .optional()
    .meta({ description: 'Without it maps show coasts and borders only.' }),
  trashDays: z
    .int()
    .nonnegative()
    .default(TRASH_DAYS)
    .meta({ description: 'Days a deleted video stays in the trash; 0: there is no trash.' }),
  downloads: downloads
    .default('owner')
    .meta({ description: 'Who may download a rung: owner and admins, or whoever may watch.' }),
  upload: z.object({
    maxBytes: z.int(),
    partBytes: z.int(),
    types: z.array(z.string()),
    maxInFlight: z.int(),
    drm: z.literal(true).optional().meta({ description: 'A video may be asked to be protected by a DRM provider.' }),
  }),
});

const videosQuery = z
  .object({
    limit: z.coerce.number().int().min(1).max(100).default(24),
    cursor: opaque(2000).optional(),
    status: videoStatus.optional(),
    tag: line(50).optional(),
    visibility: visibility.optional(),
    q: line(200).optional().meta({
      description:
        'Words of title, tags, file name or description, of the first three also how they begin, in any order, all of them.',
    }),
    from: z.iso.date().optional().meta({ description: 'Day (UTC) since which they were uploaded.' }),
    to: z.iso.date().optional().meta({ description: 'Day (UTC) until which they were, it included.' }),
    owner: line(255).optional().meta({ description: "Admins: only this subject's." }),
    shared: z.enum(['0', '1']).optional().meta({ description: "1: others' videos that a grant lets you watch." }),
    trash: z.enum(['0', '1']).optional().meta({ description: '1: what is in the trash, and nothing else.' }),
    near: near.optional().meta({
      description:
        'Latitude and longitude in degrees, e.g. `52.52,13.405`: clips and incidents of devices that were recorded there. What others share has no places.',
    }),
    within: z.coerce
      .number()
      .int()
      .min(WITHIN.min)
      .max(WITHIN.max)
      .optional()
      .meta({ description: `Metres from \`near\` at most; without it ${WITHIN.usual}.` }),
    recordedFrom: instant.optional().meta({
      description:
        'Clips and incidents of devices of which some was recorded since then: ISO 8601 with its offset, or Z.',
    }),
    recordedTo: instant.optional().meta({ description: 'And until then.' }),
  })
  .superRefine(goTogether);

export const routes = {
  ...uploadRoutes,

  'POST /api/videos': {
    stage: 'upload',
    auth: 'user',
    status: 202,
    summary:
      'Have a source pulled from an address. The video is `uploading`, with its progress, until it has arrived; then it is sliced like any other.',
    body: videoPull,
    response: z.object({ videoId }),
  },

  'GET /api/config': {
    stage: 'catalog',
    auth: 'none',
    status: 200,
    summary: 'What the console needs to know before signing in.',
    response: consoleConfig,
  },
  'GET /api/openapi.json': {
    stage: 'catalog',
    auth: 'none',
    status: 200,
    summary: 'This document.',
    response: z.looseObject({}),
  },
  'GET /api/storage': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'How much is kept of you, and how much may be; for admins, of whom the most.',
    response: storageAnswer,
  },
  'GET /api/videos': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: "Your videos, newest first; admins see everybody's.",
    query: videosQuery,
    response: z.object({ videos: z.array(video), cursor: z.string().nullable() }),
  },
  'GET /api/tags': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: "Tags of your videos, the most used first; for admins of everybody's.",
    response: z.object({
      tags: z
        .array(z.object({ tag: z.string(), videos: z.int().positive() }))
        .meta({ description: 'With how many videos bear each; at most 200.' }),
      isWhole: z
        .boolean()
        .meta({ description: 'False where there are more: of videos only the newest 5,000 are looked at.' }),
    }),
  },
  'GET /api/videos/{id}': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'One video, for whoever may watch it.',
    params: idParam,
    response: video,
  },
  'GET /api/videos/{id}/download': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary:
      'An address to download the original from, or an MP4 of a rung, which is made from its segments when somebody asks: ask again while it is `preparing`.',
    params: idParam,
    query: z.object({
      rendition: z
        .string()
        .regex(/^[a-z0-9-]{1,20}$/, 'must be `source` or the name of a rung, e.g. `720p`')
        .default('source')
        .meta({ description: '`source`, the original: for owner and admins. Or a rung, e.g. `720p`.' }),
    }),
    response: z.object({
      state: z.enum(['ready', 'preparing']),
      filename: z.string(),
      url: z.string().optional().meta({ description: 'When ready: signed, to be opened before `expiresAt`.' }),
      bytes: z.int().nonnegative().optional(),
      expiresAt: z.iso.datetime().optional(),
    }),
  },
  'GET /api/videos/{id}/positions': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    contentType: 'application/geo+json',
    summary:
      "Where a clip of a device was filmed, as GeoJSON (RFC 7946): for admins and who is among the device's viewers now.",
    params: idParam,
    response: track,
  },
  'PATCH /api/videos/{id}': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Change what a person may change.',
    params: idParam,
    body: videoPatch,
    response: video,
  },
  'DELETE /api/videos/{id}': {
    stage: 'catalog',
    auth: 'user',
    status: 204,
    summary:
      'Put the video into the trash: playback stops at once, and it can be restored for `videos.trashDays`. With `now=true`, and where it is still being uploaded, it is removed for good: objects and caches follow within minutes. Safe to repeat.',
    params: idParam,
    query: z.object({
      now: z
        .enum(['true', 'false'])
        .optional()
        .meta({ description: '`true`: for good, also out of the trash. It cannot be restored.' }),
    }),
  },
  'POST /api/videos/{id}/restore': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Take the video out of the trash, as it was; it plays in new sessions. Safe to repeat.',
    params: idParam,
    response: video,
  },
  'GET /api/videos/{id}/removal': {
    stage: 'playback',
    auth: 'user',
    status: 200,
    summary:
      'How far the removal of a video has come, for who owned it and admins, as long as signatures of it would last. 404 of one that was never published and is gone.',
    params: idParam,
    response: removalState,
  },
  'PUT /api/videos/{id}/poster': {
    stage: 'stills',
    auth: 'user',
    status: 204,
    summary: 'Choose the poster: a frame of the video, or a picture (JPEG or PNG). `posterUrl` is another one then.',
    params: idParam,
    maxBodyBytes: MAX_PICTURE_CHARACTERS + 1000,
    body: z.union([
      z.object({ time: z.number().min(0).max(10_000_000).meta({ description: 'Seconds from the start.' }) }).strict(),
      z
        .object({
          image: z
            .string()
            .min(1)
            .max(MAX_PICTURE_CHARACTERS, { abort: true })
            .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64')
            .meta({ description: 'The file in base64; 3 MiB at most.' }),
        })
        .strict(),
    ]),
  },
  'POST /api/videos/{id}/texts': {
    stage: 'catalog',
    auth: 'user',
    status: 201,
    summary:
      'Add subtitles or captions: a SubRip or WebVTT file. They are in the next manifest. What cannot be read is refused by its line.',
    params: idParam,
    body: textAdded,
    response: video,
  },
  'PATCH /api/videos/{id}/texts/{track}': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Change language or name of a text track.',
    params: idParam.extend({ track: textId }),
    body: textPatch,
    response: video,
  },
  'DELETE /api/videos/{id}/texts/{track}': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Remove a text track. Safe to repeat.',
    params: idParam.extend({ track: textId }),
    response: video,
  },
  'GET /api/videos/{id}/grants': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Who may watch it, besides owner and admins.',
    params: idParam,
    response: z.object({ grants: z.array(grant) }),
  },
  'PUT /api/videos/{id}/grants/{subject}': {
    stage: 'catalog',
    auth: 'user',
    status: 200,
    summary: 'Let a subject watch.',
    params: idParam.extend({ subject }),
    body: z.object({
      expiresIn: z
        .int()
        .min(60)
        .max(315_360_000)
        .optional()
        .meta({ description: 'Seconds; without it the grant stays.' }),
    }),
    response: grant,
  },
  'DELETE /api/videos/{id}/grants/{subject}': {
    stage: 'catalog',
    auth: 'user',
    status: 204,
    summary: 'Take the right to watch back. Safe to repeat.',
    params: idParam.extend({ subject }),
  },

  ...sharingRoutes,
  ...bulkRoutes,
  ...peopleRoutes,
  ...operationsRoutes,
  ...playRoutes,
  ...webhookRoutes,
  ...liveRoutes,
  ...inboxRoutes,
  ...eventsRoutes,
  ...insightRoutes,
  ...presenceRoutes,
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteKey = keyof Routes;
/** The routes one Lambda answers. */
export type RoutesOf<S extends Stage> = { [K in RouteKey]: Routes[K]['stage'] extends S ? K : never }[RouteKey];

type Output<K extends RouteKey, Part extends string> = Routes[K] extends { [P in Part]: infer T extends z.ZodType }
  ? z.output<T>
  : undefined;
export type ParamsOf<K extends RouteKey> = Output<K, 'params'>;
export type QueryOf<K extends RouteKey> = Output<K, 'query'>;
export type BodyOf<K extends RouteKey> = Output<K, 'body'>;
export type ResponseOf<K extends RouteKey> = Output<K, 'response'>;
