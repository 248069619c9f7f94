/** Initialization sections (RFC 8216bis 3.1.2) of tracks that are copied: one track each, without what files say of times. */
import { box, fullBox, text, u16, u32, u8, zeros } from '../../lib/media/build.ts';
import type { CopiedSound, CopiedVideo } from './copy.ts';

const TRACK = 1;
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

export function videoInit({ avcC, width, height }: CopiedVideo, timescale: number): Buffer {
  const entry = box(
    'avc1',
    zeros(6),
    u16(1), // data_reference_index
    zeros(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0), // 72 dpi both ways
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x18, 0xffff), // depth, pre_defined
    box('avcC', avcC),
  );
  return init(timescale, { handler: 'vide', volume: 0, width, height }, fullBox('vmhd', 0, 1, zeros(8)), entry);
}

export function soundInit({ config, channels, sampleRate }: CopiedSound): Buffer {
  const entry = box(
    'mp4a',
    zeros(6),
    u16(1), // data_reference_index
    zeros(8),
    u16(channels, 16, 0, 0), // channelcount, samplesize
    u32(sampleRate * 0x10000),
    esds(config),
  );
  const shape = { handler: 'soun', volume: 0x100, width: 0, height: 0 };
  return init(sampleRate, shape, fullBox('smhd', 0, 0, zeros(4)), entry);
}

/** ES_Descriptor with DecoderConfigDescriptor and SLConfigDescriptor (14496-1 7.2.6). */
function esds(config: Buffer): Buffer {
  // MPEG-4 audio, audio stream; buffer size and bit rates unknown.
  const decoder = Buffer.concat([u8(0x40, 0x15), zeros(11), u8(0x05, config.length), config]);
  const rest = Buffer.concat([u8(0x04, decoder.length), decoder, u8(0x06, 1, 2)]);
  return fullBox('esds', 0, 0, u8(0x03, 3 + rest.length, 0, TRACK, 0), rest);
}

interface Shape {
  readonly handler: string;
  readonly volume: number;
  readonly width: number;
  readonly height: number;
}

function init(timescale: number, { handler, volume, width, height }: Shape, mediaHeader: Buffer, entry: Buffer) {
  const trak = box(
    'trak',
    // flags: enabled, in movie; creation, modification, track_ID, reserved, duration
    fullBox(
      'tkhd',
      0,
      3,
      u32(0, 0, TRACK, 0, 0),
      zeros(8),
      u16(0, 0, volume, 0), // layer, alternate_group, volume
      MATRIX,
      u32(width * 0x10000, height * 0x10000),
    ),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)), // language: und
      fullBox('hdlr', 0, 0, u32(0), text(handler), zeros(12), u8(0)),
      box('minf', mediaHeader, DINF, box('stbl', fullBox('stsd', 0, 0, u32(1), entry), ...NO_SAMPLES)),
    ),
  );
  return Buffer.concat([
    box('ftyp', text('iso6'), u32(0), text('iso6cmfc')),
    box(
      'moov',
      // creation, modification, timescale, duration; rate 1.0, volume 1.0; next_track_ID
      fullBox('mvhd', 0, 0, u32(0, 0, timescale, 0, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(TRACK + 1)),
      trak,
      // track_ID, default_sample_description_index, then duration, size and flags that fragments state themselves
      box('mvex', fullBox('trex', 0, 0, u32(TRACK, 1, 0, 0, 0))),
    ),
  ]);
}
