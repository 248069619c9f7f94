/**
 * Where a received file goes once its first bytes say what it is: a video into the upload flow, with a record, anything
 * else beside the device's recordings.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import type { AlarmFile, AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import { deviceOwner, deviceVideoRecord } from '../../../../../lib/contract/device-video.ts';
import { sourceKey } from '../../../../../lib/contract/keys.ts';
import { alarmFileKey } from '../../../../../lib/contract/live-keys.ts';
import { RETENTION_TAG } from '../../../../../lib/contract/ingest.ts';
import { placesOf } from '../../../../../lib/contract/places.ts';
import { ARRIVAL_SECONDS } from '../../../../../lib/contract/slicing.ts';
import { UNACCEPTED_TAGGING } from '../../../../../lib/contract/upload.ts';
import { keptName, parseName, safeFileName } from '../../jt808/subiao/names.ts';
import { sniff } from '../../jt808/subiao/sniff.ts';
import type { AlarmKey } from '../../cloud/alarms.ts';
import type { Services } from '../../services.ts';
import { noteLimit } from '../alarms/limit.ts';
import { OVER } from './list.ts';
import { fileKindOf, mediaTypeOf } from './kinds.ts';
import type { Destination } from './upload.ts';

export interface Arrived {
  readonly record: DeviceRecord;
  readonly alarm: AlarmRecord;
  /** As the device calls it. */
  readonly name: string;
  readonly size: number;
  readonly head: Buffer;
  /** The alarm's. */
  readonly key: AlarmKey;
  /** Among the alarm's files, from 1. */
  readonly number: number;
}

export interface Place extends Destination {
  readonly file: AlarmFile;
  /** It came before, whole, and has been taken in since: it is not written again. */
  readonly isThere?: boolean;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 20;

/** The device may have no more kept today. Its message is for a person. */
export class OverLimit extends Error {
  override name = 'OverLimit';
}

/** A file of that name is there, whole and acknowledged, and is another. */
export class Taken extends Error {
  override name = 'Taken';
}

/**
 * The file of that number as another connection has kept it since it was listed: what was acknowledged is written over by none.
 * Undefined: none has. Throws Taken.
 */
export async function keptElsewhere(
  { alarms }: Pick<Services, 'alarms'>,
  { key, number, name, size }: Pick<Arrived, 'key' | 'number' | 'name' | 'size'>,
): Promise<AlarmFile | undefined> {
  const file = (await alarms.read(key))?.files[number - 1];
  if (file?.state !== 'complete') return undefined;
  if (file.name !== keptName(name) || file.bytes !== size) throw new Taken(`${name} is there, and is another`);
  return file;
}

/**
 * A video's record is made here; its file must follow. Counted each time a file is sent, whether it came before or not: what
 * is written costs. Throws OverLimit.
 */
export async function placeFor(services: Services, arrived: Arrived): Promise<Place> {
  const { record, alarm, name, size, head, number } = arrived;
  const { buckets } = services.config;
  if (!(await services.usage.take(record.id, { bytes: size }))) {
    noteLimit(services, record, 'bytes');
    throw new OverLimit(OVER.bytes);
  }
  const type = sniff(head);
  const kind = fileKindOf(type);
  const file = { name: keptName(name), kind, bytes: size, state: 'complete' } as const;
  const contentType = mediaTypeOf(type);
  const isSliced = kind === 'video' && (await mayEncode(services, record));
  if (isSliced) {
    const { videoId, isThere } = await makeVideo(services, arrived, contentType);
    return {
      bucket: buckets.source,
      key: sourceKey(videoId),
      contentType,
      tagging: UNACCEPTED_TAGGING,
      // It may have been accepted since this was asked: then its tag is gone, and its ETag is what is encoded.
      once: 'always',
      file: { ...file, videoId },
      isThere,
    };
  }
  const key = alarmFileKey(record.id, alarm.id, number, type ?? 'bin');
  const tagging = `${RETENTION_TAG}=${record.retentionDays}`;
  const reason = kind === 'video' && { reason: OVER.encodes };
  return {
    bucket: buckets.media,
    key,
    contentType,
    tagging,
    once: { bytes: size },
    file: { ...file, key, ...reason },
  };
}

async function mayEncode(services: Services, record: DeviceRecord): Promise<boolean> {
  if (await services.usage.take(record.id, { encodes: 1 })) return true;
  services.metrics.add('videosNotSliced');
  noteLimit(services, record, 'encodes');
  return false;
}

/**
 * The id of the video that an alarm's file becomes. A file that comes again, because it could not be kept or noted as kept, over
 * whichever connection and to whichever task, is the same video; so an alarm never makes more of them than it has files.
 */
export function fileVideoId({ seed, device, id }: Pick<AlarmRecord, 'seed' | 'device' | 'id'>, number: number): string {
  const hash = createHash('sha256')
    .update(`${seed ?? `${device} ${id}`} ${number}`)
    .digest();
  let rest = BigInt(`0x${hash.toString('hex')}`);
  let text = '';
  for (; text.length < ID_LENGTH; rest /= BigInt(ALPHABET.length))
    text += ALPHABET[Number(rest % BigInt(ALPHABET.length))];
  return text;
}

async function makeVideo(services: Services, { record, alarm, name, number }: Arrived, type: string) {
  const { aws, config } = services;
  const id = fileVideoId(alarm, number);
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
    places: placesOf(alarm.position === undefined ? [] : [inMillionths(alarm.position)]),
    visibility: 'entitled',
    now: Date.now(),
    expireSeconds: ARRIVAL_SECONDS,
    retentionDays: record.retentionDays,
  });
  const TableName = config.tables.videos;
  try {
    await aws.dynamo.send(
      new PutCommand({
        TableName,
        Item,
        ConditionExpression: 'attribute_not_exists(id)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
    return { videoId: id, isThere: false };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // It came before, and was counted then. Where it did not come whole, what is missing of it follows.
    await services.usage.giveBack(record.id, { encodes: 1 });
    return { videoId: id, isThere: error.Item !== undefined && statusOf(error.Item['status']) !== 'uploading' };
  }
}

const inMillionths = ({ lat, lon }: NonNullable<AlarmRecord['position']>) => ({
  latE6: Math.round(lat * 1e6),
  lonE6: Math.round(lon * 1e6),
});

/** The document client leaves what is in an error as the table writes it. */
const statusOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'S' in value ? value.S : value;
