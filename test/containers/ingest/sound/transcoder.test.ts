import { describe, expect, it } from 'vitest';
import { Segmenter, type Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { TELEPHONE_AAC } from '../../../../containers/ingest/src/media/audio/aac.ts';
import type { RawAudioCodec } from '../../../../containers/ingest/src/media/unit.ts';
import { loadEncoders } from '../../../../containers/ingest/src/sound/library.ts';
import { Transcoder, type TimedFrame } from '../../../../containers/ingest/src/sound/transcoder.ts';
import { ENCODER_FILE } from '../../../../containers/ingest/src/sound/files.ts';
import { Step } from '../../../../containers/ingest/src/sound/step.ts';
import type { EncodedUnit } from '../../../../containers/ingest/src/sound/sounds.ts';
import { fileOf, tracks } from '../hls/read.ts';
import { h264Picture, lacks, videoUnit } from '../streams.ts';
import { AMPLITUDE, amplitude, decodeAac, loudest, onsets, packets, signal, TONE_HZ } from './signals.ts';

const need = lacks('aac', 'g726le', 'pcm_mulaw');
const makeEncoder = await loadEncoders(ENCODER_FILE.href);

/** A tone of 300 ms each second. */
const beeps = (at: number) => at % 1000 >= 400 && at % 1000 < 700;
const START = 1_700_000_000_000;

const transcode = (codec: RawAudioCodec, milliseconds: number): TimedFrame[] => {
  const transcoder = new Transcoder(makeEncoder());
  const frames = packets(codec, signal(milliseconds, beeps)).flatMap((data, i) =>
    transcoder.push({ codec, data, timestamp: START + i * 40 }),
  );
  transcoder.close();
  return frames;
};

describe.skipIf(need !== '')(`telephone sound as AAC${need}`, () => {
  it.each(['g711a', 'g711u', 'g726', 'adpcm-ima'] as const)('%s: the same tone, as loud, at the same time', (codec) => {
    const frames = transcode(codec, 5000);
    expect(frames[0]!.timestamp).toBe(START - 128);
    frames.forEach(({ timestamp }, i) => expect(timestamp).toBe(frames[0]!.timestamp + i * 128));
    const pcm = decodeAac(frames.map(({ frame }) => frame));
    // What is decoded begins at the first frame's time.
    const times = onsets(pcm).map((at) => at - 128);
    expect(times).toHaveLength(5);
    times.forEach((at, i) => expect(Math.abs(at - (400 + i * 1000))).toBeLessThan(8));
    const beep = pcm.subarray((128 + 1450) * 8, (128 + 1650) * 8);
    expect(loudest(beep)).toBe(TONE_HZ);
    expect(Math.abs(20 * Math.log10(amplitude(beep) / AMPLITUDE))).toBeLessThan(1);
    expect(amplitude(pcm.subarray((128 + 1800) * 8, (128 + 2300) * 8))).toBeLessThan(AMPLITUDE / 100);
  });

  it('says of every frame when it sounds by the packet before it, over holes and jumps of the clock', () => {
    const transcoder = new Transcoder(makeEncoder());
    const all = packets('g711a', signal(12_000, beeps));
    const clock = (i: number): number | undefined => {
      if (i < 50) return START + i * 40;
      if (i < 60) return undefined; // 400 ms are lost: filled
      if (i < 100) return START + i * 40;
      if (i < 160) return START + i * 40 + 5000; // a pause: begun anew
      return START + i * 40 - 50_000; // set back
    };
    const frames = all.flatMap((data, i) => {
      const timestamp = clock(i);
      return timestamp === undefined ? [] : transcoder.push({ codec: 'g711a', data, timestamp });
    });
    const steps = frames.slice(1).map(({ timestamp }, i) => Math.round(timestamp - frames[i]!.timestamp));
    const [first, second] = steps.filter((step) => step !== 128);
    expect(steps.filter((step) => step !== 128)).toHaveLength(2);
    // Nothing of what was heard is kept back: the pause is shorter by the silence that pushed it out.
    expect(first).toBeGreaterThan(4500);
    expect(first).toBeLessThan(5128);
    expect(second).toBeLessThan(-54_000);
    const pcm = decodeAac(frames.map(({ frame }) => frame));
    const shown = frames.flatMap(({ timestamp }, i) =>
      onsets(pcm)
        .filter((at) => at >= i * 128 && at < (i + 1) * 128)
        .map((at) => timestamp + at - i * 128),
    );
    expect(shown).toHaveLength(12);
    for (const at of shown) {
      const into = (((at - START + 55_000) % 1000) + 1000) % 1000;
      // 5000 and 50,000 are whole seconds; the beep that began in the hole begins after it.
      expect(Math.min(Math.abs(into - 400), Math.abs(at - START - 2400))).toBeLessThan(8);
    }
  });

  it('takes any bytes and any times', () => {
    const transcoder = new Transcoder(makeEncoder());
    const codecs = ['g711a', 'g711u', 'g726', 'adpcm-ima'] as const;
    let made = 0;
    for (let i = 0; i < 400; i += 1) {
      const data = Buffer.from(Array.from({ length: (i * 37) % 500 }, (_, j) => (i * 31 + j * j * 7) & 255));
      const timestamp = i % 5 === 0 ? (i * 7919) % 100_000 : i * 40;
      made += transcoder.push({ codec: codecs[i % 4]!, data, timestamp }).length;
    }
    expect(made).toBeGreaterThan(100);
  });
});

/**
 * A stream as a task has it, without thread and sockets: pictures and packets by one clock, encoded sound back after
 * `delay`, the corrections too. @returns how many milliseconds each beep comes after its time, and the segments.
 */
function play(options: {
  readonly seconds: number;
  /** Milliseconds from the first picture to the first packet. */
  readonly phase: number;
  /** By how much too slowly samples are taken: 0.001 is a millisecond a second. */
  readonly drift?: number;
  readonly delay?: number;
  /** Whole seconds at which half a second of everything is lost. */
  readonly losses?: readonly number[];
  /** Packets that share a timestamp. */
  readonly burst?: number;
}) {
  const { seconds, phase, drift = 0, delay = 80, losses = [], burst = 1 } = options;
  const segments: Segment[] = [];
  const segmenter = new Segmenter({ epoch: (receivedAt) => receivedAt }, (segment) => segments.push(segment));
  const transcoder = new Transcoder(makeEncoder());
  const step = new Step();
  const events: { at: number; run: () => void }[] = [];
  const lost = (at: number) => losses.some((second) => at >= second * 1000 && at < second * 1000 + 500);
  for (let at = 0; at < seconds * 1000; at += 40) {
    const run = () => segmenter.push(videoUnit(h264Picture(at % 1000 === 0, 40, 1), START + at));
    if (!lost(at)) events.push({ at, run });
  }
  for (const second of losses) {
    events.push({ at: second * 1000 + 1, run: () => segmenter.push({ kind: 'gap', why: 'loss' }) });
  }
  const length = 40 * (1 + drift);
  const sent = signal(seconds * 1000, (at) => beeps(phase + at * (1 + drift)));
  packets('g711a', sent).forEach((data, i) => {
    const from = phase + i * length;
    const stamped = phase + (i - (i % burst)) * length;
    const arrives = phase + (i - (i % burst) + burst) * length;
    if (lost(from)) return;
    events.push({
      at: arrives,
      run: () => {
        for (const { frame, timestamp, shifts } of transcoder.push({
          codec: 'g711a',
          data,
          timestamp: Math.round(START + stamped),
        })) {
          const placed = (late: number | undefined) => {
            const shift = late === undefined ? undefined : step.report(late, shifts);
            if (shift !== undefined) transcoder.shift(shift.ms, shift.count);
          };
          const frames = [Buffer.from(frame)];
          const unit: EncodedUnit = { kind: 'aac', config: TELEPHONE_AAC, timestamp, receivedAt: 0, frames, placed };
          later.push({ at: arrives + delay, run: () => segmenter.push(unit) });
        }
      },
    });
  });
  const later: typeof events = [];
  for (const event of events.toSorted((a, b) => a.at - b.at)) {
    while (later[0] !== undefined && later[0].at <= event.at) later.shift()!.run();
    event.run();
  }
  segmenter.end();
  transcoder.close();
  const files = segments.map((segment) => tracks(fileOf(segment)));
  const first = files[0]!.get(2)!.decodeTime / 8;
  const pcm = decodeAac(files.flatMap((file) => file.get(2)!.samples.map(({ bytes }) => bytes)));
  const late = onsets(pcm).flatMap((at) => {
    const media = first + at;
    // Media time runs on over a loss: what time of day it is, the pictures of that moment say.
    const shown = files.findIndex((file, i) => {
      const from = file.get(1)!.decodeTime / 90;
      return media >= from && media < from + segments[i]!.duration;
    });
    if (shown < 0) return [];
    const time = segments[shown]!.programDateTime + media - files[shown]!.get(1)!.decodeTime / 90;
    return [((((time - 400 + 500) % 1000) + 1000) % 1000) - 500];
  });
  return { late, segments };
}

describe.skipIf(need !== '')(`in step with the pictures${need}`, () => {
  it.each([0, 13, 40, 64, 77, 101, 127])('whichever way its frames fall: begun %d ms after them', (phase) => {
    const { late, segments } = play({ seconds: 16, phase });
    expect(late.length).toBeGreaterThanOrEqual(14);
    // The track has places for whole frames, so the first second may be half a frame off.
    expect(Math.max(...late.map(Math.abs))).toBeLessThan(70);
    expect(Math.max(...late.slice(1).map(Math.abs))).toBeLessThan(25);
    // Without a hole, whatever was corrected.
    let at = 0;
    for (const segment of segments) {
      const { decodeTime, samples } = tracks(fileOf(segment)).get(2)!;
      expect(decodeTime).toBe(at);
      at += samples.length * 1024;
    }
  });

  it.each([0.002, -0.002, 0.0004])('with a clock that is off by %d', (drift) => {
    const { late } = play({ seconds: 30, phase: 20, drift });
    expect(late.length).toBeGreaterThanOrEqual(28);
    expect(Math.max(...late.slice(1).map(Math.abs))).toBeLessThan(30);
  });

  it('after losses, each of which moves the pictures', () => {
    const { late } = play({ seconds: 24, phase: 31, losses: [5, 9, 14] });
    // A beep in a lost half second is lost; the one after it may still be half a frame off.
    const off = late.filter((ms) => Math.abs(ms) >= 50);
    expect(late.length).toBeGreaterThanOrEqual(17);
    expect(off.length).toBeLessThanOrEqual(3);
    expect(Math.max(...late.map(Math.abs))).toBeLessThan(110);
  });

  it('where five packets share a timestamp, and the encoder is slow to answer', () => {
    const { late } = play({ seconds: 20, phase: 5, burst: 5, delay: 250 });
    expect(late.length).toBeGreaterThanOrEqual(17);
    expect(Math.max(...late.slice(2).map(Math.abs))).toBeLessThan(50);
  });
});
