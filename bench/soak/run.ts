/** A run from its first device to the last thing that was looked for. */
import { presets } from '../../local/device/clip.ts';
import { MB, round, wait } from '../ingest/figures.ts';
import { startFleet, VIDEO, ZONE_MINUTES, type Fleet } from './fleet.ts';
import { Ledger, type Account, type Stored } from './ledger.ts';
import type { Sample } from './memory.ts';
import { startPlatform, type Platform } from './platform.ts';
import { listSegments, readStored } from './stored.ts';

export interface Wanted {
  readonly minutes: number;
  readonly devices: number;
  readonly seed: number;
  /** An empty folder. */
  readonly scratch: string;
  readonly log: (line: string) => void;
}

export interface Outcome {
  readonly accounts: Readonly<Record<'points' | 'alarms' | 'files' | 'segments', Account>>;
  readonly samples: readonly Sample[];
  /** Of a core, 0 to 1. */
  readonly cpu: number;
  /** How often a device broke its connections. */
  readonly breaks: number;
  /** Seconds of pictures that devices sent, and of segments that were stored. */
  readonly sentSeconds: number;
  readonly storedSeconds: number;
  /** By the task's own count. */
  readonly counts: Readonly<Record<string, number>>;
}

const SAMPLE_SECONDS = 5;
/** Before every so many samples garbage is collected: what is left then is in use. */
const SETTLE_EVERY = 3;

export async function soak(wanted: Wanted): Promise<Outcome> {
  const { devices, seed, scratch, log } = wanted;
  const begun = Date.now();
  const ledger = new Ledger(ZONE_MINUTES);
  const platform = await startPlatform(scratch, log);
  let fleet: Fleet | undefined;
  try {
    fleet = await startFleet(platform, devices, ledger, seed);
    const { samples, cpu } = await observe(platform, fleet, ledger, wanted);
    await fleet.close();
    // What its devices have sent is read before the task is told to end.
    await wait(3);
    await platform.drain();
    const { counts } = await platform.usage();
    log('looking for what was acknowledged');
    const stored = new Map<string, Stored>();
    let [segments, storedSeconds] = [0, 0];
    for (const id of fleet.ids) {
      stored.set(id, await readStored(platform, id, begun));
      const listed = await listSegments(platform, id);
      segments += listed.length;
      storedSeconds += listed.reduce((sum, { duration }) => sum + duration / 1000, 0);
    }
    const { segments: taken = 0, droppedSegments = 0 } = counts;
    return {
      accounts: {
        ...ledger.audit(stored),
        segments: {
          acknowledged: taken + droppedSegments,
          lost: Math.max(0, taken - segments) + droppedSegments,
          examples: [],
        },
      },
      samples,
      cpu,
      breaks: fleet.breaks,
      sentSeconds: fleet.stats('pictures') / presets[VIDEO].frameRate,
      storedSeconds,
      counts,
    };
  } finally {
    await fleet?.close();
    await platform.close();
  }
}

async function observe(platform: Platform, fleet: Fleet, ledger: Ledger, { minutes, log }: Wanted) {
  const samples: Sample[] = [];
  const begun = performance.now();
  const first = await platform.usage();
  const passed = () => (performance.now() - begun) / 60_000;
  let told = 0;
  let latest: Sample | undefined;
  for (let n = 1; passed() < minutes; n += 1) {
    await wait(Math.max(0, n * SAMPLE_SECONDS - passed() * 60));
    const settled = n % SETTLE_EVERY === 0;
    if (settled) await platform.settle();
    const { rss, heapUsed, arrayBuffers } = await platform.usage();
    const sample = { minutes: passed(), rss, heapUsed, arrayBuffers, settled };
    samples.push(sample);
    if (settled) latest = sample;
    if (passed() < told + 1) continue;
    told += 1;
    const { points, alarms, files } = ledger.counts;
    log(
      `minute ${told}: RSS ${round(rss / MB, 1)} MB, after collecting ${round((latest?.rss ?? 0) / MB, 1)} MB, heap used ${round((latest?.heapUsed ?? 0) / MB, 2)} MB, ` +
        `buffers ${round((latest?.arrayBuffers ?? 0) / MB, 2)} MB; online ${fleet.stats('online')}, streaming ${fleet.stats('streaming')}, ` +
        `acknowledged ${points} points, ${alarms} alarms, ${files} files; ${fleet.breaks} breaks`,
    );
  }
  const last = await platform.usage();
  return { samples, cpu: (last.cpuMs - first.cpuMs) / (passed() * 60_000) };
}
