/**
 * Telling others of an alarm: those who get mail, and webhooks. Its record says `untold` until the bus has it, so that one whose task ends
 * before is told by the next that meets it: when its device reports it again, or comes.
 */
import { tellsOf } from '../../../../../lib/contract/alarm-rules.ts';
import type { AlarmRecord, DeviceRecord } from '../../../../../lib/contract/device.ts';
import type { Services } from '../../services.ts';
import { toldNow } from './told.ts';

type Used = Pick<Services, 'alarms' | 'events' | 'outbox' | 'config'>;
type Of = Pick<DeviceRecord, 'id' | 'tags' | 'retentionDays'>;
type Told = Pick<AlarmRecord, 'device' | 'id' | 'time' | 'kind' | 'type' | 'level' | 'phase' | 'position'>;

/** Milliseconds back to which is looked for alarms that nobody was told of. */
const LOOKED_BACK = 86_400_000;

/** Keeps an alarm and tells of it, be it new or not told of yet. False: it was there. Done again it does no harm. */
export async function keepAndTell(
  services: Used,
  alarm: Parameters<Used['alarms']['put']>[0],
  device: Of,
): Promise<boolean> {
  const isNew = await services.alarms.put({ ...alarm, untold: true }, device.retentionDays);
  if (isNew || (await services.alarms.isUntold(alarm))) tell(services, alarm, device);
  return isNew;
}

/** Tells of what is kept of a device and was never told, because the task that kept it ended. */
export async function tellUntold(services: Used, device: Of): Promise<void> {
  for (const alarm of await services.alarms.untold(device.id, Date.now() - LOOKED_BACK)) tell(services, alarm, device);
}

/** Nothing is told twice at a time, however often it is reported. */
function tell({ events, outbox, alarms, config }: Used, alarm: Told, { tags }: Of): void {
  const { device, id, kind, type, level, phase, position } = alarm;
  const name = `told ${device} ${id}`;
  if (events.has(name) || outbox.has(name)) return;
  events.publish(
    {
      device,
      type: 'alarm',
      alarm: { id, kind, type, phase, ...(level !== undefined && { level }) },
      ...(position && { position }),
      tell: toldNow(tellsOf(config.options.alarmRules, alarm, { tags }), device, alarm),
    },
    { name, taken: () => outbox.put(name, () => alarms.told(alarm)) },
  );
}
