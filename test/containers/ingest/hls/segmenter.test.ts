import { describe, expect, it } from 'vitest';
import { Segmenter, type Segment, type SegmenterOptions } from '../../../../containers/ingest/src/hls/segmenter.ts';
import type { AacUnit, AccessUnit, Gap, VideoUnit } from '../../../../containers/ingest/src/media/unit.ts';
import {
  annexB,
  decodeErrors,
  encodedVideo,
  ffmpegPath,
  h264Picture,
  h264Pps,
  h264Slice,
  h264Sps,
  lacks,
  videoUnit,
} from '../streams.ts';
import { fileOf, find, joined, nalsOf, tracks } from './read.ts';

type Item = AccessUnit | Gap;
const GAP: Gap = { kind: 'gap', why: 'loss' };
const T0 = Date.UTC(2026, 7, 1, 12, 0, 0);

/** A picture `ms` after T0 on a device clock of 1970, received at the same time of our clock. */
const picture = (key: boolean, ms: number, sps?: Buffer, size = 200) =>
  videoUnit(h264Picture(key, size, ms % 1000, sps), T0 + ms, ms);

/** `count` pictures from `from` on, every `step` ms, a keyframe every `gop`. */
const pictures = (count: number, { from = 0, step = 100, gop = 10, sps = undefined as Buffer | undefined } = {}) =>
  Array.from({ length: count }, (_, i) => picture(i % gop === 0, from + i * step, sps));

const aac = (ms: number, frames = 1, config: AacUnit['config'] = { sampleRate: 8000, channels: 1 }): AacUnit => ({
  kind: 'aac',
  config,
  timestamp: T0 + ms,
  receivedAt: ms,
  frames: Array.from({ length: frames }, (_, i) => Buffer.from([0xaa, i, (ms >> 8) & 0xff, ms & 0xff])),
});

function run(items: readonly Item[], options: Partial<SegmenterOptions> = {}, end = true) {
  const segments: Segment[] = [];
  const segmenter = new Segmenter({ epoch: (at) => T0 + at, ...options }, (segment) => segments.push(segment));
  for (const item of items) segmenter.push(item);
  if (end) segmenter.end();
  return { segments, segmenter };
}

const durations = (segments: readonly Segment[]) => segments.map(({ duration }) => duration);
const breaks = (segments: readonly Segment[]) => segments.map(({ discontinuity }) => discontinuity);
const clockOf = (segments: readonly Segment[]) => segments.map(({ programDateTime }) => programDateTime - T0);
const video = (segment: Segment) => tracks(fileOf(segment)).get(1)!;
const audio = (segment: Segment) => tracks(fileOf(segment)).get(2)!;

describe('segments are cut', () => {
  it.each([
    ['one GOP of 2 s each', 20, 100, [2000, 2000, 2000]],
    ['two GOPs of 1 s', 10, 100, [2000, 2000, 2000]],
    ['many GOPs of 190 ms', 2, 95, [2090, 2090, 2090]],
    ['GOPs of 3 s, though over the target', 30, 100, [3000, 3000]],
    ['GOPs of 1.5 s: the nearer side of the target', 15, 100, [1500, 1500, 1500, 1500]],
    ['GOPs of 6.6 s', 66, 100, [6600]],
  ])('%s', (_, gop, step, expected) => {
    const { segments } = run(pictures(Math.ceil(6700 / step) + gop, { gop, step }), {}, false);
    expect(durations(segments).slice(0, expected.length)).toEqual(expected);
    expect(segments.every(({ independent }) => independent)).toBe(true);
  });

  it('at the very millisecond of a clock that jitters', () => {
    const times = Array.from({ length: 61 }, (_, i) => i * 100 + (i % 3) * 7);
    const { segments } = run(
      times.map((ms, i) => picture(i % 20 === 0, ms)),
      {},
      false,
    );
    expect(durations(segments)).toEqual([times[20]! - times[0]!, times[40]! - times[20]!, times[60]! - times[40]!]);
  });

  it('without a keyframe when none comes, in time and in bytes, and lose nothing', () => {
    const endless = Array.from({ length: 60 }, (_, i) => picture(i === 0, i * 100));
    const byTime = run(endless, { maxMs: 2500 }).segments;
    expect(durations(byTime)).toEqual([2500, 2500, 1000]);
    expect(byTime.map(({ independent }) => independent)).toEqual([true, false, false]);
    expect(breaks(byTime)).toEqual([true, false, false]);
    const byBytes = run(endless, { maxBytes: 6000 });
    expect(byBytes.segments.length).toBeGreaterThan(2);
    expect(byBytes.segments.reduce((sum, segment) => sum + segment.pictures, 0)).toBe(60);
    expect(byBytes.segmenter.counters.forcedCuts).toBe(byBytes.segments.length - 1);
  });

  it('each continuing where the last ended, to the tick', () => {
    const { segments } = run(pictures(100));
    let at = 0;
    for (const segment of segments) {
      expect(video(segment).decodeTime).toBe(at * 90);
      at += segment.duration;
    }
    expect(at).toBe(10_000);
    expect(breaks(segments)).toEqual([true, ...segments.slice(1).map(() => false)]);
    expect(segments.map((segment) => find(fileOf(segment), 'moof', 'mfhd')[0]!.body.readUInt32BE(4))).toEqual(
      segments.map((_, i) => i + 1),
    );
  });
});

