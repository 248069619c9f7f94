/**
 * The picture and sound a simulated camera shows: generated once with ffmpeg, kept in the cache folder as an Annex-B byte
 * stream with the size of every frame, and shown in a loop.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ensureLayer } from '../../lib/constructs/ffmpeg-layer-cache.ts';
import { run } from '../../lib/process.ts';
import { cacheFolder } from '../cache.ts';
import { readMp4, type Footage } from './clip-mp4.ts';

export interface Preset {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly kbitPerSecond: number;
  /** Frames from one keyframe to the next. */
  readonly gop: number;
}

/** What cameras send. Loops are whole GOPs, whole sound packets and whole AAC frames long. */
export const presets = {
  qcif: { width: 176, height: 144, frameRate: 10, kbitPerSecond: 64, gop: 10 },
  cif: { width: 352, height: 288, frameRate: 10, kbitPerSecond: 128, gop: 20 },
  d1: { width: 704, height: 576, frameRate: 15, kbitPerSecond: 512, gop: 30 },
  '720p': { width: 1280, height: 720, frameRate: 25, kbitPerSecond: 1500, gop: 50 },
} as const satisfies Record<string, Preset>;
export type PresetName = keyof typeof presets;

/** One view per camera of a vehicle, so that they can be told apart: ffmpeg filter graphs, `SIZE` filled in. */
const VIEWS = ['testsrc2=SIZE', 'testsrc=SIZE', 'testsrc2=SIZE,hflip', 'testsrc=SIZE,vflip'] as const;

/** 125 frames of AAC at 8 kHz, 400 packets of G.711: nothing is cut in the middle where the loop begins anew. */
export const LOOP_SECONDS = 16;
export const SOUND_RATE = 8000;
const AAC_SAMPLES = 1024;
/** Part of the cached file's name: raise it when what is generated changes. */
const VERSION = 1;

export interface Clip extends Footage {
  readonly width: number;
  readonly height: number;
}

const header = z.object({
  width: z.int(),
  height: z.int(),
  duration: z.number(),
  frames: z.array(z.object({ key: z.boolean(), time: z.number(), bytes: z.int().positive() })).min(1),
  aac: z.array(z.int().positive()),
});

/** Program and library folders are looked for once; a clip that is wanted by many is made once. */
const loading = new Map<string, Promise<Clip>>();

/** The clip of `name`, from the cache or generated now (a fraction of a second to a few seconds). `view` from 0. */
export function loadClip(name: PresetName, view = 0, ffmpegFolder?: string): Promise<Clip> {
  const index = view % VIEWS.length;
  return cachedClip(`${name}-${index}-v${VERSION}.clip`, ffmpegFolder, (program) => {
    const { width, height, frameRate } = presets[name];
    const picture = VIEWS[index]!.replace('SIZE', `size=${width}x${height}:rate=${frameRate}:duration=${LOOP_SECONDS}`);
    return encodeClip(presets[name], ['-f', 'lavfi', '-i', picture], LOOP_SECONDS, program);
  });
}

/** The clip kept as `name` in the cache folder; `make` is given the ffmpeg to make it with when it is not there. */
export function cachedClip(
  name: string,
  ffmpegFolder: string | undefined,
  make: (program: string) => Promise<Clip>,
): Promise<Clip> {
  const file = cacheFolder('device', name);
  let clip = loading.get(file);
  if (clip === undefined) {
    clip = obtain(file, ffmpegFolder, make);
    loading.set(file, clip);
    // A failure (no ffmpeg) is not remembered.
    clip.catch(() => loading.delete(file));
  }
  return clip;
}

async function obtain(
  file: string,
  ffmpegFolder: string | undefined,
  make: (program: string) => Promise<Clip>,
): Promise<Clip> {
  if (existsSync(file)) return unpack(await readFile(file));
  const clip = await make(await ffmpeg(ffmpegFolder));
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${randomUUID()}.part`;
  await writeFile(part, pack(clip));
  await rename(part, file);
  return clip;
}

/** The layer's own ffmpeg, unless another one is named. */
export async function ffmpeg(folder?: string): Promise<string> {
  const named = process.env['FFMPEG_PATH'];
  if (folder === undefined && named) return named;
  return join(folder ?? join(await ensureLayer(process.arch === 'arm64' ? 'arm64' : 'x86_64'), 'bin'), 'ffmpeg');
}

/**
 * `picture`: ffmpeg's arguments for the input, whose pixels are made larger as they are where it is smaller. `seconds`: the
 * loop's length, a multiple of LOOP_SECONDS.
 */
export async function encodeClip(
  { width, height, kbitPerSecond, gop }: Preset,
  picture: readonly string[],
  seconds: number,
  program: string,
): Promise<Clip> {
  const rate = `${kbitPerSecond}k`;
  const sound = `sine=frequency=440:beep_factor=4:sample_rate=${SOUND_RATE}:duration=${seconds + 1}`;
  // Closed GOPs of one length, one slice a picture, no B frames: what every device in our captures does.
  const coder = `keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=0:slices=1:sliced-threads=0`;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-clip-'));
  const file = join(folder, 'clip.mp4');
  const args = ['-v', 'error', '-y', ...picture, '-f', 'lavfi', '-i', sound];
  args.push('-vf', `scale=${width}:${height}:flags=neighbor`);
  args.push('-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-pix_fmt', 'yuv420p', '-threads', '2');
  args.push('-b:v', rate, '-maxrate', rate, '-bufsize', rate, '-g', String(gop), '-x264-params', coder);
  args.push('-c:a', 'aac', '-b:a', '24k', '-ac', '1', '-f', 'mp4', file);
  try {
    await run(program, args);
    const clip = await readMp4(file, {
      duration: seconds * 1000,
      aacFrames: Math.floor((seconds * SOUND_RATE) / AAC_SAMPLES),
    });
    return { width, height, ...clip };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Length of the header (4 bytes), the header as JSON, then every frame's bytes, then the sound's. */
export function pack(clip: Clip): Buffer {
  const json = Buffer.from(
    JSON.stringify({
      ...clip,
      frames: clip.frames.map(({ key, time, data }) => ({ key, time, bytes: data.length })),
      aac: clip.aac.map((data) => data.length),
    } satisfies z.input<typeof header>),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32BE(json.length);
  return Buffer.concat([size, json, ...clip.frames.map(({ data }) => data), ...clip.aac]);
}

export function unpack(file: Buffer): Clip {
  const from = 4 + file.readUInt32BE(0);
  const { width, height, duration, frames, aac } = header.parse(JSON.parse(file.toString('utf8', 4, from)));
  let at = from;
  const take = (bytes: number) => file.subarray(at, (at += bytes));
  return {
    width,
    height,
    duration,
    frames: frames.map(({ key, time, bytes }) => ({ key, time, data: take(bytes) })),
    aac: aac.map(take),
  };
}
