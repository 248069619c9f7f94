/** One source, sliced both ways, and what came of it. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../lib/config.ts';
import { optionsOf } from '../../lib/constructs/slicing-steps.ts';
import type { Plan } from '../../lib/contract/plan.ts';
import { SCALE, SOUND } from '../../lambdas/slicing/cost-of-a-second.ts';
import { programPath } from '../../lambdas/slicing/program.ts';
import { round } from '../report.ts';
import { classicFolder, oneRendition, wholeLadder } from './classic.ts';
import { compare, type Ssim } from './compare.ts';
import type { Costs } from './measured.ts';
import { copyFirst, invoke, joined, slice, type Ours } from './ours.ts';
import { priceOf, secondsOf, vcpusOf } from './price.ts';
import { Turns } from './turns.ts';
import type { Invocation } from './worker.ts';

export interface Setting {
  readonly minutes: number;
  readonly source: string;
  readonly out: string;
  readonly config: Config;
  readonly preset: string;
  readonly maker: string;
  /** Path of the bundled worker. */
  readonly worker: string;
}

/** `classic` is of the one process over the whole file, for the same rung. */
export interface RungCase {
  readonly name: string;
  readonly bytes: number;
  readonly classicBytes: number;
  readonly ssim: Ssim;
  readonly classicSsim: Ssim;
  /** Bit rate of its fullest segment over `maxBitrate`. */
  readonly fullest: number;
  readonly classicFullest: number;
}

export interface FunctionCase {
  readonly name: string;
  readonly count: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  /** Of the longest of them, on the processors its memory buys. */
  readonly seconds: number;
}

export interface Case {
  readonly minutes: number;
  readonly chunks: number;
  readonly preset: string;
  readonly sourceBytes: number;
  /** CPU seconds. */
  readonly cpu: { readonly one: number; readonly ladder: number; readonly ours: number };
  readonly ratio: number;
  /** CPU of the longest chunk over that of the whole. */
  readonly longestShare: number;
  /** Of the source's bytes, how many were read. */
  readonly readShare: number;
  readonly playable: { readonly seconds: number; readonly requests: number; readonly bytes: number };
  /** Of the source's bytes, how many copying reads; and its functions' memory at most. */
  readonly copy: { readonly readShare: number; readonly memoryMiB: number };
  readonly functions: readonly FunctionCase[];
  /** What the model reckons with. */
  readonly costs: Pick<Costs, 'decode' | 'encode' | 'threadShare' | 'inspect'>;
  readonly rungs: readonly RungCase[];
  /** Dollars, without storage. */
  readonly price: { readonly ladder: number; readonly ours: number };
}

