/** Whether what a run lays down for its tasks can be done by them: room on their disks, and time. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { byEngine } from '../../../lambdas/slicing/laying.ts';
import { madeBy } from '../../../lambdas/slicing/outputs.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { readTexts, readTimes } from '../../../lambdas/slicing/remux-texts.ts';
import { segmentTable } from '../../../lambdas/slicing/segment-table.ts';
import { MOST_TEXT_BYTES, MOST_TEXT_SAMPLES } from '../../../lambdas/slicing/text-samples.ts';
import { costOptions } from '../../../lib/contract/cost.ts';
import { CHUNK_SCRATCH_MIB, type SlicingOptions } from '../../../lib/contract/slicing.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { workFolder } from './media.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const FPS = 30;
const SIZES = { width: 3840, height: 2160 };
const LADDER = [2160, 1080, 720, 360];

interface Film {
  readonly seconds: number;
  readonly megabits: number;
  /** Seconds from one keyframe to the next; 0: every picture is one. */
  readonly apart: number;
  readonly codec: string;
}

/** What a run does of a film of that kind, with a ladder up to 2160 lines. */
function laid({ seconds, megabits, apart, codec }: Film, when: SlicingOptions['ladderWhen'], engine = 'encode') {
  const count = seconds * FPS;
  const size = Math.round((megabits * 1e6) / 8 / FPS);
  const every = Math.max(1, apart * FPS);
  const samples = {
    count,
    offset: Float64Array.from({ length: count }, (_, i) => i * size),
    size: new Uint32Array(count).fill(size),
    decode: Float64Array.from({ length: count }, (_, i) => i),
    composition: new Int32Array(count),
    sync: Uint8Array.from({ length: count }, (_, i) => (i % every === 0 ? 1 : 0)),
    lastDuration: 1,
  };
  const track = { timescale: FPS, trak: Buffer.alloc(0), edit: { delay: 0, from: 0, length: undefined }, samples };
  const info: SourceInfo = {
    container: 'mov,mp4',
    bytes: count * size,
    duration: seconds,
    video: {
      ...SIZES,
      index: 0,
      codec,
      duration: null,
      rotation: 0,
      frameRate: FPS,
      bitDepth: 10,
      interlaced: false,
      rgb: false,
    },
    audio: [],
  };
  const options = { ...OPTIONS, segmentSeconds: 6, chunkSeconds: 12, ladder: LADDER, ladderWhen: when };
  const table = segmentTable({ timescale: FPS, tracks: [track] }, { ...options, maxChunks: 480, audio: [] })!;
  const of = { videoId: VIDEO_ID, revision: 1, execution: 'run', source: { bucket: 'b', key: 'k', info } };
  const own = { ...planSlicing(of, options, table), table };
  const whole = planSlicing(of, { ...options, ladderWhen: 'upload' });
  const machine = costOptions.parse({
    engine,
    preset: 'veryfast',
    memoryMiB: 10_240,
    chunkMemoryMiB: 2304,
    timeoutSeconds: 900,
    maxDollarsPerVideo: 25,
  });
  return { own, run: () => byEngine(own, whole, { options, machine, architecture: 'x86_64' }) };
}

describe('the bytes of a task', () => {
  const ROOM = CHUNK_SCRATCH_MIB * 1024 ** 2;

  it.each([
    ['ProRes 422 HQ of 2160 lines', 884],
    ['lossless', 4000],
  ])('fit its disk: %s', (_, megabits) => {
    for (const when of ['upload', 'first-play'] as const) {
      const { own, run } = laid({ seconds: 120, megabits, apart: 0, codec: 'prores' }, when);
      expect(run().plan.engine).toBe('encode');
      const read = own.chunks.map(({ firstSegment, segments = 1 }) => own.table.part({ firstSegment, segments }).video);
      expect(Math.max(...read.map(({ size }) => size.reduce((a, b) => a + b, 0)))).toBeLessThan(ROOM);
      // Each rung has every segment once, whatever they are joined to.
      for (const { name } of own.plan.video.filter((rung) => !own.plan.later?.includes(`video/${rung.name}`))) {
        const made = own.chunks.filter((chunk) => madeBy(chunk, own.plan).includes(`video/${name}`));
        expect(
          made.flatMap(({ firstSegment, segments = 1 }) =>
            Array.from({ length: segments }, (_, i) => firstSegment + i),
          ),
        ).toEqual(own.table.starts.map((_, i) => i + 1));
      }
    }
  });

  it('of less are joined as before', () => {
    const { own } = laid({ seconds: 120, megabits: 20, apart: 0, codec: 'prores' }, 'first-play');
    expect(own.chunks.map(({ duration }) => duration)).toEqual([12, 12, 60, 36]);
  });

  it('that lie between two keyframes and do not fit are refused by name, or are for MediaConvert', () => {
    const film = { seconds: 120, megabits: 884, apart: 60, codec: 'h264' };
    for (const when of ['upload', 'first-play'] as const) {
      expect(laid(film, when).run).toThrow(
        /^too-large-to-slice: .*from 0:00 to 1:00 there are 6\.2 GiB .*room for 3\.5 GiB/,
      );
      expect(laid(film, when, 'auto').run().plan.engine).toBe('mediaconvert');
    }
  });
});

