/**
 * A device as the API shows it and as the devices table stores it. The record has two halves: what people say of it,
 * which the API writes, and its latest state, which the ingest tasks write; each writes its own attributes only, so the
 * two never overwrite one another.
 */
import { z } from 'zod';
import { DEVICE_ID, REQUEST_ID } from './live-keys.ts';
import { line } from './text.ts';

export const deviceId = z
  .string()
  .regex(DEVICE_ID, "must be the terminal's phone number as its digits without leading zeros")
  .meta({
    description: "The terminal's phone number as its digits without leading zeros, at most 20.",
  });
export const channelNumber = z.int().min(1).max(255).meta({ description: 'Logical channel, 1 to 255.' });
export const requestId = z
  .string()
  .regex(REQUEST_ID)
  .meta({ description: 'Of a request to a device, or of an alarm.' });
const timestamp = z.iso.datetime();

/** `always`: streams by itself, kept as a recording. `on-demand`: while somebody watches. `never`: no live picture. */
export const livePolicy = z.enum(['always', 'on-demand', 'never']);
export type LivePolicy = z.infer<typeof livePolicy>;

/** Lifetimes there are lifecycle rules for: an object tagged `retention=7` goes after 7 days. */
export const RETENTION_DAYS = [1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365] as const;
export const retentionDays = z.union(RETENTION_DAYS.map((n) => z.literal(n))).meta({
  description:
    'Days that recordings, positions, alarms and the videos that came with them are kept. A change counts for what is recorded from then on.',
});

export const channel = z.strictObject({
  number: channelNumber,
  name: z.string().min(1).max(100),
  live: livePolicy,
  stream: z.enum(['main', 'sub']).default('main').meta({ description: 'Which of its two encodings is asked for.' }),
  sound: z.boolean().optional().meta({
    description:
      'Of an `always` channel: recorded with its sound. Without it, sound that browsers cannot play (G.711, G.726, ADPCM) is kept only while somebody watches; AAC always is.',
  }),
});
export type Channel = z.infer<typeof channel>;

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be a time zone of the IANA database, e.g. `Asia/Shanghai`')
  .meta({ description: "IANA name of the zone the device's clock is set to, e.g. `Asia/Shanghai`." });

const oneOfEach = (list: readonly { readonly number: number }[]): boolean =>
  new Set(list.map(({ number }) => number)).size === list.length;
const ONE_OF_EACH = 'each number may be there once';
const TAGS = { description: 'Words of yours, by which rules of `alarms.rules` choose devices.' };
const VIEWERS = { description: 'Subjects who may see and watch the device, besides admins.' };

/** What people say of a device. */
const settings = {
  name: z.string().min(1).max(200),
  timeZone,
  channels: z.array(channel).max(64).refine(oneOfEach, ONE_OF_EACH),
  retentionDays,
  viewers: z.array(z.string().min(1).max(255)).max(200).meta(VIEWERS),
  tags: z.array(z.string().min(1).max(50)).max(20).optional().meta(TAGS),
};

/** What may be asked of them: stricter than what is read, so that an older record stays readable. */
const asked = {
  ...settings,
  name: line(200),
  channels: z
    .array(channel.extend({ name: line(100) }))
    .max(64, { abort: true })
    .refine(oneOfEach, ONE_OF_EACH),
  viewers: z.array(line(255)).max(200, { abort: true }).meta(VIEWERS),
  tags: z.array(line(50)).max(20, { abort: true }).meta(TAGS),
};

export const newDevice = z.strictObject({
  id: deviceId,
  name: asked.name.optional().meta({ description: 'Default: the id.' }),
  timeZone: asked.timeZone.default('Asia/Shanghai'),
  channels: asked.channels.default([{ number: 1, name: 'Channel 1', live: 'on-demand', stream: 'main' }]),
  retentionDays: retentionDays.optional().meta({ description: "Default: the deployment's." }),
  viewers: asked.viewers.default([]),
  tags: asked.tags.optional(),
});
export type NewDevice = z.infer<typeof newDevice>;

