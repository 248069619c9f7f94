/**
 * The last thing that happens to segments and initialization sections before they are put, whoever made them, and its
 * opposite for who reads them again. Whatever puts media below `vod/` does it by this (chunk-task.ts).
 */
import { encryptionOf, keyNumber } from '../../lib/contract/encryption.ts';
import { required } from '../../lib/contract/env.ts';
import { parseRenditionFile, revisionPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { blocksOf, decryptRange, decryptSegment, encryptSegment, vectorOf } from '../../lib/media/aes128.ts';
import { readObject } from './objects.ts';
import { pathOf } from './outputs.ts';
import type { Read, Seal, Sealed } from './sealed.ts';
import { sampleOpener, sampleSealer } from './sealing-samples.ts';
import { SegmentKeys } from './segment-keys.ts';

export type { Read, Sealed } from './sealed.ts';

/** Segments that a DRM provider has the keys of. */
export class Protected extends Error {
  override name = 'Protected';

  constructor() {
    super('only a DRM provider has the key of it');
  }
}

/** The published revision of a record. */
export const publishedOf = (record: VideoRecord): Sealed => ({
  videoId: record.id,
  revision: record.revision,
  encryption: encryptionOf(record),
});

/** `made` is told the S3 keys of keys that are new. */
export function sealer(of: Sealed, made: (key: string) => void): Seal {
  const { encryption } = of;
  if (encryption === undefined) return async (_, bytes) => bytes;
  if (encryption.scheme === 'drm') throw new RangeError('only MediaConvert has the keys of a DRM provider');
  if (encryption.scheme === 'cbcs') return sampleSealer(of, made);
  const keys = new SegmentKeys(of, (path) => made(`${revisionPrefix(of.videoId, of.revision)}${path}`));
  return async (path, bytes) => {
    const file = parseRenditionFile(path);
    // Initialization sections stay in clear: they say what codecs need to know, and stand before the first key in playlists.
    if (file?.number === undefined) return bytes;
    const number = keyNumber(file.number, encryption.keySegments);
    return encryptSegment(bytes, await keys.orMade(file, number), vectorOf(pathOf(file), number));
  };
}

/** Reads files of a revision as they were before they were sealed: ranges are of that, too. */
export function opener(of: Sealed): Read {
  const { encryption, videoId, revision } = of;
  const prefix = revisionPrefix(videoId, revision);
  const bucket = required('MEDIA_BUCKET');
  const read: Read = (path, range) => readObject({ bucket, key: `${prefix}${path}` }, range);
  if (encryption === undefined) return read;
  // Of what MediaConvert protected nobody here has keys: its segments would be read as they are.
  if (encryption.scheme === 'drm')
    return async (path, range) => {
      if (parseRenditionFile(path)?.number !== undefined) throw new Protected();
      return read(path, range);
    };
  if (encryption.scheme === 'cbcs') return sampleOpener(of, read);
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
