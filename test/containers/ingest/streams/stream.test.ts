/** What one channel may send: nothing of it may cost more than its picture does, whatever the pictures and clocks are like. */
import { describe, expect, it } from 'vitest';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { Shares } from '../../../../containers/ingest/src/common/memory.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import type { AccessUnit, Gap } from '../../../../containers/ingest/src/media/unit.ts';
import { LiveStream, type Source } from '../../../../containers/ingest/src/streams/stream.ts';
import { h264Picture, videoUnit } from '../streams.ts';
import { MemoryBucket } from '../task/bucket.ts';
import { OPTIONS } from '../task/cloud.ts';

const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);
const CHANNEL = { number: 1, name: '', live: 'always' };
const RECORD = { id: '13912345678', channels: [CHANNEL], streams: {}, watched: {}, retentionDays: 7 };

/** One channel of a task, and its connection, which notes why it was released. */
function begin() {
  const metrics = new Metrics();
  const services = {
    task: 'task',
    config: { options: OPTIONS, buckets: { media: 'media' } },
    aws: { store: new MemoryBucket() },
    metrics,
    log: new Log({}, () => {}),
    outbox: { put: () => {} },
    sounds: { open: () => undefined },
    memory: { segments: new Shares(OPTIONS.limits.bufferBytes) },
  };
  const stream = new LiveStream(services as never, { record: RECORD as never, channel: 1, ended: () => {} });
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
  return { metrics, stream, connect };
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
