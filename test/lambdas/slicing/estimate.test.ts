/** What slicing is said to cost: by hand for one film, and what must follow from what. */
import { describe, expect, it } from 'vitest';
import {
  actualCost,
  encodingSeconds,
  estimateCost,
  estimateUsage,
  type Work,
} from '../../../lambdas/slicing/estimate.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { checkVideo, spokenDollars } from '../../../lambdas/slicing/budget.ts';
import { addUsage, dollarsOf, NOTHING, normalizedMinutes } from '../../../lambdas/slicing/prices.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const MACHINE = { preset: 'veryfast', memoryMiB: 10_240, chunkMemoryMiB: 3008 };
const HOUR = 3600;

const info = (duration: number, video: Partial<SourceInfo['video']> = {}): SourceInfo => ({
  container: 'mov,mp4',
  bytes: Math.round((duration * 6e6) / 8),
  duration,
  video: {
    index: 0,
    codec: 'h264',
    duration,
    width: 1920,
    height: 1080,
    rotation: 0,
    frameRate: 30,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
    ...video,
  },
  audio: [{ index: 1, codec: 'aac', channels: 2, sampleRate: 48_000, default: true }],
});

/** A plan as probe makes it, in chunks of 18 s. */
function film(duration: number, changes: Partial<Work> = {}, source = info(duration)): Work {
  const chunks = Array.from({ length: Math.ceil(duration / 18) }, (_, index) => ({
    index,
    start: index * 18,
    duration: Math.min(18, duration - index * 18),
    firstSegment: index * 3 + 1,
    segments: Math.ceil(Math.min(18, duration - index * 18) / 6),
  }));
  const starts = Array.from({ length: Math.ceil(duration / 6) }, (_, index) => index * 6);
  const { plan, chunks: tasks } = planSlicing(
    { videoId: VIDEO_ID, revision: 1, execution: 'run', source: { bucket: 'b', key: 'k', info: source } },
    { ...OPTIONS, segmentSeconds: 6, ladder: [1080, 720, 540, 360, 234], audioKbps: 128 },
    { timescale: 30_000, chunks, starts, seconds: duration, bytes: starts.map(() => 1e6), copied: undefined },
  );
  return { ...plan, chunks: tasks, ...changes };
}
const copied = (work: Work): Work => ({
  ...work,
  video: work.video.map((rung, index) => (index === 0 ? { ...rung, copied: true as const } : rung)),
  audio: work.audio.map((one) => ({ ...one, copied: true as const })),
});

