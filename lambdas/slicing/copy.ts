/** Whether a track of the source may be published as it is, and its description for players. Pure. */
import type { SourceInfo } from '../../lib/contract/source.ts';
import { BoxError, boxes, find, need } from '../../lib/media/boxes.ts';
import { BitsError } from '../../lib/media/bits.ts';
import { isMirrored } from '../../lib/media/matrix.ts';
import { H264_SPS, h264Codec, parseH264Sps, type H264Sps } from '../../lib/media/h264.ts';

/** What of a track's description makes its initialization section. */
export interface CopiedVideo {
  readonly codecs: string;
  readonly avcC: Buffer;
  readonly width: number;
  readonly height: number;
  /** H.264 level, e.g. `4.0`. */
  readonly level: string;
  /** Bytes that say how long a NAL unit is. */
  readonly lengthBytes: number;
}

export interface CopiedSound {
  readonly codecs: string;
  /** AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). */
  readonly config: Buffer;
  readonly channels: number;
  readonly sampleRate: number;
}

/** Why not, for the log. */
export class NotCopied extends Error {
  override name = 'NotCopied';
}

/** Constrained baseline and baseline, main, high: what every browser decodes. */
const PROFILES = new Set([66, 77, 100]);
/** level_idc; decoders of browsers end there. */
const MOST_LEVEL = 52;
/** PQ and HLG (table E-4): not for screens that know neither, at 8 bits. */
const HDR = new Set([16, 18]);

/**
 * What players are told is what the parameter set says: where the container says more of how the picture is shown, they would
 * not show it so.
 * @throws NotCopied
 */
export function copiedVideo(trak: Buffer, video: SourceInfo['video']): CopiedVideo {
  const { codec, rotation, oddAngle, width, height, stored = video } = video;
  if (codec !== 'h264') throw new NotCopied(`its codec is ${codec}`);
  if (rotation !== 0 || oddAngle === true || isMirrored(trak)) throw new NotCopied('it is turned or mirrored');
  if (stored.width !== width || stored.height !== height) throw new NotCopied('its pixels are not shown square');
  if (video.hdr !== undefined) throw new NotCopied('it is shown as HDR');
  const entry = onlyEntry(trak, 'avc1');
  // VisualSampleEntry (14496-12 12.1.3) has 78 bytes before its boxes.
  const avcC = find(entry.subarray(78), 'avcC');
  if (avcC === undefined || avcC.length < 7) throw new NotCopied('it has no avcC');
  const sps = onlyParameters(avcC);
  if (sps.width !== stored.width || sps.height !== stored.height) throw new NotCopied('not all of it is shown');
  if (!sps.fullRange && isFullRange(entry)) throw new NotCopied('it is shown in full range');
  const wrong = whatIsWrong(sps);
  if (wrong !== undefined) throw new NotCopied(wrong);
  return {
    codecs: h264Codec(sps),
    avcC: Buffer.from(avcC),
    width: sps.width,
    height: sps.height,
    level: (sps.level / 10).toFixed(1),
    lengthBytes: (avcC[4]! & 3) + 1,
  };
}

/** Undefined: not, for whatever reason. */
export function copiedOrNot(trak: Buffer, video: Parameters<typeof copiedVideo>[1]): CopiedVideo | undefined {
  try {
    return copiedVideo(trak, video);
  } catch (error) {
    if (error instanceof NotCopied || error instanceof BoxError) return undefined;
    throw error;
  }
}

/** By colr (14496-12 12.1.5): how the colours are told, three numbers, and a bit for the range. */
function isFullRange(entry: Buffer): boolean {
  try {
    const colr = find(entry.subarray(78), 'colr');
    return colr !== undefined && colr.length >= 11 && colr.toString('latin1', 0, 4) === 'nclx' && colr[10]! >> 7 === 1;
  } catch (error) {
    // QuickTime's descriptions may end with four bytes of 0, which are no box.
    if (!(error instanceof BoxError)) throw error;
    return false;
  }
}

function whatIsWrong(sps: H264Sps): string | undefined {
  if (!PROFILES.has(sps.profile)) return `its profile is ${sps.profile}`;
  if (sps.level > MOST_LEVEL) return `its level is ${sps.level}`;
  if (sps.chromaFormat !== 1 || sps.bitDepthLuma !== 8 || sps.bitDepthChroma !== 8) return 'it is not 4:2:0 of 8 bits';
  if (!sps.frameOnly) return 'it may have fields';
  if (sps.aspect[0] !== sps.aspect[1]) return 'its pixels are not square';
  if (sps.width % 2 !== 0 || sps.height % 2 !== 0) return 'a side of it is odd';
  return HDR.has(sps.transfer) ? 'it is HDR' : undefined;
}

/** The one sequence parameter set of avcC (14496-15 5.3.3.1). @throws NotCopied */
function onlyParameters(avcC: Buffer): H264Sps {
  if ((avcC[5]! & 0x1f) !== 1 || avcC.length < 8)
    throw new NotCopied('it has several sequence parameter sets, or none');
  const nal = avcC.subarray(8, 8 + avcC.readUInt16BE(6));
  try {
    return parseH264Sps(nal);
  } catch (error) {
    if (!(error instanceof BitsError || error instanceof RangeError)) throw error;
    throw new NotCopied('its parameter set cannot be read', { cause: error });
  }
}

