/** The segments of a published rendition, and the MP4 that follows from them: the same each time, for they never change. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import {
  playlistPath,
  renditionFolder,
  revisionPrefix,
  INIT_NAME,
  type RenditionKind,
} from '../../lib/contract/keys.ts';
import { progressiveMovie, readRun, ShortStart, type ProgressiveMovie, type Run } from '../../lib/media/progressive.ts';
import { s3 } from '../shared/clients.ts';

/** Bytes in which the fragment of a segment of six seconds ends, many times over. */
const START_BYTES = 32 * 1024;
/** Segments looked at, or read, at once. */
const AT_ONCE = 16;

export interface Made extends ProgressiveMovie {
  /** Key of a piece's segment. */
  readonly keyOf: (track: number, segment: number) => string;
}

export interface Wanted {
  readonly videoId: string;
  readonly revision: number;
  readonly renditions: readonly { readonly kind: RenditionKind; readonly name: string }[];
}

export async function layOut({ videoId, revision, renditions }: Wanted): Promise<Made> {
  const base = revisionPrefix(videoId, revision);
  const tracks = await Promise.all(
    renditions.map(async ({ kind, name }) => {
      const folder = `${base}${renditionFolder(kind, name)}`;
      const playlist = (await read(`${base}${playlistPath(kind, name)}`)).toString('utf8');
      const keys = segmentsOf(playlist).map((file) => `${folder}${file}`);
      return { init: await read(`${folder}${INIT_NAME}`), keys, runs: await runsOf(keys) };
    }),
  );
  return { ...progressiveMovie(tracks), keyOf: (track, segment) => tracks[track]!.keys[segment]! };
}

/** File names of a media playlist's segments, in order. Pure. */
export const segmentsOf = (playlist: string): string[] =>
  playlist
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('?', 1)[0]!.split('/').at(-1)!);

async function runsOf(keys: readonly string[]): Promise<Run[]> {
  const runs: Run[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < keys.length; i = next++) runs[i] = await runOf(keys[i]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return runs;
}

async function runOf(key: string, bytes = START_BYTES): Promise<Run> {
  const start = await read(key, [0, bytes - 1]);
  try {
    return readRun(start);
  } catch (error) {
    if (!(error instanceof ShortStart) || start.length < bytes) throw error;
    return await runOf(key, error.wanted);
  }
}

/** The bytes `from` to `to`, that one included, of the file. */
export async function bytesOf({ header, pieces, keyOf }: Made, from: number, to: number): Promise<Buffer> {
  const out = Buffer.allocUnsafe(to - from + 1);
  if (from < header.length) header.copy(out, 0, from, to + 1);
  let at = header.length;
  const reads: (() => Promise<void>)[] = [];
  for (const piece of pieces) {
    const [first, last] = [Math.max(from, at), Math.min(to, at + piece.length - 1)];
    if (first <= last) {
      const offset = piece.from + first - at;
      const key = keyOf(piece.track, piece.segment);
      reads.push(async () => {
        const bytes = await read(key, [offset, offset + last - first]);
        if (bytes.length !== last - first + 1) throw new Error(`${key} is shorter than its fragment says`);
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

async function read(Key: string, range?: readonly [number, number]): Promise<Buffer> {
  const { Body } = await s3.send(
    new GetObjectCommand({
      Bucket: required('MEDIA_BUCKET'),
      Key,
      ...(range && { Range: `bytes=${range[0]}-${range[1]}` }),
    }),
  );
  return Buffer.from(await Body!.transformToByteArray());
}
