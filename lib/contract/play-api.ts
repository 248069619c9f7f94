/** Routes of playing a video: tokens, manifests, and the sessions that they begin. */
import { z } from 'zod';
import { drmName, MAX_CHALLENGE_BYTES } from './drm.ts';
import { keyBytes } from './encryption.ts';
import { RENDITION_KINDS } from './keys.ts';
import { MAX_TOKEN_SECONDS } from './options.ts';
import { ended, playerSession, sessionName, ticketParam as ticket, watching } from './session.ts';
import type { Route } from './route.ts';
import { idParam, subject } from './params.ts';
import { line } from './text.ts';

const renewing = playerSession.optional().meta({
  description:
    'For players that ask again before their signature ends: the same each time, and the session goes on. The signature then lasts ten minutes. Without it, it lasts for the video.',
});

const token = z.string().max(4096).optional();

/** What oEmbed 1.0 calls `maxwidth` and `maxheight`: pixels. */
const most = z.coerce.number().int().min(1).max(100_000).optional();

const lines = z
  .string()
  .regex(/^[1-9][0-9]{1,3}p$/, 'must be lines, as in 720p')
  .transform((text) => Number.parseInt(text, 10));

/** What a player says it bears. It is told nothing else of the video; what is left of nothing is refused. */
const borne = {
  max_resolution: lines.optional().meta({
    description: 'As in `720p`: renditions of more lines (of an upright picture: columns) are left out.',
  }),
  min_resolution: lines.optional().meta({ description: 'The same of renditions of fewer lines.' }),
  codecs: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[A-Za-z0-9.,-]+$/, 'must be codecs as RFC 6381 writes them, with commas between')
    .transform((text) => text.split(',').filter((codec) => codec !== ''))
    .optional()
    .meta({
      description:
        'Codecs that the player bears (RFC 6381), with commas between: `avc1` stands for all of its kind, `avc1.64001f` for that profile and level and below. Where none of the picture, or of the sound, is named, all of it is left.',
    }),
};

