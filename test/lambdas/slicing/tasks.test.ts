import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../lib/contract/plan.ts';
import { layTasks, type LaidTable } from '../../../lambdas/slicing/tasks.ts';

const rung = (height: number, copied?: true): Plan['video'][number] => ({
  name: `${height}p`,
  width: (height * 16) / 9,
  height,
  frameRate: 30,
  maxBitrate: 1_000_000,
  level: '4.0',
  ...(copied && { copied }),
});

const SEGMENT = 6;
const SEGMENTS = 100;

/** 600 s in segments of 6, two of which are a chunk. */
const table = (copied: boolean, segmentBytes = 4_000_000): LaidTable => ({
  timescale: 30_000,
  bytes: Array.from({ length: SEGMENTS }, () => segmentBytes),
  starts: Array.from({ length: SEGMENTS }, (_, i) => i * SEGMENT),
  seconds: SEGMENTS * SEGMENT,
  chunks: Array.from({ length: SEGMENTS / 2 }, (_, index) => ({
    index,
    start: index * 2 * SEGMENT,
    duration: 2 * SEGMENT,
    firstSegment: index * 2 + 1,
    segments: 2,
  })),
  copied: copied
    ? ({ bytes: Array.from({ length: SEGMENTS }, () => segmentBytes) } as unknown as LaidTable['copied'])
    : undefined,
});

const lay = (copied: boolean, when: 'upload' | 'first-play') =>
  layTasks({ video: [rung(1080, copied || undefined), rung(720), rung(360)], audio: [] }, table(copied), when);

const lengths = (chunks: readonly { duration: number | null }[]) => chunks.map(({ duration }) => duration);
/** Every segment once, in order. */
function expectWhole(chunks: readonly { firstSegment: number; segments?: number | undefined }[]): void {
  let next = 1;
  for (const { firstSegment, segments = 0 } of chunks) {
    expect(firstSegment).toBe(next);
    next += segments;
  }
  expect(next).toBe(SEGMENTS + 1);
}

describe('the ladder', () => {
  it('is made chunk by chunk where it has several rungs', () => {
    const ladder = lay(true, 'upload').chunks.filter(({ copy }) => copy !== true);
    expectWhole(ladder);
    expect(lengths(ladder)).toEqual(Array.from({ length: 50 }, () => 12));
  });

  it('is made a minute at a time where a low rung is all of it for now', () => {
    const { chunks, later } = lay(true, 'first-play');
    const ladder = chunks.filter(({ copy }) => copy !== true);
    expect(later).toEqual(['video/720p']);
    expectWhole(ladder);
    expect(lengths(ladder)).toEqual(Array.from({ length: 10 }, () => 60));
  });

  it('begins with single chunks where that is what plays first', () => {
    const { chunks, later } = lay(false, 'first-play');
    expect(later).toEqual(['video/1080p', 'video/720p']);
    expectWhole(chunks);
    expect(lengths(chunks)).toEqual([12, 12, ...Array.from({ length: 9 }, () => 60), 36]);
  });

  it('is a chunk each where the one rung is no low one', () => {
    const { chunks } = layTasks({ video: [rung(1080, true), rung(720)], audio: [] }, table(true));
    expect(lengths(chunks.filter(({ copy }) => copy !== true))).toEqual(Array.from({ length: 50 }, () => 12));
  });
});

it('makes a low rung of the first three minutes ahead of the rest where nothing is copied', () => {
  const { chunks } = lay(false, 'upload');
  const early = chunks.filter(({ ahead }) => ahead);
  expect(early.map(({ start, duration }) => [start, duration])).toEqual([
    [0, 12],
    [12, 12],
    [24, 60],
    [84, 60],
    [144, 36],
  ]);
  expectWhole(chunks.filter(({ ahead }) => ahead !== true));
  for (const { start, only } of chunks.filter(({ ahead }) => ahead !== true))
    expect(only).toEqual(start < 180 ? ['video/1080p', 'video/720p'] : undefined);
});

describe('what is copied', () => {
  const groups = (segmentBytes: number, audio: Plan['audio'] = []) => {
    const { chunks, growing } = layTasks({ video: [rung(1080, true)], audio }, table(true, segmentBytes));
    const made = chunks.filter(({ along }) => along !== true);
    return {
      growing,
      chunks: made.map(({ copy, start, duration }) => [copy === true ? 'copy' : 'sound', start, duration]),
    };
  };

  it('is one group, published finished, where it is small', () => {
    expect(groups(600_000)).toEqual({ growing: false, chunks: [['copy', 0, 600]] });
  });

  it('has its pictures for scrubbing made by themselves, ten minutes at a time, where nothing is encoded', () => {
    const { chunks } = layTasks({ video: [rung(1080, true)], audio: [] }, table(true));
    const along = chunks.filter((chunk) => chunk.along);
    expect(along.map(({ start, duration }) => [start, duration])).toEqual([[0, 600]]);
    expect(along[0]!.index).toBe(chunks.length - 1);
    const { chunks: encoded } = layTasks({ video: [rung(1080, true), rung(360)], audio: [] }, table(true));
    expect(encoded.filter((chunk) => chunk.along)).toEqual([]);
  });

  it('begins with three target durations where it is large, and doubles', () => {
    const { growing, chunks } = groups(2_000_000);
    expect(growing).toBe(true);
    expect(chunks.slice(0, 4)).toEqual([
      ['copy', 0, 18],
      ['copy', 18, 36],
      ['copy', 54, 72],
      ['copy', 126, 144],
    ]);
  });

  it('is laid beside its sound in the order in which they are seen and heard', () => {
    const sound = { name: 'main', index: 1, bitrate: 128_000, channels: 2, sampleRate: 48_000, label: 'Sound' };
    const { chunks } = groups(2_000_000, [sound]);
    expect(chunks.slice(0, 4).map(([what]) => what)).toEqual(['copy', 'sound', 'copy', 'sound']);
    const starts = chunks.map(([, start]) => start as number);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(groups(600_000, [sound]).chunks).toEqual([
      ['copy', 0, 600],
      ['sound', 0, 240],
      ['sound', 240, 240],
      ['sound', 480, 120],
    ]);
  });
});

it('sound alone is made four minutes at a time, after as much as a player wants', () => {
  const sound = { name: 'main', index: 0, bitrate: 128_000, channels: 2, sampleRate: 48_000, label: 'Sound' };
  const { chunks, growing } = layTasks({ video: [], audio: [sound] }, table(false));
  expect(growing).toBe(true);
  expectWhole(chunks);
  expect(lengths(chunks)).toEqual([18, 240, 240, 102]);
  // What is short is one task, and published when it is finished.
  const short = { ...table(false), starts: [0, 6], seconds: 10 };
  expect(layTasks({ video: [], audio: [sound] }, short)).toMatchObject({ growing: false, chunks: [{ segments: 2 }] });
});
