/** Slicing in chunks: what is published is the source, frame by frame and sample by sample, whatever it was cut at. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stretchesOf } from '../../../lambdas/slicing/chunk-source.ts';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { madeBy } from '../../../lambdas/slicing/outputs.ts';
import { AAC_FRAME, segmentTable } from '../../../lambdas/slicing/segment-table.ts';
import { find } from '../../../lib/media/boxes.ts';
import { readMovieIndex } from '../../../lib/media/sample-table.ts';
import { encodeFile, ffmpeg, fileSource, packets, picture, samples, tone, workFolder, type Encoded } from './media.ts';
import { OPTIONS } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];

async function look(name: string, chunkSeconds = 4): Promise<Inspected & { table: NonNullable<Inspected['table']> }> {
  const options = { ...OPTIONS, chunkSeconds };
  const source = await fileSource(at(name));
  const path = at('stand-in');
  const found = await inspect({ source, path, fetchWhole: async () => undefined, options, timeoutMs: 30_000 });
  if (found.table === undefined) throw new Error(`${name} has no segment table`);
  return { ...found, table: found.table };
}

const encoded = async (name: string): Promise<Encoded> => encodeFile(at(name), await look(name));

const shown = async (path: string) => (await packets(path)).map(({ pts }) => pts).sort((a, b) => a - b);

/** Of each frame, in the order shown, the number it was drawn with. */
async function numbers(path: string): Promise<number[]> {
  const raw = `${path}.gray`;
  await ffmpeg(
    '-i',
    path,
    '-map',
    '0:v',
    '-vf',
    'scale=16:1:flags=area,format=gray',
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    raw,
  );
  const fields = await readFile(raw);
  return Array.from({ length: fields.length / 16 }, (_, frame) =>
    Array.from({ length: 16 }, (__, bit) => (fields[frame * 16 + bit]! > 128 ? 2 ** bit : 0)).reduce(
      (a, b) => a + b,
      0,
    ),
  );
}

/** Pictures that say their number in sixteen fields of black or white. */
const counted = (seconds: number, rate: string) => [
  '-f',
  'lavfi',
  '-i',
  `color=black:s=320x180:r=${rate}:d=${seconds},geq=lum='255*mod(floor(N/pow(2\\,floor(X/20)))\\,2)':cb=128:cr=128`,
];

const OPEN = ['-g', '45', '-bf', '3', '-x264-params', 'open-gop=1:scenecut=0'];
const FRAGMENTS = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof', '-frag_duration', '500000'];

