/**
 * The last thing that happens to segments and initialization sections before they are put, whoever made them, and its
 * opposite for who reads them again. Whatever puts media below `vod/` does it by this (chunk-task.ts).
 */
import { encryptionOf, keyNumber, type Encryption } from '../../lib/contract/encryption.ts';
import { required } from '../../lib/contract/env.ts';
import { parseRenditionFile, revisionPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import {
  blocksOf,
  decryptRange,
  decryptSegment,
  encryptSegment,
  vectorOf,
  type Range,
} from '../../lib/media/aes128.ts';
import { readObject } from './objects.ts';
import { pathOf } from './outputs.ts';
import { SegmentKeys } from './segment-keys.ts';

/** A revision, and how its media is encrypted. Plans are such. */
export interface Sealed {
  readonly videoId: string;
  readonly revision: number;
  readonly encryption?: Encryption | undefined;
}

/** The published revision of a record. */
export const publishedOf = (record: VideoRecord): Sealed => ({
  videoId: record.id,
  revision: record.revision,
  encryption: encryptionOf(record),
});

/**
 * What is put in place of these bytes. `path`: relative to the revision; of what is no media, the bytes themselves. `init`: of a
 * segment of fMP4, the initialization section of its rendition, in clear.
 */
export type Seal = (path: string, bytes: Buffer, init?: Buffer) => Promise<Buffer>;

/** `made` is told the paths, relative to the revision, of keys that are new. */
export function sealer(of: Sealed, made: (path: string) => void): Seal {
  const { encryption } = of;
  if (encryption === undefined) return async (_, bytes) => bytes;
  if (encryption.scheme === 'cbcs') throw new Error('samples are not encrypted by this version');
  const keys = new SegmentKeys(of, made);
  return async (path, bytes) => {
    const file = parseRenditionFile(path);
    // Initialization sections stay in clear: they say what codecs need to know, and stand before the first key in playlists.
    if (file?.number === undefined) return bytes;
    const number = keyNumber(file.number, encryption.keySegments);
    return encryptSegment(bytes, await keys.orMade(file, number), vectorOf(pathOf(file), number));
  };
}

/** Reads a file of a revision by its path, all of it or as much of a range as there is. */
export type Read = (path: string, range?: Range) => Promise<Buffer>;

/** Reads files of a revision as they were before they were sealed: ranges are of that, too. */
export function opener(of: Sealed): Read {
  const { encryption, videoId, revision } = of;
  const prefix = revisionPrefix(videoId, revision);
  const bucket = required('MEDIA_BUCKET');
  const read: Read = (path, range) => readObject({ bucket, key: `${prefix}${path}` }, range);
  if (encryption === undefined) return read;
  if (encryption.scheme === 'cbcs') throw new Error('samples are not decrypted by this version');
  const keys = new SegmentKeys(of);
  return async (path, range) => {
    const file = parseRenditionFile(path);
    if (file?.number === undefined) return read(path, range);
    const number = keyNumber(file.number, encryption.keySegments);
    const [key, iv] = [await keys.there(file, number), vectorOf(pathOf(file), number)];
    return range === undefined
      ? decryptSegment(await read(path), key, iv)
      : decryptRange(await read(path, blocksOf(range)), range, key, iv);
  };
}