describe('an estimate', () => {
  it('of two hours at 1080p in chunks, part by part', () => {
    const work = film(2 * HOUR);
    const used = estimateUsage(work, MACHINE);
    // 400 of pictures, and those of sound.
    const tasks = work.chunkCount;
    expect(tasks).toBeGreaterThan(400);
    // Probe, assemble and a function a chunk.
    expect(used.invocations).toBe(tasks + 2);
    // Six of the run, and three for each chunk's own execution.
    expect(used.transitions).toBe(6 + 3 * tasks);
    // 1,200 segments of six renditions, and of each chunk its result and its part of the table.
    expect(used.puts).toBe(1200 * 6 + tasks + tasks + 6 + 1 + 2);
    expect(used.normalizedMinutes).toBe(0);
    // By hand: decoding 0.0032, five scalings 0.0008 a megapixel of the source, and the rungs' 3.90 megapixels at 0.013.
    const frames = 2 * HOUR * 30;
    const byHand = frames * (2.0736 * (0.0032 + 5 * 0.0008) + 3.8406 * 0.013) + 2 * HOUR * 0.012;
    // The first minutes are decoded twice: once for the low rung alone, ahead of the ladder.
    const twice = work.chunks.filter(({ ahead }) => ahead).reduce((seconds, { duration }) => seconds + duration!, 0);
    expect(twice).toBe(180);
    const again = twice * 30 * 2.0736 * 0.0032;
    expect(encodingSeconds(work, 'veryfast') / (byHand + again)).toBeCloseTo(1, 2);
    // Rungs are encoded one after another: with more than a processor, a function is as long busy as its one thread.
    const one = {
      ...work,
      chunkCount: 1,
      chunks: [{ index: 0, start: 0, duration: 18, firstSegment: 1, segments: 3 }],
    };
    const seconds = 18 * (30 * (2.0736 * 5 * 0.0008 + 3.8406 * 0.013) + 0.012) * 0.97 + 1.2;
    const ends = ((2.5 + 2.5) * 1769) / 1024;
    expect((estimateUsage(one, MACHINE).gbSeconds - ends) / (3008 / 1024)).toBeCloseTo(seconds, 0);
  });

  it('prices what is used by the table, item by item', () => {
    const one = (name: keyof typeof NOTHING) => dollarsOf({ ...NOTHING, [name]: 1e6 }, 'arm64');
    expect(one('gbSeconds')).toBeCloseTo(13.3334, 6);
    expect(dollarsOf({ ...NOTHING, gbSeconds: 1e6 }, 'x86_64')).toBeCloseTo(16.6667, 6);
    expect(one('invocations')).toBeCloseTo(0.2, 9);
    expect(one('transitions')).toBeCloseTo(25, 9);
    expect(one('puts')).toBeCloseTo(5, 9);
    expect(one('gets')).toBeCloseTo(0.4, 9);
    expect(one('writes')).toBeCloseTo(0.625, 9);
    expect(one('normalizedMinutes')).toBeCloseTo(7500, 9);
    expect(addUsage([{ puts: 1 }, { puts: 2, gets: 3 }])).toEqual({ ...NOTHING, puts: 3, gets: 3 });
  });

  it('is less for what is copied, less for a faster preset and on arm64, and more for twice the length', () => {
    const dollars = (work: Work, machine = MACHINE, architecture: 'x86_64' | 'arm64' = 'x86_64') =>
      estimateCost(work, machine, architecture).estimate;
    const hour = dollars(film(HOUR));
    expect(dollars(copied(film(HOUR)))).toBeLessThan(hour * 0.7);
    expect(dollars(film(HOUR), { ...MACHINE, preset: 'ultrafast' })).toBeLessThan(hour * 0.6);
    expect(dollars(film(HOUR), MACHINE, 'arm64')).toBeLessThan(hour * 0.9);
    expect(dollars(film(2 * HOUR)) / hour).toBeCloseTo(2, 1);
    // Nothing but copying: no CPU to speak of.
    const all = film(HOUR);
    const only: Work = {
      ...all,
      video: [{ ...all.video[0]!, copied: true }],
      audio: [{ ...all.audio[0]!, copied: true }],
      chunks: all.chunks.map((chunk) => ({ ...chunk, copy: true as const })),
    };
    expect(encodingSeconds(only, 'veryfast')).toBe(0);
    expect(dollars(only)).toBeLessThan(hour / 4);
  });

  it('counts what copies as the small function that waits for S3, and what encodes beside it as what it is', () => {
    const all = film(600);
    const groups = [0, 1, 2, 3].map((index) => ({
      index,
      start: index * 150,
      duration: 150,
      firstSegment: index * 25 + 1,
      segments: 25,
      copy: true as const,
    }));
    const top = { ...all.video[0]!, copied: true as const };
    const work = {
      ...all,
      video: [top],
      audio: [{ ...all.audio[0]!, copied: true as const }],
      chunks: groups,
      chunkCount: groups.length,
    };
    const used = estimateUsage(work, MACHINE);
    expect(used.invocations).toBe(groups.length + 2);
    // 450 MB at 75 MB/s, a second around each, and the steps at both ends; 1769 MiB throughout.
    const seconds = 6 + groups.length * 1 + 2.5 + 2.5;
    expect(used.gbSeconds).toBeCloseTo((seconds * 1769) / 1024, 3);
    // 4 MiB a request.
    expect(used.gets).toBe(8 + 3 + groups.length + groups.length * (4 + Math.ceil(112.5e6 / 4 / 1024 ** 2)));
    const sound = { ...groups[0]!, index: 4, copy: undefined, only: ['audio/main'] };
    const encoded = { ...work, audio: [{ ...work.audio[0]!, copied: undefined }], chunks: [...groups, sound] };
    expect(encodingSeconds(encoded as Work, 'veryfast')).toBeCloseTo(150 * 0.012, 6);
  });

  it('of a source without an index is that of one large function', () => {
    const whole = [{ index: 0, start: 0, duration: null, firstSegment: 1 }];
    const used = estimateUsage(film(60, { timescale: null, chunkCount: 1, chunks: whole }), MACHINE);
    expect(used).toMatchObject({ invocations: 3, transitions: 6 });
    expect(used.gbSeconds).toBeGreaterThan(10);
  });

  it('says apart what keeping it costs: some 0.001 dollars a minute and month at 6 Mbit/s, source and copy', () => {
    const work = film(60);
    const both = { ...work, video: [{ ...work.video[0]!, copied: true }], audio: [] };
    const { monthly } = estimateCost(both, MACHINE, 'x86_64');
    expect(monthly).toBeCloseTo(((2 * 60 * 6e6) / 8 / 1e9) * 0.023, 6);
    expect(
      actualCost(estimateCost(work, MACHINE, 'x86_64'), { ...NOTHING, gbSeconds: 1000 }, 1e9, 'x86_64'),
    ).toMatchObject({
      actual: 0.016667,
      monthly: 0.023,
    });
  });
});

