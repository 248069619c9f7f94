/**
 * Tracks of codecs that ffmpeg writes into no MP4 and reads from one, by Microsoft's names of them, as QuickTime files have
 * them: what describes VP8 and Vorbis. Pure.
 */
import type { SourceInfo, SourceSound } from '../../lib/contract/source.ts';
import { box, fullBox, text, u16, u32, zeros } from '../../lib/media/build.ts';
import type { MatroskaHeader } from '../../lib/media/matroska.ts';
import type { IndexedTrack } from '../../lib/media/sample-table.ts';

/** Ticks a second of a picture: whole ones of a millisecond, which Matroska counts in. */
const PICTURE_TIMESCALE = 16_000;

/** The track of VP8, without samples. */
export function describedPicture({ codec, stored, width, height }: SourceInfo['video']): IndexedTrack | undefined {
  if (codec !== 'vp8') return undefined;
  const size = stored ?? { width, height };
  const entry = box(
    'VP80',
    zeros(6),
    u16(1), // data_reference_index
    zeros(16),
    u16(size.width, size.height),
    u32(0x480000, 0x480000, 0), // 72 dpi both ways
    u16(1), // frame_count
    zeros(32), // compressorname
    u16(0x18, 0xffff), // depth, pre_defined
  );
  return track(PICTURE_TIMESCALE, 'vide', fullBox('vmhd', 0, 1, zeros(8)), entry);
}

/** The track of Vorbis, without samples: its three headers are what its decoder is to know. */
export function describedSound(
  { index, codec, channels, sampleRate }: SourceSound,
  { tracks }: MatroskaHeader,
): IndexedTrack | undefined {
  const headers = tracks[index]?.private;
  if (codec !== 'vorbis' || headers === undefined || sampleRate >= 65_536) return undefined;
  const entry = box(
    'msVo', // WAVE's number of it, 0x566f
    zeros(6),
    u16(1), // data_reference_index
    zeros(8),
    u16(channels, 16, 0, 0),
    u32(sampleRate * 0x10000),
    box('glbl', headers),
  );
  return track(sampleRate, 'soun', fullBox('smhd', 0, 0, zeros(4)), entry);
}

function track(timescale: number, handler: string, mediaHeader: Buffer, entry: Buffer): IndexedTrack {
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const mdia = box(
    'mdia',
    fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)), // language: und
    fullBox('hdlr', 0, 0, u32(0), text(handler), zeros(13)),
    box('minf', mediaHeader, dinf, box('stbl', fullBox('stsd', 0, 0, u32(1), entry))),
  );
  const identity = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const tkhd = fullBox('tkhd', 0, 3, u32(0, 0, 1, 0, 0), zeros(16), identity, zeros(8));
  return {
    timescale,
    trak: Buffer.concat([tkhd, mdia]),
    edit: { delay: 0, from: 0, length: undefined },
    samples: {
      count: 0,
      offset: new Float64Array(0),
      size: new Uint32Array(0),
      decode: new Float64Array(0),
      composition: new Int32Array(0),
      sync: new Uint8Array(0),
      lastDuration: 0,
    },
  };
}