export const playRoutes = {
  'GET /api/jwks.json': {
    stage: 'playback',
    auth: 'none',
    status: 200,
    contentType: 'application/jwk-set+json',
    summary:
      'The public keys of playback tokens (RFC 7517), to be kept for an hour: each is here before it signs, and as long as a token of it may be good.',
    response: z.object({
      keys: z.array(
        z.object({
          kid: z.string(),
          alg: z.literal('ES256'),
          use: z.literal('sig'),
          kty: z.literal('EC'),
          crv: z.literal('P-256'),
          x: z.string(),
          y: z.string(),
        }),
      ),
    }),
  },
  'POST /api/videos/{id}/tokens': {
    stage: 'playback',
    auth: 'user',
    status: 201,
    summary:
      'Mint a playback token for players that cannot set headers. It lets its bearer watch this one video as you.',
    params: idParam,
    body: z.object({
      expiresIn: z
        .int()
        .min(30)
        .max(MAX_TOKEN_SECONDS)
        .optional()
        .meta({ description: 'Seconds; default and ceiling are configuration.' }),
    }),
    response: z.object({
      token: z.string(),
      expiresAt: z.iso.datetime(),
      url: z.string().meta({ description: 'Path of the manifest with the token in its query.' }),
    }),
  },
  'GET /api/videos/{id}/sessions': {
    stage: 'playback',
    auth: 'user',
    status: 200,
    summary: 'Who watches it now, the newest first: for its owner and admins.',
    params: idParam,
    response: z.object({
      sessions: z.array(watching),
      isWhole: z.boolean().meta({ description: 'False where there are more: at most 500 are listed.' }),
    }),
  },
  'DELETE /api/videos/{id}/sessions': {
    stage: 'playback',
    auth: 'user',
    status: 200,
    summary: 'End what is watched of it now, by everybody or by one person. Who may watch it may begin again.',
    params: idParam,
    query: z.object({ subject: subject.optional() }),
    response: ended,
  },
  'DELETE /api/videos/{id}/sessions/{session}': {
    stage: 'playback',
    auth: 'user',
    status: 204,
    summary: 'End one session. Safe to repeat.',
    params: idParam.extend({ session: sessionName }),
  },
  'DELETE /api/sessions/{subject}': {
    stage: 'playback',
    auth: 'user',
    status: 200,
    summary: 'End all that a person watches now, of every video and device: for admins, and of oneself for everybody.',
    params: z.object({ subject }),
    response: ended,
  },
  'GET /api/play/{id}/main.m3u8': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'application/vnd.apple.mpegurl',
    summary: 'The personal multivariant playlist: checks entitlement and signs the whole video once.',
    params: idParam,
    query: z.object({
      token,
      expand: z
        .enum(['0', '1'])
        .optional()
        .meta({ description: '1: every URL signed, for players without EXT-X-DEFINE.' }),
      cookies: z
        .enum(['0', '1'])
        .optional()
        .meta({ description: '1: signed cookies instead of signed URLs; with `expand=1` no variables either.' }),
      session: renewing,
      start: z
        .string()
        .regex(/^[0-9]{1,6}(\.[0-9]{1,3})?$/, 'must be seconds from the beginning, with three decimals at most')
        .transform(Number)
        .optional()
        .meta({ description: 'Seconds from the beginning at which players are to begin (EXT-X-START).' }),
      ...borne,
      format: z.enum(['hls', 'dash']).optional().meta({ description: '`dash`: the same as `manifest.mpd`.' }),
    }),
  },
  'GET /api/play/{id}/manifest.mpd': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'application/dash+xml',
    summary:
      'The same segments for DASH players: a personal MPD, each address in it signed. There once all of the video is sliced, and not of MPEG-TS segments.',
    params: idParam,
    query: z.object({
      token,
      cookies: z.enum(['0', '1']).optional().meta({ description: '1: signed cookies instead of signed URLs.' }),
      session: renewing,
      ...borne,
    }),
  },
  'GET /api/play/{id}/storyboard.vtt': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'text/vtt',
    summary:
      'Pictures for scrubbing: WebVTT, each cue the signed address of a sheet and the place on it (`#xywh=`). As a `<track kind="metadata" label="thumbnails">` players show them over the time line.',
    params: idParam,
    query: z.object({
      token,
      cookies: z.enum(['0', '1']).optional().meta({ description: '1: bare addresses, for who holds signed cookies.' }),
    }),
  },
  'GET /api/play/{id}/{kind}/{playlist}': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'application/vnd.apple.mpegurl',
    summary: 'A media playlist with every URL signed; `?expand=1` playlists point here.',
    params: idParam.extend({
      kind: z.enum([...RENDITION_KINDS, 'text']),
      playlist: z.string().regex(/^[a-z0-9]{1,20}\.m3u8$/),
    }),
    query: z.object({
      token,
      cookies: z
        .enum(['0', '1'])
        .optional()
        .meta({ description: '1: bare URLs, for a viewer who holds signed cookies.' }),
    }),
  },

  'POST /api/play/{id}/licence': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    summary:
      'The Clear Key licence (W3C EME) of a video encrypted by `cbcs`: asked for at the address that its playlists and MPD name, by who may watch it and whose session goes on.',
    params: idParam,
    query: z.object({
      token: z.string().max(4096).optional().meta({ description: 'As it stands in the playlist or MPD.' }),
    }),
    body: z.object({
      kids: z.array(keyBytes).min(1).max(100).meta({ description: 'Ids of keys, of 16 bytes, in base64url.' }),
      type: z.literal('temporary').optional(),
    }),
    response: z.object({
      keys: z.array(z.object({ kty: z.literal('oct'), kid: keyBytes, k: keyBytes })),
      type: z.literal('temporary'),
    }),
  },
  'GET /api/play/{id}/licence': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'application/octet-stream',
    summary: 'The same key as its 16 bytes (`KEYFORMAT="identity"`), for players that take Clear Key so.',
    params: idParam,
    query: z.object({ token: z.string().max(4096).optional() }),
  },
  'POST /api/play/{id}/licence/{system}': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    contentType: 'application/octet-stream',
    summary:
      "The licence of a video protected by a DRM provider (`drm`): the body is what a player's module asks with, as it is, and the answer the provider's. Asked for by who may watch it and whose session goes on.",
    params: idParam.extend({ system: drmName }),
    query: z.object({
      token: z.string().max(4096).optional().meta({ description: 'As it stands in the playlist or MPD.' }),
    }),
    maxBytes: MAX_CHALLENGE_BYTES,
  },
  'GET /api/certificate': {
    stage: 'playback',
    auth: 'none',
    status: 200,
    contentType: 'application/octet-stream',
    summary: 'The FairPlay application certificate of the DRM provider, which everybody may have.',
  },
  'GET /api/play/{id}/mp4/{file}': {
    stage: 'playback',
    auth: 'optional',
    status: 302,
    contentType: 'text/plain; charset=utf-8',
    summary:
      'A rung as one MP4, for players that know no HLS: goes on to its signed address, which answers ranges. It is made when somebody asks: `not-ready` meanwhile. For owner and admins, and for whoever may watch where `playback.downloads` says so.',
    params: idParam.extend({
      file: z.string().regex(/^[a-z0-9-]{1,20}\.mp4$/, 'must be the name of a rung and `.mp4`, e.g. `720p.mp4`'),
    }),
    query: z.object({ token }),
  },
  'GET /api/play/{id}/about': {
    stage: 'playback',
    auth: 'optional',
    status: 200,
    summary: 'What a page says of a video, for who may watch it: with a link or playback token, or anonymously.',
    params: idParam,
    query: z.object({ token }),
    response: z.object({
      id: z.string(),
      title: z.string(),
      description: z.string(),
      createdAt: z.iso.datetime(),
      duration: z.number().nullable().meta({ description: 'Seconds.' }),
      width: z.int().nullable(),
      height: z.int().nullable(),
      hasPoster: z.boolean().meta({ description: 'Whether `poster` has one.' }),
      hasStoryboard: z.boolean().meta({ description: 'Whether `storyboard.vtt` has pictures for scrubbing.' }),
    }),
  },
  'GET /api/play/{id}/poster': {
    stage: 'playback',
    auth: 'optional',
    status: 302,
    contentType: 'text/plain; charset=utf-8',
    summary:
      'Goes on to the signed address of the poster, for who may watch: an address that stays, for pages and what unfolds them.',
    params: idParam,
    query: z.object({ token }),
  },
  'POST /api/play/{id}/unlock': {
    stage: 'playback',
    auth: 'none',
    status: 200,
    summary: 'Type the password of a link: the answer is a playback token that is good for a while in its place.',
    params: idParam,
    body: z
      .object({
        token: z.string().min(1).max(100, { abort: true }).meta({ description: 'Of the link.' }),
        password: line(200),
      })
      .strict(),
    response: z.object({ token: z.string(), expiresAt: z.iso.datetime() }),
  },
  'GET /api/oembed': {
    stage: 'playback',
    auth: 'none',
    status: 200,
    contentType: 'application/json',
    summary:
      'oEmbed 1.0, of the addresses `/v/{id}` and `/embed/{id}` with or without `?token=`. A video that is not public is answered like one that is not there.',
    query: z.object({
      url: z.string().max(8192),
      format: z.string().max(100).optional().meta({ description: '`json` or `xml`; others are answered with 501.' }),
      maxwidth: most,
      maxheight: most,
    }),
    response: z.object({
      type: z.literal('video'),
      version: z.literal('1.0'),
      title: z.string(),
      provider_name: z.string(),
      provider_url: z.string(),
      html: z.string(),
      width: z.int(),
      height: z.int(),
      thumbnail_url: z.string().optional().meta({ description: 'Of what everybody may watch.' }),
      thumbnail_width: z.int().optional(),
      thumbnail_height: z.int().optional(),
    }),
  },
  'GET /embed/{id}': {
    stage: 'playback',
    auth: 'none',
    status: 200,
    contentType: 'text/html; charset=utf-8',
    summary:
      'A page with the player alone, for an `<iframe>`. It may be embedded where the link or the right says, and has what unfolds it (Open Graph, oEmbed) for who may watch.',
    // Whatever is asked for is answered with a page, not with a problem document.
    params: z.object({ id: z.string() }),
    query: z.object({
      token: z.string().optional(),
      autoplay: z.string().optional().meta({ description: '`1`: begins by itself, where the browser lets it.' }),
      muted: z.string().optional().meta({ description: '`1`: without sound at first.' }),
      start: z.string().optional().meta({ description: 'Seconds to begin at.' }),
    }),
  },

  'POST /api/play/{id}/goodbye': {
    stage: 'playback',
    auth: 'none',
    status: 204,
    summary:
      'A player that renews stops watching: its session is over, and nothing is served by it where sessions are counted. Safe to repeat.',
    params: idParam,
    query: z.object({ session: playerSession, ticket }),
  },
} as const satisfies Record<string, Route>;
