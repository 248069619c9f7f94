/** Tiny generated sources, and the reading back of what was made of them. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { find } from '../../../lib/media/boxes.ts';
import type { ByteSource } from '../../../lib/media/layout.ts';
import { writeChunkSource } from '../../../lambdas/slicing/chunk-source.ts';
import { copyGroup } from '../../../lambdas/slicing/copier.ts';
import { encodeChunk } from '../../../lambdas/slicing/encoder.ts';
import type { Inspected } from '../../../lambdas/slicing/inspect.ts';
import { allOf, forTask, pathOf } from '../../../lambdas/slicing/outputs.ts';
import { merge, type MergedRendition } from '../../../lambdas/slicing/playlists.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import type { LaidTable } from '../../../lambdas/slicing/tasks.ts';
import { mergeTexts, textsOfChunk, textsOfFile } from '../../../lambdas/slicing/texts.ts';
import { LayerError } from '../../../lib/constructs/ffmpeg-layer-cache.ts';
import { layerFolder } from '../../support/layer.ts';
import type { RenditionKind } from '../../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../../lib/contract/plan.ts';
import { chunkTable, copyTable } from '../../../lib/contract/segment-table.ts';
import type { ChunkResult, SlicingOptions } from '../../../lib/contract/slicing.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const exec = promisify(execFile);

/** A folder of a test file's own, and its removal. */
export async function workFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What is tested runs the layer's own ffmpeg; where that cannot be built, the one on PATH. */
const layer = await layerFolder().catch((error: unknown) => {
  if (error instanceof LayerError) return undefined;
  throw error;
});
if (layer !== undefined) {
  process.env['FFMPEG_PATH'] ??= join(layer, 'ffmpeg');
  process.env['FFPROBE_PATH'] ??= join(layer, 'ffprobe');
}

/** Sources are made with the system's ffmpeg where there is one: the layer's writes only what slicing needs. */
const maker = spawnSync('ffmpeg', ['-version']).status === 0 ? 'ffmpeg' : programPath('ffmpeg');

/** Runs the maker's ffmpeg; answers what it printed. */
export async function ffmpeg(...args: string[]): Promise<string> {
  const { stdout, stderr } = await exec(maker, ['-nostdin', '-v', 'error', '-y', ...args]);
  return stdout + stderr;
}

/** What the maker writes (`writes`) and reads (`reads`): muxers and demuxers by name. */
export function formats(): { writes: Set<string>; reads: Set<string> } {
  const names = (option: string, mark: RegExp) => {
    const text = spawnSync(maker, ['-hide_banner', option], { encoding: 'utf8' }).stdout;
    return new Set([...text.matchAll(mark)].flatMap((match) => match[1]!.split(',')));
  };
  return { writes: names('-muxers', /^ {2}E (\S+)/gm), reads: names('-demuxers', /^ D {2}(\S+)/gm) };
}

export const picture = (seconds: number, size = '320x180', rate = '30') => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=s=${size}:r=${rate}:d=${seconds}`,
];
export const tone = (seconds: number) => ['-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${seconds}`];
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

export async function fileSource(path: string): Promise<ByteSource & { readBytes: number }> {
  const bytes = await readFile(path);
  const source = {
    size: bytes.length,
    readBytes: 0,
    read: async (offset: number, length: number) => {
      const piece = bytes.subarray(offset, offset + length);
      source.readBytes += piece.length;
      return Buffer.from(piece);
    },
  };
  return source;
}

export interface Encoded {
  readonly plan: Plan;
  readonly chunks: readonly Chunk[];
  readonly result: { readonly renditions: readonly MergedRendition[] };
  /** Of each chunk. */
  readonly results: readonly ChunkResult[];
  /** Path of the initialization section (if any) and all segments of a rendition joined. */
  readonly joined: (kind: RenditionKind, name: string) => string;
  readonly files: Map<string, { bytes: Buffer; type: string }>;
  readonly texts: ReturnType<typeof mergeTexts>;
}

