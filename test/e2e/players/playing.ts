/** A player of others on a page of its own, as every test of players has it: what it shows, and what it asked for. */
import type { Browser, Page, Request } from 'playwright-core';
import { expect } from 'vitest';
import { file } from './serve.ts';

/** Seconds; segments are 6 s. */
export const PAST_A_BOUNDARY = 6.6;
const SEEK_TO = 15;

export interface Seen {
  readonly url: URL;
  readonly status: number;
  readonly cacheControl: string | undefined;
  /** When it was asked for, epoch ms: when this process is told of the answer is its own matter. */
  readonly at: number;
}

export interface Opened {
  readonly page: Page;
  /** What was answered by the host of the manifest. */
  readonly seen: Seen[];
  readonly asked: URL[];
}

/** How a player that speaks CMCD reports: seconds between two reports of the time, and how many go in a post. */
export interface Reports {
  readonly interval: number;
  readonly batchSize: number;
}

/** Opens a player's page on `origin`, and hands it the manifest's address. Signed URLs are tried from a page on another origin. */
export async function openPlayer(
  browser: Browser,
  origin: string,
  player: string,
  manifest: string,
  reports?: Reports,
  heard: (request: Request) => void = () => {},
): Promise<Opened> {
  const { origin: host } = new URL(manifest);
  const context = await browser.newContext();
  const page = await context.newPage();
  const seen: Seen[] = [];
  const asked: URL[] = [];
  page.on('request', (request) => {
    asked.push(new URL(request.url()));
    heard(request);
  });
  page.on('response', (answer) => {
    const url = new URL(answer.url());
    if (url.origin !== host || url.pathname.startsWith('/players/')) return;
    const at = answer.request().timing().startTime;
    seen.push({ url, status: answer.status(), cacheControl: answer.headers()['cache-control'], at });
  });
  await context.route(`${host}/players/**`, async (route) => {
    const found = await file(new URL(route.request().url()).pathname);
    await route.fulfill(found ?? { status: 404 });
  });
  await page.goto(`${origin}/players/${player}.html`);
  // Before there is any: where it begins.
  await page.evaluate(
    "document.querySelector('video').requestVideoFrameCallback((_, { mediaTime }) => { window.firstFrame = mediaTime; })",
  );
  await page.evaluate(
    (given) => (globalThis as unknown as { start(...all: readonly unknown[]): void }).start(...given),
    [manifest, reports] as const,
  );
  return { page, seen, asked };
}

/** What the page's video element says. */
export const state = (page: Page) =>
  page.evaluate(() => {
    const scope = globalThis as unknown as {
      document: {
        querySelector(
          name: string,
        ): Record<string, number> & { getVideoPlaybackQuality(): { totalVideoFrames: number } };
      };
      problems: string[];
    };
    const video = scope.document.querySelector('video');
    return {
      time: video['currentTime']!,
      width: video['videoWidth']!,
      ready: video['readyState']!,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      audioBytes: video['webkitAudioDecodedByteCount']!,
      problems: scope.problems,
    };
  });

/** Twice the speed, so that a run of all of them stays short. What ended stays there: `play` would begin it again. */
export const run = (page: Page, from?: number) =>
  page.evaluate(
    `{ const video = document.querySelector('video'); ${from === undefined ? '' : `video.currentTime = ${from};`} video.playbackRate = 2; if (!video.ended) video.play().catch(() => {}); 0 }`,
  );

/** Plays until `time`; an error says what the player, the element and the network had to say. */
export async function playUntil(page: Page, seen: Seen[], time: number): Promise<void> {
  for (const deadline = Date.now() + 75_000; ;) {
    await run(page);
    const now = await state(page);
    if (now.time >= time && now.ready >= 2) return;
    if (Date.now() > deadline) {
      const failed = seen.filter(({ status }) => status >= 400).map(({ url, status }) => `${status} ${url.pathname}`);
      throw new Error(`did not reach ${time} s: ${JSON.stringify(now)}; refused: ${failed.join(', ') || 'nothing'}`);
    }
    await page.waitForTimeout(250);
  }
}

/** Plays past a segment, seeks, and every file was there, `isSigned` in its address. */
export async function watch(page: Page, seen: Seen[], isSigned: boolean): Promise<void> {
  await playUntil(page, seen, PAST_A_BOUNDARY);
  await run(page, SEEK_TO);
  await playUntil(page, seen, SEEK_TO + 1);
  const end = await state(page);
  expect(end.width).toBeGreaterThan(0);
  expect(end.frames).toBeGreaterThan(50);
  expect(end.audioBytes).toBeGreaterThan(0);
  expect(end.problems).toEqual([]);
  expect(seen.filter(({ status }) => status >= 400)).toEqual([]);
  const media = seen.filter(({ url }) => url.pathname.startsWith('/vod/'));
  expect(media.length).toBeGreaterThan(4);
  for (const { url } of media) expect(url.searchParams.has('Signature')).toBe(isSigned);
}