describe('pictures', () => {
  const sources: [what: string, name: string, rate: string, args: string[]][] = [
    ['closed groups with B pictures', 'closed.mp4', '30', ['-g', '45', '-bf', '3', '-sc_threshold', '0']],
    ['open groups', 'open.mp4', '30', OPEN],
    ['no B pictures, 23.976', 'film.mov', '24000/1001', ['-g', '48', '-bf', '0']],
    ['one keyframe for all of it', 'one.mp4', '25', ['-g', '1000', '-bf', '2']],
    ['every picture a keyframe', 'intra.mov', '25', ['-g', '1']],
    ['fragments, open groups', 'fragments.mp4', '30', [...OPEN, ...FRAGMENTS]],
    [
      'fragments, each with its edit list written late',
      'late.mp4',
      '30',
      [...OPEN, ...FRAGMENTS, '-movflags', '+delay_moov'],
    ],
    [
      'fragments of an older kind, counted from the file',
      'base.mp4',
      '30',
      [...OPEN, '-movflags', '+frag_keyframe+empty_moov'],
    ],
  ];
  it.each(sources)('%s: every one, once, in order, at its time', async (_, name, rate, args) => {
    await ffmpeg(...counted(12, rate), ...X264, ...args, at(name));
    const out = await encoded(name);
    const before = await shown(at(name));
    for (const rung of out.plan.video) {
      const after = await shown(out.joined('video', rung.name));
      expect(after.length).toBe(before.length);
      after.forEach((time, index) => expect(time).toBeCloseTo(before[index]! - before[0]! + 1, 5));
    }
    const { length } = before;
    expect(await numbers(out.joined('video', '180p'))).toEqual(Array.from({ length }, (__, index) => index));
    if (!name.startsWith('one'))
      expect(out.chunks.filter((chunk) => madeBy(chunk, out.plan).includes('video/90p'))).toHaveLength(3);
    const decode = (await packets(out.joined('video', '180p'))).map(({ dts }) => dts);
    expect(decode.slice(1).filter((time, index) => time <= decode[index]!)).toEqual([]);
  });

  it('rungs and sound are cut at the same times, a frame of sound apart at most', async () => {
    await ffmpeg(...counted(12, '30'), ...tone(12), ...X264, '-g', '50', '-c:a', 'aac', at('aligned.mp4'));
    const { result } = await encoded('aligned.mp4');
    const starts = result.renditions.map(({ segments }) =>
      segments.map((__, i) => segments.slice(0, i).reduce((sum, { duration }) => sum + duration, 0)),
    );
    expect(starts[0]!.length).toBeGreaterThan(4);
    expect(starts[1]).toEqual(starts[0]);
    starts[2]!.forEach((start, index) => {
      expect(start - starts[0]![index]!).toBeGreaterThan(-0.001);
      expect(start - starts[0]![index]!).toBeLessThan(AAC_FRAME / 48_000 + 0.001);
    });
  });

  it('the same again is the same bytes', async () => {
    const hashes = ({ files }: Encoded) =>
      [...files].map(([name, { bytes }]) => `${name} ${createHash('sha256').update(bytes).digest('hex')}`).toSorted();
    expect(hashes(await encoded('open.mp4'))).toEqual(hashes(await encoded('open.mp4')));
  });
});

