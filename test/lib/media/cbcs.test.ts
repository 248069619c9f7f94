/**
 * Common encryption of our segments: what is written by the standard's own figures, read by ffmpeg with the key, and by a reader
 * of this file's own; and what comes of bytes that are nobody's.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSegment } from '../../../lambdas/slicing/fmp4.ts';
import { boxes, BoxError, find, need, wholeOf } from '../../../lib/media/boxes.ts';
import { box, u32 } from '../../../lib/media/build.ts';
import { openInit, openSegment } from '../../../lib/media/cbcs-open.ts';
import { CbcsTrack, type CbcsKey } from '../../../lib/media/cbcs.ts';
import { readFragments } from '../../../lib/media/fragments.ts';
import { H264_IDR, H264_SLICE, SliceHeaders } from '../../../lib/media/h264-slice.ts';
import { ffmpeg, picture, tone, workFolder } from '../../lambdas/slicing/media.ts';

const KEY = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const IV = Buffer.from('0f0e0d0c0b0a09080706050403020100', 'hex');
const KID = Buffer.from('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', 'hex');
const key: CbcsKey = {
  kid: KID,
  iv: IV,
  encrypt: (blocks) => createCipheriv('aes-128-cbc', KEY, IV).setAutoPadding(false).update(blocks),
};
const decrypt = (blocks: Buffer) => createDecipheriv('aes-128-cbc', KEY, IV).setAutoPadding(false).update(blocks);

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

interface Made {
  readonly init: Buffer;
  readonly segments: readonly Buffer[];
}

/** One track in fragments of a second, as ffmpeg writes them: an initialization section, then moof and mdat by turns. */
async function made(name: string, ...args: string[]): Promise<Made> {
  const flags = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-g', '30', '-frag_duration', '1000000'];
  await ffmpeg(...args, ...flags, '-f', 'mp4', at(name));
  const bytes = await readFile(at(name));
  const init: Buffer[] = [];
  const segments: Buffer[] = [];
  let moof: Buffer = Buffer.alloc(0);
  for (const one of boxes(bytes)) {
    const whole = wholeOf(bytes, one);
    if (one.type === 'ftyp' || one.type === 'moov') init.push(whole);
    if (one.type === 'moof') moof = whole;
    if (one.type === 'mdat') segments.push(Buffer.concat([moof, whole]));
  }
  return { init: Buffer.concat(init), segments };
}

const x264 = (...params: string[]) => [
  ...picture(3, '320x180'),
  '-c:v',
  'libx264',
  '-preset',
  'medium',
  '-pix_fmt',
  'yuv420p',
  '-x264-params',
  ['scenecut=0', ...params].join(':'),
];
const sources: [what: string, args: string[]][] = [
  ['CABAC, B-frames, weights', x264('bframes=3', 'weightp=2', 'weightb=1', 'ref=4', 'b-pyramid=normal')],
  ['CAVLC, several slices', x264('cabac=0', 'slices=4', 'ref=3')],
  ['fields', x264('interlaced=1', 'bframes=2', 'slices=2')],
  ['more slices than can be said', [...x264('slices=60'), '-vf', 'scale=160:1024']],
  ['pictures of a few bytes', [...x264('crf=51', 'bframes=3'), '-vf', 'scale=32:32']],
];

/**
 * Of each packet its time, size and a checksum of its bytes, as ffmpeg reads them: one fragment at a time, since of several it takes
 * the encryption of one for another's.
 */
async function packetsOf(init: Buffer, segments: readonly Buffer[], ...args: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const segment of segments) {
    await writeFile(at('fragment.mp4'), Buffer.concat([init, segment]));
    await ffmpeg(...args, '-i', at('fragment.mp4'), '-map', '0', '-c', 'copy', '-f', 'framecrc', at('crc'));
    const lines = (await readFile(at('crc'), 'utf8')).split('\n');
    found.push(...lines.filter((line) => /^[0-9]/.test(line)).map((line) => line.split(',').slice(0, 6).join()));
  }
  return found;
}

