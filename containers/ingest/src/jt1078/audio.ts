/** Sound payloads: what is inside, once vendor headers are off. */
import { parseAdts, type AdtsFrames } from '../media/audio/aac.ts';
import type { RawAudioCodec } from '../media/unit.ts';
import { PayloadType } from './packet.ts';

const RAW: Readonly<Record<number, RawAudioCodec>> = {
  [PayloadType.g711a]: 'g711a',
  [PayloadType.g711u]: 'g711u',
  [PayloadType.g726]: 'g726',
  [PayloadType.adpcm]: 'adpcm-ima',
};
const AAC = new Set<number>([PayloadType.aac, PayloadType.heAac, PayloadType.aacLc, PayloadType.mp4Audio]);

const HISILICON_HEADER = 4;

/** HiSilicon's encoder puts `00 01 LL 00` in front, LL being the length of the rest in 16-bit words. */
export function withoutHisiliconHeader(body: Buffer): Buffer {
  const { length } = body;
  const there =
    length > HISILICON_HEADER &&
    body[0] === 0 &&
    body[1] === 1 &&
    body[3] === 0 &&
    body[2] === (length - HISILICON_HEADER) / 2;
  return there ? body.subarray(HISILICON_HEADER) : body;
}

export type Sound =
  | { readonly kind: 'raw'; readonly codec: RawAudioCodec; readonly data: Buffer }
  | ({ readonly kind: 'aac' } & AdtsFrames);

/** Undefined for codecs we do not know, and for AAC without ADTS headers, whose configuration nobody tells us. */
export function unwrapSound(payloadType: number, body: Buffer): Sound | undefined {
  const data = withoutHisiliconHeader(body);
  const codec = RAW[payloadType];
  if (codec !== undefined) return { kind: 'raw', codec, data };
  if (!AAC.has(payloadType)) return undefined;
  const adts = parseAdts(data);
  return adts && { kind: 'aac', ...adts };
}

/** Names of table 12, for those that are sound and that we can make nothing of. */
const NAMES: Readonly<Record<number, string>> = {
  1: 'G.721',
  2: 'G.722',
  3: 'G.723',
  4: 'G.728',
  5: 'G.729',
  9: 'G.729A',
  10: 'DVI4_3',
  11: 'DVI4_4',
  12: 'DVI4_8K',
  13: 'DVI4_16K',
  14: 'LPC',
  15: 'S16BE, stereo',
  16: 'S16BE, mono',
  17: 'MPEG audio',
  18: 'LPCM',
  20: 'WMA9 STD',
  22: 'PCM_VOICE',
  23: 'PCM_AUDIO',
  25: 'MP3',
  28: 'AMR',
};

/** Why {@link unwrapSound} makes nothing of sound of this payload type. */
export function whyUnknown(payloadType: number): string {
  if (AAC.has(payloadType)) return 'it is AAC without whole ADTS headers';
  const name = NAMES[payloadType];
  return `it is of payload type ${payloadType}${name === undefined ? '' : ` (${name})`}`;
}
