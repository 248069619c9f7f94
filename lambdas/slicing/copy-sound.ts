/** Sound whose packets are published as they are, cut where the segments of the video begin. Pure. */
import type { CopyTable } from '../../lib/contract/segment-table.ts';
import type { CopiedSound } from './copy.ts';
import { soundInit } from './copy-init.ts';
import { firstFrom, type Range, type Sound } from './placed.ts';

/** Samples of an AAC frame. */
const FRAME = 1024;
/** Seconds that copied sound may be late, and end early or late: more than that is filled, which takes an encoder. */
const SOUND_LATE = 0.05;
const SOUND_END = 0.5;

export interface HeardCopy {
  readonly sound: Sound;
  readonly description: CopiedSound;
  /** The first frame of each segment, and where the last one ends. */
  readonly frames: readonly number[];
}

/** Of each sound, undefined where it has to be encoded. `seconds`: at which segments begin; `ends`: and the last one ends. */
export const copySounds = (
  sounds: readonly (Sound | undefined)[],
  wished: readonly (CopiedSound | undefined)[],
  seconds: readonly number[],
  ends: number,
): (HeardCopy | undefined)[] =>
  sounds.map((sound, i) => {
    const description = wished[i];
    if (!sound || !description || !fits(sound, description, ends)) return undefined;
    const frames = framesAt(sound, description, seconds);
    // A segment without sound is none.
    return frames.slice(1).some((at, before) => at <= frames[before]!) ? undefined : { sound, description, frames };
  });

/** Adds what its packets are to the bytes of each segment. */
export function addBytes(bytes: number[], { sound, frames }: HeardCopy): void {
  bytes.forEach((_, segment) => {
    bytes[segment]! += sum(sound.track.samples.size, frames[segment]!, frames[segment + 1]!);
  });
}

export const sum = (sizes: Uint32Array, from: number, to: number): number => {
  let total = 0;
  for (let i = from; i < to; i += 1) total += sizes[i]!;
  return total;
};

export const segmentsOf = <T>({ firstSegment, segments }: Range, of: (segment: number) => T): T[] =>
  Array.from({ length: segments }, (_, i) => of(firstSegment - 1 + i));

/** Those of these segments. `names`: of all sound renditions. */
export const soundTracks = (
  heard: readonly (HeardCopy | undefined)[],
  range: Range,
  names: readonly string[],
): CopyTable['tracks'] =>
  names.flatMap((name, position) => {
    const copy = heard[position];
    if (copy === undefined) return [];
    const { sound, description, frames } = copy;
    const from = frames[range.firstSegment - 1]!;
    const to = frames[range.firstSegment - 1 + range.segments]!;
    const all = Array.from({ length: to - from }, (_, i) => from + i);
    return [
      {
        kind: 'audio' as const,
        name,
        codecs: description.codecs,
        init: soundInit(description).toString('base64'),
        timescale: description.sampleRate,
        decode: timeOf(sound, from),
        offset: all.map((i) => sound.track.samples.offset[i]!),
        size: all.map((i) => sound.track.samples.size[i]!),
        duration: all.map(() => FRAME),
        composition: all.map(() => 0),
        segments: segmentsOf(range, (segment) => {
          const count = frames[segment + 1]! - frames[segment]!;
          return { samples: count, duration: (count * FRAME) / description.sampleRate };
        }),
      },
    ];
  });

/** Ticks, which are samples, at which a frame is heard. */
const timeOf = ({ track: { samples, timescale }, shift }: Sound, frame: number): number =>
  samples.decode[frame]! + Math.round(shift * timescale);

/** Whether its frames follow one another without a hole, from about the beginning to about the end. */
function fits(sound: Sound, { sampleRate }: CopiedSound, ends: number): boolean {
  const { track, count, start, end } = sound;
  const { samples, timescale } = track;
  if (timescale !== sampleRate || count === 0 || start > SOUND_LATE || Math.abs(end - ends) > SOUND_END) return false;
  for (let i = 0; i < count; i += 1) {
    if (samples.composition[i] !== 0 || samples.size[i] === 0) return false;
    if (i + 1 < count && samples.decode[i + 1]! - samples.decode[i]! !== FRAME) return false;
  }
  return true;
}

/** The first frame of each segment, and where the last one ends: those that begin at its start or later. */
function framesAt(sound: Sound, { sampleRate }: CopiedSound, seconds: readonly number[]): number[] {
  const { decode } = sound.track.samples;
  const ticks = Math.round(sound.shift * sound.track.timescale);
  // Frames of before the beginning are the encoder's priming; half a one may stand over it.
  const at = (time: number, early: number) => firstFrom(decode, time * sampleRate - ticks - early);
  const starts = seconds.map((time, i) => Math.min(sound.count, at(time, i === 0 ? FRAME / 2 : 1)));
  return [...starts, sound.count];
}
