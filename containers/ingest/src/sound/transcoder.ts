/**
 * One stream's sound, telephone codec to AAC. Frames are 128 ms long and packets are not, timestamps waver, and packets get
 * lost; so the samples run on without a hole, and each frame that comes out says when it sounds by the packet that came last.
 */
import { AAC_FRAME_SAMPLES } from '../media/audio/aac.ts';
import { PcmDecoder, TELEPHONE_RATE } from '../media/audio/pcm.ts';
import type { AudioUnit } from '../media/unit.ts';
import type { FrameEncoder } from './library.ts';

/** Milliseconds by which a timestamp may differ from where the sound before it ended: bursts share one, clocks waver. */
const TOLERANCE_MS = 300;
/** Milliseconds of missing sound that are filled with silence; after a longer pause it begins anew. */
const LONGEST_HOLE_MS = 1000;
/** Frames that an encoder holds back: what it overlaps with the next one, and its own delay. */
const HELD_FRAMES = 2;
const SAMPLES_PER_MS = TELEPHONE_RATE / 1000;

export interface TimedFrame {
  /** Device clock, milliseconds: when its first sample sounds. */
  readonly timestamp: number;
  readonly shifts: number;
  readonly frame: Uint8Array;
}

export class Transcoder {
  readonly #encoder: FrameEncoder;
  readonly #decoder = new PcmDecoder();
  /** Samples that do not make a frame yet. */
  readonly #frame = new Float32Array(AAC_FRAME_SAMPLES);
  #filled = 0;
  /** Frames given to the encoder. */
  #given = 0;
  /** The latest packet: its first sample (since the beginning), its time, and when it ends. Undefined before there was one. */
  #anchor: { readonly sample: number; readonly time: number; readonly until: number } | undefined;
  #out: TimedFrame[] = [];
  #pending = 0;
  /** The latest correction, and the sample it was made at. */
  #shifts: { readonly count: number; readonly sample: number };

  /** `shifts`: corrections made so far, by another of the same stream. */
  constructor(encoder: FrameEncoder, shifts = 0) {
    this.#encoder = encoder;
    this.#shifts = { count: shifts, sample: 0 };
  }

  get shifts(): number {
    return this.#shifts.count;
  }

  /** Leaves out so many milliseconds of what comes next; negative: silence goes before it. */
  shift(ms: number, count: number): void {
    this.#pending = Math.round(ms * SAMPLES_PER_MS);
    this.#shifts = { count, sample: this.#samples };
  }

  /** @returns the frames that this packet completes. @throws EncoderError; begin with another encoder then. */
  push({ codec, data, timestamp }: Pick<AudioUnit, 'codec' | 'data' | 'timestamp'>): TimedFrame[] {
    this.#out = [];
    const pcm = this.#decoder.decode({ codec, data });
    if (this.#anchor !== undefined) {
      const jump = timestamp - this.#anchor.until;
      if (jump > LONGEST_HOLE_MS || jump < -TOLERANCE_MS) this.#finish();
      else if (jump > TOLERANCE_MS) this.#silence(Math.round(jump * SAMPLES_PER_MS));
    }
    const left = this.#correct(pcm.length);
    const until = timestamp + pcm.length / SAMPLES_PER_MS;
    this.#anchor = { sample: this.#samples, time: timestamp + left / SAMPLES_PER_MS, until };
    for (let i = left; i < pcm.length; i += 1) this.#sample(pcm[i]! / 32_768);
    return this.#out;
  }

  close(): void {
    this.#encoder.close();
  }

  get #samples(): number {
    return this.#given * AAC_FRAME_SAMPLES + this.#filled;
  }

  /** Makes what is left of a correction; @returns samples to leave out of a packet of so many. */
  #correct(length: number): number {
    // Sound that is only beginning has nothing yet to be corrected against.
    const pending = this.#anchor === undefined ? 0 : this.#pending;
    const left = Math.min(length, Math.max(0, pending));
    if (pending < 0) this.#silence(-pending);
    this.#pending = pending < 0 ? 0 : pending - left;
    if (pending !== 0) this.#shifts = { ...this.#shifts, sample: this.#samples };
    return left;
  }

  /** Everything heard so far comes out. */
  #finish(): void {
    this.#silence(((AAC_FRAME_SAMPLES - this.#filled) % AAC_FRAME_SAMPLES) + HELD_FRAMES * AAC_FRAME_SAMPLES);
  }

  #silence(samples: number): void {
    for (let i = 0; i < samples; i += 1) this.#sample(0);
  }

  #sample(value: number): void {
    this.#frame[this.#filled] = value;
    this.#filled += 1;
    if (this.#filled < AAC_FRAME_SAMPLES) return;
    const frames = this.#encoder.encode(this.#frame);
    this.#filled = 0;
    this.#given += 1;
    // The encoder holds back two frames: the first that comes out sounds before the first that was given, and is silence.
    for (const frame of frames) this.#emit(frame, (this.#given - 1 - HELD_FRAMES) * AAC_FRAME_SAMPLES);
  }

  #emit(frame: Uint8Array, from: number): void {
    const { sample, time } = this.#anchor!;
    const { count, sample: shiftedAt } = this.#shifts;
    this.#out.push({
      frame,
      timestamp: time + (from - sample) / SAMPLES_PER_MS,
      shifts: from >= shiftedAt ? count : count - 1,
    });
  }
}
