/** The main job, once: make a video, upload it in presigned parts, wait for it, and check who gets to see it. */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ResponseOf } from '../lib/contract/api.ts';
import { cacheFolder } from './cache.ts';
import { run } from './process.ts';
import type { LocalStack } from './stack.ts';

const SECONDS = 60;
const PART_BYTES = 8 * 1024 * 1024;

export class DemoError extends Error {
  override name = 'DemoError';
}

/** A 1080p test picture with a tone, the same every time; made once and kept. */
export async function testVideo(ffmpegFolder: string, log: (line: string) => void): Promise<string> {
  const file = cacheFolder(`demo-1080p-${SECONDS}s-v1.mp4`);
  if (existsSync(file)) return file;
  log(`making a ${SECONDS} s test video`);
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await run(join(ffmpegFolder, 'ffmpeg'), [
    '-v',
    'error',
    '-y',
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=1920x1080:rate=30:duration=${SECONDS}`,
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:beep_factor=4:sample_rate=48000:duration=${SECONDS}`,
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
  const { url } = stack;
  const user = (await stack.ready()).users[0]!;
  const authorization = { authorization: `Bearer ${user.token}` };
  const file = await testVideo(stack.ffmpegFolder, progress);
  const { size } = await stat(file);
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new DemoError(`${method} ${path} answered ${answer.status}: ${text.slice(0, 500)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };

  const created = await call<ResponseOf<'POST /api/s3/multipart'>>('POST', '/api/s3/multipart', {
    filename: 'test-picture.mp4',
    type: 'video/mp4',
    metadata: { name: 'Test picture, 60 s, 1080p', size },
  });
  const key = encodeURIComponent(created.key);
  const parts = await uploadParts(file, size, async (number) => {
    const signed = await call<ResponseOf<'GET /api/s3/multipart/{uploadId}/{partNumber}'>>(
      'GET',
      `/api/s3/multipart/${created.uploadId}/${number}?key=${key}`,
    );
    return signed.url;
  });
  await call('POST', `/api/s3/multipart/${created.uploadId}/complete?key=${key}`, { parts });
  step(`uploaded ${(size / 1e6).toFixed(1)} MB in ${parts.length} presigned parts`);

  const video = await ready(call, created.videoId, progress);
  const rungs = video.renditions.filter((r) => r.kind === 'video').map((r) => r.name);
  step(
    `sliced: ${rungs.join(', ')}${video.renditions.some((r) => r.kind === 'audio') ? ' and audio' : ''}, ${video.duration?.toFixed(1)} s`,
  );
  await checkPlayback(stack, video.id, authorization, step);
  return video.id;
}

async function uploadParts(file: string, size: number, sign: (number: number) => Promise<string>) {
  const parts: { PartNumber: number; ETag: string }[] = [];
  const handle = await open(file);
  try {
    for (let offset = 0; offset < size; offset += PART_BYTES) {
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(Math.min(PART_BYTES, size - offset)),
        0,
        undefined,
        offset,
      );
      const PartNumber = parts.length + 1;
      const answer = await fetch(await sign(PartNumber), { method: 'PUT', body: buffer.subarray(0, bytesRead) });
      const ETag = answer.headers.get('etag');
      if (!answer.ok || ETag === null) throw new DemoError(`part ${PartNumber} was answered with ${answer.status}`);
      parts.push({ PartNumber, ETag });
    }
  } finally {
    await handle.close();
  }
  return parts;
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

async function ready(call: Call, id: string, progress: (line: string) => void) {
  for (const deadline = Date.now() + 15 * 60_000; Date.now() < deadline;) {
    const video = await call<ResponseOf<'GET /api/videos/{id}'>>('GET', `/api/videos/${id}`);
    if (video.status === 'ready') return video;
    if (video.status === 'failed') throw new DemoError(`slicing failed: ${video.failure?.reason}`);
    progress(`${video.status}, ${Math.round(video.progress)} %`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new DemoError('the video was not ready within 15 minutes');
}

/** Playlists and segments: refused without a signature, served with one, and a stretch of one by range. */
async function checkPlayback(
  stack: LocalStack,
  id: string,
  authorization: Record<string, string>,
  step: (line: string) => void,
): Promise<void> {
  const manifest = await fetch(`${stack.url}/api/play/${id}/main.m3u8`, { headers: authorization });
  const text = await manifest.text();
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
  const poster = await fetch(`${stack.url}/vod/${id}/r1/poster.jpg?${auth}`);
  if (poster.status !== 200) throw new DemoError(`the poster was answered with ${poster.status}`);
}
