/** Sound that is not compressed, as cameras write it: its index has a sample for each moment, and is read by its chunks. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { AAC_FRAME } from '../../../lambdas/slicing/segment-table.ts';
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';
import { BoxError, boxes } from '../../../lib/media/boxes.ts';
import { box, fullBox, text, u32, u8 } from '../../../lib/media/build.ts';
import { endOfData, readMovieIndex } from '../../../lib/media/sample-table.ts';
import { encodeFile, ffmpeg, fileSource, H264, packets, picture, samples, sizeOf, workFolder } from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

async function look(name: string, options: Partial<SlicingOptions> = {}): Promise<Inspected> {
  const source = await fileSource(at(name));
  const all = { ...OPTIONS, chunkSeconds: 4, ...options };
  return inspect({ source, path: at('stand-in'), fetchWhole: async () => undefined, options: all, timeoutMs: 30_000 });
}

/** A tone on the left, another one on the right. */
const stereo = (seconds: number, rate = 48_000) => [
  '-f',
  'lavfi',
  '-i',
  `aevalsrc=0.125*sin(2*PI*440*t)|0.125*sin(2*PI*1000*t):s=${rate}:d=${seconds}`,
];

/** Greatest difference from the tone of 440 Hz in windows of 1,024 samples, between the first and last frames. */
function errors(heard: Int16Array): number[] {
  return Array.from({ length: Math.floor((13 * 48_000) / 1024) - 4 }, (_, window) => {
    let most = 0;
    for (let i = (window + 4) * 1024; i < (window + 5) * 1024; i += 1)
      most = Math.max(most, Math.abs(heard[i]! - 4096 * Math.sin((2 * Math.PI * 440 * i) / 48_000)));
    return most;
  });
}

/** A QuickTime file whose sound is described as MP4 does it (ISO/IEC 23003-5): the entry, and pcmC with order and size. */
function inMp4(file: Buffer, type: string, codec: string): Buffer {
  const bits = Number(/[0-9]+/.exec(codec)![0]);
  const entry = (body: Buffer) => {
    const plain = Buffer.from(body.subarray(0, 28));
    plain.writeUInt16BE(0, 8);
    plain.writeUInt16BE(bits, 18);
    return box(type, plain, fullBox('pcmC', 0, 0, u8(codec.endsWith('le') ? 1 : 0, bits)));
  };
  const rewritten = (bytes: Buffer): Buffer =>
    Buffer.concat(
      [...boxes(bytes)].map((one) => {
        if (one.type === 'ftyp') return box('ftyp', text('isom'), one.body.subarray(4));
        if (one.type === 'sowt' || one.type === 'in24') return entry(one.body);
        if (one.type === 'stsd') return box('stsd', one.body.subarray(0, 8), rewritten(one.body.subarray(8)));
        if (!['moov', 'trak', 'mdia', 'minf', 'stbl'].includes(one.type)) return box(one.type, one.body);
        return box(one.type, rewritten(one.body));
      }),
    );
  return rewritten(file);
}

describe.each<[codec: string, file: string, args?: string[]]>([
  ['pcm_s16le', 'sowt.mov'],
  ['pcm_s16be', 'twos.mov'],
  ['pcm_s24be', 'in24.mov'],
  ['pcm_s24le', 'in24-little.mov'],
  ['pcm_f32le', 'fl32.mov'],
  ['pcm_alaw', 'alaw.mov'],
  ['pcm_u8', 'raw.mov'],
  ['pcm_s16le', 'lpcm.mov', ['-ar', '96000']],
  ['pcm_s24le', 'ipcm-24.mp4'],
])('%s in %s', (codec, name, args = []) => {
  it('is sliced in chunks, and joined without a click', async () => {
    const made = name.replace('.mp4', '.mp4.mov');
    await ffmpeg(...picture(14, '160x90'), ...stereo(14), ...H264, '-g', '45', '-c:a', codec, ...args, at(made));
    if (made !== name) await writeFile(at(name), inMp4(await readFile(at(made)), name.slice(0, 4), codec));
    const found = await look(name);
    expect(found.info.audio).toMatchObject([{ codec, channels: 2 }]);
    expect(found.table).toBeDefined();
    const out = await encodeFile(at(name), found, { audioKbps: 192 }, { chunks: found.table!.chunks });
    expect(out.chunks.length).toBeGreaterThan(2);
    const path = out.joined('audio', 'main');
    const step = AAC_FRAME / 48_000;
    const frames = await packets(path);
    frames.forEach(({ pts }, index) => expect(pts).toBeCloseTo(1 + index * step, 4));
    expect(Math.abs(frames.length * step - 14)).toBeLessThan(2 * step);
    // The left one alone: read from the middle of a moment, or of the wrong size, both would be noise.
    const left = `${path}.left.mp4`;
    await ffmpeg('-i', path, '-af', 'pan=mono|c0=c0', '-c:a', 'pcm_s16le', '-f', 'mov', left);
    const windows = errors(await samples(left));
    const joins = out.chunks.slice(1).map(({ start }) => Math.round((start * 48_000) / 1024) - 4);
    const isNear = (index: number) => joins.some((join) => Math.abs(join - index) <= 2);
    const elsewhere = Math.max(...windows.filter((_, index) => !isNear(index)));
    const atJoins = Math.max(...windows.filter((_, index) => isNear(index)));
    // As much as ffmpeg is off when it encodes all of it at once; noise of a wrong size or order is some thousands.
    expect({ elsewhere, isTone: elsewhere < 800 }).toMatchObject({ isTone: true });
    expect({ atJoins, elsewhere, isFine: atJoins <= elsewhere * 1.1 + 8 }).toMatchObject({ isFine: true });
  });
});

