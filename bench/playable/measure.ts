/** One upload, from its completion to the first picture. */
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { run } from '../../lib/process.ts';
import { Client, ClientError } from '../../local/client.ts';
import { file } from '../../test/e2e/players/serve.ts';
import { wait } from '../ingest/figures.ts';

/** Seconds from the completing call's answer. */
export interface Measured {
  readonly playable: number;
  readonly firstPicture: number;
}

/** Seconds of picture that are made; longer pictures are this again and again. */
const PIECE_SECONDS = 10;
const SIZE = '1280x720';

/** H.264 of 4 Mbit/s with AAC, a keyframe every 2 s; filled up to that rate, since a test picture is easy. */
export async function makeSource(folder: string, seconds: number, ffmpegFolder: string): Promise<string> {
  const piece = join(folder, 'piece.mp4');
  const path = join(folder, `${seconds}.mp4`);
  const ffmpeg = join(ffmpegFolder, 'ffmpeg');
  const quiet = ['-v', 'error', '-y'];
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${SIZE}:rate=30:duration=${PIECE_SECONDS}`];
  const rate = ['-b:v', '4M', '-minrate', '4M', '-maxrate', '4M', '-bufsize', '4M', '-x264-params', 'nal-hrd=cbr'];
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '60', ...rate];
  await run(ffmpeg, [...quiet, ...picture, ...x264, piece]);
  const again = ['-stream_loop', '-1', '-i', piece];
  // Sound goes on through all of it, as a camera's or an editor's does.
  const tone = [
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:sample_rate=48000:duration=${seconds}`,
    '-c:a',
    'aac',
    '-b:a',
    '128k',
  ];
  await run(ffmpeg, [...quiet, ...again, ...tone, '-t', String(seconds), '-c:v', 'copy', '-f', 'mp4', path]);
  return path;
}

/** Milliseconds from one look at the catalog to the next. */
const EVERY = 50;
const PATIENCE_MS = 30 * 60_000;

export async function measure(
  browser: Browser,
  client: Client,
  path: string,
  log: (line: string) => void,
): Promise<Measured> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route(`${client.url}/players/**`, async (route) => {
    const found = await file(new URL(route.request().url()).pathname);
    await route.fulfill(found ?? { status: 404 });
  });
  await page.goto(`${client.url}/players/hls.js.html`);
  const id = await client.upload(path, { name: 'bench.mp4' });
  const completed = Date.now();
  try {
    await playable(client, id);
    const playableAt = Date.now();
    const { token } = await client.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const shownAt = await page.evaluate(
      (address) =>
        new Promise<number>((resolve) => {
          const video = document.querySelector('video')!;
          video.requestVideoFrameCallback(() => resolve(Date.now()));
          (globalThis as unknown as { start(address: string): void }).start(address);
          void video.play();
        }),
      `${client.url}/api/play/${id}/main.m3u8?${new URLSearchParams({ token }).toString()}`,
    );
    const measured = { playable: (playableAt - completed) / 1000, firstPicture: (shownAt - completed) / 1000 };
    log(`playable after ${measured.playable.toFixed(2)} s, first picture after ${measured.firstPicture.toFixed(2)} s`);
    return measured;
  } finally {
    await context.close();
    await remove(client, id);
  }
}

async function playable(client: Client, id: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await wait(EVERY / 1000)) {
    const { status, failure } = await client.call('GET /api/videos/{id}', { params: { id } });
    if (status === 'playable' || status === 'ready') return;
    if (status === 'failed') throw new Error(`slicing failed: ${failure?.reason}`);
  }
  throw new Error('the video did not become playable');
}

/** What it still has to encode must not slow the next one down. */
async function remove(client: Client, id: string): Promise<void> {
  await client.call('DELETE /api/videos/{id}', { params: { id }, query: { now: 'true' } });
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await wait(0.5)) {
    const gone = await client.call('GET /api/videos/{id}', { params: { id } }).then(
      () => false,
      (error: unknown) => error instanceof ClientError && error.status === 404,
    );
    if (gone) break;
  }
  // Functions that were under way notice within two seconds.
  await wait(3);
}
