/** What MediaConvert wrote for one rendition, read back: which segments, how long each is, what codec. Knows no AWS. */
import { createHash } from 'node:crypto';
import type { RenditionKind } from '../../../lib/contract/keys.ts';
import type { ChunkResult } from '../../../lib/contract/slicing.ts';
import { BoxError, LONGEST_HEADER, need, readHeader } from '../../../lib/media/boxes.ts';
import { readDefaults } from '../../../lib/media/fragment-index.ts';
import { readFragments, type TrackDefaults, type TrackFragment } from '../../../lib/media/fragments.ts';
import type { DrmProtection } from '../../../lib/contract/drm.ts';
import { readTrack } from '../fmp4.ts';

/** Names of the initialization section and of the segments, in order. */
export interface Listed {
  readonly init: string;
  readonly segments: readonly string[];
}

/** MediaConvert's media playlist; undefined of the one above it, which lists no segments. */
export function readPlaylist(text: string): Listed | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const map = lines
    .find((line) => line.startsWith('#EXT-X-MAP:'))
    ?.split('URI="')[1]
    ?.split('"')[0];
  if (map === undefined || !lines.some((line) => line.startsWith('#EXTINF:'))) return undefined;
  return {
    init: decodeURIComponent(map),
    segments: lines.filter((line) => line !== '' && !line.startsWith('#')).map(decodeURIComponent),
  };
}

/** Reads bytes of a file of the rendition, from `offset` on; fewer at its end. */
export type ReadFile = (name: string, offset: number, length: number) => Promise<Buffer>;

/** Bytes read of a segment at once: six seconds of pictures are described in some 4 KB. */
const HEAD = 16 * 1024;
/** A description longer than this is none. */
const LONGEST_MOOF = 4 * 1024 ** 2;

/** The first fragment of a segment, from its head. @throws BoxError */
export async function firstFragment(
  read: ReadFile,
  name: string,
  bytes: number,
  defaults: ReadonlyMap<number, TrackDefaults>,
): Promise<TrackFragment & { whole: boolean }> {
  let head = await read(name, 0, HEAD);
  for (let at = 0; at < bytes;) {
    if (at + LONGEST_HEADER > head.length) head = await read(name, 0, at + HEAD);
    const header = readHeader(head, at, bytes - at);
    if (header === undefined) break;
    if (header.type === 'moof') {
      if (header.size > LONGEST_MOOF) throw new BoxError(`${name}: a moof of ${header.size} bytes`);
      if (at + header.size > head.length) head = await read(name, 0, at + header.size);
      const [fragment] = readFragments(head.subarray(at, at + header.size), { defaults });
      if (fragment === undefined) throw new BoxError(`${name}: a moof without a track`);
      const media = fragment.samples.reduce((sum, { size }) => sum + size, 0);
      return { ...fragment, whole: at + header.size + media + 8 >= bytes };
    }
    at += header.size;
    if (at > LONGEST_MOOF) break;
  }
  throw new BoxError(`${name}: no moof`);
}

interface Made {
  readonly kind: RenditionKind;
  readonly name: string;
  readonly listed: Listed;
  /** By name. */
  readonly bytes: ReadonlyMap<string, number>;
  readonly read: ReadFile;
  /** Reads so many segments at a time. */
  readonly atATime: number;
  /** Of what is to be protected: how it is, by its `moov`. */
  readonly protection?: ((moov: Buffer) => DrmProtection) | undefined;
}

/**
 * The rendition as a chunk's result: a segment lasts from its first frame to the next one's, and the last as long as its
 * frames, whatever the playlist says. @throws BoxError
 */
export async function readRendition({
  kind,
  name,
  listed,
  bytes,
  read,
  atATime,
  protection,
}: Made): Promise<ChunkResult['renditions'][number]> {
  const size = (file: string): number => {
    const found = bytes.get(file);
    if (found === undefined) throw new BoxError(`${kind}/${name}: ${file} is listed and not there`);
    return found;
  };
  const initBytes = await read(listed.init, 0, size(listed.init));
  const moov = moovOf(initBytes);
  const { timescale, codecs } = readTrack(moov);
  const isProtected = protection?.(moov);
  const defaults = readDefaults(need(moov, ['moov'], 0));
  const fragments: (TrackFragment & { whole: boolean })[] = [];
  for (let at = 0; at < listed.segments.length; at += atATime) {
    const some = listed.segments.slice(at, at + atATime);
    fragments.push(...(await Promise.all(some.map((file) => firstFragment(read, file, size(file), defaults)))));
  }
  const segments = listed.segments.map((file, index) => {
    const { decodeTime, samples, whole } = fragments[index]!;
    const next = fragments[index + 1];
    const lasts = samples.reduce((sum, { duration }) => sum + duration, 0);
    const ticks = next === undefined ? lasts : next.decodeTime - decodeTime;
    if (!(ticks > 0)) throw new BoxError(`${kind}/${name}: ${file} lasts ${ticks} ticks`);
    return {
      name: file,
      duration: ticks / timescale,
      bytes: size(file),
      ...(kind === 'video' && whole && { frames: samples.length }),
    };
  });
  const [first] = fragments;
  // Groups of pictures are closed: what is decoded first is shown first.
  const begins = (first!.decodeTime + (first!.samples[0]?.compositionOffset ?? 0)) / timescale;
  return {
    kind,
    name,
    codecs,
    init: createHash('sha256').update(initBytes).digest('hex'),
    begins,
    segments,
    ...(isProtected && { protection: isProtected, timescale }),
  };
}

/** The whole `moov` box of an initialization section. */
function moovOf(init: Buffer): Buffer {
  for (let at = 0; at < init.length;) {
    const header = readHeader(init, at, init.length - at);
    if (header === undefined) break;
    if (header.type === 'moov') return init.subarray(at, at + header.size);
    at += header.size;
  }
  throw new BoxError('an initialization section without a moov');
}