export async function measureCase(setting: Setting, log: (line: string) => void): Promise<Case> {
  const { minutes, source, out, config, preset, worker } = setting;
  const folder = (name: string) => join(out, name);
  const classic = (args: string[]) => invoke<'run'>(worker, { do: 'run', program: programPath('ffmpeg'), args });

  log(`${minutes} min: classic, one rendition`);
  await mkdir(folder('one'));
  const one = await classic(oneRendition(source, folder('one'), preset));
  log(`${minutes} min: ours, and in turns with it the classic ladder`);
  let turns: Turns | undefined;
  const planned = async (plan: Plan) => {
    for (const { name } of [...plan.video, ...plan.audio])
      await mkdir(classicFolder(folder('classic'), name), { recursive: true });
    const args = wholeLadder(source, folder('classic'), plan, preset);
    turns = new Turns(worker, { do: 'run', program: programPath('ffmpeg'), args });
    await turns.run(0);
  };
  const encoded = async (cpuSeconds: number) => turns?.run(cpuSeconds);
  const wish = { source, out: folder('ours'), options: { ...optionsOf(config), copyMaxMbps: 0 }, preset };
  let ours: Ours;
  let ladder: Invocation<undefined>;
  try {
    ours = await slice(worker, wish, { log, planned, encoded });
    ladder = await turns!.rest();
  } finally {
    turns?.close();
  }
  log(`${minutes} min: comparing with the source`);
  const rungs = await quality(setting, ours);

  log(`${minutes} min: copying`);
  const copying = await copyFirst(worker, { source, out: folder('copied'), options: optionsOf(config), preset });
  log(`${minutes} min: a chunk, with and without its top rung`);
  const costs = await costsOf(setting, ours);

  const invocations = [ours.inspected, ...ours.encoded];
  const sum = (of: (one: Invocation<unknown>) => number) => invocations.reduce((total, each) => total + of(each), 0);
  const cpu = sum(({ cpuSeconds }) => cpuSeconds);
  const { probeMemory, chunkMemoryMiB } = { probeMemory: PROBE_MIB, ...config.slicing };
  const functions: FunctionCase[] = [
    functionCase('probe', [ours.inspected], probeMemory),
    functionCase('chunk', ours.encoded, chunkMemoryMiB),
    functionCase('copy', copying.groups, COPY_MIB),
  ];
  // Before the first group of segments is done, nothing plays; afterwards the rest is copied ahead of who watches.
  const until = [copying.inspected, copying.groups[0]!];
  const copied = copying.groups.reduce((total, { readBytes }) => total + readBytes, 0);
  const sourceBytes = ours.plan.source.info.bytes;
  return {
    minutes,
    chunks: ours.chunks.length,
    preset,
    sourceBytes,
    cpu: { one: round(one.cpuSeconds, 2), ladder: round(ladder.cpuSeconds, 2), ours: round(cpu, 2) },
    ratio: cpu / ladder.cpuSeconds,
    longestShare: Math.max(...ours.encoded.map(({ cpuSeconds }) => cpuSeconds)) / cpu,
    readShare: sum(({ readBytes }) => readBytes) / sourceBytes,
    playable: {
      seconds: round(
        until.reduce((total, each) => total + secondsOf(each, COPY_MIB), 0),
        2,
      ),
      requests: until.reduce((total, { reads, writes }) => total + reads + writes, 0),
      bytes: until.reduce((total, { readBytes, writtenBytes }) => total + readBytes + writtenBytes, 0),
    },
    copy: {
      readShare: copied / sourceBytes,
      memoryMiB: Math.max(...copying.groups.map(({ memoryMiB }) => memoryMiB)),
    },
    functions,
    costs,
    rungs,
    price: {
      ladder: round(
        priceOf(
          [{ seconds: secondsOf(ladder, config.slicing.memoryMiB), memoryMiB: config.slicing.memoryMiB }],
          config,
        ),
        5,
      ),
      ours: round(
        priceOf(
          [
            { seconds: secondsOf(ours.inspected, probeMemory), memoryMiB: probeMemory },
            ...ours.encoded.map((each) => ({ seconds: secondsOf(each, chunkMemoryMiB), memoryMiB: chunkMemoryMiB })),
          ],
          config,
        ),
        5,
      ),
    },
  };
}

/** Memory of the functions that probe and copy (lib/constructs/slicing-steps.ts). */
const PROBE_MIB = 1769;
const COPY_MIB = 1769;

/**
 * What decoding and encoding take apart: a chunk once more, with and without its top rung, the rest as the lists of
 * cost-of-a-second.ts have it.
 */
async function costsOf({ source, out, preset, worker }: Setting, { plan, chunks, inspected }: Ours) {
  const chunk = chunks[Math.floor(chunks.length / 2)]!;
  const { duration } = chunk;
  const [top, ...lower] = plan.video;
  // The same bytes as before are written again, one right after the other: so both meet the machine as it is.
  const made = (video: Plan['video']) =>
    invoke<'chunk'>(worker, { do: 'chunk', source, out: join(out, 'ours'), plan: { ...plan, video }, chunk, preset });
  const rest = await made(lower);
  const all = await made(plan.video);
  const { width, height, frameRate } = plan.source.info.video;
  const pixels = (w: number, h: number) => (w * h * frameRate * duration!) / 1e6;
  const from = pixels(width, height);
  const encode = (all.cpuSeconds - rest.cpuSeconds - SCALE * from) / pixels(top!.width, top!.height);
  const ladder = plan.video.reduce((sum, rung) => sum + encode * pixels(rung.width, rung.height) + SCALE * from, 0);
  const decoding = Math.max(0, all.cpuSeconds - ladder - SOUND * duration!);
  return {
    decode: round(decoding / from, 5),
    encode: round(encode, 5),
    threadShare: round(Math.min(1, all.threadSeconds / (all.cpuSeconds - decoding)), 3),
    inspect: round(inspected.cpuSeconds, 2),
  };
}

