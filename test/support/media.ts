/** Small generated sources for tests, made with the layer's own ffmpeg. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export interface TestVideo {
  readonly seconds: number;
  /** e.g. `640x360` */
  readonly size?: string;
  readonly rate?: number;
  readonly audio?: boolean;
  /** More output arguments, e.g. to write the index last. */
  readonly args?: readonly string[];
}

/** Writes a test picture (with a tone unless `audio` is false) to `file`; the container follows from its ending. */
export async function makeVideo(
  ffmpegFolder: string,
  file: string,
  { seconds, size = '640x360', rate = 25, audio = true, args = [] }: TestVideo,
): Promise<void> {
  await exec(join(ffmpegFolder, 'ffmpeg'), [
    '-v',
    'error',
    '-nostdin',
    '-y',
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`,
    ...(audio ? ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`, '-c:a', 'aac'] : []),
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-g',
    String(rate),
    ...args,
    file,
  ]);
}

/** Decodes `file` to nothing; answers what ffmpeg had to say at `-v error` (empty when all is well). */
export async function decodeErrors(ffmpegFolder: string, file: string): Promise<string> {
  const { stdout, stderr } = await exec(join(ffmpegFolder, 'ffmpeg'), [
    '-v',
    'error',
    '-nostdin',
    '-i',
    file,
    '-f',
    'null',
    '-',
  ]);
  return stdout + stderr;
}
