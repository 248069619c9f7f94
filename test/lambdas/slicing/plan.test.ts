import { describe, expect, it } from 'vitest';
import { LEVELS, levelFor } from '../../../lambdas/slicing/levels.ts';
import { audioPlan, ladder, planSlicing } from '../../../lambdas/slicing/plan.ts';
import { RUNGS } from '../../../lib/contract/options.ts';
import { plan as planSchema } from '../../../lib/contract/plan.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const video = (width: number, height: number, frameRate = 30): SourceInfo['video'] => ({
  index: 0,
  codec: 'h264',
  duration: 10,
  width,
  height,
  rotation: 0,
  frameRate,
  bitDepth: 8,
  interlaced: false,
  rgb: false,
});
const shape = (width: number, height: number, rungs: readonly number[] = RUNGS): string[] =>
  ladder(video(width, height), rungs).map((rung) => `${rung.name} ${rung.width}x${rung.height}`);

const SMALL = ['540p 960x540', '360p 640x360', '234p 416x234'];

describe('the ladder', () => {
  const sources: [what: string, width: number, height: number, rungs: string[]][] = [
    ['1080p', 1920, 1080, ['1080p 1920x1080', '720p 1280x720', ...SMALL]],
    ['720p', 1280, 720, ['720p 1280x720', ...SMALL]],
    ['4K', 3840, 2160, ['2160p 3840x2160', '1440p 2560x1440', '1080p 1920x1080', '720p 1280x720', ...SMALL]],
    [
      '8K is cut down to the largest rung',
      7680,
      4320,
      ['2160p 3840x2160', '1440p 2560x1440', '1080p 1920x1080', '720p 1280x720', ...SMALL],
    ],
    [
      'portrait telephone video',
      1080,
      1920,
      ['1080p 1080x1920', '720p 720x1280', '540p 540x960', '360p 360x640', '234p 234x416'],
    ],
    [
      'cinema scope fills 1080p by width',
      1920,
      800,
      ['1080p 1920x800', '720p 1280x534', '540p 960x400', '360p 640x266', '234p 416x174'],
    ],
    [
      'ultrawide screen',
      3440,
      1440,
      [
        ['1935p 3440x1440', '1440p 2560x1072', '1080p 1920x804', '720p 1280x536', '540p 960x402'],
        ['360p 640x268', '234p 416x174'],
      ].flat(),
    ],
    ['4:3 standard definition', 640, 480, ['480p 640x480', '360p 480x360', '234p 312x234']],
    ['anamorphic PAL shown at 1024x576', 1024, 576, ['540p 960x540', '360p 640x360', '234p 416x234']],
    ['square', 1080, 1080, ['1080p 1080x1080', '720p 720x720', '540p 540x540', '360p 360x360', '234p 234x234']],
    ['odd sides become even', 641, 361, ['360p 640x360', '234p 416x234']],
    ['between two rungs: one at its own size too', 1600, 900, ['900p 1600x900', '720p 1280x720', ...SMALL]],
    ['smaller than the smallest rung', 320, 180, ['180p 320x180']],
    ['tiny', 16, 16, ['16p 16x16']],
    ['one pixel', 1, 1, ['01p 2x2']],
  ];
  it.each(sources)('%s', (_, width, height, rungs) => {
    expect(shape(width, height)).toEqual(rungs);
  });

  it('keeps the aspect ratio within a pixel of rounding and never enlarges', () => {
    for (let width = 50; width <= 4000; width += 173) {
      for (let height = 50; height <= 2300; height += 119) {
        for (const rung of ladder(video(width, height), RUNGS)) {
          expect((rung.width % 2) + (rung.height % 2)).toBe(0);
          expect(rung.width).toBeLessThanOrEqual(width + 1);
          expect(rung.height).toBeLessThanOrEqual(height + 1);
          const exact = (rung.width / width) * height;
          expect(Math.abs(rung.height - exact)).toBeLessThanOrEqual(1 + height / width);
          expect(rung.width >= rung.height === width >= height || Math.abs(rung.width - rung.height) <= 2).toBe(true);
        }
      }
    }
  });

  it('names are unique and sizes fall', () => {
    for (const [, width, height] of sources) {
      const rungs = ladder(video(width, height), RUNGS);
      expect(new Set(rungs.map(({ name }) => name)).size).toBe(rungs.length);
      expect(rungs.map((rung) => rung.width * rung.height)).toEqual(
        rungs.map((rung) => rung.width * rung.height).toSorted((a, b) => b - a),
      );
    }
  });

  it('takes the configured rungs only, in whatever order they come', () => {
    expect(shape(1920, 1080, [360, 720])).toEqual(['720p 1280x720', '360p 640x360']);
    expect(shape(640, 360, [1080])).toEqual(['360p 640x360']);
  });

  it('has the bit rates and levels of the authoring specification', () => {
    const facts = (rate: number) =>
      ladder(video(3840, 2160, rate), RUNGS).map(({ name, maxBitrate, level }) => [name, maxBitrate, level]);
    expect(facts(30)).toEqual([
      ['2160p', 25_500_000, '5.1'],
      ['1440p', 13_500_000, '5.0'],
      ['1080p', 9_000_000, '4.0'],
      ['720p', 4_500_000, '3.1'],
      ['540p', 3_000_000, '3.1'],
      ['360p', 548_000, '3.0'],
      ['234p', 218_000, '1.3'],
    ]);
    expect(facts(60).map(([, , level]) => level)).toEqual(['5.2', '5.1', '4.2', '3.2', '3.2', '3.1', '3.0']);
    expect(facts(60)[2]![1]).toBe(13_500_000);
  });

  it('goes up to 60 frames a second', () => {
    expect(ladder(video(1920, 1080, 120), RUNGS).map(({ frameRate }) => frameRate)).toEqual([60, 60, 60, 60, 60]);
    expect(ladder(video(1920, 1080, 23.976), RUNGS)[0]!.frameRate).toBe(23.976);
  });

  it('spends fewer bits on a smaller picture in the same box', () => {
    const [wide] = ladder(video(1920, 800), RUNGS);
    const [full] = ladder(video(1920, 1080), RUNGS);
    expect(wide!.maxBitrate).toBeLessThan(full!.maxBitrate);
    expect(wide!.maxBitrate).toBeGreaterThan(full!.maxBitrate / 2);
  });
});

