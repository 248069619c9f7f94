/**
 * Media initialization sections (RFC 8216bis 3.1.2): one video and one audio track in one file.
 *
 * Sound is muxed, not a rendition of its own: hls.js, Shaka and AVPlayer play either, but a rendition would double the
 * segments and playlists written for every stream, and writing them is what ingest spends most of its time and money on.
 * The track is always there (silence is 4 bytes for 128 ms), so it can neither appear nor vanish under a player.
 */
import { createHash } from 'node:crypto';
import { box, u16, u32, u8 } from '../../../../lib/media/build.ts';
import { aacEntry, initSection as movie, visualEntry } from '../../../../lib/media/init-section.ts';
import { AAC_CODECS, audioSpecificConfig, type AacConfig } from '../media/audio/aac.ts';
import type { H264Sps } from '../../../../lib/media/h264.ts';
import type { H265Sps } from '../media/h265.ts';
import { H265_PPS, H265_SPS, H265_VPS } from '../media/h265.ts';
import type { VideoConfig } from '../media/parameters.ts';

export const VIDEO_TRACK = 1;
export const AUDIO_TRACK = 2;
/** Ticks a second of the video track; a millisecond is 90. */
export const VIDEO_TIMESCALE = 90_000;

export interface InitSection {
  /** 16 hexadecimal digits of the content's SHA-256: equal ids are equal bytes, so it can be written once. */
  readonly id: string;
  readonly data: Buffer;
  /** For the CODECS attribute: video, then audio. */
  readonly codecs: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export function initSection(video: VideoConfig, audio: AacConfig): InitSection {
  const file = movie('mp41', 1000, [
    { id: VIDEO_TRACK, timescale: VIDEO_TIMESCALE, shown: shownSize(video), entry: videoEntry(video) },
    {
      id: AUDIO_TRACK,
      timescale: audio.sampleRate,
      entry: aacEntry(audio.channels, audio.sampleRate, audioSpecificConfig(audio), AUDIO_TRACK),
    },
  ]);
  // Kept as long as the stream lives: not from the shared pool.
  const data = Buffer.allocUnsafeSlow(file.length);
  file.copy(data);
  const id = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return { id, data, codecs: `${video.codecs},${AAC_CODECS}`, width: video.width, height: video.height };
}

const aspectOf = (video: VideoConfig): readonly [number, number] =>
  video.codec === 'h264' ? video.info.aspect : [1, 1];

function videoEntry(video: VideoConfig): Buffer {
  const [type, configuration] =
    video.codec === 'h264'
      ? (['avc1', avcC(video, video.info)] as const)
      : (['hvc1', hvcC(video, video.info)] as const);
  const aspect = aspectOf(video);
  const stretched = aspect[0] === aspect[1] ? [] : [box('pasp', u32(...aspect))];
  return visualEntry(type, video.width, video.height, configuration, ...stretched);
}

/** With square pixels. */
function shownSize(video: VideoConfig): { width: number; height: number } {
  const { width, height } = video;
  const [pixelWidth, pixelHeight] = aspectOf(video);
  const shown = Math.round((width * pixelWidth) / pixelHeight);
  return { width: shown > 0xffff ? width : shown, height };
}

/** Profiles whose AVCDecoderConfigurationRecord ends with chroma format and bit depths (14496-15 5.3.3.1.2). */
const EXTENDED_PROFILES = new Set([100, 110, 122, 144]);

function avcC({ sps, pps }: VideoConfig, info: H264Sps): Buffer {
  return box(
    'avcC',
    // configurationVersion, profile, compatibility, level, 6 reserved bits and lengthSizeMinusOne 3
    u8(1, info.profile, info.constraints, info.level, 0xff, 0xe0 | sps.length),
    ...sps.flatMap((set) => [u16(set.length), set]),
    u8(pps.length),
    ...pps.flatMap((set) => [u16(set.length), set]),
    ...(EXTENDED_PROFILES.has(info.profile)
      ? [u8(0xfc | info.chromaFormat, 0xf8 | ((info.bitDepthLuma - 8) & 7), 0xf8 | ((info.bitDepthChroma - 8) & 7), 0)]
      : []),
  );
}

/** 14496-15 8.3.3.1.2. Parameter sets are complete here, as `hvc1` demands. */
function hvcC({ vps, sps, pps }: VideoConfig, info: H265Sps): Buffer {
  const arrays = (
    [
      [H265_VPS, vps],
      [H265_SPS, sps],
      [H265_PPS, pps],
    ] as const
  ).filter(([, sets]) => sets.length > 0);
  return box(
    'hvcC',
    u8(1),
    info.general,
    u16(0xf000), // 4 reserved bits, min_spatial_segmentation_idc 0: unknown
    u8(0xfc, 0xfc | info.chromaFormat, 0xf8 | ((info.bitDepthLuma - 8) & 7), 0xf8 | ((info.bitDepthChroma - 8) & 7)),
    u16(0), // avgFrameRate: unspecified
    // constantFrameRate 0, numTemporalLayers, temporalIdNested, lengthSizeMinusOne 3
    u8((info.temporalLayers << 3) | (info.temporalIdNesting ? 4 : 0) | 3, arrays.length),
    ...arrays.flatMap(([type, sets]) => [
      u8(0x80 | type), // array_completeness
      u16(sets.length),
      ...sets.flatMap((set) => [u16(set.length), set]),
    ]),
  );
}
