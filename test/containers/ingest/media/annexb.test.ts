import { describe, expect, it } from 'vitest';
import {
  MAX_NALS,
  copyNal,
  findNals,
  isKeySlice,
  isSlice,
  nalType,
  opensPicture,
  slicePieces,
} from '../../../../containers/ingest/src/media/annexb.ts';
import { hex, random } from '../jt808/support.ts';

const bytes = hex(
  '00000001' +
    '6742e01f' +
    '000001' +
    '68ce' +
    '0000000001' +
    '65b80000' +
    '0301ff' +
    '0000' +
    '000001' +
    '41' +
    '9a00',
);
const nals = ['6742e01f', '68ce', '65b800000301ff', '419a'];

const texts = (pieces: readonly Buffer[]): string[] =>
  findNals(pieces)!.map((nal) => copyNal(pieces, nal).toString('hex'));

describe('NAL units are found', () => {
  it('behind start codes of three and four bytes, without zeros at their ends', () => {
    expect(texts([bytes])).toEqual(nals);
    expect(findNals([bytes])!.map(({ start, head }) => [start, head.toString(16)])).toEqual([
      [4, '6742e0'],
      [11, '68ce00'],
      [18, '65b800'],
      [30, '419a00'],
    ]);
  });

  it('wherever the bytes are cut in two and in three', () => {
    for (let a = 0; a <= bytes.length; a += 1) {
      for (let b = a; b <= bytes.length; b += 1) {
        const pieces = [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
        expect(texts(pieces)).toEqual(nals);
        expect(findNals(pieces)!.map(({ head }) => head)).toEqual(findNals([bytes])!.map(({ head }) => head));
      }
    }
  });

  it('byte by byte, with empty pieces between', () => {
    expect(texts([...bytes].flatMap((byte) => [Buffer.of(byte), Buffer.alloc(0)]))).toEqual(nals);
  });

  it('the same as by plain search, in random bytes full of zeros and ones, cut at random', () => {
    const next = random(5);
    for (let round = 0; round < 2000; round += 1) {
      const data = Buffer.from(Array.from({ length: 60 }, () => (next() < 0.6 ? 0 : next() < 0.5 ? 1 : 0x41)));
      const pieces: Buffer[] = [];
      for (let at = 0; at < data.length;) {
        const end = at + Math.floor(next() * 7);
        pieces.push(data.subarray(at, end));
        at = end;
      }
      const plain = data
        .toString('latin1')
        .split('\0\0\x01')
        .slice(1)
        .map((text) => Buffer.from(text.replace(/\0+$/, ''), 'latin1').toString('hex'))
        .filter((text) => text !== '');
      expect(texts(pieces)).toEqual(plain);
    }
  });

  it('none where there is no start code', () => {
    expect(findNals([])).toEqual([]);
    expect(findNals([hex('0000'), hex('00')])).toEqual([]);
    expect(findNals([hex('000001')])).toEqual([]);
    expect(findNals([hex('6742e01f')])).toEqual([]);
  });

  it('but not without end', () => {
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => hex('00000141')));
    expect(findNals([many(MAX_NALS)])).toHaveLength(MAX_NALS);
    expect(findNals([many(MAX_NALS + 2)])).toBeUndefined();
  });
});

it('slices of pieces share their memory', () => {
  const pieces = [hex('000102'), hex('030405'), hex('060708')];
  const out: Buffer[] = [];
  slicePieces(pieces, 1, 7, out);
  expect(out.map((piece) => piece.toString('hex'))).toEqual(['0102', '030405', '06']);
  expect(out[1]).toBe(pieces[1]);
  expect(out[0]!.buffer).toBe(pieces[0]!.buffer);
});

it('types are told by the header', () => {
  const of = (text: string) => findNals([hex(`000001${text}`)])![0]!;
  expect([
    nalType('h264', of('6588')),
    nalType('h264', of('419a')),
    nalType('h264', of('27')),
    nalType('h265', of('2601')),
  ]).toEqual([5, 1, 7, 19]);
  expect([1, 5, 6, 7].map((type) => isSlice('h264', type))).toEqual([true, true, false, false]);
  expect([0, 21, 31, 32].map((type) => isSlice('h265', type))).toEqual([true, true, true, false]);
  expect([1, 5].map((type) => isKeySlice('h264', type))).toEqual([false, true]);
  expect([1, 15, 16, 19, 23, 24].map((type) => isKeySlice('h265', type))).toEqual([
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
  expect([opensPicture('h264', of('6588')), opensPicture('h264', of('6508'))]).toEqual([true, false]);
  expect([opensPicture('h265', of('2601af')), opensPicture('h265', of('26012f'))]).toEqual([true, false]);
});
