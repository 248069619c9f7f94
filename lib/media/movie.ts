/** What a `moov` says of its tracks (ISO/IEC 14496-12 8.3 to 8.5): read from files of anybody's making. */
import { BoxError, boxes, find, findAll, need, versionOf } from './boxes.ts';

export interface Track {
  readonly id: number;
  /** Ticks per second. */
  readonly timescale: number;
  /** Content of its `trak`. */
  readonly trak: Buffer;
}

/** `moov`: its content. @throws BoxError when a track lacks a header. */
export function readTracks(moov: Buffer): Track[] {
  return findAll(moov, 'trak').map(({ body: trak }) => ({
    id: afterTimes(need(trak, ['tkhd'], 4)),
    timescale: afterTimes(need(trak, ['mdia', 'mdhd'], 4)),
    trak,
  }));
}

/** By its id, how many tracks come before one: several numbers where a file gives one id to several. */
export function trackPositions(moov: Buffer): Map<number, number[]> {
  const positions = new Map<number, number[]>();
  findAll(moov, 'trak').forEach(({ body }, position) => {
    const tkhd = find(body, 'tkhd');
    if (tkhd === undefined || tkhd.length < 4) return;
    const id = afterTimes(tkhd);
    positions.set(id, [...(positions.get(id) ?? []), position]);
  });
  return positions;
}

/** tkhd (8.3.2) and mdhd (8.4.2): after version and flags two times, of 8 bytes each in version 1 and of 4 in version 0. */
function afterTimes(body: Buffer): number {
  const at = 4 + (versionOf(body) === 1 ? 16 : 8);
  if (at + 4 > body.length) throw new BoxError('a track header is cut short');
  return body.readUInt32BE(at);
}

/** RFC 6381, e.g. `avc1.64001f` or `mp4a.40.2`; undefined for what is neither H.264 nor AAC. */
export function codecsOf({ trak }: Track): string | undefined {
  // stsd (8.5.2): 4 bytes version and flags, 4 bytes count.
  const stsd = need(trak, ['mdia', 'minf', 'stbl', 'stsd'], 8);
  for (const { type, body } of boxes(stsd.subarray(8))) {
    if (type === 'avc1' || type === 'encv') {
      // VisualSampleEntry (12.1.3) has 78 bytes before its boxes; avcC (14496-15 5.3.3.1): version, profile,
      // constraints, level.
      const avcC = find(body.subarray(78), 'avcC');
      if (avcC && avcC.length >= 4) return `avc1.${avcC.toString('hex', 1, 4)}`;
    }
    if (type === 'mp4a' || type === 'enca') {
      // AudioSampleEntry (12.2.3) has 28 bytes before its boxes.
      const esds = find(body.subarray(28), 'esds');
      const objectType = esds && audioObjectType(esds.subarray(4));
      if (objectType) return `mp4a.40.${objectType}`;
    }
  }
  return undefined;
}

/** Fields of a protected sample entry before its boxes (12.1.3, 12.2.3). */
const PROTECTED: Readonly<Record<string, number>> = { encv: 78, enca: 28 };

/** How the first track's samples are encrypted (8.12; ISO/IEC 23001-7 8.2); undefined: in clear. `moov`: the whole box. @throws BoxError */
export function readProtection(moov: Buffer): { readonly scheme: string; readonly kid: Buffer } | undefined {
  const stsd = need(moov, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'], 8);
  const [entry] = boxes(stsd.subarray(8));
  const fields = PROTECTED[entry?.type ?? ''];
  if (entry === undefined || fields === undefined) return undefined;
  const inner = entry.body.subarray(fields);
  // schm: version and flags, then the scheme. tenc: version and flags, two bytes, whether it is encrypted, the vector's size, KID.
  const tenc = need(inner, ['sinf', 'schi', 'tenc'], 24);
  return {
    scheme: need(inner, ['sinf', 'schm'], 8).toString('latin1', 4, 8),
    kid: Buffer.from(tenc.subarray(8, 24)),
  };
}

/** First five bits of AudioSpecificConfig, inside ES_Descriptor > DecoderConfigDescriptor (14496-1 7.2.6). */
function audioObjectType(descriptors: Buffer): number | undefined {
  let offset = 0;
  while (offset + 2 <= descriptors.length) {
    const tag = descriptors[offset++]!;
    // Expandable size (14496-1 8.3.3): seven bits a byte, the top bit says that more follow.
    while (descriptors[offset++]! & 0x80);
    if (tag === 0x03) offset += 3; // ES_ID and flags; our streams have no optional fields
    else if (tag === 0x04) offset += 13; // object type, stream type, buffer size, bit rates
    else return tag === 0x05 ? descriptors[offset]! >> 3 : undefined;
  }
  return undefined;
}
