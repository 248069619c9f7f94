/** Control connections: idle ones, and ones that report where they are. */
import { round, wait } from './figures.ts';
import type { Connect } from './load.ts';
import { Task, type TaskOptions } from './task.ts';

export interface IdleResult {
  readonly connections: number;
  /** Of the whole process, bytes. */
  readonly rss: number;
  readonly idleRss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  readonly cpu: number;
}

/** Addresses the connections come from: each has its own ports, and limits are by address. */
const addresses = (count: number): string[] => Array.from({ length: count }, (_, i) => `127.0.0.${2 + i}`);
const CONNECTS = 400;
const HANDFUL = 400;

export async function measureIdle(options: TaskOptions, count: number, seconds: number): Promise<IdleResult> {
  const task = await Task.start(options);
  try {
    const { rss: idleRss } = await task.usage();
    // The next ones come when the ones before are in: a busy machine takes longer, and nobody is kept waiting too long.
    for (let done = 0; done < count; done += HANDFUL) {
      const connect: Connect = {
        do: 'connect',
        count: Math.min(HANDFUL, count - done),
        port: task.ports.control,
        locationsPerSecond: 0,
        connectsPerSecond: CONNECTS,
        firstId: String(15_000_000_000 + done),
        localAddresses: addresses(16),
      };
      await task.load.connect(connect);
    }
    await wait(seconds);
    const before = await task.usage();
    await wait(5);
    const after = await task.usage();
    const { online } = await task.load.stats();
    if (online !== count || after.sessions !== count)
      throw new Error(`of ${count} connections ${online} are up, and the task knows ${after.sessions}`);
    const { rss, heapUsed, arrayBuffers } = after;
    return {
      connections: count,
      rss,
      idleRss,
      heapUsed,
      arrayBuffers,
      cpu: round((after.cpuMs - before.cpuMs) / 5000, 3),
    };
  } finally {
    await task.end();
  }
}

export interface LocationResult {
  readonly connections: number;
  readonly offeredPerSecond: number;
  readonly answeredPerSecond: number;
  readonly cpu: number;
  readonly cpuMicrosPerMessage: number;
  /** Points taken since the start; those that are in the table once the task has drained; and the items they are in. */
  readonly taken: number;
  readonly stored: number;
  readonly items: number;
}

export async function measureLocations(
  options: TaskOptions,
  perSecond: number,
  seconds: number,
): Promise<LocationResult> {
  const connections = 2000;
  const task = await Task.start(options);
  try {
    // As above: those that are in report already while the next ones come.
    for (let done = 0; done < connections; done += HANDFUL) {
      const count = Math.min(HANDFUL, connections - done);
      const connect: Connect = {
        do: 'connect',
        count,
        port: task.ports.control,
        locationsPerSecond: (perSecond * count) / connections,
        connectsPerSecond: CONNECTS,
        firstId: String(15_000_000_000 + done),
        localAddresses: addresses(4),
      };
      await task.load.connect(connect);
    }
    await wait(3);
    const stats = () => task.load.stats();
    const [before, used] = [await stats(), await task.usage()];
    const begun = performance.now();
    await wait(seconds);
    const [after, usage] = [await stats(), await task.usage()];
    const passed = (performance.now() - begun) / 1000;
    await task.load.end();
    const cpuMs = usage.cpuMs - used.cpuMs;
    await wait(1);
    // The last points would wait for a minute; a task that ends writes what it has.
    const taken = await task.server.ask<number>({ do: 'drain' });
    const { positions: stored, positionItems: items } = await task.counts();
    return {
      connections,
      offeredPerSecond: round((after.locations - before.locations) / passed),
      answeredPerSecond: round((after.answered - before.answered) / passed),
      cpu: round(cpuMs / 1000 / passed, 3),
      cpuMicrosPerMessage: round((cpuMs * 1000) / Math.max(1, after.answered - before.answered), 1),
      taken,
      stored,
      items,
    };
  } finally {
    await task.end();
  }
}
