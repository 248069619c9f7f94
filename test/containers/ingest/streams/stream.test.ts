/** What one channel may send: nothing of it may cost more than its picture does, whatever the pictures and clocks are like. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { Shares } from '../../../../containers/ingest/src/common/memory.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import type { AccessUnit, Gap } from '../../../../containers/ingest/src/media/unit.ts';
import { LiveStream, type Source } from '../../../../containers/ingest/src/streams/stream.ts';
import { segmentRate } from '../../../../containers/ingest/src/streams/rates.ts';
import type { PlaybackRow } from '../../../../lib/contract/fleet.ts';
import { h264Picture, h264Sps, videoUnit } from '../streams.ts';
import { MemoryBucket } from '../task/bucket.ts';
import { OPTIONS } from '../task/cloud.ts';

const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);
const CHANNEL = { number: 1, name: '', live: 'always' };
const RECORD = { id: '13912345678', channels: [CHANNEL], streams: {}, watched: {}, retentionDays: 7 };

/** One channel of a task, and its connection, which notes why it was released. */
function begin(playback?: PlaybackRow) {
  const metrics = new Metrics();
  const services = {
    task: 'task',
    config: { options: OPTIONS, buckets: { media: 'media' } },
    aws: { store: new MemoryBucket() },
    metrics,
    log: new Log({}, () => {}),
    outbox: { put: () => {} },
    rates: { segments: segmentRate(OPTIONS.segmentSeconds) },
    sounds: { open: () => undefined },
    memory: { segments: new Shares(OPTIONS.limits.bufferBytes) },
  };
  const stream = new LiveStream(services as never, {
    record: RECORD as never,
    channel: 1,
    ...(playback && { playback }),
    ended: () => {},
  });
  const connect = () => {
    const released: string[] = [];
    const source: Source = {
      address: '127.0.0.1',
      firstTimestamp: () => undefined,
      release: (why) => {
        released.push(why);
        stream.detach(source);
      },
    };
    stream.attach(source, RECORD as never, undefined);
    const push = (item: AccessUnit | Gap) =>
      item.kind === 'gap' ? stream.gap(source, item) : stream.unit(source, item);
    return { released, push };
  };
  return { metrics, connect };
}

const picture = (key: boolean, ms: number, { at = ms, sps = undefined as Buffer | undefined, size = 60 } = {}) =>
  videoUnit(h264Picture(key, size, ms % 1000, sps), T0 + at, ms);

describe('bytes', () => {
  it('of sound count, too, against what a channel may send', () => {
    const { connect } = begin();
    const { released, push } = connect();
    const frames = [Buffer.alloc(8180), Buffer.alloc(8180)];
    let pushed = 0;
    for (let ms = 0; ms < 5000 && released.length === 0; ms += 1) {
      pushed += 2 * 8180;
      push({
        kind: 'aac',
        config: { sampleRate: 96_000, channels: 2 },
        timestamp: T0 + 20 * ms,
        receivedAt: ms,
        frames,
      });
    }
    expect(released).toEqual(['flood']);
    expect(pushed).toBeLessThanOrEqual(10 * OPTIONS.limits.streamBytesPerSecond + 2 * 8180);
  });
});

describe('segments', () => {
  // Minutes begin together for all channels; these tests are to lie in one.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: T0 }));
  afterEach(() => void vi.useRealTimers());

  const SPS = [h264Sps(), h264Sps({ columns: 24 })];
  const GAP: Gap = { kind: 'gap', why: 'loss' };
  /** 1,000 in 10 s. */
  const many = (each: (n: number) => readonly (AccessUnit | Gap)[]) =>
    Array.from({ length: 1000 }, (_, n) => each(n)).flat();
  /** Sends all of it, and comes again as often as its connection is closed. */
  function send(items: readonly (AccessUnit | Gap)[]) {
    const { metrics, connect } = begin();
    let connection = connect();
    let closed = 0;
    for (const item of items) {
      connection.push(item);
      if (connection.released.length === 0) continue;
      expect(connection.released).toEqual(['flood']);
      closed += 1;
      connection = connect();
    }
    const { counts } = metrics;
    return { connect, closed, counts };
  }

  it.each([
    ['of two parameter sets in turn', many((n) => [picture(true, 10 * n, { sps: SPS[n % 2]! })])],
    [
      'each of another parameter set',
      many((n) => [
        picture(true, 10 * n, { sps: h264Sps({ columns: 10 + (n % 100), rows: 10 + Math.floor(n / 100) }) }),
      ]),
    ],
    ['of a clock that runs 200 times too fast', many((n) => [picture(true, 10 * n, { at: 2000 * n })])],
    ['with a gap behind each picture', many((n) => [picture(true, 10 * n), GAP])],
  ])('have a bound in a minute, over all connections: %s', (_, items) => {
    const { closed, counts } = send(items);
    expect(closed).toBeGreaterThan(100);
    expect(counts.segments).toBeGreaterThan(40);
    expect(counts.segments).toBeLessThanOrEqual(30 + 60);
    expect(counts.droppedSegments).toBeGreaterThan(100);
  });

  it('come again in the next minute', () => {
    const { connect, counts } = send(many((n) => [picture(true, 10 * n), GAP]));
    vi.setSystemTime(T0 + 60_000);
    const before = counts.segments;
    const connection = connect();
    for (const item of [picture(true, 60_000), GAP, picture(true, 62_000), GAP]) connection.push(item);
    expect(counts.segments - before).toBe(2);
  });

  /** A minute of pictures, ten a second. */
  const minute = (gop: number, more: (n: number) => { sps?: Buffer; at?: number } = () => ({})) =>
    Array.from({ length: 600 }, (_, n) => picture(n % gop === 0, 100 * n, more(n)));
  it.each([
    ['as they should be', minute(20), 29],
    [
      'of a link that loses something each second',
      minute(10).flatMap((unit, n) => (n % 10 === 7 ? [unit, GAP] : [unit])),
      60,
    ],
    ['of an encoder that changes every 4 s', minute(20, (n) => ({ sps: SPS[Math.floor(n / 40) % 2]! })), 29],
    ['of a minute that comes at once', minute(20).map((unit) => ({ ...unit, receivedAt: 0 })), 29],
  ])('of an honest device are all published: %s', (_, items, least) => {
    const { closed, counts } = send(items);
    expect([closed, counts.droppedSegments]).toEqual([0, 0]);
    expect(counts.segments).toBeGreaterThanOrEqual(least);
  });

  it('of a device whose link breaks every 2 s are all published', () => {
    const { metrics, connect } = begin();
    let connection = connect();
    for (const [n, unit] of minute(10).entries()) {
      if (n % 20 === 15) connection = connect();
      connection.push(unit);
      expect(connection.released).toEqual([]);
    }
    expect(metrics.counts.droppedSegments).toBe(0);
    expect(metrics.counts.segments).toBeGreaterThan(25);
  });

  it.each([
    [1, 90],
    [16, 1000],
  ])('of a recording that is played back %i times as fast: %i of 1,000 in a minute', (speed, most) => {
    const { from, to } = { from: new Date(T0).toISOString(), to: new Date(T0 + 3_600_000).toISOString() };
    const { metrics, connect } = begin({
      device: RECORD.id,
      channel: 1,
      requestId: '0123456789abcdef0123456789abcdef',
      from,
      to,
      speed,
    } as PlaybackRow);
    const { push } = connect();
    for (let n = 0; n < 1000; n += 1) push(picture(true, 10 * n, { at: 2000 * n }));
    // One is open yet, and the first one changes what segments begin with.
    expect(metrics.counts.segments).toBe(most - 1);
  });
});
