/** The index of a Matroska or WebM file, found by reading it once; nothing of it is written again. Knows no AWS. */
import { Readable } from 'node:stream';
import type { SourceInfo } from '../../lib/contract/slicing.ts';
import { MatroskaError } from '../../lib/media/matroska.ts';
import type { MovieIndex } from '../../lib/media/sample-table.ts';
import { copiedOrNot } from './copy.ts';
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
  let described: Remuxed | undefined;
  const { texts: _, ...heardAndSeen } = info;
  const onEnd = (made: Remuxed) => (described = made);
  for await (const _piece of remux({ input: Readable.from([bytes]), info: heardAndSeen, timeoutMs, onEnd }));
  if (described === undefined) throw new MatroskaError('its beginning cannot be remuxed');
  return { bytes, index: described.index };
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
