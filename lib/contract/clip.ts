/** What the worker that puts a clip together is told. Times are epoch milliseconds. */
import { z } from 'zod';
import { channelNumber, deviceId } from './device.ts';
import { bounds } from './entitlement.ts';
import { videoId } from './video.ts';

export const clipTask = z.object({
  videoId,
  device: deviceId,
  channel: channelNumber,
  from: z.int(),
  to: z.int(),
  positions: z.boolean(),
  /** Lines that whoever made it may watch of the device. */
  maxHeight: bounds.maxHeight,
});
export type ClipTask = z.infer<typeof clipTask>;
