/** Routes of devices and of live playback. Without `live.enabled` they answer for what was registered and recorded. */
import { z } from 'zod';
import type { Route } from './route.ts';
import { alarm, channelNumber, device, deviceId, devicePatch, newDevice, requestId, streamState } from './device.ts';
import { unknownRow } from './fleet.ts';
import { answerRow, command } from './commands.ts';
import { track } from './geojson.ts';
import { MAX_TOKEN_SECONDS } from './options.ts';
import { subject } from './params.ts';
import { ended, playerSession as session, sessionName, ticketParam, watching } from './session.ts';
import { inOrder, instant, line, opaque, utcInstant } from './text.ts';
import { video } from './video.ts';

const idParam = z.object({ id: deviceId });
/** Digits only: `1e2` is not 100. */
const channelParam = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/, 'must be a whole number from 1 to 255')
  .transform(Number)
  .pipe(channelNumber);
const streamParams = idParam.extend({ channel: channelParam });
const time = instant.meta({ description: 'ISO 8601 with its offset, or Z.' });
const cursor = opaque(2000).optional();
/** Longest stretch one answer covers: a day, an hour longer or shorter where clocks change. */
const MAX_STRETCH_HOURS = 25;

const stretch = { from: time, to: time };
/** Devices are asked in UTC. */
const utcStretch = { from: utcInstant, to: utcInstant };
const isStretch = inOrder(MAX_STRETCH_HOURS);

const access = {
  token: z.string().max(4096).optional(),
  cookies: z.enum(['0', '1']).optional().meta({ description: '1: signed cookies instead of signed URLs.' }),
};

/** What may be asked of a device: the fields a task's command has beside those the API fills in. */
const withoutBase = { requestId: true, device: true, requestedAt: true } as const;
const [start, stop, list, play, control, snapshot] = command.options;
const deviceCommand = z
  .discriminatedUnion('type', [
    start.omit({ ...withoutBase, stream: true }),
    stop.omit(withoutBase),
    list.omit(withoutBase).extend(utcStretch),
    play.omit(withoutBase).extend(utcStretch),
    control.omit(withoutBase).extend({ to: utcInstant.optional() }),
    snapshot.omit(withoutBase),
  ])
  .superRefine(inOrder());
export type DeviceCommand = z.infer<typeof deviceCommand>;

export const commandAnswer = answerRow.omit({ kind: true, id: true, expiresAt: true }).extend({ requestId });

export const unknownDevice = unknownRow.omit({ kind: true, expiresAt: true });

const stretchOfRecording = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  bytes: z.int().nonnegative(),
});

const liveState = z.object({
  state: streamState,
  since: z.iso.datetime().optional(),
  reason: z.string().optional().meta({ description: 'Why it is `offline` or `busy`, for a person.' }),
  signature: z
    .object({
      query: z.string().meta({ description: "What the playlist's `auth` variable holds: the next one to go on with." }),
      expiresAt: z.iso.datetime(),
      events: z.string().optional().meta({ description: 'Where its events go from now on.' }),
    })
    .optional()
    .meta({ description: 'With `session`, while the state is `live`.' }),
});
export type LiveStateAnswer = z.infer<typeof liveState>;

export const clipRequest = z
  .strictObject({
    channel: channelNumber,
    ...stretch,
    title: line(200).optional(),
    positions: z
      .boolean()
      .default(true)
      .meta({ description: 'Keep the positions of that stretch with the video (`GET /api/videos/{id}/positions`).' }),
  })
  .superRefine(isStretch);

