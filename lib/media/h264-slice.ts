/** How many bytes of an H.264 slice are its header (ISO/IEC 14496-10 7.3.3), which encryption leaves in clear. Pure. */
import { BitReader, BitsError, rbsp } from './bits.ts';
import { H264_PPS, H264_SPS, parseH264Sps, type H264Sps } from './h264.ts';

/** nal_unit_type of a slice of a picture, and of one that can be decoded alone; all others with slices are extensions. */
export const H264_SLICE = 1;
export const H264_IDR = 5;

/** Bytes of a slice that are looked at: weights of 32 references each way take less. */
const HEAD = 1024;
/** num_ref_idx_active_minus1 (7.4.3): fields may have 32. */
const MOST_REFERENCES = 32;

/** What a picture parameter set says that slice headers depend on (7.3.2.2). */
interface Pps {
  readonly sps: number;
  /** entropy_coding_mode_flag: CABAC. */
  readonly cabac: boolean;
  /** bottom_field_pic_order_in_frame_present_flag. */
  readonly bottomOrder: boolean;
  /** num_ref_idx_default_active, of each list. */
  readonly references: readonly [number, number];
  /** weighted_pred_flag, weighted_bipred_idc. */
  readonly weighted: boolean;
  readonly weightedBoth: number;
  /** deblocking_filter_control_present_flag. */
  readonly deblocking: boolean;
  /** redundant_pic_cnt_present_flag. */
  readonly redundant: boolean;
}

/** The parameter sets that are in force. Those that cannot be read are as good as not there. */
export class SliceHeaders {
  readonly #sps = new Map<number, H264Sps>();
  readonly #pps = new Map<number, Pps>();

  /** Takes note of a NAL unit, if it is a parameter set. */
  learn(nal: Buffer): void {
    const type = (nal[0] ?? 0) & 0x1f;
    if (type !== H264_SPS && type !== H264_PPS) return;
    try {
      if (type === H264_SPS) {
        const sps = parseH264Sps(nal);
        this.#sps.set(sps.slices.id, sps);
      } else {
        const { id, pps } = parsePps(nal);
        this.#pps.set(id, pps);
      }
    } catch (error) {
      if (!(error instanceof BitsError)) throw error;
    }
  }

  /** Bytes of a slice's NAL unit up to the end of its header, its last byte included. Undefined: it cannot be read. */
  lengthOf(nal: Buffer): number | undefined {
    try {
      return bytesOf(nal, Math.ceil(this.bitsOf(nal) / 8));
    } catch (error) {
      if (error instanceof BitsError) return undefined;
      throw error;
    }
  }

  /** The same in bits of its RBSP. @throws BitsError */
  bitsOf(nal: Buffer): number {
    const bits = new BitReader(rbsp(nal.subarray(0, HEAD)));
    bits.skip(1); // forbidden_zero_bit
    const isReference = bits.bits(2) !== 0; // nal_ref_idc
    const isIdr = bits.bits(5) === H264_IDR;
    bits.unsigned(); // first_mb_in_slice
    const type = bits.unsigned() % 5; // slice_type (table 7-6)
    const pps = this.#pps.get(bits.unsigned());
    const sps = pps && this.#sps.get(pps.sps);
    if (!pps || !sps) throw new BitsError('a slice of a parameter set that is not there');
    const fields = sps.slices;
    if (fields.separatePlanes) bits.skip(2); // colour_plane_id
    bits.skip(fields.frameNum);
    const isField = !sps.frameOnly && bits.flag(); // field_pic_flag
    if (isField) bits.skip(1); // bottom_field_flag
    if (isIdr) bits.unsigned(); // idr_pic_id
    readOrder(bits, sps, pps.bottomOrder && !isField);
    if (pps.redundant) bits.unsigned(); // redundant_pic_cnt
    if (type === B) bits.skip(1); // direct_spatial_mv_pred_flag
    const isIntra = type === I || type === SI;
    const references = isIntra ? [0, 0] : readReferences(bits, type, pps.references);
    if (!isIntra) for (let list = 0; list < (type === B ? 2 : 1); list += 1) skipModification(bits);
    if ((pps.weighted && (type === P || type === SP)) || (pps.weightedBoth === 1 && type === B))
      skipWeights(bits, references, sps.chromaFormat !== 0 && !fields.separatePlanes);
    if (isReference) skipMarking(bits, isIdr);
    if (pps.cabac && !isIntra) bits.unsigned(); // cabac_init_idc
    bits.signed(); // slice_qp_delta
    if (type === SP) bits.skip(1); // sp_for_switch_flag
    if (type === SP || type === SI) bits.signed(); // slice_qs_delta
    // disable_deblocking_filter_idc, slice_alpha_c0_offset_div2, slice_beta_offset_div2
    if (pps.deblocking && bits.unsigned() !== 1) {
      bits.signed();
      bits.signed();
    }
    return bits.position;
  }
}

