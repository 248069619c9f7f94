/**
 * EventBridge events. A video's: source `sluice.video`, detail-type is the status reached, or that it is in the trash or out of it. A
 * device's: source `sluice.device`, detail-type is what happened.
 */
import { z } from 'zod';
import { tell } from './alarm-rules.ts';
import { alarmFile, deviceId, position, requestId } from './device.ts';
import { failure, videoId } from './video.ts';

export const EVENT_SOURCE = 'sluice.video';

/** What is told of the trash, in which a video keeps its status. */
export const trashEventType = z.enum(['trashed', 'restored']);

const videoEventType = z.enum([
  'uploaded',
  'probed',
  'playable',
  'ready',
  'failed',
  ...trashEventType.options,
  'deleted',
]);
export type VideoEventType = z.infer<typeof videoEventType>;

/** `detail` of every `sluice.video` event. */
export const videoEvent = z.object({
  videoId,
  owner: z.string(),
  status: videoEventType,
  at: z.iso.datetime(),
  revision: z.int().positive().optional().meta({ description: 'Slicing run; absent before probing.' }),
  duration: z.number().nonnegative().optional().meta({ description: 'Seconds; from `probed` on.' }),
  failure: failure.optional().meta({ description: 'With `failed` only.' }),
});
export type VideoEvent = z.infer<typeof videoEvent>;

/** The part of S3's "Object Created" EventBridge event that starts slicing. Keys in it are not URL-encoded. */
export const objectCreated = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1), size: z.int().nonnegative().optional(), etag: z.string().optional() }),
  }),
});

/** What a job of MediaConvert is told of where it belongs, and its events say again. */
export const jobMetadata = z.object({ deployment: z.string(), videoId, execution: z.string().min(1) });

/** MediaConvert's "MediaConvert Job State Change", as far as it is read (MediaConvert user guide, "EventBridge events"). */
export const jobStateChange = z.object({
  detail: z.object({
    jobId: z.string().min(1),
    status: z.enum(['COMPLETE', 'ERROR', 'CANCELED']),
    errorCode: z.int().optional(),
    errorMessage: z.string().optional(),
    userMetadata: jobMetadata,
  }),
});

export const DEVICE_EVENT_SOURCE = 'sluice.device';

const deviceEventType = z.enum(['online', 'offline', 'alarm', 'attachment', 'refused']);

/** `detail` of every `sluice.device` event; detail-type is `type`. */
export const deviceEvent = z.object({
  device: deviceId,
  type: deviceEventType,
  at: z.iso.datetime(),
  task: z.string(),
  alarm: z
    .object({ id: requestId, kind: z.string(), type: z.string(), level: z.int().optional(), phase: z.string() })
    .optional()
    .meta({ description: 'With `alarm` and `attachment`.' }),
  position: position.optional().meta({ description: 'With `alarm`.' }),
  tell: z
    .array(tell)
    .optional()
    .meta({ description: 'With `alarm`: who is told of it, by the rules of the configuration.' }),
  file: alarmFile.optional().meta({ description: 'With `attachment`: the file that is complete.' }),
  reason: z.string().optional().meta({ description: 'With `offline` and `refused`.' }),
});
export type DeviceEvent = z.infer<typeof deviceEvent>;
