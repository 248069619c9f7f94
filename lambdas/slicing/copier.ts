/**
 * Copies one group of segments: each byte of its stretch of the source is read once, for all tracks together, and segments
 * leave as soon as their last sample is there. Knows no AWS.
 */
import { createHash } from 'node:crypto';
import { INIT_NAME, renditionFolder, segmentName } from '../../lib/contract/keys.ts';
import { TIME_OFFSET, type Chunk } from '../../lib/contract/plan.ts';
import type { CopyTable } from '../../lib/contract/segment-table.ts';
import type { ChunkResult } from '../../lib/contract/slicing.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import { stretchesOf } from './chunk-source.ts';
import { CONTENT_TYPES, type Put } from './encoder.ts';
import { writeSegment, type Sample } from './fmp4.ts';

type CopyTrack = CopyTable['tracks'][number];

/** Bytes of one read, and reads under way: memory is some of these and the segments that are not complete. */
const READ_BYTES = 4 * 1024 ** 2;
const AHEAD = 3;
/** Segments being stored at a time. */
const STORING = 6;

interface Wanted {
  readonly from: number;
  readonly size: number;
  readonly take: (data: Buffer) => void;
}

interface CopyOptions {
  readonly chunk: Chunk;
  readonly table: CopyTable;
  readonly source: ByteSource;
  readonly put: Put;
  readonly signal?: AbortSignal;
}

/** @throws Error when the source ends before its index says. */
export async function copyGroup({ chunk, table, source, put, signal }: CopyOptions): Promise<ChunkResult> {
  const pending = new Set<Promise<void>>();
  const failed: unknown[] = [];
  const store = (...file: Parameters<Put>): void => {
    const work = put(...file)
      .catch((error: unknown) => void failed.push(error))
      .finally(() => pending.delete(work));
    pending.add(work);
  };
  const tracks = table.tracks.map((track) => {
    const init = Buffer.from(track.init, 'base64');
    const folder = renditionFolder(track.kind, track.name);
    const type = CONTENT_TYPES[track.kind];
    if (chunk.firstSegment === 1) store(`${folder}${INIT_NAME}`, init, type);
    const bytes: number[] = [];
    const wanted = segmentsOf(track, chunk.firstSegment, (index, segment) => {
      bytes[index] = segment.length;
      store(`${folder}${segmentName(chunk.firstSegment + index, 'fmp4')}`, segment, type, init);
    });
    return { track, wanted, bytes, hash: createHash('sha256').update(init).digest('hex') };
  });
  const all = tracks.flatMap(({ wanted }) => wanted).toSorted((a, b) => a.from - b.from);
  let next = 0;
  let kept: { from: number; bytes: Buffer } = { from: 0, bytes: Buffer.alloc(0) };
  for await (const window of windows(table.tracks, source)) {
    signal?.throwIfAborted();
    if (failed.length > 0) throw failed[0];
    const joins = kept.from + kept.bytes.length === window.from && kept.bytes.length > 0;
    const at = joins ? { from: kept.from, bytes: Buffer.concat([kept.bytes, window.bytes]) } : window;
    const end = at.from + at.bytes.length;
    for (; next < all.length && all[next]!.from + all[next]!.size <= end; next += 1) {
      const { from, size, take } = all[next]!;
      take(at.bytes.subarray(Math.max(0, from - at.from), Math.max(0, from - at.from) + size));
    }
    const rest = next < all.length ? Math.max(at.from, Math.min(all[next]!.from, end)) : end;
    kept = { from: rest, bytes: at.bytes.subarray(rest - at.from) };
    while (pending.size >= STORING) await Promise.race(pending);
  }
  await Promise.all(pending);
  if (failed.length > 0) throw failed[0];
  if (next < all.length) throw new Error(`the source ends before sample ${next} of ${all.length}`);
  return {
    index: chunk.index,
    renditions: tracks.map(({ track: { kind, name, codecs, timescale, segments }, bytes, hash }) => ({
      kind,
      name,
      codecs,
      timescale,
      init: hash,
      segments: segments.map(({ duration, samples }, index) => ({
        name: segmentName(chunk.firstSegment + index, 'fmp4'),
        duration,
        bytes: bytes[index]!,
        ...(kind === 'video' && { frames: samples }),
      })),
    })),
  };
}

/** What is wanted of the source for a track; `done` gets each segment once all of it is there. */
function segmentsOf(track: CopyTrack, firstSegment: number, done: (index: number, bytes: Buffer) => void): Wanted[] {
  const sync = track.sync && new Set(track.sync);
  const shift = TIME_OFFSET * track.timescale;
  let dts = track.decode;
  let position = 0;
  return track.segments.flatMap(({ samples: count }, index) => {
    const samples: Sample[] = [];
    let missing = count;
    const wanted: Wanted[] = [];
    for (let i = 0; i < count; i += 1, position += 1) {
      const at = position;
      const sample = {
        dts,
        pts: dts + track.composition[at]!,
        duration: track.duration[at]!,
        sync: sync?.has(at) ?? true,
      };
      dts += sample.duration;
      wanted.push({
        from: track.offset[at]!,
        size: track.size[at]!,
        take: (data) => {
          samples[i] = { ...sample, data };
          missing -= 1;
          if (missing > 0) return;
          const end = samples.at(-1)!.dts + samples.at(-1)!.duration;
          done(index, writeSegment({ sequence: firstSegment + index, samples, end, shift }));
          samples.length = 0;
        },
      });
    }
    return wanted;
  });
}

interface Window {
  readonly from: number;
  readonly bytes: Buffer;
}

/** The bytes of these tracks in the order they lie in, some reads ahead of who takes them. */
async function* windows(tracks: readonly CopyTrack[], source: ByteSource): AsyncGenerator<Window> {
  const reads = stretchesOf(tracks).flatMap(({ from, end }) =>
    Array.from({ length: Math.ceil((end - from) / READ_BYTES) }, (_, i) => ({
      from: from + i * READ_BYTES,
      length: Math.min(READ_BYTES, end - from - i * READ_BYTES),
    })),
  );
  const ahead: Promise<Window>[] = [];
  for (let next = 0; next < reads.length || ahead.length > 0;) {
    while (next < reads.length && ahead.length < AHEAD) {
      const { from, length } = reads[next]!;
      const read = source.read(from, length).then((bytes) => ({ from, bytes }));
      // Whoever waits for an earlier one that fails does not wait for this one.
      read.catch(() => undefined);
      ahead.push(read);
      next += 1;
    }
    yield await ahead.shift()!;
  }
}