export const liveRoutes = {
  'POST /api/devices': {
    stage: 'devices',
    auth: 'user',
    status: 201,
    summary: 'Register a device (admins). It may connect from then on.',
    body: newDevice,
    response: device,
  },
  'GET /api/devices': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'Devices you may see, by name, each with its latest state; admins see all.',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(100),
      cursor,
      q: line(200).optional().meta({ description: 'Part of the name or id, case-insensitive.' }),
    }),
    response: z.object({ devices: z.array(device), cursor: z.string().nullable() }),
  },
  'GET /api/devices/unknown': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'Devices that came lately and are not registered, latest first (admins).',
    response: z.object({ devices: z.array(unknownDevice) }),
  },
  'DELETE /api/devices/unknown/{id}': {
    stage: 'devices',
    auth: 'user',
    status: 204,
    summary: 'Take one off that list (admins). It comes back if it comes again. Safe to repeat.',
    params: idParam,
  },
  'GET /api/devices/{id}': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'One device with its latest state.',
    params: idParam,
    response: device,
  },
  'PATCH /api/devices/{id}': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'Change name, time zone, channels, retention or viewers (admins).',
    params: idParam,
    body: devicePatch,
    response: device,
  },
  'DELETE /api/devices/{id}': {
    stage: 'devices',
    auth: 'user',
    status: 204,
    summary:
      'Forget a device (admins): it is refused from then on. What it recorded goes when its retention ends. Safe to repeat.',
    params: idParam,
  },
  'GET /api/devices/{id}/positions': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    contentType: 'application/geo+json',
    summary: 'Where the device was: a GeoJSON FeatureCollection (RFC 7946), one feature for each unbroken track.',
    params: idParam,
    query: z
      .object({
        ...stretch,
        points: z.coerce
          .number()
          .int()
          .min(2)
          .max(20_000)
          .default(5000)
          .meta({ description: 'At most; more are thinned out.' }),
      })
      .superRefine(isStretch),
    response: track,
  },
  'GET /api/devices/{id}/alarms': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'Alarms of a stretch of time, latest first, with signed paths of their files.',
    params: idParam,
    query: z
      .object({ ...stretch, limit: z.coerce.number().int().min(1).max(200).default(100), cursor })
      .superRefine(inOrder()),
    response: z.object({ alarms: z.array(alarm), cursor: z.string().nullable() }),
  },
  'GET /api/devices/{id}/recordings': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'What is recorded of a channel here, as stretches without gaps, oldest first.',
    params: idParam,
    query: z.object({ channel: channelParam, ...stretch }).superRefine(isStretch),
    response: z.object({ recordings: z.array(stretchOfRecording) }),
  },
  'POST /api/devices/{id}/commands': {
    stage: 'devices',
    auth: 'user',
    status: 202,
    summary: 'Ask something of a device that is online. The answer is fetched with the request id.',
    params: idParam,
    body: deviceCommand,
    response: commandAnswer,
  },
  'GET /api/devices/{id}/commands/{requestId}': {
    stage: 'devices',
    auth: 'user',
    status: 200,
    summary: 'What has become of a command; kept for an hour.',
    params: idParam.extend({ requestId }),
    response: commandAnswer,
  },
  'POST /api/devices/{id}/clips': {
    stage: 'devices',
    auth: 'user',
    status: 202,
    summary:
      'Make a video of your own of a stretch that is recorded here, with the positions of that stretch beside it.',
    params: idParam,
    body: clipRequest,
    response: video,
  },

  'POST /api/devices/{id}/tokens': {
    stage: 'live',
    auth: 'user',
    status: 201,
    summary: 'Mint a playback token for one channel, for players that cannot set headers.',
    params: idParam,
    body: z.object({
      channel: channelNumber,
      expiresIn: z
        .int()
        .min(30)
        .max(MAX_TOKEN_SECONDS)
        .optional()
        .meta({ description: 'Seconds; default and ceiling are configuration.' }),
    }),
    response: z.object({ token: z.string(), expiresAt: z.iso.datetime(), url: z.string() }),
  },
  'GET /api/devices/{id}/sessions': {
    stage: 'live',
    auth: 'user',
    status: 200,
    summary:
      'Who watches it now, live or recorded, the newest first: for admins. Clips and incidents are videos with lists of their own.',
    params: idParam,
    response: z.object({
      sessions: z.array(watching.extend({ channel: channelNumber })),
      isWhole: z.boolean().meta({ description: 'False where there are more: at most 500 of a channel are listed.' }),
    }),
  },
  'DELETE /api/devices/{id}/sessions': {
    stage: 'live',
    auth: 'user',
    status: 200,
    summary: 'End what is watched of it now, by everybody or by one person. Who may watch it may begin again.',
    params: idParam,
    query: z.object({ subject: subject.optional() }),
    response: ended,
  },
  'DELETE /api/devices/{id}/sessions/{session}': {
    stage: 'live',
    auth: 'user',
    status: 204,
    summary: 'End one session. Safe to repeat.',
    params: idParam.extend({ session: sessionName }),
  },

  'GET /api/play/live/{id}/{channel}/main.m3u8': {
    stage: 'live',
    auth: 'optional',
    status: 200,
    contentType: 'application/vnd.apple.mpegurl',
    summary:
      'Play a channel: live, or with `from` and `to` what is recorded of that stretch. An on-demand stream is started; until it is live the answer is the problem `not-live` with its `state`.',
    params: streamParams,
    query: z
      .object({
        from: time.optional(),
        to: time.optional(),
        playback: requestId
          .optional()
          .meta({ description: "A recording that the device is playing back: the command's request id." }),
        session: session.optional(),
        expand: z
          .enum(['0', '1'])
          .optional()
          .meta({ description: '1: every URL signed, for players without EXT-X-DEFINE.' }),
        ...access,
      })
      .refine(({ from, to }) => (from === undefined) === (to === undefined), 'give both `from` and `to`, or neither')
      .superRefine(isStretch),
  },
  'GET /api/play/live/{id}/{channel}/live.m3u8': {
    stage: 'live',
    auth: 'optional',
    status: 200,
    contentType: 'application/vnd.apple.mpegurl',
    summary: 'The live media playlist with every URL signed; `?expand=1` playlists point here.',
    params: streamParams,
    query: z.object({ ...access, playback: requestId.optional() }),
  },
  'GET /api/play/live/{id}/{channel}/state': {
    stage: 'live',
    auth: 'optional',
    status: 200,
    summary:
      'Whether a channel is live. With `session` it is asked for, as playing it does, and the next signature comes with it.',
    params: streamParams,
    query: z.object({ token: access.token, session: session.optional() }),
    response: liveState,
  },
  'POST /api/play/live/{id}/{channel}/goodbye': {
    stage: 'live',
    auth: 'none',
    status: 204,
    summary: 'The player stops watching. An on-demand stream ends sooner if it was the last. Safe to repeat.',
    params: streamParams,
    query: z.object({ session, ticket: ticketParam.optional() }),
  },
} as const satisfies Record<string, Route>;
