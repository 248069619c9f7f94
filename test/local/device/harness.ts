/** Tests that run side by side, each with a platform of its own, which they take down when they are done. */
import { test as base } from 'vitest';
import type { DeviceOptions } from '../../../local/device/settings.ts';
import { startDevices, type Simulation } from '../../../local/device/simulator.ts';
import { Platform, until, type PlatformOptions } from './platform.ts';

export const host = '127.0.0.1';
/** The first device's. */
export const ID = '13800000001';

export interface Started {
  readonly platform: Platform;
  readonly simulation: Simulation;
}

export interface Rig {
  /** Called when the test is over, last first. */
  after(end: () => Promise<void>): void;
  platform(options?: PlatformOptions): Promise<Platform>;
  /** Devices that have been told to connect. Positions are rare unless said. */
  begin(options?: Partial<DeviceOptions>, platformOptions?: PlatformOptions): Promise<Started>;
  /** Devices that are known to the platform. */
  online(options?: Partial<DeviceOptions>): Promise<Started>;
}

export const test = base.extend<{ rig: Rig }>({
  // Vitest reads from the pattern that the fixture needs no other one.
  // oxlint-disable-next-line no-empty-pattern
  rig: async ({}, use) => {
    const ends: (() => Promise<void>)[] = [];
    const rig: Rig = {
      after: (end) => void ends.push(end),
      async platform(options) {
        const platform = await new Platform(options).start();
        ends.push(() => platform.close());
        return platform;
      },
      async begin(options = {}, platformOptions = {}) {
        const platform = await rig.platform(platformOptions);
        const simulation = await startDevices({
          host,
          control: platform.control,
          video: 'qcif',
          locationSeconds: 60,
          ...options,
        });
        ends.push(() => simulation.close());
        return { platform, simulation };
      },
      async online(options) {
        const started = await rig.begin(options);
        await allOnline(started.simulation);
        return started;
      },
    };
    await use(rig);
    for (const end of ends.toReversed()) await end();
  },
});

export const allOnline = ({ devices }: Simulation): Promise<true> =>
  until('the devices to be online', () => devices.every((device) => device.online) || undefined);

/** 0x9101 to the first device. */
export function ask(platform: Platform, channel = 1, stream = 0, dataType = 0): number {
  const where = { host, tcpPort: platform.mediaPort, udpPort: 0 };
  return platform.of(ID).send('startLive', { ...where, channel, dataType, stream });
}
