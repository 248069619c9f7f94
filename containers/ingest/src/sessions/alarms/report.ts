/** An alarm that was found: kept, told, and its files asked for. */
import type { Services } from '../../services.ts';
import type { DevicePort } from '../port.ts';
import { alarmNumber, type FoundAlarm } from './detect.ts';

/** Rejects when the table cannot be written: then the device is not asked for files that could not be kept. */
export async function reportAlarm(
  services: Pick<Services, 'alarms' | 'events' | 'config' | 'host' | 'log'>,
  device: DevicePort,
  { sign, ...alarm }: FoundAlarm,
): Promise<void> {
  const isNew = await services.alarms.put({ ...alarm, device: device.id, files: [] }, device.record.retentionDays);
  if (isNew) {
    const { id, kind, type, level, phase, position } = alarm;
    services.events.publish({
      device: device.id,
      type: 'alarm',
      alarm: { id, kind, type, phase, ...(level !== undefined && { level }) },
      ...(position && { position }),
    });
  }
  // Asked again when it was reported again: the files of the first time may never have come.
  if (sign === undefined) return;
  const { announce } = services.config.options;
  const result = await device.commander.send('uploadAttachments', {
    host: await services.host.get(),
    tcpPort: announce.attachments,
    udpPort: 0,
    sign,
    alarmNo: alarmNumber(alarm.id, Date.parse(alarm.time)),
  });
  if (result.status !== 'accepted') services.log.trouble('attachments-refused', device.id, result.status);
}