/** The NAL units of a sample with lengths of four bytes. */
function* nals(sample: Buffer): Generator<Buffer> {
  for (let from = 0; from < sample.length; from += 4 + sample.readUInt32BE(from))
    yield sample.subarray(from + 4, from + 4 + sample.readUInt32BE(from));
}

/** The samples of moof and mdat. */
const samplesOf = (segment: Buffer): Buffer[] =>
  readFragments(segment.subarray(0, segment.readUInt32BE(0)))[0]!.samples.map(({ offset, size }) =>
    segment.subarray(offset, offset + size),
  );

const STSD = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'];

/** The boxes of the sample entry. */
const avcC = ({ init }: Made): Buffer => need(need(init, STSD, 8).subarray(8), ['avc1'], 78).subarray(78);

/** Slice headers of a track, its parameter sets learnt; one of each in our encoder's avcC. */
function headersOf(track: Made): SliceHeaders {
  const headers = new SliceHeaders();
  const record = find(avcC(track), 'avcC')!;
  const sps = record.subarray(8, 8 + record.readUInt16BE(6));
  const from = 8 + sps.length + 3;
  headers.learn(sps);
  headers.learn(record.subarray(from, from + record.readUInt16BE(from - 2)));
  return headers;
}

describe.each(sources)('H.264 of %s', (what, args) => {
  let clear: Made;
  let track: CbcsTrack;
  let sealed: readonly Buffer[];
  const name = `${what.replaceAll(/[^a-z]/gi, '')}.mp4`;
  beforeAll(async () => {
    clear = await made(name, ...args);
    track = new CbcsTrack(clear.init, key);
    sealed = clear.segments.map((segment) => track.seal(segment));
  });

  it('is the same packets to ffmpeg, with the key', async () => {
    const wanted = await packetsOf(clear.init, clear.segments);
    expect(wanted.length).toBeGreaterThan(20);
    expect(await packetsOf(track.init, sealed, '-decryption_key', KEY.toString('hex'))).toEqual(wanted);
    expect(await packetsOf(track.init, sealed, '-decryption_key', KID.toString('hex'))).not.toEqual(wanted);
  });

  it('is opened again byte for byte', () => {
    expect(openInit(track.init).equals(clear.init)).toBe(true);
    sealed.forEach((segment, index) => expect(openSegment(segment, decrypt).equals(clear.segments[index]!)).toBe(true));
  });

  it('has its slice headers in clear, and of what follows a block in ten encrypted', () => {
    const headers = headersOf(clear);
    let covered = 0;
    sealed.forEach((segment, index) => {
      const [before, after] = [samplesOf(clear.segments[index]!), samplesOf(segment)];
      expect(after).toHaveLength(before.length);
      const moof = segment.subarray(0, segment.readUInt32BE(0));
      const offset = need(moof, ['moof', 'traf', 'saio'], 12).readUInt32BE(8);
      let said = offset;
      before.forEach((sample, i) => {
        const other = after[i]!;
        // By the offset that saio says, and the size that saiz does.
        const count = moof.readUInt16BE(said);
        expect(need(moof, ['moof', 'traf', 'saiz'], 9)[9 + i]).toBe(2 + 6 * count);
        let from = 0;
        for (let entry = 0; entry < count; entry += 1) {
          const [left, size] = [moof.readUInt16BE(said + 2 + 6 * entry), moof.readUInt32BE(said + 4 + 6 * entry)];
          expect(other.subarray(from, from + left)).toEqual(sample.subarray(from, from + left));
          from += left;
          let last = IV;
          for (let block = from; block + 16 <= from + size; block += 160) {
            const cipher = createCipheriv('aes-128-cbc', KEY, last).setAutoPadding(false);
            last = cipher.update(sample.subarray(block, block + 16));
            expect(other.subarray(block, block + 16)).toEqual(last);
            const next = Math.min(block + 160, from + size);
            expect(other.subarray(block + 16, next)).toEqual(sample.subarray(block + 16, next));
            covered += 1;
          }
          from += size;
        }
        expect(from).toBe(sample.length);
        said += 2 + 6 * count;
        // Nothing but slices, each from behind its header on.
        for (const nal of nals(sample)) {
          const place = nal.byteOffset - sample.byteOffset;
          const type = nal[0]! & 0x1f;
          const isSlice = type === H264_SLICE || type === H264_IDR;
          const clearBytes = isSlice ? headers.lengthOf(nal)! : nal.length;
          expect(other.subarray(place, place + clearBytes)).toEqual(nal.subarray(0, clearBytes));
        }
      });
    });
    expect(covered).toBeGreaterThan(0);
  });

  it.skipIf(what.startsWith('CAVLC'))('knows where a slice header ends: what aligns it to a byte is ones', () => {
    const headers = headersOf(clear);
    let slices = 0;
    for (const nal of clear.segments.flatMap(samplesOf).flatMap((sample) => [...nals(sample)])) {
      const type = nal[0]! & 0x1f;
      if (type !== H264_SLICE && type !== H264_IDR) continue;
      // 7.3.4: cabac_alignment_one_bit. Emulation prevention cannot be before the last byte of what is so short.
      const bits = headers.bitsOf(nal);
      const last = nal[headers.lengthOf(nal)! - 1]!;
      const ones = (8 - (bits % 8)) % 8;
      expect(last & (2 ** ones - 1)).toBe(2 ** ones - 1);
      slices += 1;
    }
    expect(slices).toBeGreaterThan(20);
  });
});