/** slice_type modulo 5. */
const P = 0;
const B = 1;
const I = 2;
const SP = 3;
const SI = 4;

function parsePps(nal: Buffer): { id: number; pps: Pps } {
  const bits = new BitReader(rbsp(nal.subarray(0, HEAD)));
  bits.skip(8);
  const id = bits.unsigned();
  const sps = bits.unsigned();
  const cabac = bits.flag();
  const bottomOrder = bits.flag();
  if (bits.unsigned() > 0) throw new BitsError('slice groups, which nothing here decodes');
  const references = [1 + bits.unsigned(), 1 + bits.unsigned()] as const;
  const weighted = bits.flag();
  const weightedBoth = bits.bits(2);
  bits.signed(); // pic_init_qp_minus26
  bits.signed(); // pic_init_qs_minus26
  bits.signed(); // chroma_qp_index_offset
  const deblocking = bits.flag();
  bits.skip(1); // constrained_intra_pred_flag
  const redundant = bits.flag();
  return { id, pps: { sps, cabac, bottomOrder, references, weighted, weightedBoth, deblocking, redundant } };
}

function readOrder(bits: BitReader, { slices }: H264Sps, isBoth: boolean): void {
  if (slices.orderType === 0) {
    bits.skip(slices.orderBits); // pic_order_cnt_lsb
    if (isBoth) bits.signed(); // delta_pic_order_cnt_bottom
  } else if (slices.orderType === 1 && !slices.orderIsPlain) {
    bits.signed(); // delta_pic_order_cnt[0]
    if (isBoth) bits.signed(); // delta_pic_order_cnt[1]
  }
}

/** How many references each list has. */
function readReferences(bits: BitReader, type: number, usual: Pps['references']): Pps['references'] {
  // num_ref_idx_active_override_flag
  const isOwn = bits.flag();
  const first = isOwn ? 1 + bits.unsigned() : usual[0];
  const second = isOwn && type === B ? 1 + bits.unsigned() : usual[1];
  if (first > MOST_REFERENCES || second > MOST_REFERENCES) throw new BitsError('more references than there can be');
  return [first, type === B ? second : 0];
}

/** ref_pic_list_modification of one list (7.3.3.1). */
function skipModification(bits: BitReader): void {
  if (!bits.flag()) return;
  while (bits.unsigned() !== 3) bits.unsigned();
}

/** pred_weight_table (7.3.3.2). */
function skipWeights(bits: BitReader, references: readonly number[], hasChroma: boolean): void {
  const pair = () => {
    bits.signed();
    bits.signed();
  };
  bits.unsigned(); // luma_log2_weight_denom
  if (hasChroma) bits.unsigned(); // chroma_log2_weight_denom
  for (const count of references) {
    for (let i = 0; i < count; i += 1) {
      if (bits.flag()) pair();
      if (!hasChroma || !bits.flag()) continue;
      pair();
      pair();
    }
  }
}

/** dec_ref_pic_marking (7.3.3.3). */
function skipMarking(bits: BitReader, isIdr: boolean): void {
  if (isIdr) {
    bits.skip(2); // no_output_of_prior_pics_flag, long_term_reference_flag
    return;
  }
  if (!bits.flag()) return; // adaptive_ref_pic_marking_mode_flag
  for (;;) {
    const operation = bits.unsigned(); // memory_management_control_operation
    if (operation === 0) return;
    if (operation !== 5) bits.unsigned();
    if (operation === 3) bits.unsigned();
  }
}

/** Of a NAL unit so many bytes of its RBSP, with the emulation prevention between them. */
function bytesOf(nal: Buffer, wanted: number): number {
  let zeros = 0;
  let taken = 0;
  for (let at = 0; at < nal.length; at += 1) {
    const byte = nal[at]!;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    taken += 1;
    if (taken === wanted) return at + 1;
  }
  throw new BitsError('a slice that ends in its header');
}
