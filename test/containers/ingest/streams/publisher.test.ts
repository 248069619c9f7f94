/** The writer of a playlist against everything S3 may answer. */
import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES } from '../../../../containers/ingest/src/hls/blocks.ts';
import { parseSegment } from '../../../../lib/contract/live-keys.ts';
import { emptyPlaylist, liveText } from '../../../../lib/contract/live-playlist.ts';
import { Segmenter, type Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { Fence } from '../../../../containers/ingest/src/streams/fence.ts';
import { Publisher, type Published } from '../../../../containers/ingest/src/streams/publisher.ts';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { h264Picture, h264Sps, videoUnit } from '../streams.ts';
import { MemoryBucket } from '../task/bucket.ts';
import { until } from '../task/cloud.ts';

const KEY = 'live/1/1/live.m3u8';
const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);

const fenceOf = (store: MemoryBucket, staleMs = 60_000) =>
  new Fence({ store, bucket: 'b', key: KEY, retentionTag: 'retention=7', targetMs: 2000, staleMs });

/** `count` segments of 2 s and about `bytes` each. */
function segments(count: number, bytes = 4000, from = 0): Segment[] {
  const list: Segment[] = [];
  const segmenter = new Segmenter({ epoch: (at) => T0 + at }, (segment) => list.push(segment));
  for (let n = 0; n < count * 20; n += 1) {
    const ms = from + n * 100;
    segmenter.push(videoUnit(h264Picture(n % 20 === 0, Math.round(bytes / 20), n), T0 + ms, ms));
  }
  segmenter.end();
  return list;
}

function publisherOf(store: MemoryBucket, bufferBytes = 1_000_000) {
  const metrics = new Metrics();
  const published: Published[] = [];
  let lost = 0;
  const publisher = new Publisher({
    store,
    fence: fenceOf(store, Infinity),
    bucket: 'b',
    prefix: 'live/1/1/',
    relative: '',
    retentionTag: 'retention=7',
    window: { windowMs: 60_000, maxEntries: 100 },
    bufferBytes,
    metrics,
    failed: () => {},
    published: (what) => published.push(what),
    lost: () => (lost += 1),
  });
  return { publisher, metrics, published, lostCount: () => lost };
}

const listed = (store: MemoryBucket) => readLivePlaylist(store.objects.get(KEY)?.body.toString() ?? '')?.entries ?? [];

describe('a claim', () => {
  it.each([404, 403])('of a stream that was never published begins at epoch 1 (%i)', async (status) => {
    const store = new MemoryBucket();
    store.missing = status;
    const fence = fenceOf(store);
    expect(await fence.claim(T0)).toEqual(emptyPlaylist(2000));
    expect(fence.epoch).toBe(1);
    expect(store.objects.get(KEY)!.headers).toMatchObject({
      'x-amz-meta-epoch': '1',
      'x-amz-tagging': 'retention=7',
      'cache-control': 'max-age=1',
    });
  });

  it('goes on from what is there, and shuts the one before out though the text is the same', async () => {
    const store = new MemoryBucket();
    const first = fenceOf(store);
    const state = await first.claim(T0);
    const text = liveText({ ...state, mediaSequence: 7, discontinuitySequence: 2 });
    expect(await first.write(text)).toBe(true);
    const second = fenceOf(store);
    expect(await second.claim(T0)).toMatchObject({ mediaSequence: 7, discontinuitySequence: 2 });
    expect(second.epoch).toBe(2);
    expect(await first.write(text)).toBe(false);
    expect(await second.write(text)).toBe(true);
  });

  it('lets entries go that are no longer wanted, and its numbers only grow', async () => {
    const store = new MemoryBucket();
    const { publisher } = publisherOf(store);
    for (const segment of segments(3)) publisher.add(segment);
    await publisher.close(performance.now() + 5000);
    expect(await fenceOf(store, 60_000).claim(T0 + 3_600_000)).toMatchObject({ mediaSequence: 3, entries: [] });
  });

  it('of something else under that name never counts back', async () => {
    const store = new MemoryBucket();
    store.objects.set(KEY, { body: Buffer.from('<html>'), headers: {}, etag: '"x"' });
    const { mediaSequence } = await fenceOf(store).claim(T0);
    expect(mediaSequence).toBe(T0 / 1000);
  });

  it('is won by one of two at the same moment', async () => {
    const store = new MemoryBucket();
    const [a, b] = [fenceOf(store), fenceOf(store)];
    await Promise.all([a.claim(T0), b.claim(T0)]);
    expect([a.epoch, b.epoch].sort()).toEqual([1, 2]);
    const winner = a.epoch === 2 ? a : b;
    const loser = winner === a ? b : a;
    expect([await loser.write('x'), await winner.write('y')]).toEqual([false, true]);
  });
});

