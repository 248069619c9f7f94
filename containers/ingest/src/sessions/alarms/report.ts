/** What is done about an alarm: it is stored, others are told of it, and its files are asked for. */
import type { Services } from '../../services.ts';
import type { DevicePort } from '../port.ts';
import { alarmNumber, isEmergency, type FoundAlarm } from './detect.ts';
import { noteLimit } from './limit.ts';
import { newSeed } from './seed.ts';
import { keepAndTell } from './tell.ts';
import { inboxOf } from './told.ts';

type Used = Pick<Services, 'alarms' | 'events' | 'config' | 'host' | 'log' | 'outbox' | 'usage' | 'metrics'>;

/** The alarm is stored however long that takes; its files are asked for when they could be kept. */
export function reportAlarm(services: Used, device: DevicePort, { sign, ...alarm }: FoundAlarm): void {
  const seed = newSeed();
  // Emergencies are neither dropped nor counted: what their device reports beside them cannot silence them.
  const isCounted = !isEmergency(alarm);
  if (isCounted && services.usage.isOver(device.id, 'alarms')) {
    services.metrics.add('droppedAlarms');
    return;
  }
  services.metrics.add('alarms');
  services.outbox.put(`alarm ${device.id} ${alarm.id}`, async () => {
    const announced = sign && { announced: sign.attachments };
    const { alarmRules } = services.config.options;
    const place = inboxOf(alarmRules, alarm, device.record);
    const record = { ...alarm, device: device.id, files: [], seed, ...announced, ...place };
    const isNew = await keepAndTell(services, record, device.record);
    // By itself: who is to be told of it does not wait for what it ends.
    if (alarm.phase !== 'event')
      services.outbox.put(`ends ${device.id} ${alarm.id}`, () => services.alarms.settle(record));
    // Counted when it is known to be another: what is reported twice is one. So the first beyond the limit is kept, too.
    if (isNew && isCounted) void count(services, device);
    // An alarm that is reported again has its files asked for again: they may not have come the first time. No write waits
    // for the device's answer.
    if (sign !== undefined) void askForFiles(services, device, { ...alarm, sign });
  });
}

async function count(services: Used, device: DevicePort): Promise<void> {
  try {
    if (!(await services.usage.take(device.id, { alarms: 1 }))) noteLimit(services, device.record, 'alarms');
  } catch (error) {
    services.log.failure('usage', error);
  }
}

async function askForFiles(
  services: Used,
  device: DevicePort,
  { id, time, sign }: Pick<FoundAlarm, 'id' | 'time'> & Required<Pick<FoundAlarm, 'sign'>>,
): Promise<void> {
  try {
    const result = await device.commander.send('uploadAttachments', {
      host: await services.host.get(),
      tcpPort: services.config.options.announce.attachments,
      udpPort: 0,
      sign,
      alarmNo: alarmNumber(id, Date.parse(time)),
    });
    if (result.status !== 'accepted') services.log.trouble('attachments-refused', device.id, result.status);
  } catch (error) {
    services.log.failure('attachments', error);
  }
}
