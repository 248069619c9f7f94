/** What is done about an alarm: it is stored, published as an event, and its files are asked for. */
import { randomBytes } from 'node:crypto';
import type { Services } from '../../services.ts';
import type { DevicePort } from '../port.ts';
import { alarmNumber, type FoundAlarm } from './detect.ts';

type Used = Pick<Services, 'alarms' | 'events' | 'config' | 'host' | 'log' | 'outbox'>;

/** What names an alarm's files. */
export const newSeed = (): string => randomBytes(16).toString('hex');

/** The alarm is stored however long that takes; its files are asked for when they could be kept. */
export function reportAlarm(services: Used, device: DevicePort, { sign, ...alarm }: FoundAlarm): void {
  const seed = newSeed();
  services.outbox.put(`alarm ${device.id} ${alarm.id}`, async () => {
    const record = { ...alarm, device: device.id, files: [], seed };
    const isNew = await services.alarms.put(record, device.record.retentionDays);
    if (isNew) {
      const { id, kind, type, level, phase, position } = alarm;
      services.events.publish({
        device: device.id,
        type: 'alarm',
        alarm: { id, kind, type, phase, ...(level !== undefined && { level }) },
        ...(position && { position }),
      });
    }
    // An alarm that is reported again has its files asked for again: they may not have come the first time. No write waits
    // for the device's answer.
    if (sign !== undefined) void askForFiles(services, device, { ...alarm, sign });
  });
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
