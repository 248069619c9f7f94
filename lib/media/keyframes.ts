/** Whether a picture can be decoded alone, by what its codec says of it and not by what its container does. Pure. */
import { BitReader, BitsError, rbsp } from './bits.ts';
import { BoxError, boxes, find, need } from './boxes.ts';

/** By the first bytes of a sample. Undefined: they do not tell. */
export type IsKeyframe = (sample: Buffer) => boolean | undefined;

/** Of a track's content. Undefined: nobody asks, since each picture of the codec is whole, or since it is not known here. */
export function keyframesOf(codec: string, trak: Buffer): IsKeyframe | undefined {
  const nal = NAL_CODECS[codec];
  const lengthBytes = nal && lengthBytesOf(trak, nal);
  const asked = lengthBytes === undefined ? CODECS[codec] : (sample: Buffer) => byUnits(sample, lengthBytes, nal!.unit);
  if (asked === undefined) return undefined;
  return (sample) => {
    try {
      return asked(sample);
    } catch (error) {
      if (error instanceof BitsError || error instanceof RangeError) return undefined;
      throw error;
    }
  };
}

interface NalCodec {
  readonly config: string;
  /** Where the configuration says how many bytes the length of a unit has, less one, in its last two bits. */
  readonly at: number;
  /** What a unit says; undefined: it is no picture. */
  readonly unit: (nal: Buffer) => boolean | undefined;
}

const NAL_CODECS: Readonly<Record<string, NalCodec>> = {
  h264: { config: 'avcC', at: 4, unit: h264 },
  // 14496-15 8.3.3.1; Rec. H.265 table 7-1: 16 to 23 can be begun at, others below 32 are pictures, too.
  hevc: { config: 'hvcC', at: 21, unit: (nal) => within((nal.readUInt8(0) >> 1) & 63, 16, 23, 32) },
};

const within = (type: number, first: number, last: number, all: number): boolean | undefined =>
  type < all ? type >= first && type <= last : undefined;

/** Of the one description there is. */
function lengthBytesOf(trak: Buffer, { config, at }: NalCodec): number | undefined {
  try {
    const stsd = need(trak, ['mdia', 'minf', 'stbl', 'stsd'], 8);
    const [entry, ...more] = [...boxes(stsd.subarray(8))];
    // VisualSampleEntry (14496-12 12.1.3) has 78 bytes before its boxes.
    const found = more.length === 0 && entry ? find(entry.body.subarray(78), config) : undefined;
    return found && found.length > at ? (found[at]! & 3) + 1 : undefined;
  } catch (error) {
    if (error instanceof BoxError) return undefined;
    throw error;
  }
}

function byUnits(sample: Buffer, lengthBytes: number, unit: NalCodec['unit']): boolean | undefined {
  for (let at = 0; at + lengthBytes < sample.length;) {
    const size = sample.readUIntBE(at, lengthBytes);
    const begin = at + lengthBytes;
    const said = size === 0 ? undefined : unit(sample.subarray(begin, begin + size));
    if (said !== undefined) return said;
    at = begin + size;
  }
  return undefined;
}

/** Bytes of a slice's header in which its type is. */
const SLICE_BYTES = 16;

/** Rec. H.264 7.3.1, 7.3.3: an IDR picture, or one whose first slice is intra (open groups begin so). */
function h264(nal: Buffer): boolean | undefined {
  const type = nal.readUInt8(0) & 0x1f;
  if (type === 5) return true;
  if (type !== 1 && type !== 2) return undefined;
  const bits = new BitReader(rbsp(nal.subarray(1, 1 + SLICE_BYTES)));
  bits.unsigned(); // first_mb_in_slice
  const slice = bits.unsigned() % 5;
  return slice === 2 || slice === 4;
}

const CODECS: Readonly<Record<string, IsKeyframe>> = {
  // ISO/IEC 14496-2 6.2.5: vop_coding_type, 0 is intra.
  mpeg4: (sample) => after(sample, 0xb6, (vop) => vop.bits(2) === 0),
  mpeg2video: mpegPicture,
  mpeg1video: mpegPicture,
  vp9,
  av1,
};

/** ISO/IEC 13818-2 6.2.3: after the number of the picture its type, of which 2 and 3 lean on others. */
function mpegPicture(sample: Buffer): boolean | undefined {
  return after(sample, 0, (picture) => {
    picture.skip(10);
    const type = picture.bits(3);
    return type !== 2 && type !== 3;
  });
}

/** What is said behind the first start code of that number. */
function after(sample: Buffer, code: number, read: (bits: BitReader) => boolean): boolean | undefined {
  const at = sample.indexOf(Buffer.from([0, 0, 1, code]));
  return at === -1 ? undefined : read(new BitReader(sample.subarray(at + 4)));
}

/** VP9 bitstream 6.2: frame_marker, profile, show_existing_frame (of before), frame_type, of which 0 is a keyframe. */
function vp9(sample: Buffer): boolean | undefined {
  const bits = new BitReader(sample);
  if (bits.bits(2) !== 2) return undefined;
  if (bits.bits(2) === 3) bits.skip(1);
  return !bits.flag() && !bits.flag();
}

/** AV1 bitstream 5.3: a keyframe comes with its sequence header; else the first frame is no earlier one, and its type 0 or intra (2). */
function av1(sample: Buffer): boolean | undefined {
  for (let at = 0; at < sample.length;) {
    const header = sample.readUInt8(at);
    const type = (header >> 3) & 15;
    at += (header & 4) === 0 ? 1 : 2;
    let size = sample.length - at;
    if ((header & 2) !== 0) {
      size = 0;
      for (let shift = 0, more = true; more && shift < 35; shift += 7) {
        const byte = sample.readUInt8(at++);
        size += (byte & 127) * 2 ** shift;
        more = byte > 127;
      }
    }
    if (type === 1) return true;
    if (type === 3 || type === 6) {
      const bits = new BitReader(sample.subarray(at));
      return !bits.flag() && bits.bits(2) % 2 === 0;
    }
    at += size;
  }
  return undefined;
}
