/** The devices of a run: they report, stream, raise alarms with files, and break off now and then. */
import { ALARM_KINDS } from '../../local/device/alarm.ts';
import { random } from '../../local/device/faults.ts';
import type { DeviceHandle, DeviceOptions } from '../../local/device/settings.ts';
import { idOf, startDevices, type Simulation } from '../../local/device/simulator.ts';
import type { Stats } from '../../local/device/stats.ts';
import type { Ledger } from './ledger.ts';
import { register, type Platform } from './platform.ts';

export const ZONE_MINUTES = 480;
export const VIDEO = 'qcif';
const FIRST_ID = 13_900_000_000;
const LOCATION_SECONDS = 5;
/** Of a device, in the mean: from one break to the next, and from one alarm to the next. */
const BREAK_SECONDS = 100;
const ALARM_SECONDS = 60;
/** So many breaks, of ten, last long enough for places to be gathered; seconds of those. */
const LONG_BREAKS = 4;
const LONG = { least: 12, most: 45 };

/** Both generations of the protocol; with sound and without; some that are cut in the middle of a picture, too. */
const GROUPS: readonly Pick<DeviceOptions, 'version' | 'sound' | 'faults'>[] = [
  { version: 2013, sound: 'none' },
  { version: 2019, sound: 'none' },
  { version: 2013, sound: 'g711a' },
  { version: 2019, sound: 'none', faults: { killMidSegment: true } },
];

export interface Fleet {
  readonly ids: readonly string[];
  readonly breaks: number;
  stats(name: keyof Stats): number;
  /** No more breaks and alarms; every device goes. */
  close(): Promise<void>;
}

export async function startFleet(platform: Platform, count: number, ledger: Ledger, seed: number): Promise<Fleet> {
  const { control } = platform.ports;
  const simulations: Simulation[] = [];
  const ids = Array.from({ length: count }, (_, i) => idOf(String(FIRST_ID), i));
  let from = 0;
  for (const [n, group] of GROUPS.entries()) {
    const to = Math.round(((n + 1) * count) / GROUPS.length);
    if (to === from) continue;
    await register(platform, ids.slice(from, to), group.sound !== 'none');
    const options: DeviceOptions = {
      ...group,
      host: '127.0.0.1',
      control,
      count: to - from,
      firstId: ids[from]!,
      video: VIDEO,
      locationSeconds: LOCATION_SECONDS,
      zoneMinutes: ZONE_MINUTES,
      seed: seed + n,
      receipts: ledger,
    };
    simulations.push(await startDevices(options));
    from = to;
  }
  const stop = new AbortController();
  let breaks = 0;
  const devices = simulations.flatMap((simulation) => simulation.devices);
  for (const [n, device] of devices.entries())
    wander(device, random(seed * 1000 + n), stop.signal, () => (breaks += 1));
  return {
    ids,
    get breaks() {
      return breaks;
    },
    stats: (name) => simulations.reduce((sum, { stats }) => sum + stats[name], 0),
    async close() {
      stop.abort();
      await Promise.all(simulations.map((simulation) => simulation.close()));
    },
  };
}

/** Breaks off and raises alarms at times that `next` decides. */
function wander(device: DeviceHandle, next: () => number, signal: AbortSignal, broke: () => void): void {
  const again = (seconds: number, act: () => void): void => {
    const timer = setTimeout(
      () => {
        if (signal.aborted) return;
        act();
        again(seconds, act);
      },
      seconds * 1000 * -Math.log(1 - next()),
    );
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  };
  again(BREAK_SECONDS, () => {
    const away = next() * 10 < LONG_BREAKS ? LONG.least + next() * (LONG.most - LONG.least) : 0;
    device.reconnect(away * 1000);
    broke();
  });
  again(ALARM_SECONDS, () => void device.alarm(ALARM_KINDS[Math.floor(next() * ALARM_KINDS.length)]!));
}