describe('a writer', () => {
  it('whose answer was lost is still the writer', async () => {
    const store = new MemoryBucket();
    const fence = fenceOf(store);
    await fence.claim(T0);
    store.trouble = (method) => (method === 'PUT' ? 'lost' : undefined);
    await expect(fence.write('one')).rejects.toThrow('no answer');
    store.trouble = () => undefined;
    expect(await fence.write('two')).toBe(true);
    expect(store.objects.get(KEY)!.body.toString()).toBe('two# epoch 1\n');
  });

  it('writes anew what was removed, and throws what S3 refuses', async () => {
    const store = new MemoryBucket();
    const fence = fenceOf(store);
    await fence.claim(T0);
    store.objects.delete(KEY);
    expect(await fence.write('again')).toBe(true);
    store.trouble = () => 503;
    await expect(fence.write('more')).rejects.toThrow('HTTP 503');
  });
});

describe('publishing', () => {
  it('writes each segment before the playlist that lists it, and an initialization section once', async () => {
    const store = new MemoryBucket();
    const { publisher, published } = publisherOf(store);
    publisher.open();
    await until(
      'claimed',
      () => store.puts.length,
      (n) => n === 1,
    );
    for (const segment of segments(2)) {
      publisher.add(segment);
      await until(
        'published',
        () => publisher.bytes,
        (bytes) => bytes === 0,
      );
    }
    await publisher.close(performance.now() + 5000, '#EXT-X-ENDLIST\n');
    const kinds = store.puts.map((key) =>
      key.endsWith('.mp4') ? 'init' : key.endsWith('.m4s') ? 'segment' : 'playlist',
    );
    expect(kinds).toEqual(['playlist', 'init', 'segment', 'playlist', 'segment', 'playlist', 'playlist']);
    expect(published.map(({ epoch }) => epoch)).toEqual([1, 1]);
    expect(store.objects.get(KEY)!.body.toString()).toContain('#EXT-X-ENDLIST');
    const [segment] = store.puts.filter((key) => key.endsWith('.m4s'));
    const { width, height } = published[0]!.segment.init;
    expect(parseSegment(segment!)!.lines).toBe(Math.min(width, height));
    expect(store.objects.get(segment!)!.headers).toMatchObject({
      'x-amz-tagging': 'retention=7',
      'cache-control': 'max-age=86400, immutable',
    });
  });

  it('tries again, in order, and loses nothing while the buffer lasts', async () => {
    const store = new MemoryBucket();
    const { publisher, metrics } = publisherOf(store);
    let calls = 0;
    const failing = new Set([1, 3, 6, 7, 10, 12]);
    store.trouble = () => (failing.has((calls += 1)) ? (calls % 2 === 0 ? 'down' : 500) : undefined);
    for (const segment of segments(4)) publisher.add(segment);
    await publisher.close(performance.now() + 20_000);
    expect(listed(store).map(({ gap, programDateTime }) => [gap, programDateTime - T0])).toEqual(
      [0, 2000, 4000, 6000].map((at) => [false, at]),
    );
    expect(metrics.counts.storeRetries).toBe(6);
    expect(metrics.counts.droppedSegments).toBe(0);
  });

  it('drops whole segments, oldest first, never more memory than it may, and lists them as gaps', async () => {
    const store = new MemoryBucket();
    const most = 3 * BLOCK_BYTES;
    const { publisher, metrics } = publisherOf(store, most);
    store.trouble = () => 'down';
    const all = segments(10);
    const bodies = all.map(({ parts }) => Buffer.concat(parts));
    for (const segment of all) {
      publisher.add(segment);
      expect(publisher.bytes).toBeLessThanOrEqual(most);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const dropped = metrics.counts.droppedSegments;
    expect(dropped).toBeGreaterThan(4);
    store.trouble = () => undefined;
    await publisher.close(performance.now() + 10_000);
    const entries = listed(store);
    expect(entries.map(({ gap }) => gap)).toEqual(all.map((_, i) => i < dropped));
    expect(entries[dropped]!.discontinuity).toBe(true);
    entries.forEach(({ gap, uri }, i) => {
      expect(store.objects.get(`live/1/1/${uri}`)?.body.equals(bodies[i]!)).toBe(gap ? undefined : true);
    });
    expect(publisher.bytes).toBe(0);
  });

  it('remembers no more dropped segments than a playlist could use', async () => {
    const store = new MemoryBucket();
    const { publisher } = publisherOf(store, 5000);
    store.trouble = () => 'down';
    for (let n = 0; n < 30; n += 1) for (const segment of segments(3, 4000, n * 6000)) publisher.add(segment);
    store.trouble = () => undefined;
    await publisher.close(performance.now() + 10_000);
    const gaps = listed(store).filter(({ gap }) => gap).length;
    expect(gaps).toBeLessThanOrEqual(30);
    expect(gaps).toBeGreaterThan(20);
  });

  it('ends when somebody else has claimed the stream, and takes nothing more', async () => {
    const store = new MemoryBucket();
    const { publisher, metrics, lostCount } = publisherOf(store);
    const [one, two, three] = segments(3);
    publisher.add(one!);
    await until(
      'published',
      () => listed(store).length,
      (n) => n === 1,
    );
    await fenceOf(store, Infinity).claim(T0);
    publisher.add(two!);
    await until('lost', lostCount, (n) => n === 1);
    const puts = store.puts.length;
    publisher.add(three!);
    await publisher.close(performance.now() + 1000);
    expect([publisher.dead, publisher.bytes, metrics.counts.fencesLost, store.puts.length - puts]).toEqual([
      true,
      0,
      1,
      0,
    ]);
    expect(listed(store)).toHaveLength(1);
  });

  it('gives up at its deadline', async () => {
    const store = new MemoryBucket();
    const { publisher } = publisherOf(store);
    store.trouble = () => 'down';
    publisher.add(segments(1)[0]!);
    const began = performance.now();
    await publisher.close(began + 300);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([publisher.dead, publisher.bytes]).toEqual([true, 0]);
  });
});

it('writes an initialization section once, and remembers so many of them only', async () => {
  const store = new MemoryBucket();
  const { publisher } = publisherOf(store, 10_000_000);
  const list: Segment[] = [];
  const segmenter = new Segmenter({ epoch: (at) => T0 + at }, (segment) => list.push(segment));
  const columns = [10, 10, ...Array.from({ length: 40 }, (_, n) => 11 + n), 50, 10];
  for (const [n, each] of columns.entries()) {
    segmenter.push(videoUnit(h264Picture(true, 60, n, h264Sps({ columns: each })), T0 + 2000 * n, 2000 * n));
  }
  segmenter.end();
  for (const segment of list) publisher.add(segment);
  await publisher.close(performance.now() + 5000);
  const written = store.puts.filter((key) => key.includes('/init-'));
  expect([list.length, new Set(written).size, written.length]).toEqual([44, 41, 42]);
  expect(written.at(-1)).toBe(written[0]);
});
