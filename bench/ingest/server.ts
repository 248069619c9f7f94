/**
 * Measured program: the ingest task, bundled as its image is, with a channel on which it tells what it uses. Nothing of the
 * task is replaced; the lags it measures itself are kept whole instead of sampled.
 */
import { z } from 'zod';
import { readServerConfig } from '../../containers/ingest/src/common/config.ts';
import { startIngest, type Ports } from '../../containers/ingest/src/task/server.ts';
import { taskId } from '../../containers/ingest/src/task/ecs.ts';
import { ingestOptions } from '../../lib/contract/ingest.ts';
import { answerMessages, cpuMs } from './pinned.ts';

export type ServerMessage =
  | { readonly do: 'ports' }
  | { readonly do: 'usage' }
  | { readonly do: 'settle' }
  | { readonly do: 'drain' };
export interface ServerUsage {
  /** Of the process from its start: user and system. */
  readonly cpuMs: number;
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly arrayBuffers: number;
  /** Bytes of open segments and of those that wait for S3. */
  readonly segmentBytes: number;
  readonly streams: number;
  readonly sessions: number;
  /** Since the start. */
  readonly counts: Readonly<Record<string, number>>;
  /** Milliseconds from a segment's last byte being read from its socket to S3's answer for its playlist; since last asked. */
  readonly lags: readonly number[];
}

/** How many streams a task takes is what is measured: the bound of the option is no bound here. */
const unbounded = ingestOptions.extend({
  limits: ingestOptions.shape.limits.extend({ streams: z.int().positive() }),
});
const ingest = await startIngest(readServerConfig(process.env, unbounded), await taskId());
const { metrics } = ingest.services;
let lags: number[] = [];
metrics.lag = (ms) => void lags.push(ms);
const before: Record<string, number> = {};
const counted = (): Record<string, number> => {
  const sum = { ...before };
  for (const [name, count] of Object.entries({ ...metrics.counts, ...metrics.closed, ...metrics.refused }))
    sum[name] = (sum[name] ?? 0) + count;
  return sum;
};
// The task's own report begins its counts anew.
const document = metrics.document.bind(metrics);
metrics.document = (...args) => {
  Object.assign(before, counted());
  return document(...args);
};

answerMessages<ServerMessage>({
  /** Answers how many positions were taken in all. */
  drain: async () => {
    await ingest.drain();
    return counted()['positions'] ?? 0;
  },
  ports: (): Ports => ingest.ports,
  /** Collects garbage as the task itself does when it is calm (task/calm.ts). */
  settle: () => {
    if (globalThis.gc === undefined) throw new Error('the image runs Node with --expose-gc');
    globalThis.gc({ type: 'major', flavor: 'last-resort', execution: 'sync' });
  },
  usage: (): ServerUsage => {
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    const taken = lags;
    lags = [];
    return {
      cpuMs: cpuMs(),
      rss,
      heapUsed,
      arrayBuffers,
      segmentBytes: ingest.streams.all().reduce((sum, stream) => sum + stream.bytes, 0),
      streams: ingest.streams.count,
      sessions: ingest.sessions.count,
      counts: counted(),
      lags: taken,
    };
  },
});