export const devicePatch = z.strictObject(asked).partial();
export type DevicePatch = z.infer<typeof devicePatch>;

export const position = z.object({
  time: timestamp.meta({ description: 'UTC, from the clock of the device.' }),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  speedKmh: z.number().nonnegative(),
  direction: z.number().min(0).max(360).meta({ description: 'Degrees clockwise from north.' }),
  altitude: z.number().meta({ description: 'Metres.' }),
  accOn: z.boolean().meta({ description: 'Ignition on.' }),
});
export type Position = z.infer<typeof position>;

/**
 * `starting`: asked for, no picture yet. `live`: segments are being published. `busy`: the device or every task is at a
 * limit. `offline`: no connection, nothing asked for, or nothing that can be shown.
 */
export const streamState = z.enum(['starting', 'live', 'offline', 'busy']);
export type StreamState = z.infer<typeof streamState>;

/** One channel being received, or not. Written by the task that receives it (while `starting`: that sent the request). */
export const stream = z.object({
  state: streamState,
  since: timestamp,
  task: z.string().optional(),
  requestId: requestId.optional().meta({ description: 'Of the request this stream answers; absent for its own push.' }),
  epoch: z.int().positive().optional(),
  codecs: z.string().optional().meta({ description: 'RFC 6381, of video and sound, e.g. `avc1.64001e,mp4a.40.2`.' }),
  width: z.int().positive().optional(),
  height: z.int().positive().optional(),
  frameRate: z.number().positive().optional(),
  bandwidth: z.int().positive().optional().meta({ description: 'Peak segment bit rate, bit/s.' }),
  reason: z.string().max(200).optional().meta({ description: 'With `busy` and `offline`: why, for a person.' }),
});
export type Stream = z.infer<typeof stream>;

/** A task receives it: live, or `offline` at that task, where nothing of what the device sends can be shown. */
export const isReceived = ({ state, task }: Pick<Stream, 'state' | 'task'>): boolean =>
  state === 'live' || (state === 'offline' && task !== undefined);

/** Written by the tasks. All of it is absent before the device first connects. */
const state = {
  online: z.boolean(),
  /** The task that holds the control connection; `session` is that one connection. */
  task: z.string().optional(),
  session: z.string().optional(),
  connectedAt: timestamp.optional(),
  lastSeenAt: timestamp.optional(),
  protocol: z.enum(['2011', '2013', '2019']).optional(),
  /** Where the control connection comes from: /24 of IPv4, /48 of IPv6. Never shown. */
  network: z.string().max(64).optional(),
  position: position.optional(),
  alarms: z.array(z.string()).max(64).optional(),
  /** When that was, by the device's clock: what it reports late of a time before ends and begins nothing. Never shown. */
  reportedAt: timestamp.optional(),
  capabilities: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** By channel number. */
  streams: z.record(z.string(), stream),
};

/** What the devices table holds (partition key `id`). */
export const deviceRecord = z.object({
  id: deviceId,
  ...settings,
  /** Constant partition of the index `names`, which lists devices. */
  kind: z.literal('device'),
  /** Last 12 digits of the id, without leading zeros: all that a media packet with a six-byte SIM says. Index `byMediaKey`. */
  mediaKey: z.string(),
  createdAt: timestamp,
  createdBy: z.string(),
  updatedAt: timestamp,
  ...state,
  /** Given at registration (0x8100). Never shown. */
  authCode: z.string().max(64).optional(),
  /** When it first sent that code. From then on, where codes are required, it is told to nobody. */
  codeUsedAt: timestamp.optional(),
  /** Channel number → until when somebody watches it (a sign of life of an on-demand stream). Written by the API. */
  watched: z.record(z.string(), timestamp),
});
export type DeviceRecord = z.infer<typeof deviceRecord>;

