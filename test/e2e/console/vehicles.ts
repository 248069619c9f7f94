/** Simulated vehicles for the console's tests. */
import type { Client } from '../../../local/client.ts';
import { startDevices, type Simulation } from '../../../local/device/simulator.ts';
import type { DeviceOptions } from '../../../local/device/settings.ts';
import type { Ready } from '../../../local/stack.ts';

/** For whatever waits for pictures, a device or slicing: a busy machine takes its time, and looking is work, too. ms. */
export const slow = { timeout: 90_000, interval: 250 };

export const LONG_NAME = 'Refrigerated lorry 7 of the northern depot, with a name that is long';
export const ROAD = { number: 1, name: 'Road ahead', live: 'always' };

export const simulate = (stack: Ready, firstId: string, more: Partial<DeviceOptions> = {}): Promise<Simulation> =>
  startDevices({
    host: stack.devices!.host,
    control: stack.devices!.control,
    firstId,
    channels: 2,
    locationSeconds: 1,
    // Its layout has MP4 for videos of alarms, which any browser could play as it is.
    region: 'guangdong',
    ffmpegFolder: stack.ffmpegFolder,
    ...more,
  });

/** Registers it anew, whatever an earlier run on the same stack has left. */
export async function register(
  admin: Client,
  device: { readonly id: string } & Record<string, unknown>,
): Promise<void> {
  await admin.fetch('DELETE', `/api/devices/${device.id}`);
  await admin.call('POST /api/devices', { body: device });
}
