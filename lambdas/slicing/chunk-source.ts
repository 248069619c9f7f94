/** The part of a source that one chunk reads, as a file ffmpeg can read: an MP4 of just those samples. Knows no AWS. */
import { open } from 'node:fs/promises';
import type { ChunkTable, TrackPart } from '../../lib/contract/segment-table.ts';
import type { ByteSource } from '../../lib/media/layout.ts';
import { movieHeader, type PartOfTrack } from '../../lib/media/movie-build.ts';
import { writeAt } from './write-at.ts';

/** Bytes nobody needs between two needed stretches are read along rather than asked for apart. */
const GAP_BYTES = 256 * 1024;
/** Longest single read: bounds memory. */
const READ_BYTES = 8 * 1024 ** 2;

/** A stretch of the source, and where it lies in the file's media. */
interface Stretch {
  readonly from: number;
  readonly end: number;
  readonly at: number;
}

/**
 * Writes the file to `path`; answers the samples of text that lie in the chunk, which are read along and in no track of it:
 * those of each text track, in order.
 */
export async function writeChunkSource(table: ChunkTable, source: ByteSource, path: string): Promise<Buffer[][]> {
  const parts = [table.video, ...table.audio.flatMap(({ part }) => part ?? [])];
  const texts = table.texts ?? [];
  const stretches = stretchesOf([...parts, ...texts]);
  const bytes = stretches.reduce((sum, { from, end }) => sum + end - from, 0);
  const header = movieHeader(
    table.video.timescale,
    parts.map((part) => placed(part, stretches)),
    bytes,
  );
  const said = texts.map((text) => text.size.map((size) => Buffer.alloc(size)));
  const file = await open(path, 'w+');
  try {
    await writeAt(file, header, 0);
    for (const { from, end, at } of stretches) {
      for (let offset = from; offset < end; offset += READ_BYTES) {
        const piece = await source.read(offset, Math.min(READ_BYTES, end - offset));
        await writeAt(file, piece, header.length + at + offset - from);
      }
    }
    // What the source does not have, its decoder sees as zeros.
    await file.truncate(header.length + bytes);
    for (const [track, text] of texts.entries()) {
      for (const [index, offset] of placedOffsets(text, stretches).entries())
        await file.read(said[track]![index]!, 0, text.size[index], header.length + offset);
    }
  } finally {
    await file.close();
  }
  return said;
}

/** The stretches of the source that hold these samples, in order, near ones joined. */
export function stretchesOf(parts: readonly Pick<TrackPart, 'offset' | 'size'>[]): Stretch[] {
  const samples = parts
    .flatMap(({ offset, size }) => offset.map((from, i) => ({ from, end: from + size[i]! })))
    .filter(({ from, end }) => end > from)
    .toSorted((a, b) => a.from - b.from);
  const joined: { from: number; end: number; at: number }[] = [];
  for (const { from, end } of samples) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.end + GAP_BYTES) last.end = Math.max(last.end, end);
    else joined.push({ from, end, at: 0 });
  }
  let at = 0;
  for (const stretch of joined) {
    stretch.at = at;
    at += stretch.end - stretch.from;
  }
  return joined;
}

const placed = (part: TrackPart, stretches: readonly Stretch[]): PartOfTrack => ({
  ...part,
  trak: Buffer.from(part.trak, 'base64'),
  offset: placedOffsets(part, stretches),
});

/** Where in the file's media each sample lies. */
function placedOffsets(part: Pick<TrackPart, 'offset' | 'size'>, stretches: readonly Stretch[]): number[] {
  let near = 0;
  return part.offset.map((from, i) => {
    if (part.size[i] === 0) return 0;
    while (from < stretches[near]!.from) near -= 1;
    while (from >= stretches[near]!.end) near += 1;
    return stretches[near]!.at + from - stretches[near]!.from;
  });
}
