/** What is published is what was sent: through our eyes, mediabunny's and ffmpeg's. */
import { describe, expect, it } from 'vitest';
import { copyNal } from '../../../../containers/ingest/src/media/annexb.ts';
import { PacketEncoder } from '../../../../containers/ingest/src/jt1078/encode.ts';
import { Segmenter, type Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';
import type { VideoCodec, VideoUnit } from '../../../../containers/ingest/src/media/unit.ts';
import { capture, captures, haveCaptures, whyNot } from '../captures.ts';
import { decode } from '../jt1078/decode.ts';
import { random, randomChunks } from '../jt808/support.ts';
import { decodeErrors, encodedVideo, ffmpegPath, lacks, reorderedVideo, videoUnit } from '../streams.ts';
import { fileOf, joined, mediabunny, nalsOf, tracks } from './read.ts';

const noFfmpeg = lacks();

function segmented(units: readonly VideoUnit[]): Segment[] {
  const segments: Segment[] = [];
  const segmenter = new Segmenter({}, (segment) => segments.push(segment));
  for (const unit of units) segmenter.push(unit);
  segmenter.end();
  return segments;
}

/** From the first picture that can be decoded on. */
const decodable = (units: readonly VideoUnit[]): VideoUnit[] =>
  units.slice(units.findIndex(({ keyframe }) => keyframe));

async function compare(sent: readonly VideoUnit[], segments: readonly Segment[]): Promise<void> {
  const samples = segments.flatMap((segment) => tracks(fileOf(segment)).get(1)!.samples);
  expect(samples.map(({ bytes }) => [...nalsOf(bytes)].map((nal) => nal.toString('base64')))).toEqual(
    sent.map(({ data, nals }) => nals.map((nal) => copyNal(data, nal).toString('base64'))),
  );
  // Durations are the device's own differences, in 1/90 of a millisecond; only the last has none.
  expect(samples.slice(0, -1).map(({ duration }) => duration)).toEqual(
    sent.slice(1).map(({ timestamp }, i) => (timestamp - sent[i]!.timestamp) * 90),
  );
  expect(samples.map(({ flags }) => flags === 0x02000000)).toEqual(sent.map(({ keyframe }) => keyframe));
  segments.forEach(({ duration, parts, bytes, pictures }, i) => {
    const track = tracks(fileOf(segments[i]!)).get(1)!;
    expect(track.samples.reduce((sum, sample) => sum + sample.duration, 0)).toBe(duration * 90);
    expect(track.decodeTime).toBe(segments.slice(0, i).reduce((sum, before) => sum + before.duration, 0) * 90);
    expect([track.samples.length, parts.reduce((sum, { length }) => sum + length, 0)]).toEqual([pictures, bytes]);
  });
  const seen = await mediabunny(joined(segments));
  expect(seen.packets.map(({ at, key }) => [Math.round(at * 1000), key])).toEqual(
    sent.map(({ timestamp, keyframe }) => [timestamp - sent[0]!.timestamp, keyframe]),
  );
  expect(seen.packets.map(({ data }) => data.equals(samples[0]!.bytes) || data.length)).toEqual(
    samples.map(({ bytes }) => bytes.equals(samples[0]!.bytes) || bytes.length),
  );
  // mediabunny calls H.265 hev1 whatever the sample entry is.
  expect(seen.codecs.replace('hev1', 'hvc1')).toBe(segments[0]!.init.codecs);
  expect(segments[0]!.init.data.includes(segments[0]!.init.codecs.slice(0, 4))).toBe(true);
  expect(seen.size).toEqual([segments[0]!.init.width, segments[0]!.init.height]);
  expect([seen.sampleRate, seen.channels]).toEqual([8000, 1]);
  // Sound without a hole, over the same time as the picture to within one frame of it (128 ms).
  seen.sounds.forEach(({ at }, i) => expect(at).toBeCloseTo(i * 0.128, 6));
  const total = segments.reduce((sum, { duration }) => sum + duration, 0) / 1000;
  expect(seen.sounds.length * 0.128).toBeGreaterThanOrEqual(total);
  expect(seen.sounds.length * 0.128).toBeLessThan(total + 0.128);
}

describe.skipIf(!haveCaptures)(`of real devices${whyNot}`, () => {
  it.each(captures)('%s', async (name) => {
    const { video } = decode(randomChunks(capture(name), random(1), 9000));
    const sent = decodable(video);
    await compare(sent, segmented(video));
    expect(sent.length).toBeGreaterThan(0);
  });

  it.skipIf(ffmpegPath === undefined).each(captures)(`%s decodes without a word from ffmpeg${noFfmpeg}`, (name) => {
    expect(decodeErrors(joined(segmented(decode([capture(name)]).video)))).toBe('');
  });
});

/** B pictures come in the order of decoding, stamped with when they are shown: 12 s are 12 s, each picture at its time. */
describe('of video with B pictures', () => {
  const B_PICTURE = 2;
  const sources = [
    ['h264', 98, lacks('libx264')],
    ['h265', 99, lacks('libx265')],
  ] as const;
  for (const [codec, payloadType, missing] of sources) {
    const marks = [
      ['marked as such', true],
      ['marked as P pictures', false],
    ] as const;
    it.skipIf(missing !== '').each(marks)(`${codec}, %s${missing}`, async (_, isMarked) => {
      const frames = reorderedVideo(codec, 12);
      expect(frames.filter(({ isB }) => isB).length).toBeGreaterThan(100);
      const sequence = { next: 0 };
      const encoder = new PacketEncoder({ sim: '013800138000', channel: 1, sequence });
      const packets = frames.flatMap(({ data, shown, isB }, i) => {
        const own = encoder.video(payloadType, i === 0, 9_000_000 + shown, data);
        if (isB && isMarked) for (const packet of own) packet[15] = (B_PICTURE << 4) | (packet[15]! & 0x0f);
        return own;
      });
      const { video, gaps } = decode(randomChunks(Buffer.concat(packets), random(5), 4000));
      expect([video.length, gaps]).toEqual([300, []]);
      const segments = segmented(video);
      expect(segments.reduce((sum, { duration }) => sum + duration, 0)).toBe(12_000);
      expect(segments.map(({ discontinuity }) => discontinuity)).toEqual(segments.map((_segment, i) => i === 0));
      expect(segments.length).toBe(6);
      const seen = await mediabunny(joined(segments));
      expect(seen.packets.map(({ at }) => Math.round(at * 1000))).toEqual(frames.map(({ shown }) => shown));
      let at = 0;
      for (const segment of segments) {
        const { decodeTime, samples } = tracks(fileOf(segment)).get(1)!;
        expect(decodeTime).toBe(at * 90);
        expect(samples.every(({ duration }) => duration >= 0)).toBe(true);
        expect(samples.reduce((sum, { duration }) => sum + duration, 0)).toBe(segment.duration * 90);
        at += segment.duration;
      }
      expect(decodeErrors(joined(segments))).toBe('');
    });
  }

  it.skipIf(lacks('libx264') !== '')(
    'cut without a keyframe where none comes: no picture is lost or moved',
    async () => {
      const frames = reorderedVideo('h264', 6, 25, 500);
      const units = frames.map(({ data, shown }) => videoUnit(data, 9_000_000 + shown));
      const segments: Segment[] = [];
      const segmenter = new Segmenter({ maxMs: 1500 }, (segment) => segments.push(segment));
      for (const unit of units) segmenter.push(unit);
      segmenter.end();
      expect(segments.length).toBeGreaterThan(2);
      expect(segments.reduce((sum, { duration }) => sum + duration, 0)).toBe(6000);
      const seen = await mediabunny(joined(segments));
      expect(seen.packets.map(({ at }) => Math.round(at * 1000))).toEqual(frames.map(({ shown }) => shown));
      expect(decodeErrors(joined(segments))).toBe('');
    },
  );
});

describe('of generated video', () => {
  const sources = [
    ['h264', 98, /^avc1\.42c00[0-9a-f],mp4a\.40\.2$/, lacks('libx264')],
    ['h265', 99, /^hvc1\.1\.6\.L\d+\.90,mp4a\.40\.2$/, lacks('libx265')],
  ] as const;

  for (const [codec, payloadType, codecs, missing] of sources) {
    it.skipIf(missing !== '')(`${codec}, through packets of two SIM sizes and several lengths${missing}`, async () => {
      const frames = encodedVideo(codec satisfies VideoCodec, 5, 10, 10);
      expect(frames).toHaveLength(50);
      for (const [sim, maxBody] of [
        ['013800138000', 950],
        ['00000000013800138000', 1400],
        ['00000000013800138000', 61],
      ] as const) {
        const encoder = new PacketEncoder({ sim, channel: 2, maxBody });
        const packets = frames.flatMap((frame, i) =>
          encoder.video(payloadType, i % 10 === 0, 5_000_000 + i * 100, frame),
        );
        const { video, gaps } = decode(randomChunks(Buffer.concat(packets), random(maxBody), 4000));
        expect([video.length, gaps]).toEqual([50, []]);
        expect(video.map(({ keyframe }) => keyframe)).toEqual(frames.map((_, i) => i % 10 === 0));
        const segments = segmented(video);
        expect(segments.map(({ duration }) => duration)).toEqual([2000, 2000, 1000]);
        expect(segments[0]!.init.codecs).toMatch(codecs); // mediabunny's own reading is compared below
        await compare(video, segments);
        expect(decodeErrors(joined(segments))).toBe('');
        for (const segment of segments) expect(decodeErrors(joined([segment]))).toBe('');
      }
    });
  }
});
