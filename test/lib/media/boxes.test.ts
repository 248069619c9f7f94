/** The one reader and writer of boxes: bounds, all three kinds of size, any cut of a stream, and there and back again. */
import { describe, expect, it } from 'vitest';
import { BoxError, boxes, find, findAll } from '../../../lib/media/boxes.ts';
import { box, fullBox, text, u32, writeHeader } from '../../../lib/media/build.ts';
import {
  DELTA_FLAGS,
  MOOF_BYTES,
  SYNC_FLAGS,
  TFHD_BASE_IS_MOOF,
  TFHD_DURATION,
  TFHD_FLAGS,
  TRAF_BYTES,
  TRUN_COMPOSITION,
  TRUN_OFFSET,
  TRUN_SIZE,
  readFragments,
  writeMoof,
  writeTraf,
  writeTrun,
} from '../../../lib/media/fragments.ts';
import { readBoxes, walk } from '../../../lib/media/layout.ts';
import { codecsOf, readTracks } from '../../../lib/media/movie.ts';

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const types = (bytes: Buffer) => [...boxes(bytes)].map(({ type }) => type);

describe('boxes', () => {
  const file = Buffer.concat([box('ftyp', text('iso6')), box('moov', box('trak', u32(1)), box('trak', u32(2)))]);

  it('are found by their path, with their place and a view of their content', () => {
    expect(types(file)).toEqual(['ftyp', 'moov']);
    expect(find(file, 'moov', 'trak')).toEqual(u32(1));
    expect(findAll(file, 'moov', 'trak').map(({ start, body }) => [start, body.readUInt32BE(0)])).toEqual([
      [0, 1],
      [12, 2],
    ]);
    expect(find(file, 'moov', 'mdia')).toBeUndefined();
    const copy = Buffer.from(file);
    find(copy, 'moov', 'trak')!.writeUInt32BE(7, 0);
    expect(find(copy, 'moov', 'trak')).toEqual(u32(7));
  });

  it('may have a size of 64 bits, or go to the end', () => {
    const large = hex('00000001 6d646174 0000000000000012 abcd');
    expect([...boxes(large)]).toEqual([{ type: 'mdat', start: 0, body: hex('abcd') }]);
    expect([...boxes(hex('00000000 6d646174 abcd'))]).toEqual([{ type: 'mdat', start: 0, body: hex('abcd') }]);
  });

  it.each([
    ['a header cut short', '000000'],
    ['a size below its header', '00000007 6d6f6f66'],
    ['a size beyond the end', '00000009 6d6f6f66'],
    ['a 64-bit size cut short', '00000001 6d646174 00000000'],
    ['a 64-bit size beyond what can be counted', '00000001 6d646174 ffffffffffffffff'],
    ['a name that is none', '00000008 00010203'],
  ])('%s is refused', (_, bytes) => expect(() => types(hex(bytes))).toThrow(BoxError));

  it('of a stream come whole however it is cut, and a stream that breaks off is refused', async () => {
    async function* pieces(bytes: Buffer, size: number) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    for (const size of [1, 2, 7, 16, file.length]) {
      const found: string[] = [];
      for await (const { type, bytes } of readBoxes(pieces(file, size))) found.push(`${type} ${bytes.length}`);
      expect(found).toEqual(['ftyp 12', 'moov 32']);
    }
    const broken = async () => {
      for await (const _ of readBoxes(pieces(file.subarray(0, -1), 5)));
    };
    await expect(broken()).rejects.toThrow(BoxError);
  });

  it('of a file are walked by their headers alone', async () => {
    const read: number[] = [];
    const walked = await walk({
      size: file.length,
      read: async (offset, length) => {
        read.push(length);
        return file.subarray(offset, offset + length);
      },
    });
    expect(walked).toMatchObject({ fragmented: false, truncated: false, boxes: [{ offset: 0 }, { offset: 12 }] });
    expect(read).toEqual([16, 16]);
  });
});

