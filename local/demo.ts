/** The main job, once: make a video, upload it in presigned parts, wait for it, and check who gets to see it. */
import { existsSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../lib/process.ts';
import { cacheFolder } from './cache.ts';
import { Client } from './client.ts';
import type { LocalStack } from './stack.ts';
import { beginSession } from './session.ts';
import { reportViewers } from './viewers.ts';

const PART_BYTES = 8 * 1024 * 1024;

export class DemoError extends Error {
  override name = 'DemoError';
}

/** A test picture with a tone, the same every time, of `seconds` and `size` (1080p for a minute); made once and kept. */
export async function testVideo(
  ffmpegFolder: string,
  log: (line: string) => void,
  { seconds = 60, size = '1920x1080' }: { readonly seconds?: number; readonly size?: string } = {},
): Promise<string> {
  const file = cacheFolder(`demo-${size.split('x')[1]}p-${seconds}s-v1.mp4`);
  if (existsSync(file)) return file;
  log(`making a ${seconds} s test video`);
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await run(join(ffmpegFolder, 'ffmpeg'), [
    '-v',
    'error',
    '-y',
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=30:duration=${seconds}`,
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:beep_factor=4:sample_rate=48000:duration=${seconds}`,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-b:v',
    '5M',
    '-maxrate',
    '6M',
    '-bufsize',
    '10M',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '60',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
    '-ac',
    '2',
    '-f',
    'mp4',
    part,
  ]);
  await rename(part, file);
  return file;
}

/** Runs the demonstration; throws when anything is not as it should be. `step` gets a line for the timeline. */
export async function demo(
  stack: LocalStack,
  step: (line: string) => void,
  progress: (line: string) => void,
): Promise<string> {
  const client = new Client(stack.url, (await stack.ready()).users[0]!.token);
  const file = await testVideo(stack.ffmpegFolder, progress);
  const { size } = await stat(file);
  const id = await client.upload(file, {
    name: 'test-picture.mp4',
    metadata: { name: 'Test picture' },
    partBytes: PART_BYTES,
  });
  step(`uploaded ${(size / 1e6).toFixed(1)} MB in ${Math.ceil(size / PART_BYTES)} presigned parts`);
  let isPlayable = false;
  const video = await client.ready(id, (status, percent, { renditions }) => {
    progress(`${status}, ${Math.round(percent)} %`);
    if (status !== 'playable' || isPlayable) return;
    isPlayable = true;
    step(
      `playable: ${renditions
        .filter((r) => r.kind === 'video')
        .map((r) => r.name)
        .join(', ')}`,
    );
  });
  if (!isPlayable) step('playable');
  const rungs = video.renditions.filter((r) => r.kind === 'video').map((r) => r.name);
  step(
    `ready: ${rungs.join(', ')}${video.renditions.some((r) => r.kind === 'audio') ? ' and audio' : ''}, ${video.duration?.toFixed(1)} s`,
  );
  await checkPlayback(client, id, step);
  const viewers = await reportViewers(client, id, { duration: video.duration ?? 0, rendition: rungs[0] ?? 'other' });
  step(`${viewers} viewers reported what they watched: ${stack.url}/v/${id}/insight`);
  return id;
}

/** Playlists and segments: refused without a signature, served with one, and a stretch of one by range. */
export async function checkPlayback(client: Client, id: string, step: (line: string) => void): Promise<void> {
  const { url } = client;
  const { manifest, text, goodbye } = await beginSession(client, id);
  const auth = /#EXT-X-DEFINE:NAME="auth",VALUE="([^"]+)"/.exec(text)?.[1];
  if (!manifest.ok || auth === undefined)
    throw new DemoError(`the manifest was answered with ${manifest.status}: ${text.slice(0, 300)}`);
  const playlists = [...text.matchAll(/^(?!#)(\S+\.m3u8)\S*$|URI="([^"?]+\.m3u8)/gm)].map(
    (m) => new URL(m[1] ?? m[2] ?? '', manifest.url).href,
  );
  const expect = async (want: number, target: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(target, { headers });
    const body = await answer.text();
    if (answer.status !== want)
      throw new DemoError(`${new URL(target).pathname} was answered with ${answer.status}, not ${want}`);
    return { body, headers: answer.headers };
  };
  let segments = 0;
  for (const playlist of playlists) {
    await expect(403, playlist);
    const { body } = await expect(200, `${playlist}?${auth}`);
    const names = [...body.matchAll(/^(?!#)(\S+?)\?|URI="([^"?]+)/gm)].map((m) => m[1] ?? m[2] ?? '');
    for (const name of names) {
      const target = new URL(name, playlist).href;
      await expect(403, target);
      await expect(200, `${target}?${auth}`);
      segments += 1;
    }
  }
  const first = playlists[0]!;
  step(`unsigned: 403 for ${playlists.length} playlists and ${segments} segments; signed: 200 for all of them`);
  const sample = new URL(/^(?!#)(\S+?)\?/m.exec((await expect(200, `${first}?${auth}`)).body)![1]!, first).href;
  const range = await expect(206, `${sample}?${auth}`, { range: 'bytes=0-99' });
  step(`range request: 206, ${range.headers.get('content-range')}`);
  // Signed by itself: what opens the video is good for the addresses of one play start.
  const { posterUrl } = await client.call('GET /api/videos/{id}', { params: { id } });
  if (posterUrl === null) throw new DemoError('the video has no poster');
  const poster = new URL(posterUrl, url);
  await expect(403, new URL(poster.pathname, url).href);
  await expect(200, poster.href);
  await goodbye();
}
