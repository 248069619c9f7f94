/** The still picture of a video: one good frame from the middle of what was encoded. */
import { output } from '../../lib/process.ts';
import type { MergedRendition } from './playlists.ts';
import { programPath } from './program.ts';

/** Short side up to which a rung is taken for the poster; larger ones only cost decoding. */
const BEST_SIDE = 1080;

/** Longest side of the poster, pixels. */
const LONGEST = 1280;

interface Size {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** The largest rung with a short side up to 1080, else the smallest there is. `rungs` are tallest first. */
export function posterRung<T extends Size>(rungs: readonly T[]): T | undefined {
  return rungs.find(({ width, height }) => Math.min(width, height) <= BEST_SIDE) ?? rungs.at(-1);
}

/** The segment in the middle of the video. */
export const posterSegment = ({ segments }: MergedRendition): string | undefined =>
  segments[Math.floor((segments.length - 1) / 2)]?.name;

/** Arguments for ffmpeg: of the first hundred frames the one nearest to their average, never larger than it is. */
function posterArgs(input: string): string[] {
  const filters = [
    'thumbnail=100',
    `scale=w='min(iw,${LONGEST})':h='min(ih,${LONGEST})':force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=pc`,
    'format=yuvj420p',
  ];
  return [
    ['-nostdin', '-v', 'error', '-protocol_whitelist', 'file', '-i', `file:${input}`, '-an'],
    ['-vf', filters.join(','), '-frames:v', '1', '-q:v', '3', '-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'],
  ].flat();
}

const MIB = 1024 ** 2;

/** A JPEG of the segment at `input` (with its initialization section in front). Throws ProcessError. */
export async function drawPoster(input: string): Promise<Buffer> {
  const limits = { timeoutMs: 60_000, maxBytes: 8 * MIB };
  const { stdout } = await output(programPath('ffmpeg'), posterArgs(input), limits);
  if (stdout.length === 0) throw new Error('ffmpeg drew no poster');
  return stdout;
}
