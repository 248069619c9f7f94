/** How many bytes of a source each segment has, and how many a task that encodes some of them has room for. Pure. */
import { CHUNK_SCRATCH_MIB } from '../../lib/contract/slicing.ts';
import { sum } from './copy-sound.ts';
import { firstFrom, type Bound, type Pictures, type Range, type Sound } from './placed.ts';
import { Refusal, spokenBytes, spokenStretch } from './refusal.ts';

/** MiB of a task's scratch space that are no samples: what lies between them and is read along, pictures for scrubbing. */
const AROUND_MIB = 512;

/** Bytes of samples that a task has room for. */
export const MOST_BYTES = (CHUNK_SCRATCH_MIB - AROUND_MIB) * 1024 ** 2;

/**
 * Bytes of the samples of each segment, picture and sound. `begins`: seconds. Pictures of a segment that begins with no
 * keyframe count to the one before it: they are read together.
 */
export function segmentBytes(
  { track: { samples } }: Pictures,
  sounds: readonly (Sound | undefined)[],
  bounds: readonly Bound[],
  begins: readonly number[],
): number[] {
  const bytes = bounds.map(() => 0);
  const add = (sizes: Uint32Array, firsts: readonly (number | undefined)[], count: number) => {
    let end = count;
    for (let segment = firsts.length - 1; segment >= 0; segment -= 1) {
      const first = firsts[segment];
      if (first === undefined) continue;
      bytes[segment]! += sum(sizes, first, end);
      end = first;
    }
  };
  const pictures = bounds.map(({ sample }) => sample);
  add(samples.size, pictures, samples.count);
  for (const { track, shift, count } of sounds.filter((sound) => sound !== undefined)) {
    const { decode, size } = track.samples;
    const firsts = begins.map((time) => Math.min(count, firstFrom(decode, (time - shift) * track.timescale)));
    add(size, firsts, count);
  }
  return bytes;
}

/** Whether one task has room for these segments. `bytes`: of each segment. */
export const fitsTask = (bytes: readonly number[], { firstSegment, segments }: Range): boolean =>
  bytesIn(bytes, { firstSegment, segments }) <= MOST_BYTES;

const bytesIn = (bytes: readonly number[], { firstSegment, segments }: Range): number =>
  bytes.slice(firstSegment - 1, firstSegment - 1 + segments).reduce((total, size) => total + size, 0);

interface Chunks {
  readonly bytes: readonly number[];
  readonly chunks: readonly Stretch[];
}

type Stretch = Range & Parameters<typeof spokenStretch>[0];

const tooLarge = ({ bytes, chunks }: Chunks): Stretch | undefined => chunks.find((one) => !fitsTask(bytes, one));

/** Whether all that has to be encoded in one fits its task. */
export const chunksFit = (table: Chunks): boolean => tooLarge(table) === undefined;

/** Throws Refusal for what lies between two keyframes and does not fit a task. */
export function checkChunks(table: Chunks): void {
  const chunk = tooLarge(table);
  if (chunk === undefined) return;
  throw new Refusal(
    'too-large-to-slice',
    `The file can be cut at its keyframes alone, and ${spokenStretch(chunk)} there are ${spokenBytes(bytesIn(table.bytes, chunk))} without any to cut at, where one task has room for ${spokenBytes(MOST_BYTES)}. Export it with a keyframe every second and upload that.`,
  );
}
