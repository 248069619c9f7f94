/** Tells a device's people that it is over what it may have kept in a day: an alarm a day, among its others. */
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
import { dayOf } from '../../cloud/usage.ts';
import type { Services } from '../../services.ts';
import { alarmId } from './detect.ts';
import { inboxOf } from './told.ts';
import { newSeed } from './seed.ts';

/** What there is too much of, as an alarm's `type`. */
export type Over = 'files' | 'bytes' | 'encodes' | 'alarms' | 'positions' | 'unannounced-files';

const DAY_MS = 86_400_000;

export function noteLimit(
  { outbox, alarms, config, log, metrics }: Pick<Services, 'outbox' | 'alarms' | 'config' | 'log' | 'metrics'>,
  { id: device, retentionDays, tags }: Pick<DeviceRecord, 'id' | 'retentionDays' | 'tags'>,
  over: Over,
  now = Date.now(),
): void {
  log.trouble(`over-limit-${over}`, device);
  if (over === 'files' || over === 'bytes' || over === 'unannounced-files') metrics.add('filesOverLimit');
  if (!isFirst(`${device} ${over}`, dayOf(now))) return;
  // The same id whichever task tells it, so it is told once.
  const id = alarmId(device, 'limit', over, dayOf(now));
  const time = new Date(Math.floor(now / DAY_MS) * DAY_MS).toISOString();
  const seed = newSeed();
  const alarm = { device, id, time, kind: 'limit', type: over, phase: 'event', files: [], seed } as const;
  const place = inboxOf(config.options.alarmRules, alarm, { id: device, tags });
  outbox.put(`alarm ${device} ${id}`, () => alarms.put({ ...alarm, files: [], ...place }, retentionDays));
}

const MOST_TOLD = 50_000;
const told = new Map<string, string>();

function isFirst(name: string, day: string): boolean {
  if (told.get(name) === day) return false;
  if (told.size >= MOST_TOLD) told.clear();
  told.set(name, day);
  return true;
}
