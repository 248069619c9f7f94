/**
 * What initialization sections (RFC 8216bis 3.1.2) of a file in fragments are made of (ISO/IEC 14496-12): everything about a
 * track but its samples, of which there are none here.
 */
import { box, fullBox, text, u16, u32, u8, zeros } from './build.ts';

/** Unity, for matrix fields (8.2.2, 8.3.2). */
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const NO_SAMPLES = [
  fullBox('stts', 0, 0, u32(0)),
  fullBox('stsc', 0, 0, u32(0)),
  fullBox('stsz', 0, 0, u32(0, 0)),
  fullBox('stco', 0, 0, u32(0)),
];
/** One data reference: the media is in this file (8.7.2). */
const DINF = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));

export interface InitTrack {
  readonly id: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Pixels, as it is shown; of sound undefined. */
  readonly shown?: { readonly width: number; readonly height: number };
  /** Sample entry: `visualEntry`, `aacEntry`. */
  readonly entry: Buffer;
}

/** `brand`: what readers may take it for, beside `iso6`. `timescale`: ticks a second of the movie, which nothing here has. */
export function initSection(brand: string, timescale: number, tracks: readonly InitTrack[]): Buffer {
  const next = Math.max(...tracks.map(({ id }) => id)) + 1;
  return Buffer.concat([
    box('ftyp', text('iso6'), u32(0), text(`iso6${brand}`)),
    box(
      'moov',
      // creation, modification, timescale, duration; rate 1.0, volume 1.0; next_track_ID
      fullBox('mvhd', 0, 0, u32(0, 0, timescale, 0, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(next)),
      ...tracks.map(trak),
      // track_ID, default_sample_description_index, then duration, size and flags that fragments state themselves
      box('mvex', ...tracks.map(({ id }) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0)))),
    ),
  ]);
}

function trak({ id, timescale, shown, entry }: InitTrack): Buffer {
  const { width, height } = shown ?? { width: 0, height: 0 };
  const [handler, volume, header] = shown
    ? (['vide', 0, fullBox('vmhd', 0, 1, zeros(8))] as const)
    : (['soun', 0x100, fullBox('smhd', 0, 0, zeros(4))] as const);
  return box(
    'trak',
    // flags: enabled, in movie; creation, modification, track_ID, reserved, duration
    fullBox(
      'tkhd',
      0,
      3,
      u32(0, 0, id, 0, 0),
      zeros(8),
      u16(0, 0, volume, 0), // layer, alternate_group, volume
      MATRIX,
      u32(width * 0x10000, height * 0x10000),
    ),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)), // language: und
      fullBox('hdlr', 0, 0, u32(0), text(handler), zeros(12), u8(0)),
      box('minf', header, DINF, box('stbl', fullBox('stsd', 0, 0, u32(1), entry), ...NO_SAMPLES)),
    ),
  );
}

/** VisualSampleEntry (12.1.3) of that type, with what configures its decoder and other boxes. */
export const visualEntry = (type: string, width: number, height: number, ...inner: readonly Buffer[]): Buffer =>
  box(
    type,
    zeros(6),
    u16(1), // data_reference_index
    zeros(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0), // 72 dpi both ways
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x18, 0xffff), // depth, pre_defined
    ...inner,
  );

/** AudioSampleEntry (12.2.3) of AAC; `config`: its AudioSpecificConfig. `stream`: ES_ID. */
export const aacEntry = (channels: number, sampleRate: number, config: Buffer, stream: number): Buffer =>
  box(
    'mp4a',
    zeros(6),
    u16(1), // data_reference_index
    zeros(8),
    u16(channels, 16, 0, 0), // channelcount, samplesize
    u32(sampleRate > 0xffff ? 0 : sampleRate * 0x10000),
    esds(config, stream),
  );

/** 14496-14 5.6.1 and 14496-1 7.2.6: ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo, SLConfigDescriptor. */
function esds(config: Buffer, stream: number): Buffer {
  // objectTypeIndication 0x40 (AAC), streamType 5 (audio) with reserved bit, buffer size, maximum and average bit rate
  const decoder = descriptor(4, u8(0x40, 0x15), zeros(3), u32(0, 0), descriptor(5, config));
  return fullBox('esds', 0, 0, descriptor(3, u16(stream), u8(0), decoder, descriptor(6, u8(2))));
}

function descriptor(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u8(tag, body.length), body]);
}
