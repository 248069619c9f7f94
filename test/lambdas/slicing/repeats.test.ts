/** Where a held picture is repeated. That it is seen to be is in odd-files.test.ts. */
import { describe, expect, it } from 'vitest';
import { repeated, repeatsIn, repeatsOfFew } from '../../../lambdas/slicing/repeats.ts';
import { ScanReader } from '../../../lambdas/slicing/scan.ts';
import { segmentTable } from '../../../lambdas/slicing/segment-table.ts';
import type { IndexedTrack } from '../../../lib/media/sample-table.ts';

describe('segments cut at multiples', () => {
  it.each<[number, number, number, number[]]>([
    [0.9, 13, 2, [2, 4, 6, 8, 10, 12]],
    // A picture that begins with the segment is no repeat; nor is one that is held for a moment.
    [0.9, 12, 2, [2, 4, 6, 8, 10]],
    [0.9, 12.2, 2, [2, 4, 6, 8, 10]],
    [5.9, 30, 6, [6, 12, 18, 24]],
    [6, 30, 6, [12, 18, 24]],
    // As long as they may be without.
    [0, 10, 6, []],
    [5, 10.4, 6, []],
    [5, 10.6, 6, [6]],
  ])('a hole from %d to %d s, segments of %d s', (from, to, segmentSeconds, times) => {
    expect(repeatsIn([{ from, to }], segmentSeconds)).toEqual(times);
  });

  it('of a day are no more than a command line holds', () => {
    const times = repeatsIn([{ from: 1, to: 86_400 }], 6);
    expect(times).toHaveLength(600);
    expect(repeated(times)[0]!.length).toBeLessThan(100_000);
  });

  it('nothing is changed where nothing is held', () => {
    expect(repeated(repeatsIn([{ from: 0, to: 1 }], 6))).toEqual([]);
  });
});

it('holes are between what is shown one after another, and to the end of all', () => {
  const reader = new ScanReader(2);
  reader.line('#tb 0: 1/8');
  reader.line('#tb 1: 1/8');
  // A picture that is decoded after one it is shown before.
  for (const [dts, pts] of [
    [0, 0],
    [1, 2],
    [2, 1],
    [100, 103],
    [101, 101],
    [102, 102],
  ])
    reader.line(`0, ${dts}, ${pts}, 1, 10, 0x0`);
  for (let i = 0; i < 20; i += 1) reader.line(`1, ${i * 10}, ${i * 10}, 10, 10, 0x0`);
  const { tracks, end } = reader.result();
  expect(end).toBe(25);
  expect(tracks[0]!.holes).toEqual([
    { from: 0.25, to: 12.625 },
    { from: 12.875, to: 25 },
  ]);
  expect(tracks[1]!.holes).toEqual([]);
});

it('of very few packets shorter holes count, since those pictures are repeated', () => {
  const of = (...times: readonly number[]) => {
    const reader = new ScanReader(1);
    reader.line('#tb 0: 1/10');
    for (const time of times) reader.line(`0, ${time}, ${time}, 10, 10, 0x0`);
    const { tracks, end } = reader.result();
    return repeatsOfFew(tracks[0]!.holes, end);
  };
  expect(of(0, 30)).toEqual([1, 2]);
  expect(of(0, 10, 30)).toEqual([2]);
  expect(repeatsOfFew([{ from: 0, to: 4 }], 4)).toEqual([1, 2, 3]);
});

it('in a segment table a long still holds cuts, and chunks begin at keyframes all the same', () => {
  // Ten pictures a second for a second, one held for 29 s, and ten a second for three seconds.
  const times = [...Array.from({ length: 10 }, (_, i) => i), ...Array.from({ length: 30 }, (_, i) => 300 + i)];
  const track = trackOf(
    times,
    times.map((time) => time % 300 === 0),
    1,
  );
  const options = { segmentSeconds: 6, chunkSeconds: 12, maxChunks: 10, audio: [] };
  const table = segmentTable({ timescale: 10, tracks: [track] }, options)!;
  expect(table.starts).toEqual([0, 6, 12, 18, 24, 30]);
  expect(table.chunks.map(({ start }) => start)).toEqual([0, 30]);
  expect(table.part(table.chunks[0]!)).toMatchObject({ cuts: [6, 12, 18, 24], repeats: [6, 12, 18, 24] });
});

it('very few pictures are repeated, however short they are held: a decoder shows the first one when it has some', () => {
  const options = { segmentSeconds: 6, chunkSeconds: 12, maxChunks: 10, audio: [] };
  const tableOf = (times: readonly number[], last: number) => {
    const keys = times.map((_, i) => i === 0);
    const table = segmentTable({ timescale: 10, tracks: [trackOf(times, keys, last)] }, options)!;
    return { starts: table.starts, repeats: table.part(table.chunks[0]!).repeats };
  };
  expect(tableOf([0], 40)).toEqual({ starts: [0, 1, 2, 3], repeats: [1, 2, 3] });
  expect(tableOf([0, 20], 20)).toEqual({ starts: [0, 1, 2, 3], repeats: [1, 3] });
  expect(tableOf([0], 10)).toEqual({ starts: [0], repeats: undefined });
  expect(tableOf([0, 10, 20, 30], 10)).toEqual({ starts: [0], repeats: undefined });

  // Nor are their own packets published.
  const video = { codecs: 'avc1.42c00b', avcC: Buffer.alloc(40), width: 64, height: 36, level: '1.1', lengthBytes: 4 };
  const copied = (times: readonly number[]) => {
    const track = trackOf(
      times,
      times.map(() => true),
      10,
    );
    const copy = { video, sounds: [], maxBitrate: 1e9 };
    return segmentTable({ timescale: 10, tracks: [track] }, { ...options, copy })!.copied !== undefined;
  };
  expect([copied([0]), copied([0, 10, 20]), copied([0, 10, 20, 30])]).toEqual([true, false, true]);
});

/** Pictures at these tenths of a second. */
const trackOf = (times: readonly number[], keys: readonly boolean[], lastDuration: number): IndexedTrack => ({
  timescale: 10,
  edit: { delay: 0, from: 0, length: undefined },
  trak: Buffer.alloc(0),
  samples: {
    count: times.length,
    decode: Float64Array.from(times),
    composition: new Int32Array(times.length),
    offset: new Float64Array(times.length),
    size: new Uint32Array(times.length).fill(1),
    sync: Uint8Array.from(keys, Number),
    lastDuration,
  },
});
