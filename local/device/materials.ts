/** Files that go with alarms and pictures taken on demand: generated once, kept in the cache folder. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from '../../lib/process.ts';
import { cacheFolder } from '../cache.ts';
import { ffmpeg, type Clip } from './clip.ts';

const VERSION = 1;

/** A JPEG picture of 640x480. */
export const loadPicture = (ffmpegFolder?: string): Promise<Buffer> =>
  obtain(
    `picture-v${VERSION}.jpg`,
    '-f lavfi -i testsrc=size=640x480:rate=1:duration=1 -frames:v 1 -q:v 8 -f image2',
    ffmpegFolder,
  );

/** Five seconds around an alarm as MP4, H.264 and AAC. */
export const loadIncident = (ffmpegFolder?: string): Promise<Buffer> =>
  obtain(
    `incident-v${VERSION}.mp4`,
    '-f lavfi -i testsrc2=size=640x480:rate=15:duration=5 -f lavfi -i sine=frequency=660:sample_rate=8000:duration=5 ' +
      '-c:v libx264 -preset veryfast -b:v 600k -pix_fmt yuv420p -g 30 -c:a aac -ac 1 -f mp4',
    ffmpegFolder,
  );

/** The same for regions whose files are bare H.264: the beginning of a clip. `milliseconds` of it. */
export const bareH264 = (clip: Clip, milliseconds: number): Buffer =>
  Buffer.concat(clip.frames.filter(({ time }) => time < milliseconds).map(({ data }) => data));

/** By file: what many devices want at once is made once. */
const loading = new Map<string, Promise<Buffer>>();

function obtain(name: string, args: string, ffmpegFolder?: string): Promise<Buffer> {
  const file = cacheFolder('device', name);
  let bytes = loading.get(file);
  if (bytes === undefined) {
    bytes = existsSync(file) ? readFile(file) : generate(file, args, ffmpegFolder);
    loading.set(file, bytes);
    bytes.catch(() => loading.delete(file));
  }
  return bytes;
}

async function generate(file: string, args: string, ffmpegFolder?: string): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${randomUUID()}.part`;
  await run(await ffmpeg(ffmpegFolder), ['-v', 'error', '-y', ...args.split(' '), part]);
  await rename(part, file);
  return readFile(file);
}