it('beside a picture that is copied it is encoded in pieces', async () => {
  await ffmpeg(...picture(14, '320x180'), ...stereo(14), ...H264, '-g', '60', '-c:a', 'pcm_s16le', at('camera.mov'));
  const options = { copyMaxMbps: 16 };
  const out = await encodeFile(at('camera.mov'), await look('camera.mov', options), options);
  expect(out.plan.video.map(({ copied }) => copied)).toEqual([true, undefined]);
  expect(out.chunks.filter(({ only }) => only?.join() === 'audio/main').length).toBeGreaterThan(1);
  expect((await packets(out.joined('audio', 'main'))).length).toBe(Math.ceil((14 * 48_000) / AAC_FRAME));
});

/** A movie with one track of raw sound: how many moments it says it has, in chunks of so many at these places. */
function movie(moments: number, perChunk: number, places: readonly number[], stts = [1, moments, 1]): Buffer {
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(0)),
    fullBox('stts', 0, 0, u32(...stts)),
    fullBox('stsz', 0, 0, u32(1, moments)),
    fullBox('stsc', 0, 0, u32(1, 1, perChunk, 1)),
    fullBox('stco', 0, 0, u32(places.length, ...places)),
  );
  const mdhd = fullBox('mdhd', 0, 0, u32(0, 0, 48_000, 0, 0));
  const mvhd = fullBox('mvhd', 0, 0, u32(0, 0, 1000, 0));
  return Buffer.concat([mvhd, box('trak', box('mdia', mdhd, box('minf', stbl)))]);
}

describe('its index', () => {
  const read = (moov: Buffer) => readMovieIndex(moov, [0], new Map([[0, 6]])).tracks[0]!.samples;

  it('has blocks that lie within a chunk, as large as the description says', () => {
    const samples = read(movie(11_000, 5000, [100_000, 200_000, 300_000]));
    expect({ ...samples, sync: [...samples.sync] }).toMatchObject({
      count: 5,
      lastDuration: 1000,
      sync: [1, 1, 1, 1, 1],
    });
    expect([...samples.offset]).toEqual([100_000, 100_000 + 4096 * 6, 200_000, 200_000 + 4096 * 6, 300_000]);
    expect([...samples.size]).toEqual([4096 * 6, 904 * 6, 4096 * 6, 904 * 6, 6000]);
    expect([...samples.decode]).toEqual([0, 4096, 5000, 9096, 10_000]);
    expect(endOfData(samples)).toBe(306_000);
  });

  it('of an hour is small', () => {
    const places = Array.from({ length: 3600 }, (_, second) => second * 1_000_000);
    expect(read(movie(3600 * 48_000, 48_000, places)).count).toBe(3600 * 12);
  });

  it('that says what cannot be is not believed', () => {
    expect(() => read(movie(11_000, 5000, [0, 30_000]))).toThrow(/places of 10000 of 11000/);
    expect(() => read(movie(0xffff_ffff, 0xffff_ffff, [0]))).not.toThrow();
    const tiny = Array.from({ length: 100 }, () => 0);
    expect(() => read(movie(0xffff_ffff, 1, tiny))).toThrow(BoxError);
    expect(read(movie(0, 1, [])).count).toBe(0);
  });

  it('of packets is read as any other', () => {
    expect(read(movie(3, 1, [0, 10, 20], [1, 3, 1024])).decode[2]).toBe(2048);
  });
});

it('what is read of the source is little more than the source', async () => {
  const source = await fileSource(at('sowt.mov'));
  const { table } = await look('sowt.mov');
  const bytes = table!.chunks
    .map((chunk) => table!.part(chunk))
    .flatMap(({ audio }) => audio.flatMap(({ part }) => part?.size ?? []))
    .reduce((sum, size) => sum + size, 0);
  // The run-in of each chunk is read twice.
  expect(bytes).toBeLessThan(14 * 48_000 * 4 + table!.chunks.length * 2 * 48_000 * 4);
  expect(source.size).toBe(await sizeOf(at('sowt.mov')));
});
