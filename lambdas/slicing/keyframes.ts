/** Keyframes as they are, and not as an index calls them: pictures that lean on others are lost where decoding begins at them. */
import { keyframesOf, type IsKeyframe } from '../../lib/media/keyframes.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import type { MovieIndex, SampleTable } from '../../lib/media/sample-table.ts';
import { logger } from '../shared/logger.ts';
import { startsAnew } from './copy.ts';
import type { SegmentTable } from './segment-table.ts';

/** Keyframes looked into, and how far: parameter sets and messages come before the picture. */
const LOOKED_INTO = 32;
const LOOK_BYTES = 16 * 1024;

/** From one that is looked into to the next, in lengths of the video: in step with no encoder's pattern. */
const UNEVEN = 0.618;

/** Bytes of a read where all of them are looked into. */
const READ_BYTES = 8 * 1024 ** 2;

/** Some of so many. The last one, too: what was joined to its end may be otherwise. */
function placesOf(count: number): number[] {
  if (count <= LOOKED_INTO) return Array.from({ length: count }, (_, i) => i);
  const places = Array.from({ length: LOOKED_INTO }, (_, i) => Math.floor(count * ((i * UNEVEN) % 1)));
  return [...new Set([...places, count - 1])];
}

interface Sample {
  readonly offset: number;
  readonly size: number;
}

const head = (source: ByteSource, { offset, size }: Sample): Promise<Buffer> =>
  source.read(offset, Math.min(size, LOOK_BYTES));

/** Whether copied segments begin with pictures that need nothing before them, as far as some of them tell. */
export async function beginAnew(source: ByteSource, { copied }: SegmentTable): Promise<boolean> {
  const { keyframes, video } = copied!;
  if (video === undefined) return true;
  const looks = placesOf(keyframes.length).map(async (at) => startsAnew(await head(source, keyframes[at]!), video));
  return (await Promise.all(looks)).every(Boolean);
}

/**
 * The index with those keyframes that are some: as it is where some of them tell so; else all are looked into, which reads
 * most of the source. The picture is its first track.
 */
export async function withTrueKeyframes(
  source: ByteSource,
  index: MovieIndex,
  codec: string,
  signal: AbortSignal,
): Promise<MovieIndex> {
  const [picture, ...others] = index.tracks;
  const isKeyframe = picture && keyframesOf(codec, picture.trak);
  if (!isKeyframe || (await areKeyframes(source, picture.samples, isKeyframe))) return index;
  const sync = await trueOnes(source, picture.samples, isKeyframe, signal);
  const [called, are] = [picture.samples.sync, sync].map((all) => all.reduce((sum, one) => sum + one, 0));
  logger.warn('not every keyframe is one', { called, are });
  return { ...index, tracks: [{ ...picture, samples: { ...picture.samples, sync } }, ...others] };
}

async function areKeyframes(source: ByteSource, samples: SampleTable, isKeyframe: IsKeyframe): Promise<boolean> {
  let count = 0;
  for (const sync of samples.sync) count += sync;
  const wanted = new Set(placesOf(count));
  const chosen: Sample[] = [];
  for (let sample = 0, place = 0; sample < samples.count; sample += 1) {
    if (samples.sync[sample] === 0) continue;
    if (wanted.has(place)) chosen.push({ offset: samples.offset[sample]!, size: samples.size[sample]! });
    place += 1;
  }
  const looks = chosen.map(async (sample) => isKeyframe(await head(source, sample)) !== false);
  return (await Promise.all(looks)).every(Boolean);
}

async function trueOnes(
  source: ByteSource,
  { count, offset, size, sync: called }: SampleTable,
  isKeyframe: IsKeyframe,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const sync = called.slice();
  let from = 0;
  let bytes: Buffer = Buffer.alloc(0);
  for (let sample = 0; sample < count; sample += 1) {
    if (called[sample] === 0) continue;
    const begin = offset[sample]!;
    const length = Math.min(size[sample]!, LOOK_BYTES);
    if (begin < from || begin + length > from + bytes.length) {
      signal.throwIfAborted();
      from = begin;
      bytes = await source.read(from, Math.min(READ_BYTES, source.size - from));
    }
    if (isKeyframe(bytes.subarray(begin - from, begin - from + length)) === false) sync[sample] = 0;
  }
  return sync;
}
