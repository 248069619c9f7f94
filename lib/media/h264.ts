/** What a container must know of an H.264 sequence parameter set (ISO/IEC 14496-10, 7.3.2.1.1 and annex E). */
import { BitReader, BitsError, rbsp } from './bits.ts';

export const H264_SPS = 7;
export const H264_PPS = 8;

export interface H264Sps {
  /** profile_idc, the six constraint flags with two zero bits, level_idc: the three bytes of `avc1.PPCCLL`. */
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  /** Pixels, cropped. */
  readonly width: number;
  readonly height: number;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** video_full_range_flag; false when there is no VUI. */
  readonly fullRange: boolean;
  /** Sample aspect ratio; 1:1 when not given. */
  readonly aspect: readonly [width: number, height: number];
  /** frame_mbs_only_flag: there are no fields in it. */
  readonly frameOnly: boolean;
  /** transfer_characteristics (table E-4); 2, which is unspecified, when not given. */
  readonly transfer: number;
  /** What slices of it say in how many bits (h264-slice.ts). */
  readonly slices: SliceFields;
}

export interface SliceFields {
  /** seq_parameter_set_id. */
  readonly id: number;
  /** separate_colour_plane_flag. */
  readonly separatePlanes: boolean;
  /** Bits of frame_num. */
  readonly frameNum: number;
  /** pic_order_cnt_type. */
  readonly orderType: number;
  /** Bits of pic_order_cnt_lsb; of type 0. */
  readonly orderBits: number;
  /** delta_pic_order_always_zero_flag; of type 1. */
  readonly orderIsPlain: boolean;
}

/** Profiles whose parameter set says chroma format and bit depth (7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** Table E-1, aspect_ratio_idc 1 to 16. */
const ASPECTS: readonly (readonly [number, number])[] = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];
const EXTENDED_SAR = 255;
/** Pixels; what a level can hold at most (table A-1: sqrt(8 * MaxFS) macroblocks of level 6.2). */
const MAX_SIDE = 16_880;

/** @throws BitsError when the bytes are no sequence parameter set. */
export function parseH264Sps(nal: Buffer): H264Sps {
  const bits = new BitReader(rbsp(nal));
  if ((bits.bits(8) & 0x1f) !== H264_SPS) throw new BitsError('not a sequence parameter set');
  const profile = bits.bits(8);
  const constraints = bits.bits(8);
  const level = bits.bits(8);
  const id = bits.unsigned();
  let chromaFormat = 1;
  let bitDepthLuma = 8;
  let bitDepthChroma = 8;
  let separatePlanes = false;
  if (HIGH_PROFILES.has(profile)) {
    chromaFormat = bits.unsigned();
    if (chromaFormat > 3) throw new BitsError(`chroma_format_idc ${chromaFormat}`);
    if (chromaFormat === 3) separatePlanes = bits.flag();
    bitDepthLuma = 8 + bits.unsigned();
    bitDepthChroma = 8 + bits.unsigned();
    bits.skip(1); // qpprime_y_zero_transform_bypass_flag
    if (bits.flag()) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  }
  const frameNum = 4 + bits.unsigned();
  const order = readPictureOrder(bits);
  bits.unsigned(); // max_num_ref_frames
  bits.skip(1); // gaps_in_frame_num_value_allowed_flag
  const columns = bits.unsigned() + 1;
  const rows = bits.unsigned() + 1;
  const frameOnly = bits.flag();
  if (!frameOnly) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  const crop = bits.flag() ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()] : [0, 0, 0, 0];
  // 7.4.2.1.1: the crop counts in chroma samples, and in field rows when there may be fields.
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * (frameOnly ? 1 : 2);
  const monochrome = chromaFormat === 0 || separatePlanes;
  const width = columns * 16 - (monochrome ? 1 : unitX) * (crop[0]! + crop[1]!);
  const height = rows * (frameOnly ? 16 : 32) - (monochrome ? (frameOnly ? 1 : 2) : unitY) * (crop[2]! + crop[3]!);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
    throw new BitsError(`${width}x${height} pixels`);
  const vui = bits.flag() ? readVui(bits) : { fullRange: false, aspect: [1, 1] as const, transfer: UNSPECIFIED };
  const slices = { id, separatePlanes, frameNum, ...order };
  return {
    profile,
    constraints,
    level,
    width,
    height,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    frameOnly,
    slices,
    ...vui,
  };
}

/** RFC 6381 3.3 and ISO/IEC 14496-15: `avc1.` and three bytes in hexadecimal. */
export const h264Codec = ({ profile, constraints, level }: H264Sps): string =>
  `avc1.${Buffer.from([profile, constraints, level]).toString('hex')}`;

/** Table E-4. */
const UNSPECIFIED = 2;

/** E.1.1, as far as the colours. */
function readVui(bits: BitReader): Pick<H264Sps, 'fullRange' | 'aspect' | 'transfer'> {
  let aspect: readonly [number, number] = [1, 1];
  if (bits.flag()) {
    const idc = bits.bits(8);
    aspect = idc === EXTENDED_SAR ? [bits.bits(16), bits.bits(16)] : (ASPECTS[idc - 1] ?? aspect);
    if (aspect[0] === 0 || aspect[1] === 0) aspect = [1, 1];
  }
  if (bits.flag()) bits.skip(1); // overscan_appropriate_flag
  if (!bits.flag()) return { fullRange: false, aspect, transfer: UNSPECIFIED }; // video_signal_type_present_flag
  bits.skip(3); // video_format
  const fullRange = bits.flag();
  if (!bits.flag()) return { fullRange, aspect, transfer: UNSPECIFIED }; // colour_description_present_flag
  bits.skip(8); // colour_primaries
  return { fullRange, aspect, transfer: bits.bits(8) };
}

/** 7.3.2.1.1.1. */
function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list += 1) {
    if (!bits.flag()) continue;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64) && next !== 0; i += 1) next = (next + bits.signed() + 256) % 256;
  }
}

function readPictureOrder(bits: BitReader): Pick<SliceFields, 'orderType' | 'orderBits' | 'orderIsPlain'> {
  const orderType = bits.unsigned(); // pic_order_cnt_type
  if (orderType === 0) return { orderType, orderBits: 4 + bits.unsigned(), orderIsPlain: false };
  if (orderType !== 1) return { orderType, orderBits: 0, orderIsPlain: false };
  const orderIsPlain = bits.flag();
  bits.signed(); // offset_for_non_ref_pic
  bits.signed(); // offset_for_top_to_bottom_field
  const count = bits.unsigned();
  if (count > 255) throw new BitsError(`${count} reference frames in the picture order cycle`);
  for (let i = 0; i < count; i += 1) bits.signed();
  return { orderType, orderBits: 0, orderIsPlain };
}
