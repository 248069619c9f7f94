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
