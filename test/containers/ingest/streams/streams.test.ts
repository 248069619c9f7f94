/** Who comes to send a channel, as often as they like. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { Shares } from '../../../../containers/ingest/src/common/memory.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { arrivalRate, segmentRate } from '../../../../containers/ingest/src/streams/rates.ts';
import { Streams } from '../../../../containers/ingest/src/streams/streams.ts';
import { MemoryBucket } from '../task/bucket.ts';
import { OPTIONS } from '../task/cloud.ts';

const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);
const channel = (number: number, live: string) => ({ number, name: '', live });
const RECORD = {
  id: '13912345678',
  channels: [channel(1, 'always'), channel(2, 'always'), channel(3, 'never')],
  streams: {},
  watched: {},
  retentionDays: 7,
  online: true,
  network: '10.1.1.0/24',
};

// Minutes begin together for all channels; these tests are to lie in one.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: T0 }));
afterEach(() => void vi.useRealTimers());

function begin(options = OPTIONS) {
  const metrics = new Metrics();
  let asked = 0;
  const ask = <T>(answer: T) => {
    asked += 1;
    return Promise.resolve(answer);
  };
  const services = {
    task: 'task',
    config: { options, buckets: { media: 'media' } },
    aws: { store: new MemoryBucket() },
    metrics,
    log: new Log({}, () => {}),
    registry: { fresh: () => ask(RECORD) },
    fleet: { playback: () => ask(undefined) },
    outbox: { put: () => (asked += 1) },
    sounds: { open: () => undefined },
    rates: { arrivals: arrivalRate(), segments: segmentRate(options.segmentSeconds) },
    memory: { segments: new Shares(options.limits.bufferBytes) },
  };
  const streams = new Streams(services as never);
  /** Whether each of `count` connections may send. */
  const come = async (count: number, number: (n: number) => number, address = '10.1.1.9') => {
    let taken = 0;
    for (let n = 0; n < count; n += 1) {
      const source = { address, firstTimestamp: () => undefined, release: () => {} };
      const stream = await streams.attach(RECORD as never, number(n), source);
      if (stream === undefined) continue;
      taken += 1;
      stream.detach(source);
    }
    return taken;
  };
  return { metrics, streams, come, asked: () => asked };
}

it('knows for a while what else of a device was asked for here', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: T0 });
  const { streams } = begin();
  streams.expect('1', 2, 'request');
  expect(streams.expectsOther('1', new Set([1]))).toBe(true);
  expect(streams.expectsOther('1', new Set([1, 2]))).toBe(false);
  expect(streams.expectsOther('2', new Set())).toBe(false);
  vi.advanceTimersByTime(OPTIONS.startSeconds * 1000);
  expect(streams.expectsOther('1', new Set([1]))).toBe(false);
});

it('is refused before anything is read or written, beyond 60 a minute of one channel; its others are not', async () => {
  const { metrics, come, asked } = begin();
  expect(await come(60, () => 1)).toBe(60);
  const before = asked();
  expect(await come(1000, () => 1)).toBe(0);
  expect(asked()).toBe(before);
  expect(metrics.refused.tooOften).toBe(1000);
  expect(await come(1, () => 2)).toBe(1);
  vi.setSystemTime(T0 + 60_000);
  expect(await come(1, () => 1)).toBe(1);
});

it.each([
  ['a channel that may not be sent', () => 3],
  ['channels that the device has not, all together', (n: number) => 10 + (n % 240)],
])('costs no more for %s', async (_, number) => {
  const { metrics, come, asked } = begin();
  expect(await come(1000, number)).toBe(0);
  expect(asked()).toBe(60 * 2);
  expect(metrics.refused.tooOften).toBe(940);
  expect(await come(60, () => 1)).toBe(60);
});

it('takes nothing of the device that comes from where its control connection does', async () => {
  const { come, asked } = begin({ ...OPTIONS, sameNetwork: true });
  expect(await come(1000, () => 1, '10.9.9.9')).toBe(0);
  expect(asked()).toBe(60);
  expect(await come(60, () => 1)).toBe(60);
});
