/** The index of a Matroska or WebM file, found by reading it once; nothing of it is written again. Knows no AWS. */
import { Readable } from 'node:stream';
import type { SourceInfo } from '../../lib/contract/source.ts';
import { MatroskaError } from '../../lib/media/matroska.ts';
import type { MovieIndex } from '../../lib/media/sample-table.ts';
import { copiedOrNot } from './copy.ts';
import { describedPicture, describedSound } from './described.ts';
import { joinedFrames, MatroskaFrames, readHeader, type Place, type StretchFrames } from './matroska-frames.ts';
import { matroskaIndex } from './matroska-index.ts';
import { remux, type Remuxed } from './remuxer.ts';

/** Bytes of the beginning that are remuxed for what describes the tracks: some pictures of the highest bit rates there are. */
export const HEAD_BYTES = 16 * 1024 ** 2;

export interface Head {
  readonly bytes: Buffer;
  readonly index: MovieIndex;
}

/** What describes the tracks. `bytes`: the first `HEAD_BYTES`, or all there are. @throws MatroskaError, ProcessError */
export async function describeHead(bytes: Buffer, info: SourceInfo, timeoutMs: number): Promise<Head> {
  const header = readHeader(bytes);
  const own = [describedPicture(info.video), ...info.audio.map((sound) => describedSound(sound, header))];
  const audio = info.audio.filter((_, i) => own[i + 1] === undefined);
  const rest = { container: info.container, audio, ...(own[0] === undefined && { video: info.video }) };
  const written = own.includes(undefined) ? await remuxedHead(bytes, rest, timeoutMs) : undefined;
  let next = 0;
  const tracks = own.map((track) => track ?? written!.tracks[next++]!);
  return { bytes, index: { timescale: written?.timescale ?? 1000, tracks } };
}

async function remuxedHead(
  bytes: Buffer,
  info: Parameters<typeof remux>[0]['info'],
  timeoutMs: number,
): Promise<MovieIndex> {
  let described: Remuxed | undefined;
  const onEnd = (made: Remuxed) => (described = made);
  for await (const _ of remux({ input: Readable.from([bytes]), info, timeoutMs, onEnd }));
  if (described === undefined) throw new MatroskaError('its beginning cannot be remuxed');
  return described.index;
}

/** Where the frames of a stretch lie. `input`: from `place.from` on, as far as it is asked for. @throws MatroskaError */
export async function findFrames(
  head: Head,
  info: SourceInfo,
  place: Place,
  input: AsyncIterable<Buffer>,
): Promise<StretchFrames> {
  const copied = copiedOrNot(head.index.tracks[0]!.trak, info.video);
  const frames = new MatroskaFrames(info, readHeader(head.bytes), copied, place);
  for await (const piece of input) {
    frames.push(piece);
    if (frames.done) break;
  }
  return frames.end();
}

/** The index of stretches that are all of the file. @throws MatroskaError */
export const indexOf = (head: Head, stretches: readonly StretchFrames[]): Pick<Remuxed, 'index' | 'fresh'> =>
  matroskaIndex(joinedFrames(stretches), head.index);

/** All of it in one. */
export const ALL: Place = { from: 0, until: Infinity };
