/** Follows a stream's parameter sets, so that every segment has the initialization its pictures need. */
import { copyNal, nalType } from './annexb.ts';
import { BitsError } from './bits.ts';
import { H264_PPS, H264_SPS, h264Codec, parseH264Sps, type H264Sps } from './h264.ts';
import { H265_PPS, H265_SPS, H265_VPS, h265Codec, parseH265Sps, type H265Sps } from './h265.ts';
import type { VideoCodec, VideoUnit } from './unit.ts';

/** Bytes, and sets of one kind: more than any camera sends, and what an `avcC` can count (14496-15 5.3.3.1). */
const MAX_SET_BYTES = 1024;
const MAX_SETS = 16;

interface Sets {
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** What an initialization section says of the video. */
export type VideoConfig = Sets & {
  /** RFC 6381, for CODECS. */
  readonly codecs: string;
  readonly width: number;
  readonly height: number;
} & ({ readonly codec: 'h264'; readonly info: H264Sps } | { readonly codec: 'h265'; readonly info: H265Sps });

export class ParameterSets {
  #codec: VideoCodec = 'h264';
  #sets: Sets = { vps: [], sps: [], pps: [] };
  #config: VideoConfig | undefined;
  /** Sets that could not be understood, and were not taken over. */
  malformed = 0;

  /** Of the latest sets; undefined until a sequence and a picture parameter set were seen. */
  get config(): VideoConfig | undefined {
    return this.#config;
  }

  /** Takes over the sets in this unit. @returns whether anything differs from before. */
  read(unit: VideoUnit): boolean {
    const [vpsType, spsType, ppsType] =
      unit.codec === 'h264' ? [-1, H264_SPS, H264_PPS] : [H265_VPS, H265_SPS, H265_PPS];
    const vps: Buffer[] = [];
    const sps: Buffer[] = [];
    const pps: Buffer[] = [];
    for (const nal of unit.nals) {
      const type = nalType(unit.codec, nal);
      const list = type === spsType ? sps : type === ppsType ? pps : type === vpsType ? vps : undefined;
      if (list === undefined) continue;
      if (nal.end - nal.start > MAX_SET_BYTES || list.length >= MAX_SETS) this.malformed += 1;
      else list.push(copyNal(unit.pieces, nal));
    }
    if (vps.length + sps.length + pps.length === 0) return false;
    const before: Sets = unit.codec === this.#codec ? this.#sets : { vps: [], sps: [], pps: [] };
    // A sequence parameter set opens a new collection; a picture parameter set alone replaces only its kind.
    const sets: Sets = {
      vps: vps.length > 0 ? vps : before.vps,
      sps: sps.length > 0 ? sps : before.sps,
      pps: pps.length > 0 ? pps : before.pps,
    };
    if (
      unit.codec === this.#codec &&
      same(sets.vps, before.vps) &&
      same(sets.sps, before.sps) &&
      same(sets.pps, before.pps)
    ) {
      return false;
    }
    let config: VideoConfig | undefined;
    try {
      config = describe(unit.codec, sets);
    } catch (error) {
      if (!(error instanceof BitsError)) throw error;
      this.malformed += 1;
      return false;
    }
    this.#codec = unit.codec;
    this.#sets = sets;
    this.#config = config;
    return config !== undefined;
  }
}

function describe(codec: VideoCodec, sets: Sets): VideoConfig | undefined {
  const sps = sets.sps[0];
  if (sps === undefined || sets.pps.length === 0) return undefined;
  if (codec === 'h264') {
    const info = parseH264Sps(sps);
    return { ...sets, codec, info, codecs: h264Codec(info), width: info.width, height: info.height };
  }
  const info = parseH265Sps(sps);
  return { ...sets, codec, info, codecs: h265Codec(info), width: info.width, height: info.height };
}

const same = (a: readonly Buffer[], b: readonly Buffer[]): boolean =>
  a.length === b.length && a.every((buffer, i) => buffer.equals(b[i]!));