describe('MediaConvert', () => {
  it('is charged by the size and rate of each output, ten seconds at least', () => {
    const picture = (width: number, height: number, frameRate = 30) => ({ width, height, frameRate });
    expect(normalizedMinutes(picture(640, 360), 60)).toBe(1);
    expect(normalizedMinutes(picture(1280, 720), 60)).toBe(2);
    expect(normalizedMinutes(picture(1080, 1920), 60)).toBe(2);
    expect(normalizedMinutes(picture(3840, 2160), 60)).toBe(4);
    expect(normalizedMinutes(picture(1280, 720, 60), 60)).toBe(3);
    expect(normalizedMinutes(picture(640, 360), 1)).toBeCloseTo(1 / 6, 9);
    expect(normalizedMinutes(null, 60)).toBeCloseTo(1 / 3, 9);
  });

  it('costs about 0.045 dollars a minute for two HD and two SD renditions, and our own a small part of it', () => {
    const work = film(HOUR);
    const four = { ...work, video: work.video.slice(0, 4) };
    const theirs = estimateCost({ ...four, engine: 'mediaconvert' }, MACHINE, 'arm64').estimate;
    expect(theirs / 60).toBeCloseTo(0.0475, 2);
    expect(estimateCost(four, MACHINE, 'arm64').estimate).toBeLessThan(theirs / 4);
  });
});

describe('the ceiling of one video', () => {
  const over = { estimate: 30.5 };
  it('is none, or refuses what is over it, with both numbers', () => {
    expect(() => checkVideo({ estimate: 10 }, { maxDollarsPerVideo: 10 })).not.toThrow();
    expect(() => checkVideo(over, { maxDollarsPerVideo: 25 })).toThrow(
      expect.objectContaining({ code: 'too-expensive', reason: expect.stringMatching(/\$30\.50.*\$25\.00/) }),
    );
  });

  it('counts what the video has cost before', () => {
    expect(() => checkVideo({ estimate: 10 }, { maxDollarsPerVideo: 25 }, 15)).not.toThrow();
    expect(() => checkVideo({ estimate: 10 }, { maxDollarsPerVideo: 25 }, 15.5)).toThrow(
      expect.objectContaining({ code: 'too-expensive', reason: expect.stringMatching(/\$10\.00.*\$15\.50.*\$25\.00/) }),
    );
  });

  it('is said as people say it', () => {
    expect([0, 0.0000042, 0.0042, 0.05, 0.1, 12.4].map(spokenDollars)).toEqual([
      '$0.00',
      '$0.000004',
      '$0.0042',
      '$0.050',
      '$0.10',
      '$12.40',
    ]);
  });
});