describe('a stream begins', () => {
  it('at the first keyframe whose parameter sets are known', () => {
    const lone = videoUnit(annexB(h264Slice(true, 50, 1)), T0 + 100, 100);
    const { segments, segmenter } = run([picture(false, 0), lone, ...pictures(20, { from: 200 })]);
    expect([segments.length, segments[0]!.pictures, segmenter.counters.droppedPictures]).toEqual([1, 20, 2]);
    expect(clockOf(segments)).toEqual([200]);
  });

  it('with sets that came earlier, or in a frame of their own', () => {
    const sets = videoUnit(annexB(h264Sps(), h264Pps()), T0, 0);
    const key = videoUnit(annexB(h264Slice(true, 50, 1)), T0, 0);
    const { segments } = run([sets, key, ...pictures(9, { from: 100, gop: 100 }).slice(1)]);
    expect(segments[0]!.pictures).toBe(9);
    // The sets travel with the picture they came before.
    expect([...nalsOf(video(segments[0]!).samples[0]!.bytes)].map((nal) => nal[0]! & 31)).toEqual([7, 8, 5]);
    expect(video(segments[0]!).samples[0]!.flags).toBe(0x02000000);
    expect(run([picture(true, 0), GAP, key]).segments).toHaveLength(2);
  });

  it('slices sent one by one are one picture', () => {
    const slice = (ms: number, seed: number) => {
      const bytes = h264Slice(false, 60, seed);
      bytes[1] = bytes[1]! & 0x7f; // first_mb_in_slice is not 0
      return videoUnit(annexB(bytes), T0 + ms, ms);
    };
    const { segments, segmenter } = run([
      slice(0, 9),
      picture(true, 0),
      slice(0, 1),
      slice(0, 2),
      picture(false, 100),
      slice(100, 3),
      slice(77, 4),
    ]);
    expect(segments[0]!.pictures).toBe(2);
    expect(video(segments[0]!).samples.map(({ bytes }) => [...nalsOf(bytes)].length)).toEqual([5, 2]);
    expect(segmenter.counters.droppedPictures).toBe(2);
  });
});

