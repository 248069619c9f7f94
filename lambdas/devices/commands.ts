/** Asking something of a device: what who may ask, and sending it to the task that holds the connection. */
import type { DeviceRecord } from '../../lib/contract/device.ts';
import type { DeviceCommand } from '../../lib/contract/device-api.ts';
import type { AnswerRow } from '../../lib/contract/commands.ts';
import { taskOf } from '../shared/device-state.ts';
import { expectAnswer, newRequestId, readTasks, sendCommand } from '../shared/devices.ts';
import { ApiError } from '../shared/errors.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';

/** What looks at recordings, viewers may ask for; what makes the device do something else is for admins. */
const FOR_VIEWERS: readonly DeviceCommand['type'][] = ['list-recordings', 'play', 'control-playback'];

/** Throws `forbidden` or `invalid-request`. Pure. */
export function checkCommand(viewer: Viewer, device: Pick<DeviceRecord, 'channels'>, asked: DeviceCommand): void {
  if (!isAdmin(viewer) && !FOR_VIEWERS.includes(asked.type)) {
    throw new ApiError('forbidden', 'Only administrators ask that of a device.');
  }
  const all = asked.type === 'list-recordings' && asked.channel === 0;
  if (!all && !device.channels.some(({ number }) => number === asked.channel)) {
    throw new ApiError('invalid-request', 'body.channel: the device has no such channel; add it to the device first.', {
      errors: [{ path: 'body.channel', message: 'no such channel' }],
    });
  }
}

/** Throws `device-offline`. */
export async function ask(device: DeviceRecord, asked: DeviceCommand): Promise<AnswerRow> {
  const task = taskOf(device, await readTasks(), Date.now());
  if (task === undefined) throw new ApiError('device-offline', 'The device is not connected. Try again when it is.');
  const requestId = newRequestId();
  const row = await expectAnswer(device.id, asked.type, requestId);
  const stream = device.channels.find(({ number }) => number === asked.channel)?.stream ?? 'main';
  const sent = await sendCommand(task, device.id, asked.type === 'start' ? { ...asked, stream } : asked, requestId);
  if (!sent) throw new ApiError('device-offline', 'The device is just being reconnected. Try again in a few seconds.');
  return row;
}