describe('levels', () => {
  it('grow in every limit', () => {
    for (const [index, level] of LEVELS.entries()) {
      const before = LEVELS[index - 1];
      if (!before) continue;
      for (const key of ['rate', 'frame', 'bitrate', 'buffer'] as const)
        expect(level[key]).toBeGreaterThanOrEqual(before[key]);
    }
  });

  it('count whole macroblocks, and refuse what none holds', () => {
    // 1920x1088: 120 by 68 macroblocks, 8160 of level 4's 8192, at 30 frames/s 244,800 of its 245,760.
    expect(levelFor(1920, 1080, 30, 1e6, 1e6)).toBe('4.0');
    expect(levelFor(1920, 1080, 31, 1e6, 1e6)).toBe('4.2');
    // A long, thin picture: 4096 pixels are 256 macroblocks, more than sqrt(8 * 8192) but not sqrt(8 * 8704).
    expect(levelFor(4096, 16, 30, 1e6, 1e6)).toBe('4.0');
    expect(levelFor(4128, 16, 30, 1e6, 1e6)).toBe('4.2');
    expect(() => levelFor(20_000, 20_000, 30, 1e6, 1e6)).toThrow(RangeError);
  });
});

describe('the rest of the plan', () => {
  it('makes stereo at most, and keeps 44.1 kHz', () => {
    const track = { codec: 'aac', channels: 2, sampleRate: 48_000, default: false };
    expect(audioPlan([], 128)).toEqual([]);
    expect(audioPlan([{ ...track, index: 1, channels: 6, language: 'de' }], 128)).toEqual([
      { name: 'main', index: 1, bitrate: 128_000, channels: 2, sampleRate: 48_000, language: 'de', label: 'Deutsch' },
    ]);
    const mono = { ...track, index: 2, channels: 1, sampleRate: 44_100 };
    expect(audioPlan([mono, { ...track, index: 5, sampleRate: 8000, title: 'Regie' }], 96)).toEqual([
      { name: 'main', index: 2, bitrate: 96_000, channels: 1, sampleRate: 44_100, label: 'main' },
      { name: 'main2', index: 5, bitrate: 96_000, channels: 2, sampleRate: 48_000, label: 'Regie' },
    ]);
  });

  it('is what the contract says, with one chunk', () => {
    const info: SourceInfo = { container: 'mov', bytes: 1, duration: 10, video: video(1920, 1080), audio: [] };
    const { plan, chunks } = planSlicing(
      { videoId: VIDEO_ID, revision: 2, execution: 'run', source: { bucket: 'b', key: 'k', info } },
      OPTIONS,
    );
    expect(planSchema.parse(plan)).toEqual(plan);
    expect(chunks).toEqual([{ index: 0, start: 0, duration: null, firstSegment: 1 }]);
  });
});
