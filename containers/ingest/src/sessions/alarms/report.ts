/** What is done about an alarm: it is stored, published as an event, and its files are asked for. */
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
  // An alarm that is reported again has its files asked for again: they may not have come the first time.
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
