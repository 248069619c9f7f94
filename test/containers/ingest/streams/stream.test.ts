/** What one channel may send: nothing of it may cost more than its picture does, whatever the pictures and clocks are like. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Log } from '../../../../containers/ingest/src/common/log.ts';
import { Shares } from '../../../../containers/ingest/src/common/memory.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import type { AccessUnit, Gap, Unread } from '../../../../containers/ingest/src/media/unit.ts';
import { LiveStream, type Source } from '../../../../containers/ingest/src/streams/stream.ts';
import { segmentRate } from '../../../../containers/ingest/src/streams/rates.ts';
import type { Stream } from '../../../../lib/contract/device.ts';
import type { PlaybackRow } from '../../../../lib/contract/fleet.ts';
import { annexB, h264Picture, h264Slice, h264Sps, videoUnit } from '../streams.ts';
import { MemoryBucket } from '../task/bucket.ts';
import { OPTIONS } from '../task/cloud.ts';

const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);
const CHANNEL = { number: 1, name: '', live: 'always' };
const RECORD = { id: '13912345678', channels: [CHANNEL], streams: {}, watched: {}, retentionDays: 7 };

/** One channel of a task, and its connection, which notes why it was released. */
function begin(playback?: PlaybackRow) {
  const metrics = new Metrics();
  /** What was written of the channel into its device's record. */
  const written: { readonly stream: Stream; readonly only: unknown }[] = [];
  const services = {
    task: 'task',
    state: {
      stream: (_device: string, _channel: number, said: Stream, only: unknown) => {
        written.push({ stream: said, only });
        return Promise.resolve(true);
      },
    },
    config: { options: OPTIONS, buckets: { media: 'media' } },
    aws: { store: new MemoryBucket() },
    metrics,
    log: new Log({}, () => {}),
    outbox: { put: (_name: string, write: () => Promise<unknown>) => void write() },
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
    const push = (item: AccessUnit | Gap | Unread) => {
      if (item.kind === 'gap') stream.gap(source, item);
      else if (item.kind === 'unread') stream.unread(source, item);
      else stream.unit(source, item);
    };
    return { released, push };
  };
  return { metrics, connect, stream, written };
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

describe('a channel of which there is nothing to see', () => {
  const START = OPTIONS.startSeconds * 1000;
  /** Sound each 100 ms, `from` to `until` milliseconds from now. */
  function watch() {
    const all = begin();
    const connection = all.connect();
    const from = performance.now();
    const each = (begins: number, until: number, item: (at: number) => AccessUnit | Unread) => {
      for (let ms = begins; ms < until; ms += 100) {
        connection.push(item(from + ms));
        if (ms % 1000 === 0) all.stream.tick(from + ms);
      }
    };
    const said = () => all.written.map(({ stream: { state, reason } }) => (reason === undefined ? state : reason));
    return { ...all, connection, each, said, from };
  }
  const sound = (at: number): AccessUnit => ({
    kind: 'audio',
    codec: 'g711a',
    timestamp: T0 + at,
    receivedAt: at,
    data: Buffer.alloc(160),
  });
  const shown = (at: number) => videoUnit(h264Picture(true, 60, 1), T0 + at, at);
  const lone = (at: number) => videoUnit(annexB(h264Slice(true, 60, 1)), T0 + at, at);
  const SOUND_ONLY = 'The device sends sound but no picture.';

  it('sends sound only: the record says so once its time to begin is over, once', () => {
    const { each, said, written, stream, connection } = watch();
    each(0, START, sound);
    expect(said()).toEqual([]);
    each(START, 20 * START, sound);
    expect(said()).toEqual([SOUND_ONLY]);
    // It is received: that is what the task says, and no newer state may be overwritten.
    expect(written[0]).toMatchObject({ stream: { state: 'offline', task: 'task' }, only: 'not-newer' });
    expect([stream.connected, connection.released]).toEqual([true, []]);
  });

  it('sends pictures without parameter sets: says that', () => {
    const { each, said } = watch();
    each(0, 3 * START, lone);
    expect(said()).toEqual([expect.stringContaining('cannot be shown')]);
  });

  it('begins to send pictures after all: is live', async () => {
    const { each, said } = watch();
    each(0, 2 * START, sound);
    each(2 * START, 3 * START, shown);
    await expect.poll(said).toEqual([SOUND_ONLY, 'live']);
  });

  it('loses its picture while sound goes on: what is open is published, the record says so, and says when it is back', async () => {
    const { each, said, metrics } = watch();
    each(0, 2500, shown);
    await expect.poll(said).toEqual(['live']);
    expect(metrics.counts.segments).toBe(1);
    each(2500, 2500 + 3 * START, sound);
    expect(metrics.counts.segments).toBe(2);
    expect(said()).toEqual(['live', SOUND_ONLY]);
    each(2500 + 3 * START, 8000 + 3 * START, shown);
    await expect.poll(said).toEqual(['live', SOUND_ONLY, 'live']);
  });

  const unread =
    (of: Unread['of'], why: string, bytes = 100) =>
    (at: number): Unread => ({ kind: 'unread', of, why, timestamp: T0 + at, receivedAt: at, bytes });
  const SENDS = {
    picture: 'The device sends pictures that cannot be read: they are odd.',
    sound: 'The device sends no picture, and sound that cannot be read: they are odd.',
    data: "The device sends no picture, but data of its maker's own (they are odd).",
  };

  it.each(Object.entries(SENDS))('sends %s that nothing can be made of: is named, and stays', (of, sentence) => {
    const { each, said, written, stream, connection } = watch();
    each(0, 20 * START, unread(of as Unread['of'], 'they are odd'));
    expect(said()).toEqual([sentence]);
    expect(written[0]).toMatchObject({ stream: { state: 'offline', task: 'task' }, only: 'not-newer' });
    expect([stream.connected, connection.released]).toEqual([true, []]);
  });

  it('sends more by and by: the best reason is said, each once', () => {
    const { each, said } = watch();
    each(0, 2 * START, unread('data', 'they are odd'));
    each(2 * START, 3 * START, sound);
    each(3 * START, 4 * START, unread('sound', 'they are odd'));
    each(4 * START, 5 * START, unread('picture', 'they are odd'));
    each(5 * START, 6 * START, unread('picture', 'they are odder'));
    each(6 * START, 7 * START, sound);
    expect(said()).toEqual([SENDS.data, SOUND_ONLY, SENDS.picture]);
  });

  it('sends such a thing between its pictures: is live, and what it is says nothing of its picture', async () => {
    const { each, said, connection } = watch();
    const odd = unread('picture', 'they are odd');
    each(0, 2500, (at) => {
      connection.push(odd(at));
      return shown(at);
    });
    await expect.poll(said).toEqual(['live']);
    each(2500, 2500 + 3 * START, sound);
    expect(said()).toEqual(['live', SOUND_ONLY]);
  });

  it('sends too much of it: is closed, as for pictures', () => {
    const { each, connection } = watch();
    each(0, 5000, unread('data', 'they are odd', OPTIONS.limits.streamBytesPerSecond));
    expect(connection.released[0]).toBe('flood');
  });

  it('sends nothing at all: is stuck, and let go', () => {
    const { stream, from, said, connection } = watch();
    for (let ms = 0; ms < 40_000; ms += 1000) stream.tick(from + ms);
    expect([connection.released, said().slice(0, 1)]).toEqual([['stalled'], ['starting']]);
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
