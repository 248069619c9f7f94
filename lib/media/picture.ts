/**
 * A still picture as a movie of one sample (QuickTime File Format, "Video sample description"): so ffmpeg reads it with the
 * demuxer it has anyway, told what it is, and guesses nothing.
 */
import { box, fullBox, text, u16, u32, zeros } from './build.ts';
import { movieHeader } from './movie-build.ts';

/** What its first bytes say of a picture. */
interface PictureFacts {
  readonly type: 'jpeg' | 'png';
  /** Pixels as stored. */
  readonly width: number;
  readonly height: number;
  /** Quarter turns clockwise that it is to be shown with. */
  readonly turns: 0 | 1 | 2 | 3;
  /** Bytes up to the end of what says so: a thumbnail is before it. */
  readonly header: number;
}

/** Undefined: neither JPEG nor PNG, or no size is found in it. */
export function pictureFacts(bytes: Buffer): PictureFacts | undefined {
  if (bytes.length >= 24 && bytes.subarray(0, 8).equals(PNG)) {
    // IHDR comes first (PNG 5.6).
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    return bytes.toString('latin1', 12, 16) === 'IHDR' ? sized('png', width, height, 0, 24) : undefined;
  }
  return bytes.length >= 4 && bytes.readUInt16BE(0) === 0xffd8 ? jpegFacts(bytes) : undefined;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

const sized = (
  type: PictureFacts['type'],
  width: number,
  height: number,
  turns: PictureFacts['turns'],
  header: number,
): PictureFacts | undefined => (width > 0 && height > 0 ? { type, width, height, turns, header } : undefined);

/** Segments up to the frame header (ITU-T T.81 B.1.1, B.2.2). */
function jpegFacts(bytes: Buffer): PictureFacts | undefined {
  let turns: PictureFacts['turns'] = 0;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    // Fill bytes.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) return undefined;
    // C0 to CF are frame headers, but for tables, arithmetic conditioning and a reserved one.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (at + 9 > bytes.length) return undefined;
      return sized('jpeg', bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5), turns, at + 9);
    }
    if (marker === 0xda || marker === 0xd9) return undefined;
    if (marker === 0xe1) turns = turnsOf(bytes.subarray(at + 4, at + 2 + length)) ?? turns;
    at += 2 + length;
  }
  return undefined;
}

/** Exif's orientation (JEITA CP-3451 4.6.4 A): cameras store as they are held. Mirrored ones, which none writes, stay. */
const TURNS: Readonly<Record<number, PictureFacts['turns']>> = { 3: 2, 6: 1, 8: 3 };

function turnsOf(app1: Buffer): PictureFacts['turns'] | undefined {
  if (app1.toString('latin1', 0, 6) !== 'Exif\0\0' || app1.length < 14) return undefined;
  const tiff = app1.subarray(6);
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (at + 2 > tiff.length ? -1 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const first = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  for (let entry = 0; entry < short(first); entry += 1) {
    const at = first + 2 + entry * 12;
    if (short(at) === 0x0112) return TURNS[short(at + 8)];
  }
  return undefined;
}

/**
 * Whether it has its end: a lenient reader makes a picture of half a file, too, gray below. A byte 0xff of compressed data is
 * never followed by that of a marker (T.81 B.1.1.5).
 */
export const isComplete = (bytes: Buffer, { type, header }: PictureFacts): boolean =>
  type === 'png' ? bytes.includes('IEND', header, 'latin1') : bytes.includes(END_OF_IMAGE, header);

const END_OF_IMAGE = Buffer.from('ffd9', 'hex');

/** The picture as a movie. */
export function pictureMovie(bytes: Buffer, { type, width, height, turns }: PictureFacts): Buffer {
  const one = 0x0001_0000;
  // tkhd's matrix (8.3.2): a, b, u, c, d, v, x, y, w. Turned by quarters, x and y make up for what left the frame.
  const minus = 0xffff_0000;
  const MATRICES = [
    [one, 0, 0, 0, one, 0, 0, 0],
    [0, one, 0, minus, 0, 0, height * one, 0],
    [minus, 0, 0, 0, minus, 0, width * one, height * one],
    [0, minus, 0, one, 0, 0, 0, width * one],
  ] as const;
  const matrix = MATRICES[turns].map((value) => value % 2 ** 32);
  const size = [Math.min(width, 0xffff), Math.min(height, 0xffff)] as const;
  const entry = box(
    type === 'jpeg' ? 'jpeg' : 'png ',
    zeros(6),
    u16(1),
    zeros(16),
    u16(...size),
    u32(0x0048_0000, 0x0048_0000, 0),
    u16(1),
    zeros(32),
    u16(24, 0xffff),
  );
  const trak = Buffer.concat([
    fullBox(
      'tkhd',
      0,
      7,
      u32(0, 0, 1, 0, 1),
      zeros(16),
      u32(...matrix, 0x4000_0000),
      u32(size[0] * one, size[1] * one),
    ),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, 1, 1), u16(0x55c4, 0)),
      fullBox('hdlr', 0, 0, u32(0), text('vide'), zeros(13)),
      box(
        'minf',
        fullBox('vmhd', 0, 1, zeros(8)),
        box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
        box('stbl', fullBox('stsd', 0, 0, u32(1), entry)),
      ),
    ),
  ]);
  const part = { trak, offset: [0], size: [bytes.length], duration: [1], composition: [0], sync: [0] };
  return Buffer.concat([movieHeader(1, [part], bytes.length), bytes]);
}
