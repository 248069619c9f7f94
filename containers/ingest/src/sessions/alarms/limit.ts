/** Tells a device's people that it is over what it may have kept in a day: an alarm a day, among its others. */
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
import { dayOf } from '../../cloud/usage.ts';
import type { Services } from '../../services.ts';
import { alarmId } from './detect.ts';
import { newSeed } from './seed.ts';
import { keepAndTell } from './tell.ts';
import { inboxOf } from './told.ts';

export type Noting = Pick<Services, 'outbox' | 'alarms' | 'events' | 'config' | 'log' | 'metrics'>;

/** What there is too much of, as an alarm's `type`. */
export type Over = 'files' | 'bytes' | 'encodes' | 'alarms' | 'positions' | 'unannounced-files';

const DAY_MS = 86_400_000;

export function noteLimit(
  services: Noting,
  record: Pick<DeviceRecord, 'id' | 'retentionDays' | 'tags'>,
  over: Over,
  now = Date.now(),
): void {
  const { outbox, config, log, metrics } = services;
  const device = record.id;
  log.trouble(`over-limit-${over}`, device);
  if (over === 'files' || over === 'bytes' || over === 'unannounced-files') metrics.add('filesOverLimit');
  if (!isFirst(`${device} ${over}`, dayOf(now))) return;
  // The same id whichever task tells it, so it is told once.
  const id = alarmId(device, 'limit', over, dayOf(now));
  const time = new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();
  const seed = newSeed();
  const alarm = { device, id, time, kind: 'limit', type: over, phase: 'event', files: [], seed } as const;
  const place = inboxOf(config.options.alarmRules, alarm, record);
  outbox.put(`alarm ${device} ${id}`, () => keepAndTell(services, { ...alarm, files: [], ...place }, record));
}

const MOST_TOLD = 50_000;
const told = new Map<string, string>();

function isFirst(name: string, day: string): boolean {
  if (told.get(name) === day) return false;
  if (told.size >= MOST_TOLD) told.clear();
  told.set(name, day);
  return true;
}