describe('a moof', () => {
  /** Two tracks: sizes and composition offsets of each sample, and defaults with sizes. */
  function moof(): Buffer {
    const traf = [TRAF_BYTES + 3 * 8, TRAF_BYTES + 8 + 2 * 4] as const;
    const bytes = MOOF_BYTES + traf[0] + traf[1];
    const out = Buffer.alloc(bytes);
    let at = writeMoof(out, 0, bytes, 9);
    at = writeTraf(out, at, traf[0], 1, TFHD_BASE_IS_MOOF, [], 2 ** 40 + 5);
    at = writeTrun(out, at, 1, TRUN_OFFSET | TRUN_SIZE | TRUN_COMPOSITION, 3, 8, bytes + 8);
    for (const [size, offset] of [
      [10, 0],
      [20, -3],
      [30, 3],
    ] as const) {
      at = out.writeUInt32BE(size, at);
      at = out.writeInt32BE(offset, at);
    }
    at = writeTraf(out, at, traf[1], 2, TFHD_BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS, [1024, SYNC_FLAGS], 0);
    at = writeTrun(out, at, 0, TRUN_OFFSET | TRUN_SIZE, 2, 4, bytes + 68);
    at = out.writeUInt32BE(4, at);
    expect(out.writeUInt32BE(5, at)).toBe(bytes);
    return out;
  }

  it('is read as it was written', () => {
    const bytes = moof();
    const end = bytes.length + 8;
    const none = { duration: 0, flags: 0 };
    const sound = { duration: 1024, flags: SYNC_FLAGS, compositionOffset: 0 };
    expect(find(bytes, 'moof', 'mfhd')!.readUInt32BE(4)).toBe(9);
    expect(readFragments(bytes)).toEqual([
      {
        track: 1,
        decodeTime: 2 ** 40 + 5,
        samples: [
          { ...none, size: 10, compositionOffset: 0, offset: end },
          { ...none, size: 20, compositionOffset: -3, offset: end + 10 },
          { ...none, size: 30, compositionOffset: 3, offset: end + 30 },
        ],
      },
      {
        track: 2,
        decodeTime: 0,
        samples: [
          { ...sound, size: 4, offset: end + 60 },
          { ...sound, size: 5, offset: end + 64 },
        ],
      },
    ]);
  });

  it('with one flag for the first sample and defaults for the others, and data right behind it', () => {
    const tfhd = fullBox('tfhd', 0, 0x38, u32(1, 100, 7, DELTA_FLAGS));
    const trun = fullBox('trun', 0, 0x4, u32(2, SYNC_FLAGS));
    const bytes = box('moof', box('traf', tfhd, fullBox('tfdt', 0, 0, u32(0xffff_fff6)), trun));
    const other = { duration: 100, size: 7, compositionOffset: 0 };
    expect(readFragments(bytes)).toEqual([
      {
        track: 1,
        decodeTime: -10,
        samples: [
          { ...other, flags: SYNC_FLAGS, offset: bytes.length + 8 },
          { ...other, flags: DELTA_FLAGS, offset: bytes.length + 15 },
        ],
      },
    ]);
  });

  it('that promises more than it holds is refused, cut at any byte and counted up', () => {
    const bytes = moof();
    for (let length = 1; length < bytes.length; length += 1) {
      const cut = Buffer.from(bytes.subarray(0, length));
      if (length >= 8) writeHeader(cut, 0, length, 'moof');
      let refused = false;
      try {
        // Cut between its boxes it is a smaller one.
        refused = readFragments(cut).length < 2;
      } catch (error) {
        refused = error instanceof BoxError;
      }
      expect([length, refused]).toEqual([length, true]);
    }
    const many = moof();
    find(many, 'moof', 'traf', 'trun')!.writeUInt32BE(0x7fff_ffff, 4);
    expect(() => readFragments(many)).toThrow('too short for 2147483647 samples');
  });
});

describe('a moov', () => {
  const trak = (version: 0 | 1, id: number, scale: number, entry: Buffer) => {
    const times = u32(...Array.from({ length: version === 1 ? 4 : 2 }, () => 0));
    const stsd = fullBox('stsd', 0, 0, u32(1), entry);
    return box(
      'trak',
      fullBox('tkhd', version, 3, times, u32(id)),
      box('mdia', fullBox('mdhd', version, 0, times, u32(scale)), box('minf', box('stbl', stsd))),
    );
  };
  const avc1 = box('avc1', Buffer.alloc(78), box('avcC', hex('0164001f')));
  const esds = fullBox('esds', 0, 0, hex('03 80801e 0001 00 04 10 4015 000000 00000000 00000000 05 02 1590'));
  const mp4a = box('mp4a', Buffer.alloc(28), esds);

  it('says of each track its id, its clock and its codec', () => {
    const moov = Buffer.concat([trak(0, 1, 90_000, avc1), trak(1, 5, 8000, mp4a), trak(0, 6, 1, box('hvc1'))]);
    expect(readTracks(moov).map((track) => [track.id, track.timescale, codecsOf(track)])).toEqual([
      [1, 90_000, 'avc1.64001f'],
      [5, 8000, 'mp4a.40.2'],
      [6, 1, undefined],
    ]);
  });

  it('without a track header is refused', () => {
    expect(() => readTracks(box('trak', box('mdia')))).toThrow('no tkhd');
    expect(() => readTracks(box('trak', fullBox('tkhd', 1, 0, u32(0, 0))))).toThrow(BoxError);
  });
});