describe('AAC', () => {
  it('is whole samples of it, each from the vector on; what is left of a block is in clear', async () => {
    const clear = await made('sound.mp4', ...tone(3), '-c:a', 'aac', '-b:a', '96k');
    const track = new CbcsTrack(clear.init, key);
    let samples = 0;
    for (const segment of clear.segments) {
      const sealed = track.seal(segment);
      expect(sealed).toHaveLength(segment.length);
      expect(openSegment(sealed, decrypt).equals(segment)).toBe(true);
      const after = samplesOf(sealed);
      samplesOf(segment).forEach((sample, i) => {
        const whole = sample.length - (sample.length % 16);
        expect(decrypt(after[i]!.subarray(0, whole))).toEqual(sample.subarray(0, whole));
        expect(after[i]!.subarray(whole)).toEqual(sample.subarray(whole));
        samples += 1;
      });
    }
    expect(samples).toBeGreaterThan(100);
    expect(openInit(track.init).equals(clear.init)).toBe(true);
    expect(track.init.includes('enca')).toBe(true);
  });
});

it('says in the initialization section how: encv of avc1, cbcs 1:9, the key id, one vector, and who may ask for a licence', async () => {
  const clear = await made('init.mp4', ...x264());
  const { init } = new CbcsTrack(clear.init, key);
  const stsd = need(init, STSD, 8);
  const entry = need(stsd.subarray(8), ['encv'], 78).subarray(78);
  expect(need(entry, ['avcC'], 7)).toEqual(need(avcC(clear), ['avcC'], 7));
  expect(need(entry, ['sinf'], 0).toString('hex')).toBe(
    [
      ['0000000c', '66726d61', '61766331'], // frma: avc1
      ['00000014', '7363686d', '00000000', '63626373', '00010000'], // schm: cbcs, 1.0
      ['00000039', '73636869'], // schi
      ['00000031', '74656e63', '01000000', '00', '19', '01', '00'], // tenc: pattern 1:9, protected, no vector of each
      [KID.toString('hex'), '10', IV.toString('hex')],
    ]
      .flat()
      .join(''),
  );
  expect(need(init, ['moov', 'pssh'], 0).toString('hex')).toBe(
    `010000001077efecc0b24d02ace33c1e52e2fb4b00000001${KID.toString('hex')}00000000`,
  );
});

