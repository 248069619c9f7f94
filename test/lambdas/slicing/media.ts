/** Tiny generated sources, and the reading back of what was made of them. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ByteSource } from '../../../lambdas/slicing/boxes.ts';
import { encodeChunk } from '../../../lambdas/slicing/encoder.ts';
import { programPath } from '../../../lambdas/slicing/process.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import type { ChunkResult, Plan, SlicingOptions, SourceInfo } from '../../../lib/contract/slicing.ts';

const exec = promisify(execFile);

export const VIDEO_ID = 'abcdefghij0123456789';

export const OPTIONS: SlicingOptions = {
  segmentSeconds: 2,
  segmentType: 'fmp4',
  ladder: [180, 90],
  audioKbps: 64,
  maxDurationHours: 12,
  maxDimension: 8192,
  storageMiB: 1024,
};

/** A folder of a test file's own, and its removal. */
export async function workFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs ffmpeg on generated inputs; answers what it printed. */
export async function ffmpeg(...args: string[]): Promise<string> {
  const { stdout, stderr } = await exec(programPath('ffmpeg'), ['-nostdin', '-v', 'error', '-y', ...args]);
  return stdout + stderr;
}

/** The muxers at hand: the layer's own ffmpeg writes only what slicing needs, so other containers need the system's. */
export async function muxers(): Promise<Set<string>> {
  const { stdout } = await exec(programPath('ffmpeg'), ['-hide_banner', '-muxers']);
  return new Set([...stdout.matchAll(/^ {2}E (\S+)/gm)].map((match) => match[1]!));
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
  readonly result: ChunkResult;
  /** Path of the initialization section (if any) and all segments of a rendition joined. */
  readonly joined: (kind: 'video' | 'audio', name: string) => string;
  readonly files: Map<string, { bytes: Buffer; type: string }>;
}

/** Plans and encodes `path` into `${path}.out`, as the encode step would. */
export async function encodeFile(
  path: string,
  info: SourceInfo,
  options: Partial<SlicingOptions> = {},
  signal?: AbortSignal,
): Promise<Encoded> {
  const source = { bucket: 'sources', key: `uploads/${VIDEO_ID}/source`, info };
  const { plan, chunks } = planSlicing(
    { videoId: VIDEO_ID, revision: 1, execution: 'run', source },
    { ...OPTIONS, ...options },
  );
  const out = `${path}.out`;
  await rm(out, { recursive: true, force: true });
  await mkdir(`${out}/scratch`, { recursive: true });
  const files = new Map<string, { bytes: Buffer; type: string }>();
  const result = await encodeChunk({
    task: { plan, chunk: chunks[0]! },
    source: path,
    folder: `${out}/scratch`,
    preset: 'veryfast',
    timeoutMs: 60_000,
    ...(signal && { signal }),
    put: async (name, bytes, type) => {
      files.set(name, { bytes: Buffer.from(bytes), type });
      await mkdir(dirname(join(out, name)), { recursive: true });
      await writeFile(join(out, name), bytes);
    },
  });
  for (const { kind, name } of result.renditions) {
    const folder = join(out, kind, name);
    const names = (await readdir(folder)).sort((a, b) => Number(b.startsWith('init')) - Number(a.startsWith('init')));
    const init = names.filter((file) => file.startsWith('init'));
    const media = names.filter((file) => !file.startsWith('init')).sort();
    const parts = await Promise.all([...init, ...media].map((file) => readFile(join(folder, file))));
    await writeFile(join(out, `${kind}-${name}`), Buffer.concat(parts));
  }
  return { plan, result, files, joined: (kind, name) => join(out, `${kind}-${name}`) };
}

export interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
}

/** Packets of a file's one track in decode order, times in seconds. */
export async function packets(path: string): Promise<Packet[]> {
  const { stdout } = await exec(
    programPath('ffprobe'),
    ['-v', 'error', '-show_entries', 'packet=pts_time,dts_time,flags', '-of', 'json', path],
    { maxBuffer: 64 * 1024 ** 2 },
  );
  const { packets: found } = JSON.parse(stdout) as {
    packets: { pts_time: string; dts_time: string; flags: string }[];
  };
  return found.map(({ pts_time, dts_time, flags }) => ({
    pts: Number(pts_time),
    dts: Number(dts_time),
    key: flags.startsWith('K'),
  }));
}

/** One byte of brightness per frame (a 1x1 picture), with the frames' times in seconds. */
export async function brightness(path: string): Promise<{ time: number; value: number }[]> {
  const [{ stdout }, times] = await Promise.all([
    exec(
      programPath('ffmpeg'),
      [
        ['-v', 'error', '-i', path, '-map', '0:v', '-vf', 'scale=1:1:flags=area,format=gray', '-fps_mode', 'vfr'],
        ['-f', 'rawvideo', '-c:v', 'rawvideo', '-'],
      ].flat(),
      { encoding: 'buffer', maxBuffer: 1e8 },
    ),
    packets(path),
  ]);
  const shown = times.map(({ pts }) => pts).sort((a, b) => a - b);
  return [...stdout].map((value, index) => ({ time: shown[index]!, value }));
}

/** Mono samples at 48 kHz, from the first one there is. */
export async function samples(path: string): Promise<Int16Array> {
  const { stdout } = await exec(
    programPath('ffmpeg'),
    ['-v', 'error', '-i', path, '-map', '0:a', '-ac', '1', '-ar', '48000', '-f', 's16le', '-c:a', 'pcm_s16le', '-'],
    { encoding: 'buffer', maxBuffer: 1e8 },
  );
  return new Int16Array(stdout.buffer, stdout.byteOffset, stdout.length / 2);
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;
