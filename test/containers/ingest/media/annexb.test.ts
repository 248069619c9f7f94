import { describe, expect, it } from 'vitest';
import {
  MAX_NALS,
  copyNal,
  findNals,
  isKeySlice,
  isSlice,
  nalType,
  opensPicture,
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

const texts = (data: Buffer): string[] => findNals(data)!.map((nal) => copyNal(data, nal).toString('hex'));

describe('NAL units are found', () => {
  it('behind start codes of three and four bytes, without zeros at their ends', () => {
    expect(texts(bytes)).toEqual(nals);
    expect(findNals(bytes)!.map(({ start, head }) => [start, head.toString(16)])).toEqual([
      [4, '6742e0'],
      [11, '68ce00'],
      [18, '65b800'],
      [30, '419a00'],
    ]);
  });

  it('the same as by plain search, in random bytes full of zeros and ones', () => {
    const next = random(5);
    for (let round = 0; round < 2000; round += 1) {
      const data = Buffer.from(Array.from({ length: 60 }, () => (next() < 0.6 ? 0 : next() < 0.5 ? 1 : 0x41)));
      const plain = data
        .toString('latin1')
        .split('\0\0\x01')
        .slice(1)
        .map((text) => Buffer.from(text.replace(/\0+$/, ''), 'latin1').toString('hex'))
        .filter((text) => text !== '');
      expect(texts(data)).toEqual(plain);
    }
  });

  it('none where there is no start code', () => {
    expect(findNals(hex(''))).toEqual([]);
    expect(findNals(hex('000000'))).toEqual([]);
    expect(findNals(hex('000001'))).toEqual([]);
    expect(findNals(hex('6742e01f'))).toEqual([]);
  });

  it('but not without end', () => {
    const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => hex('00000141')));
    expect(findNals(many(MAX_NALS))).toHaveLength(MAX_NALS);
    expect(findNals(many(MAX_NALS + 1))).toBeUndefined();
  });
});

it('types are told by the header', () => {
  const of = (text: string) => findNals(hex(`000001${text}`))![0]!;
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
