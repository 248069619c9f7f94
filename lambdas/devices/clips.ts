/** Clips: from a stretch of a channel to a video record and a message to the worker that puts the file together. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import type { DeviceRecord } from '../../lib/contract/device.ts';
import type { ClipTask } from '../../lib/contract/clip.ts';
import { deviceVideoRecord } from '../../lib/contract/device-video.ts';
import type { Limits } from '../../lib/contract/entitlement.ts';
import { required } from '../../lib/contract/env.ts';
import { ARRIVAL_SECONDS } from '../../lib/contract/slicing.ts';
import type { clipRequest } from '../../lib/contract/device-api.ts';
import { cut } from '../../lib/contract/text.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { checkSegments } from '../playback/live/heights.ts';
import { newVideoId } from '../upload/draft.ts';
import { dynamo } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { listSegments } from '../shared/recordings.ts';
import { mayUpload, type Viewer } from '../shared/viewer.ts';

const sqs = new SQSClient({});

/** Throws `forbidden` (what is recorded has more lines than `maxHeight`, too) or `not-found` (nothing is recorded). */
export async function beginClip(
  viewer: Viewer,
  device: DeviceRecord,
  { maxHeight }: Limits,
  asked: z.infer<typeof clipRequest>,
): Promise<VideoRecord> {
  if (!mayUpload(viewer)) {
    throw new ApiError('forbidden', 'Making videos needs the group `uploader` or `admin`. Ask an administrator.');
  }
  const stretch = { from: Date.parse(asked.from), to: Date.parse(asked.to) };
  const segments = await listSegments(device.id, asked.channel, stretch);
  if (segments.length === 0) throw new ApiError('not-found', 'Nothing is recorded of that channel in that stretch.');
  checkSegments(segments, { maxHeight });
  const record = clipRecord(viewer, device, asked, newVideoId(), Date.now());
  const TableName = required('VIDEOS_TABLE');
  await dynamo.send(new PutCommand({ TableName, Item: record, ConditionExpression: 'attribute_not_exists(id)' }));
  const task: ClipTask = {
    videoId: record.id,
    device: device.id,
    channel: asked.channel,
    ...stretch,
    positions: asked.positions,
    ...(maxHeight !== undefined && { maxHeight }),
  };
  try {
    await sqs.send(new SendMessageCommand({ QueueUrl: required('CLIP_QUEUE'), MessageBody: JSON.stringify(task) }));
  } catch (error) {
    await dynamo.send(new DeleteCommand({ TableName, Key: { id: record.id } }));
    throw error;
  }
  return record;
}

/** Pure. */
export function clipRecord(
  viewer: Viewer,
  device: Pick<DeviceRecord, 'id' | 'name' | 'channels' | 'timeZone'>,
  asked: z.infer<typeof clipRequest>,
  id: string,
  now: number,
): VideoRecord {
  const from = new Date(asked.from).toISOString();
  const to = new Date(asked.to).toISOString();
  const channel = device.channels.find(({ number }) => number === asked.channel)?.name ?? `channel ${asked.channel}`;
  const local = new Intl.DateTimeFormat('en-GB', {
    timeZone: device.timeZone,
    dateStyle: 'medium',
    timeStyle: 'medium',
  }).format(new Date(from));
  return deviceVideoRecord({
    id,
    owner: viewer.subject,
    title: asked.title ?? `${cut(device.name, 80)}, ${cut(channel, 60)}, ${local}`,
    filename: `${device.id}-${asked.channel}-${from.replaceAll(/[-:.]/g, '')}.mp4`,
    type: 'video/mp4',
    origin: { kind: 'clip', device: device.id, channel: asked.channel, from, to },
    visibility: 'private',
    now,
    // The worker tries for a few hours before.
    expireSeconds: ARRIVAL_SECONDS,
  });
}
