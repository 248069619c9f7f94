/** A picture that came over the control connection (0x0801): kept as an alarm with one file, then acknowledged. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { AlarmFile } from '../../../../../lib/contract/device.ts';
import { alarmFileKey } from '../../../../../lib/contract/live-keys.ts';
import { RETENTION_TAG } from '../../../../../lib/contract/ingest.ts';
import { hasFix } from '../../jt808/messages/location.ts';
import type { MediaData } from '../../jt808/messages/multimedia.ts';
import { bcdToUtc } from '../../jt808/time.ts';
import { SNIFF_BYTES, sniff } from '../../jt808/subiao/sniff.ts';
import type { Services } from '../../services.ts';
import type { DevicePort } from '../port.ts';
import { fileKindOf, mediaTypeOf } from '../attachments/kinds.ts';
import { alarmId } from './detect.ts';
import { noteLimit } from './limit.ts';
import { newSeed } from './seed.ts';
import { inboxOf } from './told.ts';

/** Names of JT/T 808-2019 table 79, by number. */
const EVENTS = ['command', 'timer', 'robbery', 'collision', 'door-open', 'door-close', 'door-closing', 'distance'];

type Used = Pick<Services, 'aws' | 'alarms' | 'config' | 'events' | 'metrics' | 'log' | 'usage' | 'outbox'>;

/** `refuse`: it may have no more kept today. */
export async function saveMultimedia(
  services: Used,
  device: DevicePort,
  media: MediaData,
  refuse: () => void,
): Promise<void> {
  // What it was received in is used again.
  const kept = { ...media, data: Buffer.from(media.data) };
  try {
    const over = await services.usage.takeOrSay(device.id, { files: 1, bytes: media.data.length });
    if (over !== undefined) {
      noteLimit(services, device.record, over);
      refuse();
      return;
    }
    await save(services, device, kept);
    device.answer('mediaReply', { mediaId: media.mediaId });
  } catch (error) {
    // Not acknowledged, so it comes again.
    services.log.failure('multimedia', error);
  }
}

async function save({ aws, alarms, config, events, metrics }: Used, device: DevicePort, media: MediaData) {
  const now = Date.now();
  const { location } = media;
  const said = location && bcdToUtc(location.time, device.zone(now), now);
  const time = new Date(said !== undefined && said < now + 3_600_000 ? said : now).toISOString();
  const id = alarmId(device.id, 'media', media.mediaId, media.data);
  const type = sniff(media.data.subarray(0, SNIFF_BYTES));
  const extension = type ?? 'bin';
  const key = alarmFileKey(device.id, id, 1, extension);
  await aws.s3.send(
    new PutObjectCommand({
      Bucket: config.buckets.media,
      Key: key,
      Body: media.data,
      ContentType: mediaTypeOf(type),
      CacheControl: 'max-age=86400, immutable',
      Tagging: `${RETENTION_TAG}=${device.record.retentionDays}`,
    }),
  );
  const file: AlarmFile = {
    name: `${media.mediaId}.${extension}`,
    kind: fileKindOf(type),
    bytes: media.data.length,
    state: 'complete',
    key,
  };
  const alarm = {
    device: device.id,
    id,
    time,
    kind: 'multimedia',
    type: EVENTS[media.event] ?? `event-${media.event}`,
    phase: 'event',
    channel: media.channel,
    ...(location &&
      hasFix(location) && {
        position: {
          time,
          lat: location.latE6 / 1e6,
          lon: location.lonE6 / 1e6,
          speedKmh: location.speedKmh,
          direction: location.direction % 360,
          altitude: location.altitude,
          accOn: (location.status & 1) !== 0,
        },
      }),
    files: [file],
  } as const;
  const place = inboxOf(config.options.alarmRules, alarm, device.record);
  const record = { ...alarm, files: [file], seed: newSeed(), ...place };
  if (!(await alarms.put(record, device.record.retentionDays))) return;
  metrics.add('attachments');
  const { kind, phase } = alarm;
  events.publish({ device: device.id, type: 'attachment', alarm: { id, kind, type: alarm.type, phase }, file });
}
