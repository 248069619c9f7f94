/** What the API asks of the task that holds a device, through that task's queue, and what it is answered. */
import { z } from 'zod';
import { channelNumber, deviceId, requestId } from './device.ts';

const time = z.iso.datetime();
const stretch = { channel: channelNumber, from: time, to: time };
const base = { requestId, device: deviceId, requestedAt: time };

/** A message in a task's command queue. */
export const command = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('start'), channel: channelNumber, stream: z.enum(['main', 'sub']) }),
  z.object({ ...base, type: z.literal('stop'), channel: channelNumber }),
  /** `channel` 0: all of them. */
  z.object({
    ...base,
    type: z.literal('list-recordings'),
    channel: z.int().min(0).max(255),
    from: time,
    to: time,
    stream: z.enum(['any', 'main', 'sub']),
  }),
  /** Answered when the device has accepted; its pictures go to playbackPlaylistKey(device, channel, requestId). */
  z.object({ ...base, type: z.literal('play'), ...stretch, speed: z.union([1, 2, 4, 8, 16].map((n) => z.literal(n))) }),
  z.object({
    ...base,
    type: z.literal('control-playback'),
    channel: channelNumber,
    action: z.enum(['pause', 'resume', 'seek', 'end']),
    to: time.optional().meta({ description: 'With `seek`.' }),
  }),
  z.object({ ...base, type: z.literal('snapshot'), channel: channelNumber }),
  /** The record's settings have changed: read it again. */
  z.object({ ...base, type: z.literal('refresh') }),
  /** The device was deleted: close its connections. */
  z.object({ ...base, type: z.literal('disconnect') }),
  /** To the task that receives a stream which always runs: somebody has begun to watch it. Not answered. */
  z.object({ ...base, type: z.literal('watched'), channel: channelNumber }),
]);
export type Command = z.infer<typeof command>;

/** A recording on the device, as 0x1205 lists it. */
export const recording = z.object({
  channel: z.int().min(0).max(255),
  from: time,
  to: time,
  stream: z.enum(['any', 'main', 'sub']),
  storage: z.enum(['any', 'main', 'backup']),
  media: z.enum(['audio-video', 'audio', 'video', 'any']),
  alarms: z.array(z.string()).max(64),
  bytes: z.int().nonnegative(),
});
export type Recording = z.infer<typeof recording>;

/** Recordings an answer holds at most; an item of the table may have 400 KB. */
export const MAX_RECORDINGS = 1500;

const answerStatus = z.enum(['sent', 'done', 'failed']);
export const answerReason = z.enum(['not-here', 'refused', 'unsupported', 'timeout', 'busy', 'failed']);

/** `sent` is written by the API; the task writes one of the others over it. */
export const answerRow = z.object({
  kind: z.literal('answer'),
  id: requestId,
  device: deviceId,
  type: z.string(),
  status: answerStatus,
  at: time,
  reason: answerReason.optional(),
  recordings: z.array(recording).max(MAX_RECORDINGS).optional(),
  /** How many the device says there are, when it has more than fit. */
  total: z.int().nonnegative().optional(),
  expiresAt: z.int().positive(),
});
export type AnswerRow = z.infer<typeof answerRow>;
