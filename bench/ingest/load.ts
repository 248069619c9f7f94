/** Program: the devices. Streams and control connections of the simulator, as many as asked for. */
import { loadControl, type ControlLoad } from '../load/control.ts';
import { loadStreams, type Load } from '../load/streams.ts';
import type { PresetName } from '../../local/device/clip.ts';
import { answerMessages, cpuMs } from './pinned.ts';
import { STREAMING } from './tables.ts';

export interface AddStreams {
  readonly do: 'add';
  readonly count: number;
  readonly port: number;
  readonly kind: PresetName;
  readonly arrival: 'burst' | 'packet';
  readonly rampSeconds: number;
}
export interface Connect {
  readonly do: 'connect';
  readonly count: number;
  readonly port: number;
  readonly locationsPerSecond: number;
  readonly connectsPerSecond: number;
  readonly firstId: string;
  readonly localAddresses: readonly string[];
}
export type LoadMessage =
  | AddStreams
  | { readonly do: 'drop'; readonly count: number }
  | Connect
  | { readonly do: 'stats' }
  | { readonly do: 'late' };

export interface LoadStats {
  readonly streaming: number;
  readonly pictures: number;
  /** Pictures not sent because the platform did not take what came before. */
  readonly skipped: number;
  readonly locations: number;
  readonly answered: number;
  readonly online: number;
  /** Of this process from its start. */
  readonly cpuMs: number;
}

const loads: Load[] = [];
const controls: ControlLoad[] = [];
let next = Number(process.env['LOAD_FIRST'] ?? 0);

answerMessages<LoadMessage>({
  add: async ({ count, port, kind, arrival, rampSeconds }) => {
    // In handfuls, so that some can be stopped again.
    const handfuls = Math.min(count, 10);
    const started: Promise<void>[] = [];
    for (let i = 0; i < handfuls; i += 1) {
      const share = Math.floor(((i + 1) * count) / handfuls) - Math.floor((i * count) / handfuls);
      const firstId = String(Number(`${STREAMING}00000000`) + next);
      next += share;
      const ramp = rampSeconds / handfuls;
      const load = await loadStreams({
        count: share,
        host: '127.0.0.1',
        port,
        kind,
        arrival,
        firstId,
        rampSeconds: ramp,
      });
      loads.push(load);
      await load.started;
      started.push(load.started);
    }
    await Promise.all(started);
    return next;
  },
  drop: ({ count }) => {
    let dropped = 0;
    while (dropped < count && loads.length > 0) {
      const load = loads.pop()!;
      load.stop();
      dropped += load.ids.length;
    }
    return dropped;
  },
  connect: async (options) => {
    const control = loadControl({ host: '127.0.0.1', ...options });
    controls.push(control);
    await control.started;
  },
  late: () => loads[0]?.takeLate() ?? 0,
  stats: (): LoadStats => ({
    streaming: sum(({ stats }) => stats.streaming),
    pictures: sum(({ stats }) => stats.pictures),
    skipped: sum(({ stats }) => stats.skipped),
    locations: controls.reduce((total, { stats }) => total + stats.locations, 0),
    answered: controls.reduce((total, { answered }) => total + answered, 0),
    online: controls.reduce((total, { stats }) => total + stats.online, 0),
    cpuMs: cpuMs(),
  }),
});

function sum(of: (load: Load) => number): number {
  return loads.reduce((total, load) => total + of(load), 0);
}