/** Bytes of a source that is copied in more than one group. */
const LARGE = 70 * 1024 ** 2;

/** The table as if its source were so large that it is copied in groups, with playlists that grow. */
export function asLarge<T extends LaidTable>(table: T): T {
  const { copied } = table;
  if (copied === undefined) return table;
  const total = copied.bytes.reduce((a, b) => a + b, 0);
  return { ...table, copied: { ...copied, bytes: copied.bytes.map((bytes) => (bytes * LARGE) / total) } };
}

/** Plans and encodes `path` into `${path}.out`, chunk by chunk, as probe and the encode steps would. */
export async function encodeFile(
  path: string,
  { info, table }: Inspected,
  options: Partial<SlicingOptions> = {},
  {
    signal,
    store,
    chunks: given,
  }: { signal?: AbortSignal; store?: () => Promise<void>; chunks?: readonly Chunk[] } = {},
): Promise<Encoded> {
  const source = { bucket: 'sources', key: `uploads/${VIDEO_ID}/source`, info };
  const { plan, chunks: planned } = planSlicing(
    { videoId: VIDEO_ID, revision: 1, execution: 'run', source },
    { ...OPTIONS, ...options },
    table && asLarge(table),
  );
  const chunks = given ?? planned;
  const out = `${path}.out`;
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const files = new Map<string, { bytes: Buffer; type: string }>();
  const results: ChunkResult[] = [];
  for (const chunk of chunks) {
    const put = async (name: string, bytes: Buffer, type: string) => {
      await store?.();
      files.set(name, { bytes: Buffer.from(bytes), type });
      await mkdir(dirname(join(out, name)), { recursive: true });
      await writeFile(join(out, name), bytes);
    };
    const range = { firstSegment: chunk.firstSegment, segments: chunk.segments ?? 1 };
    // As it travels: through S3, as text.
    const asText = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    if (chunk.copy) {
      const names = { video: plan.video[0]?.name ?? '', sounds: plan.audio.map(({ name }) => name) };
      const group = copyTable.parse(asText(table!.copied!.part(range, names)));
      results.push(await copyGroup({ chunk, table: group, source: await fileSource(path), put }));
      continue;
    }
    if (chunk.along && plan.video.length === 0) {
      results.push({ index: chunk.index, renditions: [] });
      continue;
    }
    const part = forTask(plan, chunk, table && chunkTable.parse(asText(table.part(range))));
    const piece = `${out}/chunk`;
    const scratch = `${out}/scratch-${chunk.index}`;
    await mkdir(scratch);
    const said = part.table && (await writeChunkSource(part.table, await fileSource(path), piece));
    const texts = part.table
      ? textsOfChunk(plan, part.table, said!)
      : await textsOfFile(plan, path, { timeoutMs: 20_000 });
    results.push({
      ...(await encodeChunk({
        task: { plan: part.plan, chunk },
        table: part.table,
        source: part.table ? piece : path,
        folder: scratch,
        preset: 'veryfast',
        timeoutMs: 60_000,
        ...(signal && { signal }),
        put,
      })),
      texts,
    });
  }
  const order = allOf(plan).map(pathOf);
  const result = {
    renditions: merge(results, plan.segments?.count).toSorted(
      (a, b) => order.indexOf(pathOf(a)) - order.indexOf(pathOf(b)),
    ),
  };
  for (const { kind, name } of result.renditions) {
    const folder = join(out, kind, name);
    const names = (await readdir(folder)).sort((a, b) => Number(b.startsWith('init')) - Number(a.startsWith('init')));
    const init = names.filter((file) => file.startsWith('init'));
    const media = names.filter((file) => !file.startsWith('init')).sort();
    const parts = await Promise.all([...init, ...media].map((file) => readFile(join(folder, file))));
    await writeFile(join(out, `${kind}-${name}`), Buffer.concat(parts));
  }
  return {
    plan,
    chunks,
    result,
    results,
    files,
    texts: mergeTexts(plan, results),
    joined: (kind, name) => join(out, `${kind}-${name}`),
  };
}

export interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
  /** Bytes. */
  readonly size: number;
}

/** Packets of a file's one track (or of `stream`) in decode order, times in seconds. */
export async function packets(path: string, stream?: string): Promise<Packet[]> {
  const { stdout } = await exec(
    programPath('ffprobe'),
    [
      '-v',
      'error',
      ...(stream === undefined ? [] : ['-select_streams', stream]),
      '-show_entries',
      'packet=pts_time,dts_time,size,flags',
      '-of',
      'json',
      path,
    ],
    { maxBuffer: 64 * 1024 ** 2 },
  );
  const { packets: found } = JSON.parse(stdout) as {
    packets: { pts_time: string; dts_time: string; size: string; flags: string }[];
  };
  return found.map(({ pts_time, dts_time, size, flags }) => ({
    size: Number(size),
    pts: Number(pts_time),
    dts: Number(dts_time),
    key: flags.startsWith('K'),
  }));
}

/** The brightness of each frame (as one gray pixel), with the frames' times in seconds. */
export async function brightness(path: string): Promise<{ time: number; value: number }[]> {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-map',
    '0:v',
    '-vf',
    'scale=1:1:flags=area,format=gray',
    '-fps_mode',
    'passthrough',
  ];
  const [{ stdout }, times] = await Promise.all([
    exec(programPath('ffmpeg'), [...args, '-f', 'image2pipe', '-c:v', 'png', '-'], {
      encoding: 'buffer',
      maxBuffer: 1e8,
    }),
    packets(path),
  ]);
  const shown = times.map(({ pts }) => pts).sort((a, b) => a - b);
  return grayPixels(stdout).map((value, index) => ({ time: shown[index]!, value }));
}

/** The pixels of PNG files one after another, each one gray pixel large: filter byte and value in its IDAT chunk. */
function grayPixels(png: Buffer): number[] {
  const pixels: number[] = [];
  for (let at = png.indexOf('IDAT'); at !== -1; at = png.indexOf('IDAT', at + 4)) {
    pixels.push(inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))[1]!);
  }
  return pixels;
}

/** Mono samples at 48 kHz, from the first one there is: the data of a QuickTime file of PCM. `filled`: silence in holes. */
export async function samples(path: string, filled = false): Promise<Int16Array> {
  const pcm = `${path}.mov`;
  const args = [
    '-v',
    'error',
    '-y',
    '-i',
    path,
    '-map',
    '0:a',
    '-af',
    `${filled ? 'aresample=async=1:min_hard_comp=0.01,' : ''}aformat=sample_rates=48000:channel_layouts=mono`,
  ];
  await exec(programPath('ffmpeg'), [...args, '-c:a', 'pcm_s16le', '-f', 'mov', pcm]);
  const data = find(await readFile(pcm), 'mdat')!;
  return new Int16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
}

/** A WAV file (16 bits, mono, 48 kHz) of a 1 kHz tone that sounds in the tenth of a second from every .5 s on. */
export function beeps(seconds: number): Buffer {
  const data = Buffer.alloc(seconds * 96_000);
  for (let index = 0; index < seconds * 48_000; index += 1) {
    const phase = (index / 48_000) % 1;
    const on = phase >= 0.5 && phase < 0.6;
    data.writeInt16LE(on ? Math.round(26_000 * Math.sin((2 * Math.PI * index) / 48)) : 0, index * 2);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  for (const [offset, value] of [
    [16, 16],
    [24, 48_000],
    [28, 96_000],
  ] as const)
    header.writeUInt32LE(value, offset);
  for (const [offset, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    header.writeUInt16LE(value, offset);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;
