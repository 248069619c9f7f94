/** The usual design under the same streams: how many one core holds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicUsage } from './classic.ts';
import { holds, kinds, quantile, round, share, wait, type Kind, type Window } from './figures.ts';
import type { AddStreams } from './load.ts';
import { Loads, loadUse } from './loads.ts';
import { coreBusyMs, fileOf, otherCoresBusyMs, Program } from './pinned.ts';

export interface ClassicCase {
  readonly kind: Kind;
  readonly mode: 'copy' | 'x264';
  readonly ffmpeg: string;
  readonly scratch: string;
  readonly quick: boolean;
  readonly log: (line: string) => void;
}

export interface ClassicResult {
  readonly streams: number;
  readonly cpuMsPerStreamSecond: number;
  readonly windows: readonly Window[];
}

export async function measureClassic({ kind, mode, ffmpeg, scratch, quick, log }: ClassicCase): Promise<ClassicResult> {
  const folder = await mkdtemp(join(scratch, 'classic-'));
  const { frameRate, segmentSeconds } = kinds[kind];
  const server = new Program(fileOf('classic.ts'), {
    measured: true,
    env: { CLASSIC_FOLDER: folder, CLASSIC_FFMPEG: ffmpeg, CLASSIC_MODE: mode, CLASSIC_RATE: String(frameRate) },
  });
  const load = new Loads();
  const usage = () => server.ask<ClassicUsage>({ do: 'usage' });
  let count = 0;
  const grow = async (to: number): Promise<void> => {
    if (to < count) count -= await load.drop(count - to);
    const port = await server.ask<number>({ do: 'port' });
    const add: AddStreams = { do: 'add', count: to - count, port, kind, arrival: 'burst', rampSeconds: segmentSeconds };
    if (to > count) await load.add(add);
    count = to;
  };
  const window = async (seconds: number): Promise<Window> => {
    await load.late();
    const { skipped, cpuMs: loadBefore } = await load.stats();
    const box = otherCoresBusyMs();
    const before = await usage();
    const busy = coreBusyMs();
    const begun = performance.now();
    await wait(seconds);
    const after = await usage();
    const passed = (performance.now() - begun) / 1000;
    const busyMs = coreBusyMs() - busy;
    const boxMs = otherCoresBusyMs() - box;
    const cpuMs = after.cpuMs - before.cpuMs;
    const { lags } = after;
    const then = await load.stats();
    const seen: Window = {
      streams: count,
      seconds: round(passed, 1),
      cpu: cpuMs / 1000 / passed,
      othersCpu: Math.max(0, (busyMs - cpuMs) / 1000 / passed),
      cpuMsPerStreamSecond: cpuMs / passed / count,
      p50: round(quantile(lags, 0.5)),
      p99: round(quantile(lags, 0.99)),
      max: round(lags.reduce((most, lag) => Math.max(most, lag), 0)),
      segments: lags.length,
      expectedSegments: Math.floor((count * passed) / segmentSeconds) - 1,
      faults: after.failed + then.skipped - skipped,
      ...loadUse(then.cpuMs, loadBefore, boxMs, passed),
      loadLate: round(await load.late()),
    };
    log(
      `  ${count} streams: ${holds(seen) ? 'held' : 'NOT held'}; ${round(seen.cpu * 100)} % of the core, lag p50 ${seen.p50} max ${seen.max} ms, ${seen.segments} of ${seen.expectedSegments} segments`,
    );
    return seen;
  };
  try {
    await grow(mode === 'copy' ? 4 : 1);
    await wait(2 * segmentSeconds);
    const probe = await window(quick ? 6 : 8);
    if (probe.segments === 0) throw new Error(`${ffmpeg} made no segment (${mode})`);
    const tried: Window[] = [probe];
    for (
      let aim = Math.max(1, Math.floor(share(probe.othersCpu) / (probe.cpu / count))), left = quick ? 2 : 3;
      left > 0 && aim > 0;
      left -= 1
    ) {
      await grow(aim);
      await wait(2 * segmentSeconds);
      const seen = await window(quick ? 8 : 15);
      tried.push(seen);
      if (holds(seen)) break;
      aim = Math.min(aim - 1, Math.floor(aim * 0.8));
      // What it is behind with is made up for first.
      await grow(1);
      await wait(quick ? 3 : 5);
    }
    const held = tried.filter(holds).toSorted((a, b) => b.streams - a.streams)[0];
    return {
      streams: held?.streams ?? 0,
      cpuMsPerStreamSecond: round((held ?? probe).cpuMsPerStreamSecond, 2),
      windows: tried,
    };
  } finally {
    await load.end();
    await server.end();
    await rm(folder, { recursive: true, force: true });
  }
}
