/** Sources for the benchmark: 1080p30 H.264 with noise and motion, a keyframe every 2 s, and a tone. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../lib/process.ts';

export const FRAME_RATE = 30;

/** Seconds of picture that are made; a longer source is this again and again, its packets copied. No multiple of a chunk. */
const PIECE_SECONDS = 44;

/** Whether time `t` lies in a wild stretch: each second one of 11 s. */
const WILD = 'gte(mod(t\\,22)\\,11)';
const CALM = 'lt(mod(t\\,22)\\,11)';

/**
 * A texture that drifts slowly with little grain, then fast with much, and test patterns over it; a cut every 11 s. Calm
 * stretches come out below the ladder's averages, wild ones want its peak rates.
 */
const SOURCE_GRAPH = [
  [
    `nullsrc=s=640x360:r=1,geq=lum='128+50*sin(X/37+Y/91)+30*sin(X/11-Y/17)+20*random(1)':cb='128+40*sin(X/200)':cr='128+40*cos(Y/170)'`,
    'trim=end_frame=1,scale=2560:1440:flags=bicubic,format=yuv420p,loop=-1:1,setpts=N/30/TB,fps=30',
    `crop=1920:1080:x=320+300*sin(t*if(${WILD}\\,1.1\\,0.3)):y=180+170*cos(t*if(${WILD}\\,0.9\\,0.2))`,
    `noise=c0s=4:c0f=t:enable=${CALM},noise=c0s=7:c0f=t:enable=${WILD}[texture]`,
  ].join(','),
  'testsrc2=s=640x360:r=30,format=yuv420p[pattern]',
  '[texture][pattern]overlay=x=480+400*sin(t*0.35):y=270:enable=lt(mod(t\\,33)\\,22),format=yuv420p[picture]',
].join(';');

/** Writes a source of so many minutes into the folder; answers its path. `maker`: an ffmpeg with all its filters. */
export async function makeSource(folder: string, minutes: number, maker: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const piece = join(folder, 'piece.mp4');
  const path = join(folder, `${minutes}.mp4`);
  const quiet = ['-nostdin', '-v', 'error', '-y'];
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    'sine=f=440:r=48000',
    '-filter_complex',
    SOURCE_GRAPH,
    '-map',
    '[picture]',
    '-map',
    '0:a',
  ];
  const x264 = ['-c:v', 'libx264', '-preset', 'superfast', '-crf', '24', '-g', String(FRAME_RATE * 2), '-bf', '2'];
  await run(maker, [...quiet, ...inputs, '-t', String(PIECE_SECONDS), ...x264, '-c:a', 'aac', '-b:a', '128k', piece]);
  const again = ['-stream_loop', '-1', '-i', piece, '-t', String(minutes * 60), '-c', 'copy'];
  await run(maker, [...quiet, ...again, '-movflags', '+faststart', path]);
  await rm(piece);
  return path;
}
