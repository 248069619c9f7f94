/** Pictures of a video, as an output of MediaConvert's frame capture asks for them (its guide, "Frame capture outputs"). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../lib/process.ts';
import { pictureFilters, type Output, type Read } from './convert.ts';

interface Captured {
  readonly ffmpeg: string;
  readonly output: Output;
  readonly read: Read;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Their bytes by what stands behind the output's name: `.0000000.jpg`, the first at the beginning. */
export async function capture({ ffmpeg, output, read, folder, signal }: Captured): Promise<Map<string, Buffer>> {
  const { framerateNumerator, framerateDenominator, maxCaptures } =
    output.videoDescription!.codecSettings.frameCaptureSettings!;
  const rate = `fps=${framerateNumerator}/${framerateDenominator}:start_time=0`;
  const args = [
    ['-nostdin', '-v', 'error', '-y', '-autorotate', read.rotate === 'AUTO' ? '1' : '0', '-i', read.path],
    ['-map', '0:v:0', '-an', '-vf', [rate, ...pictureFilters(output, read), 'format=yuvj420p'].join(',')],
    ['-frames:v', String(maxCaptures), '-start_number', '0', '-q:v', '3', join(folder, 'capture.%07d.jpg')],
  ].flat();
  await run(ffmpeg, args, { signal });
  const made = (await readdir(folder)).filter((name) => name.startsWith('capture.'));
  return new Map(
    await Promise.all(
      made.map(async (name) => [name.slice('capture'.length), await readFile(join(folder, name))] as const),
    ),
  );
}