describe('bytes of nobody', () => {
  const length = (nal: Buffer) => Buffer.concat([u32(nal.length), nal]);
  const segmentOf = (...data: Buffer[]): Buffer =>
    writeSegment({
      sequence: 1,
      samples: data.map((one, i) => ({ dts: i, pts: i, duration: 1, sync: i === 0, data: one })),
      end: data.length,
      shift: 0,
    });
  let track: CbcsTrack;
  let clear: Made;
  beforeAll(async () => {
    clear = await made('any.mp4', ...x264());
    track = new CbcsTrack(clear.init, key);
  });

  it('a slice whose header says nothing known has a lead in clear; what is no NAL unit stays as it is', () => {
    // Of picture parameter set 99, which is not there.
    const strange = Buffer.concat([Buffer.from([0x65, 0xc0, 0xc8, 0x80]), Buffer.alloc(400, 7)]);
    const cut = Buffer.concat([u32(5000), Buffer.from([0x65, 1, 2, 3])]);
    const before = segmentOf(Buffer.concat([length(strange), cut]), cut, Buffer.from([0, 0]), Buffer.alloc(0));
    const after = track.seal(before);
    const senc = find(after, 'moof', 'traf', 'senc')!;
    expect(senc.toString('hex', 8, 8 + 2 + 6 * 2)).toBe(['0002', '0084', '00000114', '0008', '00000000'].join(''));
    expect(openSegment(after, decrypt).equals(before)).toBe(true);
  });

  it('more in clear than 16 bits say is said in several; more than that of one sample is refused', () => {
    const supplement = length(Buffer.concat([Buffer.from([6]), Buffer.alloc(200_000, 1)]));
    const before = segmentOf(supplement);
    const after = track.seal(before);
    expect(find(after, 'moof', 'traf', 'senc')!.readUInt16BE(8)).toBe(4);
    expect(openSegment(after, decrypt).equals(before)).toBe(true);
    expect(() => track.seal(segmentOf(Buffer.concat(Array.from({ length: 20 }, () => supplement))))).toThrow(BoxError);
  });

  it.each([
    ['a moof without its mdat', () => track.seal(box('moof', box('traf')))],
    ['one that is encrypted already', () => track.seal(track.seal(clear.segments[0]!))],
    ['an index of bytes', () => track.seal(Buffer.concat([box('sidx', u32(0)), clear.segments[0]!]))],
    ['a segment cut short', () => track.seal(clear.segments[0]!.subarray(0, -1))],
    ['no sample entry', () => new CbcsTrack(box('moov'), key)],
    ['two tracks', () => new CbcsTrack(twice(clear.init), key)],
  ])('%s is refused by name', (_, act) => expect(act).toThrow(BoxError));

  it('every byte changed in turn is sealed or refused by name, and so it is when opened', () => {
    const [segment] = clear.segments;
    const sealed = track.seal(segment!);
    const tried = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        if (!(error instanceof BoxError)) throw error;
      }
    };
    const changed = (bytes: Buffer, place: number) => {
      const other = Buffer.from(bytes);
      other[place] = other[place]! ^ (1 << (place % 8));
      return other;
    };
    for (let place = 0; place < segment!.readUInt32BE(0); place += 1) tried(() => track.seal(changed(segment!, place)));
    for (let place = 0; place < sealed.readUInt32BE(0); place += 1)
      tried(() => openSegment(changed(sealed, place), decrypt));
    for (let place = 0; place < clear.init.length; place += 1)
      tried(() => new CbcsTrack(changed(clear.init, place), key));
    for (let place = 0; place < track.init.length; place += 1) tried(() => openInit(changed(track.init, place)));
  });

  const twice = (init: Buffer): Buffer =>
    Buffer.concat(
      [...boxes(init)].map((one) => {
        const trak = find(one.body, 'trak');
        return trak === undefined ? wholeOf(init, one) : box('moov', one.body, box('trak', trak));
      }),
    );
});
