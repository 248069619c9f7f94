/**
 * Media segments (RFC 8216bis 3.1.2, CMAF's structure): styp, one moof, one mdat, for both tracks.
 */
import type { VideoUnit } from '../media/unit.ts';
import { AUDIO_TRACK, VIDEO_TIMESCALE, VIDEO_TRACK } from './init.ts';
import { Payload } from './payload.ts';

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;

/** Sample flags (14496-12 8.8.3.1): depends on nothing; and: depends on others, is no sync sample. */
const KEY_FLAGS = 0x02000000;
const DELTA_FLAGS = 0x01010000;

/** trun flags (8.8.8.1): data offset, then per sample duration, size, flags. */
const TRUN_OFFSET = 0x000001;
const TRUN_DURATION = 0x000100;
const TRUN_SIZE = 0x000200;
const TRUN_FLAGS = 0x000400;
/** tfhd flags (8.8.7.1): the defaults that are given, and offsets count from the moof. */
const TFHD_DURATION = 0x000008;
const TFHD_FLAGS = 0x000020;
const TFHD_BASE_IS_MOOF = 0x020000;

const STYP = Buffer.from('000000187374797069736f360000000069736f366d736468', 'hex'); // iso6; iso6, msdh

/** What a picture costs beside its payload; counted, or a million tiny ones would pass every limit. */
const SAMPLE_BYTES = 32;

/** The pictures of one segment, as they come. All times are whole milliseconds of media time. */
export class VideoSamples {
  readonly #payload = new Payload();
  readonly #sizes: number[] = [];
  readonly #durations: number[] = [];
  readonly #keys: boolean[] = [];
  /** Media time of the first and of the latest picture. */
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

  /** Appends a picture shown from `at` on, which is when the one before it ends. */
  add(unit: VideoUnit, at: number): void {
    if (this.#sizes.length > 0) this.#durations.push(at - this.#latest);
    this.#latest = at;
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

  /** The latest picture lasts until `at`; nothing more is added. @returns milliseconds from first to last. */
  finish(at: number): number {
    this.#durations.push(at - this.#latest);
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
    return TRAF_BYTES + 12 * this.count;
  }

  write(out: Buffer, at: number, dataOffset: number): number {
    let next = writeTraf(out, at, this.boxBytes, VIDEO_TRACK, TFHD_BASE_IS_MOOF, [], this.start * TICKS_PER_MS);
    const flags = TRUN_OFFSET | TRUN_DURATION | TRUN_SIZE | TRUN_FLAGS;
    next = writeTrun(out, next, flags, this.count, 12, dataOffset);
    for (let i = 0; i < this.count; i += 1) {
      next = out.writeUInt32BE(this.#durations[i]! * TICKS_PER_MS, next);
      next = out.writeUInt32BE(this.#sizes[i]!, next);
      next = out.writeUInt32BE(this.#keys[i]! ? KEY_FLAGS : DELTA_FLAGS, next);
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

/** tfhd without defaults, tfdt version 1, trun without samples, and the traf's own header. */
const TRAF_BYTES = 8 + 16 + 20 + 20;
const audioBoxBytes = (audio: AudioSamples): number => TRAF_BYTES + 8 + 4 * audio.frames.length;

/** @returns the segment's bytes as a list of buffers. `sequence` counts segments from 1. */
export function mediaSegment(
  sequence: number,
  video: VideoSamples,
  audio: AudioSamples,
): { parts: Buffer[]; bytes: number } {
  const audioBytes = audio.frames.reduce((sum, frame) => sum + frame.length, 0);
  // moof: its header, mfhd, and both tracks
  const moofBytes = 8 + 16 + video.boxBytes + audioBoxBytes(audio);
  const mdatBytes = 8 + audioBytes + video.bytes;
  // Sound goes first, so that all but the pictures is one buffer.
  const head = Buffer.allocUnsafe(STYP.length + moofBytes + 8 + audioBytes);
  let at = STYP.copy(head);
  at = writeBox(head, at, moofBytes, 'moof');
  at = writeBox(head, at, 16, 'mfhd');
  at = head.writeUInt32BE(0, at);
  at = head.writeUInt32BE(sequence, at);
  const dataOffset = moofBytes + 8;
  at = video.write(head, at, dataOffset + audioBytes);
  at = writeAudio(head, at, audio, dataOffset);
  at = writeBox(head, at, mdatBytes, 'mdat');
  for (const frame of audio.frames) at += frame.copy(head, at);
  return { parts: [head, ...video.parts()], bytes: head.length + video.bytes };
}

function writeAudio(out: Buffer, at: number, audio: AudioSamples, dataOffset: number): number {
  const flags = TFHD_BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS;
  const defaults = [audio.frameSamples, KEY_FLAGS];
  let next = writeTraf(out, at, audioBoxBytes(audio), AUDIO_TRACK, flags, defaults, audio.start);
  next = writeTrun(out, next, TRUN_OFFSET | TRUN_SIZE, audio.frames.length, 4, dataOffset);
  for (const frame of audio.frames) next = out.writeUInt32BE(frame.length, next);
  return next;
}

/** traf header, tfhd with its defaults in order, tfdt of 64 bits. */
function writeTraf(
  out: Buffer,
  at: number,
  bytes: number,
  track: number,
  flags: number,
  defaults: readonly number[],
  decodeTime: number,
): number {
  let next = writeBox(out, at, bytes, 'traf');
  next = writeBox(out, next, 16 + 4 * defaults.length, 'tfhd');
  next = out.writeUInt32BE(flags, next);
  next = out.writeUInt32BE(track, next);
  for (const value of defaults) next = out.writeUInt32BE(value, next);
  next = writeBox(out, next, 20, 'tfdt');
  next = out.writeUInt32BE(0x01000000, next); // version 1
  next = out.writeUInt32BE(Math.floor(decodeTime / 4_294_967_296), next);
  return out.writeUInt32BE(decodeTime % 4_294_967_296, next);
}

function writeTrun(
  out: Buffer,
  at: number,
  flags: number,
  count: number,
  sampleBytes: number,
  dataOffset: number,
): number {
  let next = writeBox(out, at, 20 + sampleBytes * count, 'trun');
  next = out.writeUInt32BE(flags, next);
  next = out.writeUInt32BE(count, next);
  return out.writeInt32BE(dataOffset, next);
}

function writeBox(out: Buffer, at: number, bytes: number, type: string): number {
  out.writeUInt32BE(bytes, at);
  out.write(type, at + 4, 4, 'latin1');
  return at + 8;
}