it('a picture that is held for seconds of an index in billionths of them is shown as long', async () => {
  // A sample's duration has 32 bits, 4.3 s of these.
  const billion = ['-video_track_timescale', '1000000000'];
  await ffmpeg(...picture(2), ...tone(9), ...X264, '-g', '30', '-c:a', 'aac', ...billion, at('fine.mp4'));
  const { result } = await encoded('fine.mp4');
  const { segments } = result.renditions.find(({ kind }) => kind === 'video')!;
  expect(segments.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(9, 1);
  expect(segments.reduce((sum, { frames = 0 }) => sum + frames, 0)).toBe(60);
});

describe('sound', () => {
  /** Greatest difference between what is heard and a sine of 440 Hz, in windows of 1,024 samples. */
  function errors(heard: Int16Array, rate: number, phase: number): number[] {
    const amplitude = 4096;
    const all: number[] = [];
    for (let from = 0; from + 1024 <= heard.length; from += 1024) {
      let most = 0;
      for (let i = from; i < from + 1024; i += 1)
        most = Math.max(most, Math.abs(heard[i]! - amplitude * Math.sin((2 * Math.PI * 440 * (i + phase)) / rate)));
      all.push(most);
    }
    return all;
  }

  it.each([48_000, 44_100, 32_000, 22_050])('of %i Hz is joined without a click', async (rate) => {
    await ffmpeg(
      ...picture(14, '64x36'),
      '-f',
      'lavfi',
      '-i',
      `sine=f=440:r=${rate}:d=14`,
      ...X264,
      '-g',
      '45',
      '-c:a',
      'aac',
      '-b:a',
      '128k',
      at('tone.mp4'),
    );
    const out = await encoded('tone.mp4');
    expect(out.chunks.length).toBeGreaterThan(2);
    const path = out.joined('audio', 'main');
    const found = await packets(path);
    const step = AAC_FRAME / out.plan.audio[0]!.sampleRate;
    found.forEach(({ pts }, index) => expect(pts).toBeCloseTo(1 + index * step, 4));
    const heard = await samples(path);
    // Not of the first and last frames: a tone that begins or ends is wide.
    const windows = errors(heard, 48_000, 0).slice(4, Math.floor((13 * 48_000) / 1024));
    const joins = out.chunks.slice(1).map(({ start }) => Math.round((start * 48_000) / 1024) - 4);
    const near = (index: number) => joins.some((join) => Math.abs(join - index) <= 2);
    const elsewhere = Math.max(...windows.filter((__, index) => !near(index)));
    const atJoins = Math.max(...windows.filter((__, index) => near(index)));
    expect({ rate, atJoins, elsewhere, fine: atJoins <= elsewhere * 1.1 + 8 }).toMatchObject({ fine: true });
  });

  it('that ends early is silence after it, in chunks that have none of it', async () => {
    await ffmpeg(...picture(14, '64x36'), ...tone(3), ...X264, '-g', '45', '-c:a', 'aac', at('early.mp4'));
    const { table } = await look('early.mp4');
    expect(table.part(table.chunks.at(-1)!)).toMatchObject({ audio: [{ part: null, runIn: 8 }] });
    const { result } = await encoded('early.mp4');
    const sound = result.renditions.find(({ kind }) => kind === 'audio')!;
    expect(sound.segments.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(14, 1);
  });
});

describe('what is read', () => {
  it('is each chunk its own stretch: together little more than the source', async () => {
    await ffmpeg(
      ...picture(30, '320x180'),
      ...tone(30),
      ...X264,
      '-b:v',
      '8M',
      '-g',
      '50',
      '-c:a',
      'aac',
      at('large.mp4'),
    );
    const { table } = await look('large.mp4', 10);
    const bytes = (await readFile(at('large.mp4'))).length;
    const read = table.chunks
      .map((chunk) => table.part(chunk))
      .flatMap(({ video, audio }) => stretchesOf([video, ...audio.flatMap(({ part }) => part ?? [])]))
      .reduce((sum, { from, end }) => sum + end - from, 0);
    expect(table.chunks.length).toBe(3);
    expect(read / bytes).toBeLessThan(1.1);
  });

  it('an index that says what cannot be is not believed', async () => {
    const bytes = await readFile(at('closed.mp4'));
    const moov = find(bytes, 'moov')!;
    const broken = (type: string, offset: number, value: number) => {
      const copy = Buffer.from(moov);
      copy.writeUInt32BE(value, copy.indexOf(type, 0, 'latin1') + 4 + offset);
      return () => readMovieIndex(copy, [0]);
    };
    expect(broken('stsz', 8, 0xffff_ffff)).toThrow(/up to 10500000/);
    expect(broken('stsz', 8, 100_000)).toThrow(/too few sizes/);
    expect(broken('stts', 4, 0xffff)).toThrow(/stts is cut short/);
    expect(broken('stts', 8, 1)).toThrow(/times of 1 of/);
    expect(broken('ctts', 4, 0xffff)).toThrow(/ctts is cut short/);
    expect(broken('stsc', 8, 0)).toThrow(/backwards/);
    expect(broken('stsc', 16, 2)).toThrow(/more than one description/);
    expect(broken('stco', 4, 0xffff_ffff)).toThrow(/cut short/);
    expect(() => readMovieIndex(moov, [7])).toThrow(/no track 7/);
  });

  it('edits that repeat or change speed are left to the way without a table', async () => {
    const index = readMovieIndex(find(await readFile(at('closed.mp4')), 'moov')!, [0]);
    const options = { segmentSeconds: 2, chunkSeconds: 4, maxChunks: 10, audio: [] };
    expect(segmentTable(index, options)?.chunks).toHaveLength(3);
    const [track] = index.tracks;
    expect(segmentTable({ ...index, tracks: [{ ...track!, edit: undefined }] }, options)).toBeUndefined();
  });

  it('a hole in the file is seen as zeros, not as other bytes', async () => {
    await writeFile(at('hole'), Buffer.alloc(10));
    const part = { offset: [0, 5, 400_000], size: [5, 5, 10] };
    expect(stretchesOf([part])).toEqual([
      { from: 0, end: 10, at: 0 },
      { from: 400_000, end: 400_010, at: 10 },
    ]);
  });
});
