/** Follows a stream's parameter sets, so that every segment has the initialization its pictures need. */
import { copyNal, nalType } from './annexb.ts';
import { BitsError } from '../../../../lib/media/bits.ts';
import { H264_PPS, H264_SPS, h264Codec, parseH264Sps, type H264Sps } from '../../../../lib/media/h264.ts';
import { H265_PPS, H265_SPS, H265_VPS, h265Codec, parseH265Sps, type H265Sps } from './h265.ts';
import type { Nal, VideoCodec, VideoUnit } from './unit.ts';

/** Bytes, and sets of one kind: more than any camera sends, and what an `avcC` can count (14496-15 5.3.3.1). */
const MAX_SET_BYTES = 1024;
const MAX_SETS = 16;

const kinds = ['vps', 'sps', 'pps'] as const;
type Kind = (typeof kinds)[number];
type Sets = Readonly<Record<Kind, readonly Buffer[]>>;

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
    if (!hasSets(unit)) return false;
    const before: Sets = unit.codec === this.#codec ? this.#sets : { vps: [], sps: [], pps: [] };
    const found = { vps: [] as Buffer[], sps: [] as Buffer[], pps: [] as Buffer[] };
    let isNew = false;
    for (const nal of unit.nals) {
      const kind = kindOf(unit.codec, nal);
      if (kind === undefined) continue;
      const list = found[kind];
      if (nal.end - nal.start > MAX_SET_BYTES || list.length >= MAX_SETS) {
        this.malformed += 1;
        continue;
      }
      // Cameras repeat them with every keyframe.
      const known = before[kind][list.length];
      const isKnown = known?.equals(unit.data.subarray(nal.start, nal.end)) === true;
      isNew ||= !isKnown;
      list.push(isKnown ? known : copyNal(unit.data, nal));
    }
    // A sequence parameter set opens a new collection; a picture parameter set alone replaces only its kind.
    const sets: Sets = {
      vps: found.vps.length > 0 ? found.vps : before.vps,
      sps: found.sps.length > 0 ? found.sps : before.sps,
      pps: found.pps.length > 0 ? found.pps : before.pps,
    };
    const isSameSize = kinds.every((kind) => sets[kind].length === before[kind].length);
    if (!isNew && isSameSize) return false;
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

function kindOf(codec: VideoCodec, nal: Nal): Kind | undefined {
  const type = nalType(codec, nal);
  if (codec === 'h264') return type === H264_SPS ? 'sps' : type === H264_PPS ? 'pps' : undefined;
  return type === H265_SPS ? 'sps' : type === H265_PPS ? 'pps' : type === H265_VPS ? 'vps' : undefined;
}

/** Asked for every picture: hence without a closure. */
function hasSets({ codec, nals }: VideoUnit): boolean {
  for (const nal of nals) if (kindOf(codec, nal) !== undefined) return true;
  return false;
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
