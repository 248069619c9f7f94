/**
 * Media segments (RFC 8216bis 3.1.2, CMAF's structure): styp, one moof, one mdat, for both tracks.
 */
import { writeHeader } from '../../../../lib/media/build.ts';
import {
  DELTA_FLAGS,
  MOOF_BYTES,
  SYNC_FLAGS,
  TFHD_BASE_IS_MOOF,
  TFHD_DURATION,
  TFHD_FLAGS,
  TRAF_BYTES,
  TRUN_COMPOSITION,
  TRUN_DURATION,
  TRUN_FLAGS,
  TRUN_OFFSET,
  TRUN_SIZE,
  writeMoof,
  writeTraf,
  writeTrun,
} from '../../../../lib/media/fragments.ts';
import type { VideoUnit } from '../media/unit.ts';
import { decodeTimes } from './decode-times.ts';
import { AUDIO_TRACK, VIDEO_TIMESCALE, VIDEO_TRACK } from './init.ts';
import { Payload } from './payload.ts';

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;

const STYP = Buffer.from('000000187374797069736f360000000069736f366d736468', 'hex'); // iso6; iso6, msdh

/** What a picture costs beside its payload; counted, or a million tiny ones would pass every limit. */
const SAMPLE_BYTES = 32;

/** The pictures of one segment, in the order of decoding. All times are whole milliseconds of media time. */
export class VideoSamples {
  readonly #payload = new Payload();
  readonly #sizes: number[] = [];
  /** When each is shown. */
  readonly #times: number[] = [];
  readonly #keys: boolean[] = [];
  /** Not all are shown in the order of decoding. */
  #isReordered = false;
  #end = 0;
  /** Media time where the segment begins, and of the picture that is shown last. */
  readonly start: number;
  #latest: number;

  constructor(start: number) {
    this.start = start;
    this.#latest = start;
  }

  /** Payload so far. */
  get bytes(): number {
    return this.#payload.bytes;
  }

  /** Memory taken, roughly. */
  get held(): number {
    return this.#payload.held + this.count * SAMPLE_BYTES;
  }

  get count(): number {
    return this.#sizes.length;
  }

  get latest(): number {
    return this.#latest;
  }

  /** Appends a picture shown from `at` on, until the next in time is; not before the segment begins. */
  add(unit: VideoUnit, at: number): void {
    this.#isReordered ||= at < this.#latest || (this.count === 0 && at > this.start);
    this.#latest = Math.max(this.#latest, at);
    this.#times.push(at);
    this.#sizes.push(0);
    this.#keys.push(unit.keyframe);
    this.extend(unit);
  }

  /** Appends NAL units to the latest picture: each with its length in four bytes in place of a start code. */
  extend({ data, nals }: VideoUnit): void {
    const before = this.#payload.bytes;
    for (const { start, end } of nals) this.#payload.addNal(data, start, end);
    this.#sizes[this.#sizes.length - 1]! += this.#payload.bytes - before;
  }

  /** What is shown last lasts until `at`; nothing more is added. @returns milliseconds of the whole segment. */
  finish(at: number): number {
    this.#end = at;
    return at - this.start;
  }

  /** The payload, in order. */
  parts(): Buffer[] {
    return this.#payload.parts();
  }

  /** Its parts are used for something else from now on. Safe to repeat. */
  free(): void {
    this.#payload.free();
  }

  /** Size of the track's box in a moof. */
  get boxBytes(): number {
    return TRAF_BYTES + this.#sampleBytes * this.count;
  }

  get #sampleBytes(): number {
    return this.#isReordered ? 16 : 12;
  }

  write(out: Buffer, at: number, dataOffset: number): number {
    let next = writeTraf(out, at, this.boxBytes, VIDEO_TRACK, TFHD_BASE_IS_MOOF, [], this.start * TICKS_PER_MS);
    const isReordered = this.#isReordered;
    const shown = this.#times.map((time) => time * TICKS_PER_MS);
    const end = this.#end * TICKS_PER_MS;
    const decoded = isReordered ? decodeTimes(shown, this.start * TICKS_PER_MS) : shown;
    const flags = TRUN_OFFSET | TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS | (isReordered ? TRUN_COMPOSITION : 0);
    next = writeTrun(out, next, isReordered ? 1 : 0, flags, this.count, this.#sampleBytes, dataOffset);
    for (let i = 0; i < this.count; i += 1) {
      next = out.writeUInt32BE((decoded[i + 1] ?? end) - decoded[i]!, next);
      next = out.writeUInt32BE(this.#sizes[i]!, next);
      next = out.writeUInt32BE(this.#keys[i]! ? SYNC_FLAGS : DELTA_FLAGS, next);
      if (isReordered) next = out.writeUInt32BE(shown[i]! - decoded[i]!, next);
    }
    return next;
  }
}

/** The sound of one segment: frames of equal duration. */
export interface AudioSamples {
  /** Samples since media time 0, where the first frame begins. */
  readonly start: number;
  /** Samples in each frame. */
  readonly frameSamples: number;
  readonly frames: readonly Buffer[];
}

const audioBoxBytes = (audio: AudioSamples): number => TRAF_BYTES + 8 + 4 * audio.frames.length;

/** @returns the segment's bytes as a list of buffers. `sequence` counts segments from 1. */
export function mediaSegment(
  sequence: number,
  video: VideoSamples,
  audio: AudioSamples,
): { parts: Buffer[]; bytes: number } {
  const audioBytes = audio.frames.reduce((sum, frame) => sum + frame.length, 0);
  const moofBytes = MOOF_BYTES + video.boxBytes + audioBoxBytes(audio);
  const mdatBytes = 8 + audioBytes + video.bytes;
  // Sound goes first, so that all but the pictures is one buffer.
  const head = Buffer.allocUnsafe(STYP.length + moofBytes + 8 + audioBytes);
  let at = STYP.copy(head);
  at = writeMoof(head, at, moofBytes, sequence);
  const dataOffset = moofBytes + 8;
  at = video.write(head, at, dataOffset + audioBytes);
  at = writeAudio(head, at, audio, dataOffset);
  at = writeHeader(head, at, mdatBytes, 'mdat');
  for (const frame of audio.frames) at += frame.copy(head, at);
  return { parts: [head, ...video.parts()], bytes: head.length + video.bytes };
}

function writeAudio(out: Buffer, at: number, audio: AudioSamples, dataOffset: number): number {
  const flags = TFHD_BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS;
  const defaults = [audio.frameSamples, SYNC_FLAGS];
  let next = writeTraf(out, at, audioBoxBytes(audio), AUDIO_TRACK, flags, defaults, audio.start);
  next = writeTrun(out, next, 0, TRUN_OFFSET | TRUN_SIZE, audio.frames.length, 4, dataOffset);
  for (const frame of audio.frames) next = out.writeUInt32BE(frame.length, next);
  return next;
}
