/** The still picture of a video: one frame of what was encoded. */
import { output, ProcessError } from '../../lib/process.ts';
import { INPUT_FORMATS } from './args.ts';
import { memoryLimit } from './encoder.ts';
import type { Segment } from './playlists.ts';
import { programPath } from './program.ts';
import { goodness, grayPixels } from './storyboard.ts';

/** Short side up to which a rung is taken for the poster; larger ones only cost decoding. */
const BEST_SIDE = 1080;

/** Longest side of the poster, pixels. */
export const LONGEST = 1280;

interface Size {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** The largest rung with a short side up to 1080, else the smallest there is. `rungs` are tallest first. */
export function posterRung<T extends Size>(rungs: readonly T[]): T | undefined {
  return rungs.find(({ width, height }) => Math.min(width, height) <= BEST_SIDE) ?? rungs.at(-1);
}

/** The segment that is on at `seconds` of the video, and how far into it that is; at the end and beyond, the last one. */
export function segmentAt(
  { segments }: { readonly segments: readonly Pick<Segment, 'name' | 'duration'>[] },
  seconds: number,
): { name: string; offset: number } | undefined {
  let start = 0;
  for (const [index, { name, duration }] of segments.entries()) {
    // Half a millisecond: what ticks and decimals may differ by.
    if (seconds < start + duration - 0.0005 || index === segments.length - 1)
      return { name, offset: Math.max(0, seconds - start) };
    start += duration;
  }
  return undefined;
}

/** Never larger than it is. */
export const posterSize = `scale=w='min(iw,${LONGEST})':h='min(ih,${LONGEST})':force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=pc,setsar=1,format=yuvj420p`;

export const JPEG_OUTPUT = ['-map_metadata', '-1', '-q:v', '3', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'];

export const MAX_POSTER_BYTES = 8 * 1024 ** 2;

/** Arguments for ffmpeg: the frame that is shown `offset` seconds after the first one, of that size, as that picture. */
function frameArgs(input: string, offset: number, size: string, picture: readonly string[]): string[] {
  const filters = [
    // Of all frames that have come by then the last one, which a rate of nearly none leaves over.
    'setpts=PTS-STARTPTS',
    `select=lte(t\\,${(offset + 0.0005).toFixed(6)})`,
    'fps=fps=1/100000:round=down:start_time=0:eof_action=pass',
    size,
  ];
  return [
    ['-nostdin', '-v', 'error', '-protocol_whitelist', 'file', '-i', `file:${input}`, '-an'],
    ['-vf', filters.join(','), '-frames:v', '1', ...picture],
  ].flat();
}

/** A JPEG of a track that holds one picture, no larger than a poster. Throws ProcessError. */
export async function drawCover(source: string, index: number): Promise<Buffer> {
  const args = [
    ['-nostdin', '-v', 'error', '-protocol_whitelist', 'file,pipe', '-format_whitelist', INPUT_FORMATS],
    ['-i', `file:${source}`, '-map', `0:${index}`, '-vf', posterSize],
    ['-frames:v', '1', ...JPEG_OUTPUT],
  ].flat();
  const { stdout } = await output(programPath('ffmpeg'), args, {
    timeoutMs: 30_000,
    maxBytes: MAX_POSTER_BYTES,
    ...memoryLimit(),
  });
  if (stdout.length === 0) throw new ProcessError('ffmpeg', 'output', null, 'drew nothing');
  return stdout;
}

/**
 * A JPEG of what the segment at `input` (with its initialization section in front) shows after `offset` seconds. Throws
 * ProcessError.
 */
export async function drawPoster(input: string, offset: number): Promise<Buffer> {
  const limits = { timeoutMs: 60_000, maxBytes: MAX_POSTER_BYTES };
  const { stdout } = await output(programPath('ffmpeg'), frameArgs(input, offset, posterSize, JPEG_OUTPUT), limits);
  if (stdout.length === 0) throw new Error('ffmpeg drew no poster');
  return stdout;
}

/** Where to look for a good frame of a video that has no pictures for scrubbing: shares of its length, the middle first. */
export const LOOKS: readonly number[] = [0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9];

/** Bits of brightness (`goodness`) that are enough to look no further. */
export const GOOD_ENOUGH = 3;

/** How much the frame shows after `offset` seconds of the segment at `input`, as `goodness` says. Throws ProcessError. */
export async function judgeFrame(input: string, offset: number): Promise<number> {
  const png = ['-c:v', 'png', '-pred', 'none', '-f', 'image2pipe', 'pipe:1'];
  const args = frameArgs(input, offset, 'scale=32:18:flags=area,format=gray', png);
  const { stdout } = await output(programPath('ffmpeg'), args, { timeoutMs: 60_000, maxBytes: MAX_POSTER_BYTES });
  return stdout.length === 0 ? 0 : goodness(grayPixels(stdout));
}