/** Content of the one sample entry a track has. @throws NotCopied */
function onlyEntry(trak: Buffer, type: string): Buffer {
  // stsd (14496-12 8.5.2): version and flags, then how many entries.
  const stsd = need(trak, ['mdia', 'minf', 'stbl', 'stsd'], 8);
  const [entry, ...more] = [...boxes(stsd.subarray(8))];
  if (entry?.type !== type || more.length > 0) throw new NotCopied(`it is described as ${entry?.type ?? 'nothing'}`);
  return entry.body;
}

const IDR = 5;

/**
 * Whether the first bytes of a sample begin a picture that needs nothing before it, and change no parameter set on the way:
 * a keyframe that is only a place to recover at may refer to what is before it.
 */
export function startsAnew(sample: Buffer, { avcC, lengthBytes }: Pick<CopiedVideo, 'avcC' | 'lengthBytes'>): boolean {
  for (let at = 0; at + lengthBytes < sample.length;) {
    const size = sample.readUIntBE(at, lengthBytes);
    const nal = sample.subarray(at + lengthBytes, at + lengthBytes + size);
    const type = nal[0]! & 0x1f;
    if (type >= 1 && type <= IDR) return type === IDR;
    const isSet = type === H264_SPS || type === H264_SPS + 1;
    if (size === 0 || (isSet && !avcC.includes(nal))) return false;
    at += lengthBytes + size;
  }
  return false;
}

/** What browsers play besides 44.1 and 48 kHz; HE-AAC hides behind 24 kHz and less. */
const RATES = new Set([32_000, 44_100, 48_000]);
/** Sampling frequencies by index (14496-3 table 1.18). */
const FREQUENCIES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** AAC-LC of one or two channels. @throws NotCopied */
export function copiedSound(trak: Buffer): CopiedSound {
  const entry = onlyEntry(trak, 'mp4a');
  if (entry.length < 28) throw new NotCopied('its description is cut short');
  // AudioSampleEntry (14496-12 12.2.3) has 28 bytes before its boxes; QuickTime's versions 1 and 2 have more.
  const inner = entry.subarray(28 + ([0, 16, 36][entry.readUInt16BE(8)] ?? 0));
  const esds = find(inner, 'esds') ?? find(inner, 'wave', 'esds');
  const config = esds && specificConfig(esds.subarray(4));
  if (config === undefined || config.length < 2) throw new NotCopied('it is no AAC');
  const objectType = config[0]! >> 3;
  const sampleRate = FREQUENCIES[((config[0]! & 7) << 1) | (config[1]! >> 7)] ?? 0;
  const channels = (config[1]! >> 3) & 15;
  // GASpecificConfig: frameLengthFlag, dependsOnCoreCoder, extensionFlag; what follows would be SBR (sync 0x2b7).
  if (objectType !== 2 || !RATES.has(sampleRate) || channels < 1 || channels > 2 || (config[1]! & 7) !== 0)
    throw new NotCopied(`it is AAC of type ${objectType}, ${sampleRate} Hz, ${channels} channels`);
  if (config.length >= 4 && ((config[2]! << 3) | (config[3]! >> 5)) === 0x2b7 && (config[3]! & 0x1f) === 5) {
    // sbrPresentFlag is the bit after the sync word and the object type.
    if (config.length >= 5 && config[4]! >> 7 === 1) throw new NotCopied('it is HE-AAC');
  }
  return { codecs: 'mp4a.40.2', config: Buffer.from(config.subarray(0, 2)), channels, sampleRate };
}

/** DecoderSpecificInfo inside ES_Descriptor > DecoderConfigDescriptor (14496-1 7.2.6). */
function specificConfig(descriptors: Buffer): Buffer | undefined {
  let at = 0;
  while (at + 2 <= descriptors.length) {
    const tag = descriptors[at++]!;
    let size = 0;
    // Expandable size (14496-1 8.3.3): seven bits a byte, the top bit says that more follow.
    for (let more = true; more && at < descriptors.length;) {
      const byte = descriptors[at++]!;
      size = size * 128 + (byte & 0x7f);
      more = (byte & 0x80) !== 0;
    }
    if (tag === 0x03) at += esHeader(descriptors, at);
    else if (tag === 0x04) at += 13; // object type, stream type, buffer size, bit rates
    else return tag === 0x05 ? descriptors.subarray(at, at + size) : undefined;
  }
  return undefined;
}

/** ES_ID and flags, and what they say follows. */
function esHeader(descriptors: Buffer, at: number): number {
  const flags = descriptors[at + 2] ?? 0;
  const url = (flags & 0x40) !== 0 ? 1 + (descriptors[at + 3 + ((flags & 0x80) !== 0 ? 2 : 0)] ?? 0) : 0;
  return 3 + ((flags & 0x80) !== 0 ? 2 : 0) + url + ((flags & 0x20) !== 0 ? 2 : 0);
}