describe('a discontinuity', () => {
  it('stands after a loss, and what came before it is published', () => {
    const { segments } = run([...pictures(24), GAP, ...pictures(20, { from: 2700 })]);
    expect(durations(segments)).toEqual([2000, 400, 2000]);
    expect(breaks(segments)).toEqual([true, false, true]);
    expect(clockOf(segments)).toEqual([0, 2000, 2700]);
    expect(video(segments[2]!).decodeTime).toBe(2400 * 90);
  });

  it('does not stand twice for two losses before a keyframe', () => {
    const { segments } = run([...pictures(5), GAP, GAP, picture(false, 600), GAP, ...pictures(20, { from: 700 })]);
    expect(breaks(segments)).toEqual([true, true]);
  });

  it('stands where parameter sets change, and another initialization with it', () => {
    const large = h264Sps({ columns: 44, rows: 36 });
    const { segments } = run([
      ...pictures(10),
      ...pictures(10, { from: 1000, sps: large }),
      ...pictures(20, { from: 2000, sps: large }),
    ]);
    expect(durations(segments)).toEqual([1000, 2000, 1000]);
    expect(breaks(segments)).toEqual([true, true, false]);
    expect(segments.map(({ init }) => `${init.width}x${init.height}`)).toEqual(['352x288', '704x576', '704x576']);
    expect(segments[1]!.init.id).not.toBe(segments[0]!.init.id);
    expect(segments[1]!.init).toBe(segments[2]!.init);
  });

  it('does not stand where they only come again, or change and change back', () => {
    const other = videoUnit(annexB(h264Pps(3)), T0 + 950, 950);
    const back = videoUnit(annexB(h264Pps(0)), T0 + 960, 960);
    const { segments } = run([...pictures(10), other, back, ...pictures(30, { from: 1000 })]);
    expect(new Set(segments.map(({ init }) => init.id)).size).toBe(1);
    expect(breaks(segments).slice(1)).toEqual(segments.slice(1).map(() => false));
  });

  it('stands at the keyframe after the clock was set, and pictures in between go on', () => {
    const jump = 3_600_000;
    const items = pictures(60).map((unit, i) => (i < 25 ? unit : { ...unit, timestamp: unit.timestamp - jump }));
    const { segments, segmenter } = run(items, { clockTolerance: 2 * jump });
    expect(durations(segments)).toEqual([2000, 2000, 2000]);
    expect(breaks(segments)).toEqual([true, false, true]);
    expect(clockOf(segments)).toEqual([0, 2000, 4000 - jump]);
    expect(segmenter.counters.clockResets).toBe(1);
  });

  it('stands after a pause of the camera; a picture that depends on others waits', () => {
    const { segments, segmenter } = run([...pictures(15), ...pictures(35, { from: 61_500, gop: 20 }).slice(5)]);
    expect(durations(segments)).toEqual([1500, 2000 - 500]);
    expect(breaks(segments)).toEqual([true, true]);
    expect(clockOf(segments)).toEqual([0, 61_500 + 2000]);
    expect(segmenter.counters.droppedPictures).toBe(15);
  });
});

describe('time of day', () => {
  it("is the device's, in its zone", () => {
    const local = pictures(25).map((unit) => ({ ...unit, timestamp: unit.timestamp + 8 * 3_600_000 }));
    expect(clockOf(run(local, { zoneMinutes: 480, epoch: (at) => T0 + at + 900 }).segments)).toEqual([0, 2000]);
  });

  it('is that of arrival when the device counts from its own zero', () => {
    const counted = pictures(25).map((unit) => ({ ...unit, timestamp: unit.timestamp - T0 + 29_826_261 }));
    expect(clockOf(run(counted, { epoch: (at) => T0 + at + 900 }).segments)).toEqual([900, 2900]);
  });

  it('moves on no faster than a clock of whole seconds', () => {
    const coarse = pictures(101).map((unit) => ({ ...unit, timestamp: unit.timestamp - (unit.timestamp % 1000) }));
    const { segments } = run(coarse, {}, false);
    expect(durations(segments)).toEqual([2000, 2000, 2000, 2000, 2000]);
    expect(clockOf(segments)).toEqual([0, 2000, 4000, 6000, 8000]);
  });

  it('goes on by arrival when the device clock stands still', () => {
    const stuck = pictures(60).map((unit) => ({ ...unit, timestamp: 7 }));
    const { segments } = run(stuck);
    expect(durations(segments)).toEqual([2000, 2000, 2000 - 100 + 40]);
    expect(clockOf(segments)).toEqual([0, 2000, 4000]);
    expect(breaks(segments)).toEqual([true, false, false]);
  });
});

