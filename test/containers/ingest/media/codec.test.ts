/** No byte of a picture tells its codec: parameter sets do. */
import { expect, it } from 'vitest';
import { codecOfSets } from '../../../../containers/ingest/src/media/codec.ts';
import { findNals } from '../../../../containers/ingest/src/media/annexb.ts';
import { annexB, encodedVideo, h264Picture, h264Pps, h264Sps, lacks } from '../streams.ts';

const of = (data: Buffer, doubted?: 'h264' | 'h265') => codecOfSets(data, findNals(data)!, doubted);
const hex = (...nals: readonly string[]) => annexB(...nals.map((nal) => Buffer.from(nal, 'hex')));

it.each([
  ['two slices, of which the second begins like a VPS', hex('419a262b', '41018e68')],
  ['a slice that begins like an SPS of H.265', hex('419a262b', '42018e68')],
  ['slices that begin like VPS and PPS', hex('40018e68', '44018e68')],
  ['a VPS in an enhancement layer', hex('41010c01ffff')],
  ['a keyframe without sets', hex('658880', '41018e68')],
  ['an IDR picture of H.265, which begins like a PPS of H.264', hex('2801af10')],
  ['an SPS that cannot be read, alone', hex('6742')],
  ['sets of both', Buffer.concat([annexB(h264Sps(), h264Pps()), hex('40010c01', '42010101', '4401c0')])],
])('nothing: %s', (_, data) => expect(of(data)).toBeUndefined());

it('a sequence parameter set with another set, though it cannot be read', () => {
  expect(of(hex('40010c01', '42010101', '4401c0', '2601af10'))).toBe('h265');
  expect(of(hex('6742', '68ce3c80', '658880'))).toBe('h264');
});

it('one alone that can be read, but where that codec is in doubt', () => {
  const alone = annexB(h264Sps());
  expect(of(alone)).toBe('h264');
  expect(of(alone, 'h265')).toBe('h264');
  expect(of(alone, 'h264')).toBeUndefined();
  expect(of(h264Picture(true, 20, 1), 'h264')).toBe('h264');
});

const missing = lacks('libx264', 'libx265');
it.skipIf(missing !== '')(`of real encoders${missing}`, () => {
  for (const codec of ['h264', 'h265'] as const) {
    const [key, next] = encodedVideo(codec, 1);
    expect([of(key!), of(next!)]).toEqual([codec, undefined]);
  }
});
