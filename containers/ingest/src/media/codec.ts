/**
 * Which codec a picture's NAL units are of. The types of one codec are bytes that occur in the other (`41 01` is a slice of
 * H.264 and a VPS in an enhancement layer of H.265), so no single one of them tells: whole parameter sets do.
 */
import { BitsError } from '../../../../lib/media/bits.ts';
import { H264_PPS, H264_SPS, parseH264Sps } from '../../../../lib/media/h264.ts';
import { nalType } from './annexb.ts';
import { H265_PPS, H265_SPS, H265_VPS, parseH265Sps } from './h265.ts';
import type { Nal, VideoCodec } from './unit.ts';

/**
 * The codec that the parameter sets of one picture prove: by a sequence parameter set in company of another set, or, but for
 * `doubted`, by one alone that can be read. Undefined where there are none, and where both are there.
 */
export function codecOfSets(data: Buffer, nals: readonly Nal[], doubted?: VideoCodec): VideoCodec | undefined {
  if (!maySay(nals)) return undefined;
  const proven = (['h264', 'h265'] as const).filter((codec) => proves(codec, data, nals, codec !== doubted));
  return proven.length === 1 ? proven[0] : undefined;
}

/** Asked for every picture: hence without a closure. */
function maySay(nals: readonly Nal[]): boolean {
  for (const nal of nals) if (nalType('h264', nal) === H264_SPS || nalType('h265', nal) === H265_SPS) return true;
  return false;
}

const SETS = {
  h264: { sequence: H264_SPS, others: [H264_PPS] },
  h265: { sequence: H265_SPS, others: [H265_VPS, H265_PPS] },
} as const satisfies Record<VideoCodec, { sequence: number; others: readonly number[] }>;

/** forbidden_zero_bit is 0 (7.3.1). */
const isH264 = ({ head }: Nal): boolean => head >>> 23 === 0;
/** forbidden_zero_bit 0, nuh_layer_id 0 and nuh_temporal_id_plus1 1, as parameter sets have (7.4.2.2). */
const isH265 = ({ head }: Nal): boolean => ((head >>> 8) & 0x81ff) === 1;

function proves(codec: VideoCodec, data: Buffer, nals: readonly Nal[], aloneCounts: boolean): boolean {
  const { sequence, others } = SETS[codec];
  const isOne = codec === 'h264' ? isH264 : isH265;
  let sps: Nal | undefined;
  let isAccompanied = false;
  for (const nal of nals) {
    if (!isOne(nal)) continue;
    const type = nalType(codec, nal);
    if (type === sequence) sps ??= nal;
    else isAccompanied ||= (others as readonly number[]).includes(type);
  }
  if (sps === undefined) return false;
  return isAccompanied || (aloneCounts && canBeRead(codec, data.subarray(sps.start, sps.end)));
}

function canBeRead(codec: VideoCodec, sps: Buffer): boolean {
  try {
    if (codec === 'h264') parseH264Sps(sps);
    else parseH265Sps(sps);
    return true;
  } catch (error) {
    if (!(error instanceof BitsError)) throw error;
    return false;
  }
}
