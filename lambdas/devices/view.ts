/** A record as the API shows it. Pure. */
import { device, type Device, type DeviceRecord, type Stream } from '../../lib/contract/device.ts';
import { streamNow, taskOf } from '../shared/device-state.ts';
import type { Tasks } from '../shared/devices.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';

export interface Shown {
  readonly viewer: Viewer;
  readonly tasks: Tasks;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly startSeconds: number;
}

/** Internal fields are left out by the schema; other viewers' names by us. */
export function show(record: DeviceRecord, { viewer, tasks, now, startSeconds }: Shown): Device {
  const task = taskOf(record, tasks, now);
  const streams: Record<string, Stream> = {};
  for (const { number } of record.channels) {
    const { state, since, reason, stream } = streamNow({ record, channel: number, tasks, now, startSeconds });
    const written = record.streams[String(number)];
    streams[String(number)] = {
      ...stream,
      state,
      since: since ?? written?.since ?? record.updatedAt,
      ...(reason !== undefined && { reason }),
    };
  }
  const admin = isAdmin(viewer);
  return device.parse({
    ...record,
    online: task !== undefined,
    alarms: record.alarms ?? [],
    viewers: admin ? record.viewers : record.viewers.filter((subject) => subject === viewer.subject),
    streams,
    task: admin && task !== undefined ? task.id : undefined,
  });
}
