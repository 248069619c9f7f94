import { describe, expect, it } from 'vitest';
import { box, fullBox, u32, zeros } from '../../../lib/media/build.ts';
import { findAll, need } from '../../../lib/media/boxes.ts';
import { progressiveMovie, readRun, ShortStart } from '../../../lib/media/progressive.ts';

/** An initialization section with as little in it as the format allows. */
const init = (timescale: number) =>
  box(
    'moov',
    box(
      'trak',
      fullBox('tkhd', 0, 3, u32(0, 0, 1, 0, 0), zeros(60)),
      box(
        'mdia',
        fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0, 0x55c4_0000)),
        fullBox('hdlr', 0, 0, zeros(20)),
        box('minf', fullBox('vmhd', 0, 1, zeros(8)), box('dinf'), box('stbl', fullBox('stsd', 0, 0, u32(0)))),
      ),
    ),
  );
const run = (decodeTime: number, samples: [duration: number, composition: number][]) => ({
  decodeTime,
  samples: samples.map(([duration, compositionOffset]) => ({
    duration,
    size: 10,
    flags: 0,
    compositionOffset,
    offset: 0,
  })),
  from: 100,
  length: 10 * samples.length,
});
const words = (body: Buffer) => Array.from({ length: (body.length - 4) / 4 }, (_, i) => body.readInt32BE(4 + 4 * i));
const table = (movie: Buffer, track: number, ...path: string[]) =>
  words(need(findAll(need(movie, ['moov'], 8), 'trak')[track]!.body, path, 4));
const STBL = ['mdia', 'minf', 'stbl'];

describe('one MP4 of segments', () => {
  // Pictures from 1 s on by presentation, decoded 20 ms before; sound that begins a tenth later.
  const movie = progressiveMovie([
    {
      init: init(1000),
      runs: [
        run(980, [
          [20, 20],
          [20, 40],
          [30, 0],
        ]),
        run(1040, [[20, 20]]),
      ],
    },
    {
      init: init(48_000),
      runs: [
        run(52_800, [
          [1024, 0],
          [1024, 0],
        ]),
        run(54_848, [[1024, 0]]),
      ],
    },
  ]);
  const whole = Buffer.concat([movie.header.subarray(0, movie.header.length - 16)]);

  it('keeps the clock of the segments, also where a duration said something else', () => {
    expect(table(whole, 0, ...STBL, 'stts')).toEqual([1, 4, 20]);
    expect(table(whole, 0, ...STBL, 'ctts')).toEqual([4, 1, 20, 1, 40, 1, 0, 1, 20]);
    expect(table(whole, 1, ...STBL, 'stts')).toEqual([1, 3, 1024]);
  });

  it('begins with the first picture, and sound as much later as it was', () => {
    // length 0.06 s from 20 ticks in; 0.1 s of nothing, then all.
    expect(table(whole, 0, 'edts', 'elst')).toEqual([1, 0, 5400, 0, 20, 0x0001_0000]);
    expect(table(whole, 1, 'edts', 'elst')).toEqual([2, 0, 9000, -1, -1, 0x0001_0000, 0, 5760, 0, 0, 0x0001_0000]);
  });

  it('lays segments down by their time, with a chunk for each', () => {
    expect(movie.pieces).toEqual([
      { track: 0, segment: 0, from: 100, length: 30 },
      { track: 0, segment: 1, from: 100, length: 10 },
      { track: 1, segment: 0, from: 100, length: 20 },
      { track: 1, segment: 1, from: 100, length: 10 },
    ]);
    const at = movie.header.length;
    expect(movie.bytes).toBe(at + 70);
    expect(table(whole, 0, ...STBL, 'co64')).toEqual([2, 0, at, 0, at + 30]);
    expect(table(whole, 1, ...STBL, 'co64')).toEqual([2, 0, at + 40, 0, at + 60]);
    expect(table(whole, 0, ...STBL, 'stsc')).toEqual([2, 1, 3, 1, 2, 1, 1]);
    expect(movie.header.readBigUInt64BE(at - 8)).toBe(86n);
  });

  it('asks for more of a segment whose fragment is longer', () => {
    const styp = box('styp', zeros(8));
    expect(() => readRun(Buffer.concat([styp, u32(200_000), Buffer.from('moof')]))).toThrow(ShortStart);
    expect(() => readRun(u32(0, 0))).toThrow('0 bytes');
  });
});