/** What `GET /api/devices/{id}` answers. Online means: its task is alive, too. */
export const device = z.object({
  id: deviceId,
  ...settings,
  createdAt: timestamp,
  updatedAt: timestamp,
  online: z.boolean(),
  connectedAt: timestamp.optional(),
  lastSeenAt: timestamp.optional(),
  protocol: state.protocol,
  position: state.position,
  alarms: z.array(z.string()).meta({ description: 'In force at the latest position.' }),
  capabilities: state.capabilities,
  streams: z.record(z.string(), stream.omit({ task: true })).meta({ description: 'By channel number.' }),
  task: z.string().optional().meta({ description: 'Task that holds its connection (admins only).' }),
});
export type Device = z.infer<typeof device>;

/** See `mediaKey` of the record. */
export const mediaKeyOf = (id: string): string => id.slice(-12).replace(/^0+(?=.)/, '');

/** A file that came with an alarm, or is still to come. */
export const alarmFile = z.object({
  name: z.string().max(255).meta({ description: 'As the device calls it, made safe.' }),
  kind: z.enum(['video', 'picture', 'audio', 'data']),
  bytes: z.int().nonnegative(),
  state: z.enum(['expected', 'complete', 'failed']),
  /** A video is one of the library; everything else is an object of the media bucket. */
  videoId: z.string().optional(),
  key: z.string().optional(),
  reason: z.string().max(200).optional().meta({ description: 'Why it was not kept, or not sliced, for a person.' }),
});
export type AlarmFile = z.infer<typeof alarmFile>;

/** What the alarms table holds: partition key `device`, sort key `at` (alarmSortKey; times as `toISOString` writes them). */
export const alarmRecord = z.object({
  device: deviceId,
  at: z.string(),
  id: requestId,
  time: timestamp,
  kind: z.enum(['adas', 'dsm', 'tyre', 'blind-spot', 'status', 'video', 'multimedia', 'limit']).meta({
    description: '`limit`: what a device may have kept in a day is used up; `type` says of what. Told once a day.',
  }),
  type: z.string().max(64).meta({ description: 'E.g. `forward-collision`, `fatigue`, `sos`.' }),
  level: z.int().min(0).max(255).optional(),
  /** `start` and `end` of a lasting alarm; `event`: of an instant. */
  phase: z.enum(['start', 'end', 'event']),
  position: position.optional(),
  channel: z.int().min(0).max(255).optional(),
  files: z.array(alarmFile).max(255),
  /** How many files its report said there are: no more are taken. Absent where there are none to be had. */
  announced: z.int().min(1).max(255).optional(),
  endedAt: timestamp.optional().meta({ description: 'When a lasting alarm that began was over.' }),
  acknowledged: z
    .object({ by: z.string(), at: timestamp })
    .optional()
    .meta({ description: 'By whom (a subject) and when it was seen to.' }),
  /** Partition of the index `inbox` (lib/contract/inbox.ts). Absent: it is not for people, as an end is not. Never shown. */
  inbox: z.string().optional(),
  quiet: z
    .boolean()
    .optional()
    .meta({ description: 'True: its rule says `push: false`, so it is in the inbox and pushed to nobody.' }),
  /** Random. What is made of its files is named by it, whichever task takes them and however often they come. Never shown. */
  seed: z.string().max(64).optional(),
  /** The bus was not told of it yet. Never shown. */
  untold: z.literal(true).optional(),
  /** Epoch seconds; DynamoDB TTL. */
  expiresAt: z.int().positive(),
});
export type AlarmRecord = z.infer<typeof alarmRecord>;

/** What the API shows of an alarm: files with a signed path instead of a key. */
export const alarm = alarmRecord
  .omit({ at: true, expiresAt: true, files: true, seed: true, announced: true, inbox: true, untold: true })
  .extend({
    state: z
      .enum(['new', 'acknowledged'])
      .optional()
      .meta({ description: 'In the inbox (`GET /api/alarms`), if it is there.' }),
    files: z.array(alarmFile.omit({ key: true }).extend({ url: z.string().optional() })),
  });
export type Alarm = z.infer<typeof alarm>;

export const alarmSortKey = ({ time, id }: Pick<AlarmRecord, 'time' | 'id'>): string => `${time}#${id}`;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** Minutes that `zone` is ahead of UTC at `at` (epoch ms); daylight saving counts. */
export function zoneMinutes(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
  const match = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '');
  if (match?.[1] === undefined) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}