const functionCase = (name: string, each: readonly Invocation<unknown>[], memoryMiB: number): FunctionCase => ({
  name: `${name}, ${memoryMiB} MiB, ${round(vcpusOf(memoryMiB), 1)} vCPU`,
  count: each.length,
  cpuSeconds: round(Math.max(...each.map(({ cpuSeconds }) => cpuSeconds)), 2),
  memoryMiB: round(Math.max(...each.map((one) => one.memoryMiB))),
  seconds: round(Math.max(...each.map((one) => secondsOf(one, memoryMiB))), 2),
});

async function quality({ source, out, maker }: Setting, { plan, chunks, renditions }: Ours): Promise<RungCase[]> {
  const borders = chunks.slice(1).map(({ start }) => start);
  const both = await Promise.all(
    plan.video.map(async ({ name, width, height }) => {
      const rendition = renditions.find((one) => one.kind === 'video' && one.name === name)!;
      const classic = `${classicFolder(join(out, 'classic'), name)}/index.m3u8`;
      return {
        rendition,
        files: [await joined(join(out, 'ours'), rendition), classic].map((path) => ({ path, width, height })),
      };
    }),
  );
  const ssim = await compare(
    source,
    both.flatMap(({ files }) => files),
    borders,
    { maker, folder: out },
  );
  return Promise.all(
    plan.video.map(async ({ name, maxBitrate }, i) => {
      const { segments } = both[i]!.rendition;
      const classic = await classicSegments(classicFolder(join(out, 'classic'), name));
      return {
        name,
        bytes: segments.reduce((total, { bytes }) => total + bytes, 0),
        classicBytes: classic.reduce((total, { bytes }) => total + bytes, 0),
        ssim: ssim[i * 2]!,
        classicSsim: ssim[i * 2 + 1]!,
        fullest: fullest(segments, maxBitrate),
        classicFullest: fullest(classic, maxBitrate),
      };
    }),
  );
}

const fullest = (segments: readonly { bytes: number; duration: number }[], maxBitrate: number): number =>
  Math.max(...segments.map(({ bytes, duration }) => (bytes * 8) / duration / maxBitrate));

/** Its segments in order, as its playlist has them. */
async function classicSegments(folder: string) {
  const playlist = await readFile(join(folder, 'index.m3u8'), 'utf8');
  const listed = [...playlist.matchAll(/^#EXTINF:([0-9.]+),\n(\S+)$/gm)];
  return Promise.all(
    listed.map(async ([, duration, name]) => ({
      bytes: (await stat(join(folder, name!))).size,
      duration: Number(duration),
    })),
  );
}

/** Tables for people. */
export function rows(one: Case): (string | number)[][][] {
  const { cpu, playable, price } = one;
  const mib = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
  return [
    [
      [`${one.minutes} min, 1080p30, ${one.chunks} chunks, x264 ${one.preset}`, 'CPU-s', 'CPU-s / source s', 'dollars'],
      ['classic, one rendition, -hls_time 10', cpu.one, round(cpu.one / one.minutes / 60, 3), '-'],
      ['classic, the ladder in one process', cpu.ladder, round(cpu.ladder / one.minutes / 60, 3), price.ladder],
      ['ours, the ladder in chunks', cpu.ours, round(cpu.ours / one.minutes / 60, 3), price.ours],
    ],
    [
      ['function', 'invocations', 'CPU-s, longest', 'seconds, longest', 'MiB at most'],
      ...one.functions.map((f) => [f.name, f.count, f.cpuSeconds, f.seconds, f.memoryMiB]),
    ],
    [
      [
        'rung',
        'MiB',
        'classic',
        'ratio',
        'SSIM',
        'classic',
        'at borders',
        'classic',
        'fullest segment / maxrate',
        'classic',
      ],
      ...one.rungs.map((r) => [
        r.name,
        mib(r.bytes),
        mib(r.classicBytes),
        round(r.bytes / r.classicBytes, 4),
        ...[r.ssim.overall, r.classicSsim.overall, r.ssim.atBorders, r.classicSsim.atBorders].map((v) => v.toFixed(4)),
        round(r.fullest, 3),
        round(r.classicFullest, 3),
      ]),
    ],
    [
      ['what the model reckons with', 'CPU-s'],
      ['decoding a megapixel', one.costs.decode],
      ['encoding a megapixel', one.costs.encode],
      ['share of one thread, decoding apart', one.costs.threadShare],
      ['inspecting a source', one.costs.inspect],
    ],
    [
      ['until playable', 'seconds', 'requests', 'MiB read and written'],
      ['ours: inspected, the first segments copied', playable.seconds, playable.requests, mib(playable.bytes)],
    ],
  ];
}
