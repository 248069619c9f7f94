/**
 * Media initialization sections (RFC 8216bis 3.1.2): one video and one audio track in one file.
 *
 * Sound is muxed, not a rendition of its own: hls.js, Shaka and AVPlayer play either, but a rendition would double the
 * segments and playlists written for every stream, and writing them is what ingest spends most of its time and money on.
 * The track is always there (silence is 4 bytes for 128 ms), so it can neither appear nor vanish under a player.
 */
import { createHash } from 'node:crypto';
import { box, fullBox, text, u16, u32, u8, zeros } from '../../../../lib/media/build.ts';
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

/** Unity, for matrix fields (14496-12 8.2.2, 8.3.2). */
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const NO_SAMPLES = [
  fullBox('stts', 0, 0, u32(0)),
  fullBox('stsc', 0, 0, u32(0)),
  fullBox('stsz', 0, 0, u32(0, 0)),
  fullBox('stco', 0, 0, u32(0)),
];
/** One data reference: the media is in this file (8.7.2). */
const DINF = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));

export function initSection(video: VideoConfig, audio: AacConfig): InitSection {
  const file = Buffer.concat([
    box('ftyp', text('iso6'), u32(0), text('iso6mp41')),
    box(
      'moov',
      // creation, modification, timescale, duration; rate 1.0, volume 1.0; next_track_ID
      fullBox(
        'mvhd',
        0,
        0,
        u32(0, 0, 1000, 0, 0x10000),
        u16(0x100),
        zeros(10),
        MATRIX,
        zeros(24),
        u32(AUDIO_TRACK + 1),
      ),
      videoTrack(video),
      audioTrack(audio),
      // track_ID, default_sample_description_index, then duration, size and flags that fragments state themselves
      box(
        'mvex',
        fullBox('trex', 0, 0, u32(VIDEO_TRACK, 1, 0, 0, 0)),
        fullBox('trex', 0, 0, u32(AUDIO_TRACK, 1, 0, 0, 0)),
      ),
    ),
  ]);
  // Kept as long as the stream lives: not from the shared pool.
  const data = Buffer.allocUnsafeSlow(file.length);
  file.copy(data);
  const id = createHash('sha256').update(data).digest('hex').slice(0, 16);
  return { id, data, codecs: `${video.codecs},${AAC_CODECS}`, width: video.width, height: video.height };
}

function videoTrack(video: VideoConfig): Buffer {
  const { width, height } = video;
  const [type, configuration] =
    video.codec === 'h264'
      ? (['avc1', avcC(video, video.info)] as const)
      : (['hvc1', hvcC(video, video.info)] as const);
  const [pixelWidth, pixelHeight] = video.codec === 'h264' ? video.info.aspect : [1, 1];
  const entry = box(
    type,
    zeros(6),
    u16(1), // data_reference_index
    zeros(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0), // 72 dpi both ways
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x18, 0xffff), // depth, pre_defined
    configuration,
    ...(pixelWidth === pixelHeight ? [] : [box('pasp', u32(pixelWidth, pixelHeight))]),
  );
  const shownWidth = Math.round((width * pixelWidth) / pixelHeight);
  return track(
    VIDEO_TRACK,
    { volume: 0, width: shownWidth > 0xffff ? width : shownWidth, height },
    VIDEO_TIMESCALE,
    'vide',
    fullBox('vmhd', 0, 1, zeros(8)),
    entry,
  );
}

function audioTrack(audio: AacConfig): Buffer {
  const entry = box(
    'mp4a',
    zeros(6),
    u16(1), // data_reference_index
    zeros(8),
    u16(audio.channels, 16, 0, 0), // channelcount, samplesize
    u32(audio.sampleRate > 0xffff ? 0 : audio.sampleRate * 0x10000),
    esds(audioSpecificConfig(audio)),
  );
  return track(
    AUDIO_TRACK,
    { volume: 0x100, width: 0, height: 0 },
    audio.sampleRate,
    'soun',
    fullBox('smhd', 0, 0, zeros(4)),
    entry,
  );
}

function track(
  id: number,
  shape: { readonly volume: number; readonly width: number; readonly height: number },
  timescale: number,
  handler: string,
  mediaHeader: Buffer,
  entry: Buffer,
): Buffer {
  return box(
    'trak',
    // flags: enabled, in movie; creation, modification, track_ID, reserved, duration
    fullBox(
      'tkhd',
      0,
      3,
      u32(0, 0, id, 0, 0),
      zeros(8),
      u16(0, 0, shape.volume, 0), // layer, alternate_group, volume
      MATRIX,
      u32(shape.width * 0x10000, shape.height * 0x10000),
    ),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)), // language "und"
      fullBox('hdlr', 0, 0, u32(0), text(handler), zeros(12), text('\0')),
      box('minf', mediaHeader, DINF, box('stbl', fullBox('stsd', 0, 0, u32(1), entry), ...NO_SAMPLES)),
    ),
  );
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

/** 14496-14 5.6.1 and 14496-1 7.2.6: ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo, SLConfigDescriptor. */
function esds(specific: Buffer): Buffer {
  const decoderSpecific = descriptor(5, specific);
  // objectTypeIndication 0x40 (AAC), streamType 5 (audio) with reserved bit, buffer size, maximum and average bit rate
  const decoderConfig = descriptor(4, u8(0x40, 0x15), zeros(3), u32(0, 0), decoderSpecific);
  return fullBox('esds', 0, 0, descriptor(3, u16(AUDIO_TRACK), u8(0), decoderConfig, descriptor(6, u8(2))));
}

function descriptor(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u8(tag, body.length), body]);
}
