/** What a container must know of an H.265 sequence parameter set (ITU-T H.265, 7.3.2.2 and 7.3.3). */
import { BitReader, BitsError, rbsp } from '../../../../lib/media/bits.ts';

export const H265_VPS = 32;
export const H265_SPS = 33;
export const H265_PPS = 34;

export interface H265Sps {
  /** The first 12 bytes of profile_tier_level (7.3.3): 1 profile, 4 compatibility, 6 constraints, 1 level. */
  readonly general: Buffer;
  /** Pixels, cropped. */
  readonly width: number;
  readonly height: number;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** sps_max_sub_layers_minus1 + 1. */
  readonly temporalLayers: number;
  readonly temporalIdNesting: boolean;
  /** sps_max_num_reorder_pics is not 0: pictures may be shown in another order than they are decoded in. */
  readonly reorders: boolean;
}

/** Pixels; sqrt(8 * MaxLumaPs) of level 6.2 (table A.8). */
const MAX_SIDE = 16_888;

/** @throws BitsError when the bytes are no sequence parameter set. */
export function parseH265Sps(nal: Buffer): H265Sps {
  const bytes = rbsp(nal);
  const bits = new BitReader(bytes);
  if (((bits.bits(16) >>> 9) & 0x3f) !== H265_SPS) throw new BitsError('not a sequence parameter set');
  bits.skip(4); // sps_video_parameter_set_id
  const subLayers = bits.bits(3);
  const temporalIdNesting = bits.flag();
  // Two bytes of NAL header and the byte just read, then 96 bits of general profile, tier and level.
  const general = bytes.subarray(3, 15);
  bits.skip(96);
  skipSubLayers(bits, subLayers);
  bits.unsigned(); // sps_seq_parameter_set_id
  const chromaFormat = bits.unsigned();
  if (chromaFormat > 3) throw new BitsError(`chroma_format_idc ${chromaFormat}`);
  const separatePlanes = chromaFormat === 3 && bits.flag();
  const codedWidth = bits.unsigned();
  const codedHeight = bits.unsigned();
  const crop = bits.flag() ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()] : [0, 0, 0, 0];
  // Table 6-1: SubWidthC, SubHeightC.
  const unitX = !separatePlanes && (chromaFormat === 1 || chromaFormat === 2) ? 2 : 1;
  const unitY = !separatePlanes && chromaFormat === 1 ? 2 : 1;
  const width = codedWidth - unitX * (crop[0]! + crop[1]!);
  const height = codedHeight - unitY * (crop[2]! + crop[3]!);
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE)
    throw new BitsError(`${width}x${height} pixels`);
  const bitDepthLuma = 8 + bits.unsigned();
  const bitDepthChroma = 8 + bits.unsigned();
  if (bitDepthLuma > 16 || bitDepthChroma > 16) throw new BitsError(`${bitDepthLuma} bits`);
  const reorders = readReorders(bits, subLayers);
  return {
    general,
    width,
    height,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    temporalLayers: subLayers + 1,
    temporalIdNesting,
    reorders,
  };
}

/** Of the highest sub-layer, which comes last. */
function readReorders(bits: BitReader, subLayers: number): boolean {
  bits.unsigned(); // log2_max_pic_order_cnt_lsb_minus4
  let reorders = 0;
  for (let layers = bits.flag() ? subLayers + 1 : 1; layers > 0; layers -= 1) {
    bits.unsigned(); // sps_max_dec_pic_buffering_minus1
    reorders = bits.unsigned();
    bits.unsigned(); // sps_max_latency_increase_plus1
  }
  return reorders > 0;
}

/** 7.3.3: two presence bits for each sub-layer, padded to eight, then 88 and 8 bits for those present. */
function skipSubLayers(bits: BitReader, count: number): void {
  const present: boolean[] = [];
  for (let i = 0; i < count; i += 1) present.push(bits.flag(), bits.flag());
  if (count > 0) bits.skip(2 * (8 - count));
  present.forEach((there, i) => there && bits.skip(i % 2 === 0 ? 88 : 8));
}

/**
 * ISO/IEC 14496-15 E.3: profile space and number, compatibility flags in reverse bit order, tier and level, then the
 * constraint bytes as far as the last that is not zero.
 */
export function h265Codec({ general }: H265Sps): string {
  const first = general[0]!;
  const space = ['', 'A', 'B', 'C'][first >>> 6]!;
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit += 1) {
    if ((general[1 + (bit >>> 3)]! >>> (7 - (bit & 7))) & 1) compatibility += 2 ** bit;
  }
  const parts = [
    `hvc1.${space}${first & 0x1f}`,
    compatibility.toString(16),
    `${(first & 0x20) === 0 ? 'L' : 'H'}${general[11]!}`,
  ];
  const constraints = [...general.subarray(5, 11)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [...parts, ...constraints.map((byte) => byte.toString(16))].join('.');
}