describe('the sound track', () => {
  it('is silence over exactly the time of the picture', () => {
    const { segments } = run(pictures(100));
    let at = 0;
    let end = 0;
    for (const segment of segments) {
      const { decodeTime, samples } = audio(segment);
      expect(decodeTime).toBe(at);
      expect(samples.every(({ bytes, duration }) => bytes.toString('hex') === '00000007' && duration === 1024)).toBe(
        true,
      );
      at += samples.length * 1024;
      end += segment.duration * 8;
      expect(at).toBeGreaterThanOrEqual(end);
      expect(at).toBeLessThan(end + 1024);
    }
  });

  const sounding = (until: number) => Array.from({ length: Math.ceil(until / 128) }, (_, i) => aac(i * 128));
  const mixed = (items: readonly Item[]) =>
    items.toSorted((a, b) => (a as AacUnit).receivedAt - (b as AacUnit).receivedAt);

  it("is the device's while it sends AAC, every frame once and in order", () => {
    const { segments } = run(mixed([...pictures(101), ...sounding(10_000)]));
    const frames = segments.flatMap((segment) => audio(segment).samples.map(({ bytes }) => bytes.toString('hex')));
    const sent = sounding(10_000).flatMap(({ frames: own }) => own.map((frame) => frame.toString('hex')));
    expect(frames.filter((frame) => frame.startsWith('aa'))).toEqual(sent);
    expect(frames.length - sent.length).toBeLessThan(2);
    expect(breaks(segments).slice(1)).not.toContain(true);
  });

  it('may come late: it lags, and no silence is torn into it', () => {
    const late = sounding(10_000).map((unit) => ({ ...unit, receivedAt: unit.receivedAt + 300 }));
    const { segments } = run(mixed([...pictures(101), ...late]));
    const frames = segments.flatMap((segment) => audio(segment).samples.map(({ bytes }) => bytes.toString('hex')));
    const real = frames.filter((frame) => frame.startsWith('aa'));
    expect(real.length).toBeGreaterThan(72);
    expect(frames.slice(0, -4).filter((frame) => frame === '00000007').length).toBeLessThan(4);
    segments
      .slice(1)
      .forEach((segment, i) =>
        expect(audio(segment).decodeTime).toBe(
          audio(segments[i]!).decodeTime + audio(segments[i]!).samples.length * 1024,
        ),
      );
  });

  it('ends with the picture before a discontinuity and begins with it after, though it lags', () => {
    const jump = 3_600_000;
    const set = ({ timestamp, ...unit }: VideoUnit | AacUnit) => ({ ...unit, timestamp: timestamp + jump });
    const late = sounding(10_000).map((unit) => ({ ...unit, receivedAt: unit.receivedAt + 300 }));
    const isBefore = ({ timestamp }: { timestamp: number }) => timestamp < T0 + 4500;
    const { segments, segmenter } = run(
      mixed([...pictures(101), ...late].map((unit) => (isBefore(unit) ? unit : set(unit)))),
    );
    expect(segmenter.counters.clockResets).toBe(1);
    expect(breaks(segments)).toEqual([true, false, false, true, false, false]);
    const bounds = ({ decodeTime, samples }: ReturnType<typeof audio>) => [
      decodeTime / 8,
      (decodeTime + samples.length * 1024) / 8,
    ];
    const [start] = bounds(audio(segments[3]!));
    const [, end] = bounds(audio(segments[2]!));
    expect(end).toBe(start);
    expect(start).toSatisfy((ms: number) => ms >= 6000 && ms < 6128);
    expect(bounds(audio(segments[1]!))[1], 'it lags elsewhere').toBeLessThan(4000);
    const heard = segments.slice(3).flatMap((segment) => audio(segment).samples);
    expect(heard.filter(({ bytes }) => bytes[0] === 0xaa).length).toBeGreaterThan(25);
  });

  it('turns to silence when it vanishes and back when it appears, without a hole or a break', () => {
    const some = sounding(10_000).filter(({ receivedAt }) => receivedAt < 2500 || receivedAt > 6000);
    const { segments } = run(mixed([...pictures(101), ...some]));
    expect(breaks(segments)).toEqual([true, ...segments.slice(1).map(() => false)]);
    let at = 0;
    for (const segment of segments) {
      expect(audio(segment).decodeTime).toBe(at);
      at += audio(segment).samples.length * 1024;
    }
    expect(Math.abs(at / 8 - 10_100)).toBeLessThan(200);
    const kinds = segments
      .flatMap((segment) => audio(segment).samples.map(({ bytes }) => (bytes[0] === 0xaa ? 'x' : '.')))
      .join('');
    expect(kinds).toMatch(/^x{18,20}\.{25,29}x{30,32}\.?$/);
  });

  it('takes bursts that share one timestamp', () => {
    const burst = (at: number) => [1, 2, 3].map(() => ({ ...aac(at), receivedAt: at + 383 }));
    const bursts = Array.from({ length: 26 }, (_, i) => burst(i * 384)).flat();
    const { segments } = run(mixed([...pictures(101), ...bursts]));
    const real = segments.flatMap((segment) => audio(segment).samples).filter(({ bytes }) => bytes[0] === 0xaa);
    expect(real.length).toBe(78);
  });

  it('of another configuration begins with the next keyframe, behind a discontinuity', () => {
    const stereo = { sampleRate: 44_100, channels: 2 } as const;
    const items = mixed([
      ...pictures(60),
      ...Array.from({ length: 240 }, (_, i) => aac(Math.round((i * 1024) / 44.1), 1, stereo)),
    ]);
    const { segments } = run(items);
    expect(breaks(segments)).toEqual([true, true, false, false]);
    expect(durations(segments)).toEqual([1000, 2000, 2000, 1000]);
    const last = audio(segments[1]!);
    expect(last.decodeTime).toBe(44_100);
    expect(last.samples.filter(({ bytes }) => bytes[0] === 0xaa).length).toBeGreaterThan(80);
  });

  it('of another time is left out', () => {
    const { segments } = run([...pictures(10), aac(500_000, 3), aac(-500_000, 3), ...pictures(10, { from: 1000 })]);
    expect(segments.flatMap((segment) => audio(segment).samples).every(({ bytes }) => bytes[0] === 0)).toBe(true);
    expect(segments.flatMap((segment) => audio(segment).samples)).toHaveLength(16);
  });
});

