/** The segments of a published rendition, and the MP4 that follows from them: the same each time, for they never change. */
import { playlistPath, renditionFolder, INIT_NAME, type RenditionKind } from '../../lib/contract/keys.ts';
import { progressiveMovie, readRun, ShortStart, type ProgressiveMovie, type Run } from '../../lib/media/progressive.ts';
import { opener, type Read, type Sealed } from '../slicing/sealing.ts';

/** Bytes in which the fragment of a segment of six seconds ends, many times over. */
const START_BYTES = 32 * 1024;
/** Segments looked at, or read, at once. */
const AT_ONCE = 16;

export interface Made extends ProgressiveMovie {
  /** Path of a piece's segment. */
  readonly pathOf: (track: number, segment: number) => string;
  /** Its segments, in clear. */
  readonly read: Read;
}

export interface Wanted extends Sealed {
  readonly renditions: readonly { readonly kind: RenditionKind; readonly name: string }[];
}

export async function layOut({ renditions, ...of }: Wanted): Promise<Made> {
  const read = opener(of);
  const tracks = await Promise.all(
    renditions.map(async ({ kind, name }) => {
      const folder = renditionFolder(kind, name);
      const playlist = (await read(playlistPath(kind, name))).toString('utf8');
      const paths = segmentsOf(playlist).map((file) => `${folder}${file}`);
      return { init: await read(`${folder}${INIT_NAME}`), paths, runs: await runsOf(paths, read) };
    }),
  );
  return { ...progressiveMovie(tracks), pathOf: (track, segment) => tracks[track]!.paths[segment]!, read };
}

/** File names of a media playlist's segments, in order. Pure. */
export const segmentsOf = (playlist: string): string[] =>
  playlist
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('?', 1)[0]!.split('/').at(-1)!);

async function runsOf(paths: readonly string[], read: Read): Promise<Run[]> {
  const runs: Run[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < paths.length; i = next++) runs[i] = await runOf(paths[i]!, read);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return runs;
}

async function runOf(path: string, read: Read, bytes = START_BYTES): Promise<Run> {
  const start = await read(path, [0, bytes - 1]);
  try {
    return readRun(start);
  } catch (error) {
    if (!(error instanceof ShortStart) || start.length < bytes) throw error;
    return await runOf(path, read, error.wanted);
  }
}

/** The bytes `from` to `to`, that one included, of the file. */
export async function bytesOf({ header, pieces, pathOf, read }: Made, from: number, to: number): Promise<Buffer> {
  const out = Buffer.allocUnsafe(to - from + 1);
  if (from < header.length) header.copy(out, 0, from, to + 1);
  let at = header.length;
  const reads: (() => Promise<void>)[] = [];
  for (const piece of pieces) {
    const [first, last] = [Math.max(from, at), Math.min(to, at + piece.length - 1)];
    if (first <= last) {
      const offset = piece.from + first - at;
      const path = pathOf(piece.track, piece.segment);
      reads.push(async () => {
        const bytes = await read(path, [offset, offset + last - first]);
        if (bytes.length !== last - first + 1) throw new Error(`${path} is shorter than its fragment says`);
        bytes.copy(out, first - from);
      });
    }
    at += piece.length;
    if (at > to) break;
  }
  let next = 0;
  const worker = async () => {
    for (let one = reads[next++]; one !== undefined; one = reads[next++]) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return out;
}
