/** A live channel whose segments are encrypted, as the ingest task writes it, in hls.js in Chromium: over the end of an hour, too. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Metrics } from '../../../containers/ingest/src/common/metrics.ts';
import { Segmenter } from '../../../containers/ingest/src/hls/segmenter.ts';
import { Fence } from '../../../containers/ingest/src/streams/fence.ts';
import { HourKeys } from '../../../containers/ingest/src/streams/hour-keys.ts';
import { Publisher } from '../../../containers/ingest/src/streams/publisher.ts';
import { encodedVideo, lacks, videoUnit } from '../../containers/ingest/streams.ts';
import { MemoryBucket } from '../../containers/ingest/task/bucket.ts';
import { BROWSER } from '../../support/browser.ts';
import { servePages } from './serve.ts';

const PREFIX = 'live/1/1/';
const KEY = `${PREFIX}live.m3u8`;
const SECONDS = 20;
const NOON = Date.UTC(2026, 7, 1, 12);
/** Ten seconds before the hour ends, ten after. */
const T0 = NOON - 10_000;

const store = new MemoryBucket();
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
let server: Server;
let asked: string[] = [];

/** As a distribution would: what is signed by a variable is filled in, and whatever is asked for is there or not. */
async function serve(): Promise<string> {
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1);
    asked.push(path);
    response.setHeader('access-control-allow-origin', '*');
    if (path === 'main.m3u8')
      response.end(
        `#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME="auth",VALUE="signed=yes"\n#EXT-X-STREAM-INF:BANDWIDTH=1500000\n/${KEY}?{$auth}\n`,
      );
    else {
      const found = store.objects.get(path);
      response.writeHead(found ? 200 : 404).end(found?.body);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const options = { store, bucket: 'b', retentionTag: 'retention=7' };
  const publisher = new Publisher({
    ...options,
    prefix: PREFIX,
    fence: new Fence({ ...options, key: KEY, targetMs: 2000, staleMs: Infinity }),
    keys: new HourKeys({ ...options, prefix: PREFIX }),
    relative: '',
    window: { windowMs: 60_000, maxEntries: 100 },
    bufferBytes: 100_000_000,
    metrics: new Metrics(),
    failed: () => {},
    published: () => {},
    lost: () => {},
  });
  const segmenter = new Segmenter({ epoch: (at) => T0 + at, zoneMinutes: 0 }, (segment) => publisher.add(segment));
  for (const [n, picture] of encodedVideo('h264', SECONDS, 10, 10, '320x180').entries())
    segmenter.push(videoUnit(picture, T0 + n * 100, n * 100));
  segmenter.end();
  await publisher.close(performance.now() + 30_000);
  pages = await servePages();
  browser = await chromium.launch(BROWSER);
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  server?.close();
});

it.skipIf(lacks('libx264', 'h264') !== '')('plays, by two keys, each asked for once', async () => {
  const origin = await serve();
  asked = [];
  const page = await browser.newPage();
  await page.goto(`${pages.url}/players/hls.js.html`);
  await page.evaluate(`window.start('${origin}/main.m3u8')`);
  const state = () =>
    page.evaluate(
      `(() => { const video = document.querySelector('video'); return { time: video.currentTime, width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames, problems: window.problems }; })()`,
    ) as Promise<{ time: number; width: number; frames: number; problems: string[] }>;
  // From the first segment on, over the end of the hour.
  await expect.poll(async () => (await state()).width, { timeout: 30_000 }).toBe(320);
  await page.evaluate(
    `{ const video = document.querySelector('video'); video.currentTime = 0.1; video.playbackRate = 4; void video.play(); }`,
  );
  await expect.poll(async () => (await state()).time, { timeout: 60_000 }).toBeGreaterThan(14);
  const { frames, problems } = await state();
  expect(problems).toEqual([]);
  expect(frames).toBeGreaterThan(30);
  const keys = asked.filter((path) => path.endsWith('.key'));
  expect(keys.toSorted()).toEqual([`${PREFIX}rec/20260801/11/hour.key`, `${PREFIX}rec/20260801/12/hour.key`]);
  expect(asked.filter((path) => path.endsWith('e.m4s')).length).toBeGreaterThanOrEqual(7);
});
