/**
 * Where a received file goes once its first bytes say what it is: a video into the upload flow, with a record, anything
 * else beside the device's recordings.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { randomInt } from 'node:crypto';
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import { deviceOwner, deviceVideoRecord } from '../../../../../lib/contract/device-video.ts';
import { sourceKey } from '../../../../../lib/contract/keys.ts';
import { alarmFileKey } from '../../../../../lib/contract/live-keys.ts';
import { RETENTION_TAG } from '../../../../../lib/contract/ingest.ts';
import { ARRIVAL_SECONDS } from '../../../../../lib/contract/slicing.ts';
import { parseName, safeFileName } from '../../jt808/subiao/names.ts';
import { sniff } from '../../jt808/subiao/sniff.ts';
import type { Services } from '../../services.ts';
import { fileKindOf, mediaTypeOf } from './kinds.ts';
import type { Destination } from './upload.ts';

export interface Arrived {
  readonly record: DeviceRecord;
  readonly alarm: AlarmRecord;
  /** As the device calls it. */
  readonly name: string;
  readonly size: number;
  readonly head: Buffer;
  /** Among the alarm's files, from 1. */
  readonly number: number;
}

export interface Place extends Destination {
  readonly file: AlarmFile;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A video's record is made here; its file must follow. */
export async function placeFor(services: Services, arrived: Arrived): Promise<Place> {
  const { record, alarm, name, size, head, number } = arrived;
  const { buckets } = services.config;
  const type = sniff(head);
  const kind = fileKindOf(type);
  const file = { name: safeFileName(name), kind, bytes: size, state: 'complete' } as const;
  const contentType = mediaTypeOf(type);
  if (kind === 'video') {
    const videoId = await makeVideo(services, arrived, contentType);
    return { bucket: buckets.source, key: sourceKey(videoId), contentType, file: { ...file, videoId } };
  }
  const key = alarmFileKey(record.id, alarm.id, number, type ?? 'bin');
  const tagging = `${RETENTION_TAG}=${record.retentionDays}`;
  return { bucket: buckets.media, key, contentType, tagging, file: { ...file, key } };
}

async function makeVideo(services: Services, { record, alarm, name }: Arrived, type: string): Promise<string> {
  const { aws, config } = services;
  const id = Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const Item = deviceVideoRecord({
    id,
    owner: deviceOwner(record.id),
    title: `${record.name}: ${alarm.type}, ${alarm.time.slice(0, 19).replace('T', ' ')} UTC`,
    tags: ['incident', alarm.type.slice(0, 50)],
    filename: safeFileName(name),
    type,
    origin: {
      kind: 'incident',
      device: record.id,
      channel: parseName(name)?.channel ?? alarm.channel ?? 0,
      from: alarm.time,
      alarm: alarm.id,
    },
    visibility: 'entitled',
    now: Date.now(),
    expireSeconds: ARRIVAL_SECONDS,
    retentionDays: record.retentionDays,
  });
  const TableName = config.tables.videos;
  await aws.dynamo.send(new PutCommand({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }));
  return id;
}