it.each(['upload', 'first-play'] as const)(
  'the time of every rung is looked at before any is made, with a ladder %s',
  (when) => {
    const film = { seconds: 1200, megabits: 8, apart: 400, codec: 'hevc' };
    expect(laid(film, when).run).toThrow(
      /^encode-timeout: .*keyframes alone.*6\.7 minutes of it.*slicing\.timeoutSeconds/,
    );
    expect(laid(film, when, 'auto').run().plan.engine).toBe('mediaconvert');
    expect(laid({ ...film, apart: 6 }, when, 'auto').run().plan.engine).toBe('encode');
  },
);

it('what a disk that is nearly full takes a part of is not taken for written', async () => {
  const { folder, remove } = await workFolder();
  try {
    const script = `
      import { open } from 'node:fs/promises';
      import { writeAt } from '${join(import.meta.dirname, '../../../lambdas/slicing/write-at.ts')}';
      const file = await open('${join(folder, 'part')}', 'w');
      await writeAt(file, Buffer.alloc(300_000, 1), 0).then(() => console.log('all'), ({ code }) => console.log(code));`;
    await writeFile(join(folder, 'write.mjs'), script);
    // A limit of a file's size says no in the same way as a full disk, and needs no disk.
    const limited = `ulimit -f 200; exec "${process.execPath}" "${join(folder, 'write.mjs')}"`;
    expect((await promisify(execFile)('bash', ['-c', limited])).stdout.trim()).toBe('EFBIG');
  } finally {
    await remove();
  }
});

describe('the text of a source', () => {
  const none = { delay: 0, from: 0, length: undefined };
  const track = (count: number, size: number) => ({
    timescale: 1000,
    trak: Buffer.alloc(0),
    edit: none,
    samples: {
      count,
      // All the same bytes.
      offset: new Float64Array(count),
      size: new Uint32Array(count).fill(size),
      decode: Float64Array.from({ length: count }, (_, i) => (i * 10_000) / count),
      composition: new Int32Array(count),
      sync: new Uint8Array(count).fill(1),
      lastDuration: 1,
    },
  });

  it.each([
    ['each of many samples of 60 kB', 40_000, 60_000],
    ['each of many samples of 3 bytes', 400_000, 3],
  ])('is what a task can hold, where an index names %s', (_, count, size) => {
    const tracks = [track(300, 1000), track(20, 40), track(count, size), track(count, size)];
    const options = { segmentSeconds: 2, chunkSeconds: 4, maxChunks: 10, audio: [] };
    const table = segmentTable({ timescale: 1000, tracks }, options)!;
    const parts = table.chunks.map((chunk) => table.part(chunk).texts!);
    const sizes = parts.map((texts) => texts.flatMap((text) => text.size)).flat();
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(MOST_TEXT_BYTES);
    expect(sizes.length).toBeLessThanOrEqual(MOST_TEXT_SAMPLES);
    // What comes first, and is no more than captions are, is all there.
    expect(parts.flatMap(([text]) => text!.size)).toHaveLength(20);
  });

  it('is what probing can hold, where it is read in a pass', async () => {
    const large = () => Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(1024 ** 2)));
    const read = await readTexts([Readable.from([Buffer.from('said')]), large(), large(), large()]);
    expect(read[0]?.toString()).toBe('said');
    expect(read.reduce((sum, text) => sum + (text?.length ?? 0), 0)).toBeLessThanOrEqual(MOST_TEXT_BYTES);
    function* lines() {
      yield '#tb 0: 1/1000\n0, 1, 1, 1, 4, 0x0\n';
      for (let i = 0; i < 300; i += 1) yield '1, 1, 1, 1, 4, 0x0\n'.repeat(1000);
    }
    const times = await readTimes(Readable.from(lines()), 2);
    expect(times.map(({ packets }) => packets.length)).toEqual([1, 0]);
  });
});