describe('bounds', () => {
  it('what waits for a picture that never comes is let go', () => {
    const { segmenter } = run(
      Array.from({ length: 5000 }, (_, i) =>
        videoUnit(annexB(Buffer.concat([Buffer.from([6]), Buffer.alloc(500, 5)])), i, i),
      ),
      {},
      false,
    );
    expect(segmenter.bytes).toBeLessThan(200_000);
  });

  it('a stream of pictures without end, without keyframes, tiny ones, holds a bounded segment', () => {
    let most = 0;
    const segmenter = new Segmenter({ maxBytes: 100_000, maxMs: 1e9 }, () => {});
    segmenter.push(picture(true, 0));
    for (let i = 1; i < 20_000; i += 1) {
      segmenter.push(videoUnit(annexB(Buffer.from([0x41, 0x80])), T0 + i, i));
      most = Math.max(most, segmenter.bytes);
    }
    expect(most).toBeLessThan(140_000);
  });
});

const missing = lacks('libx264');
describe('players', () => {
  it.skipIf(missing !== '' || ffmpegPath === undefined)(`decode across forced cuts and losses${missing}`, () => {
    const frames = encodedVideo('h264', 6, 10, 30);
    const units = frames.map((frame, i) => videoUnit(frame, T0 + i * 100, i * 100));
    const forced = run(units, { maxMs: 1000 }).segments;
    expect(durations(forced)).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
    expect(decodeErrors(joined(forced))).toBe('');
    const lossy = run([...units.slice(0, 12), GAP, ...units.slice(30)]).segments;
    expect(breaks(lossy)).toEqual([true, true]);
    expect(decodeErrors(joined(lossy))).toBe('');
  });
});
