/**
 * A video that is played while it is still being copied, in Chromium: each player begins at its beginning, not at what was
 * added last, plays on while its playlists grow, and ends where it ends. Playlists and segments are those that slicing writes.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expand, multivariant } from '../../../lambdas/playback/manifest.ts';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { describe as describeRendition, grown, growingHead } from '../../../lambdas/slicing/playlists.ts';
import { BROWSER } from '../../support/browser.ts';
import {
  encodeFile,
  ffmpeg,
  fileSource,
  H264,
  picture,
  tone,
  workFolder,
  type Encoded,
} from '../../lambdas/slicing/media.ts';
import { OPTIONS, VIDEO_ID } from '../../lambdas/slicing/options.ts';
import { file } from './serve.ts';

/** Seconds; segments are two, so the first three target durations are there at once. */
const LENGTH = 24;
const FIRST = 3;
/** Milliseconds from one segment to the next: faster than they are played. */
const EVERY_MS = 700;

let browser: Browser;
let server: Server;
let url: string;
let film: Encoded;
let remove = async () => {};
/** When the first playlist of a video was asked for: each player has one of its own, for they play at once. */
const began = new Map<string, number>();

beforeAll(async () => {
  const work = await workFolder();
  ({ remove } = work);
  const path = join(work.folder, 'film.mp4');
  const gop = ['-g', '60', '-sc_threshold', '0', '-bf', '2'];
  await ffmpeg(...picture(LENGTH, '640x360'), ...tone(LENGTH), ...H264, ...gop, '-c:a', 'aac', path);
  const options = { ...OPTIONS, copyMaxMbps: 16, ladder: [360] };
  const look = { source: await fileSource(path), path: `${path}.look`, fetchWhole: async () => undefined };
  film = await encodeFile(path, await inspect({ ...look, options, timeoutMs: 60_000 }), options);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const respond = async () => {
      const found = await answer(pathname);
      response.writeHead(found ? 200 : 404, {
        'access-control-allow-origin': '*',
        'cache-control': 'no-store',
        'content-type': found?.contentType ?? 'text/plain',
      });
      response.end(found?.body);
    };
    respond().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch(BROWSER);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
  await remove();
});

async function answer(path: string): Promise<{ body: Buffer | string; contentType: string } | undefined> {
  if (path.startsWith('/players/')) return file(path);
  const contentType = 'application/vnd.apple.mpegurl';
  const { renditions } = film.result;
  const id = path.split('/')[3]!;
  if (path.endsWith('/main.m3u8') && !path.includes('/audio/')) {
    const described = renditions.map((rendition) => describeRendition(rendition, film.plan, true));
    return {
      body: multivariant({ id, revision: 1, renditions: described }, { way: 'expand', token: 't' }),
      contentType,
    };
  }
  const list = renditions.find(({ kind, name }) => path.endsWith(`/${kind}/${name}.m3u8`));
  if (list) {
    if (!began.has(id)) began.set(id, Date.now());
    const count = Math.min(list.segments.length, FIRST + Math.floor((Date.now() - began.get(id)!) / EVERY_MS));
    const head = growingHead(list.name, film.plan.segments!.target);
    const text = grown(head, list.name, list.segments.slice(0, count), count === list.segments.length);
    return { body: expand(text, path, ''), contentType };
  }
  const found = film.files.get(path.split('/').slice(-3).join('/'));
  return found && { body: found.bytes, contentType: found.type };
}

const PLAYERS = ['hls.js', 'shaka', 'video.js'];

it.concurrent.each(PLAYERS)(
  '%s plays it from the beginning to the end',
  async (player) => {
    expect(film.plan.video.map(({ copied }) => copied)).toEqual([true]);
    const id = `${PLAYERS.indexOf(player)}${VIDEO_ID.slice(1)}`;
    const page = await browser.newPage();
    await page.goto(`${url}/players/${player}.html`);
    await page.evaluate(`window.start('${url}/api/play/${id}/main.m3u8')`);
    // Each look at it: where it is, and what went wrong.
    const look = async () =>
      (await page.evaluate(`{
      const video = document.querySelector('video');
      // Told to play at its end, it would begin again.
      if (!video.ended) video.play().catch(() => {});
      const began = video.played.length > 0 ? video.played.start(0) : null;
      ({ time: video.currentTime, began, ended: video.ended, problems: window.problems });
    }`)) as { time: number; began: number | null; ended: boolean; problems: string[] };
    /** Where it began, by its own account: it may have played on for a while by the time that it is looked at. */
    let first: number | undefined;
    let last = await look();
    for (const deadline = Date.now() + 90_000; !last.ended && Date.now() < deadline;) {
      await page.waitForTimeout(100);
      last = await look();
      first ??= last.began ?? undefined;
    }
    expect({ player, first, ...last }).toMatchObject({ ended: true, problems: [] });
    expect(first).toBeLessThan(1.5);
    expect(last.time).toBeGreaterThan(LENGTH - 0.5);
    await page.close();
  },
  120_000,
);
