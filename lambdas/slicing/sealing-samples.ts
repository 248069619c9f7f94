/** Sealing by `cbcs` (lib/media/cbcs.ts): the samples in each segment, with one key for a revision; and its opposite. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { parseRenditionFile } from '../../lib/contract/keys.ts';
import { vectorOf } from '../../lib/media/aes128.ts';
import { openInit, openSegment, type Decrypt } from '../../lib/media/cbcs-open.ts';
import { CbcsTrack } from '../../lib/media/cbcs.ts';
import { keyIdOf } from '../shared/content-key.ts';
import { keyOrMade, keyThere } from './content-keys.ts';
import { pathOf } from './outputs.ts';
import type { Read, Seal, Sealed } from './sealed.ts';

const CIPHER = 'aes-128-cbc';

type Revision = Pick<Sealed, 'videoId' | 'revision'>;

/** The constant IV of a rendition: renditions share the key, and none its vector with another. */
const ivOf = (rendition: string): Buffer => vectorOf(rendition, 1);

/** `made` is told the S3 key of the content key, if it is new. */
export function sampleSealer({ videoId, revision }: Revision, made: (key: string) => void): Seal {
  const key = once(() => keyOrMade(videoId, revision, made));
  const tracks = new Map<string, { readonly init: Buffer; readonly track: CbcsTrack }>();
  const trackOf = (rendition: string, init: Buffer, secret: Buffer): CbcsTrack => {
    const known = tracks.get(rendition);
    if (known?.init.equals(init)) return known.track;
    const iv = ivOf(rendition);
    const encrypt = (blocks: Buffer) => createCipheriv(CIPHER, secret, iv).setAutoPadding(false).update(blocks);
    const track = new CbcsTrack(init, { kid: keyIdOf(videoId, revision), iv, encrypt });
    tracks.set(rendition, { init, track });
    return track;
  };
  return async (path, bytes, init) => {
    const file = parseRenditionFile(path);
    if (file === undefined) return bytes;
    const section = file.number === undefined ? bytes : init;
    if (section === undefined) throw new Error(`${path} came without its initialization section`);
    const track = trackOf(pathOf(file), section, await key());
    return file.number === undefined ? track.init : track.seal(bytes);
  };
}

/** Files are read whole: where a sample begins is said in front of all of them. */
export function sampleOpener({ videoId, revision }: Revision, read: Read): Read {
  const key = once(() => keyThere(videoId, revision));
  return async (path, range) => {
    const file = parseRenditionFile(path);
    if (file === undefined) return read(path, range);
    const sealed = await read(path);
    const clear = file.number === undefined ? openInit(sealed) : openSegment(sealed, decryptor(await key(), file));
    return range === undefined ? clear : clear.subarray(range[0], range[1] + 1);
  };
}

function decryptor(key: Buffer, file: Parameters<typeof pathOf>[0]): Decrypt {
  const iv = ivOf(pathOf(file));
  return (blocks) => createDecipheriv(CIPHER, key, iv).setAutoPadding(false).update(blocks);
}

/** Asked for by several files at a time, it is got once. What failed is tried again. */
function once<T>(get: () => Promise<T>): () => Promise<T> {
  let getting: Promise<T> | undefined;
  return () => {
    if (getting) return getting;
    const now = get();
    getting = now;
    now.catch(() => {
      getting = undefined;
    });
    return now;
  };
}
