/** What the console's player reports of itself: playing, halting and seeking are in the video's figures within seconds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, playerState } from './open.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
/** Until what is done is in the figures. */
const SOON = { timeout: 60_000, interval: 250 };
const SLOW = { timeout: 90_000, interval: 100 };
/** Segments are 6 s: as many are let through at first. */
const FIRST = 3;

let folder: string;
let browser: Browser;
let id: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-reports-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 60, size: '320x180' });
  id = await ada.upload(film, { name: 'film.mp4', metadata: { visibility: 'private' } });
  await ada.ready(id);
  browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await ada.fetch('DELETE', `/api/videos/${id}`);
  await rm(folder, { recursive: true, force: true });
});

const insight = () => ada.call('GET /api/videos/{id}/insight', { params: { id } });
const totals = async () => (await insight()).totals;

/** Holds back segments from `FIRST` on; answers what lets them through. */
async function holdBack(page: Page): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(/\/vod\/.*\/\d{5}\.m4s/, async (route) => {
    const number = Number(/\/(\d{5})\.m4s/.exec(route.request().url())![1]);
    if (number > FIRST) await promise;
    await route.continue();
  });
  return resolve;
}

it('playing, halting, seeking and leaving change the heatmap and the figures within seconds', async () => {
  const { page, faults, close } = await openPage(browser);
  const letThrough = await holdBack(page);
  await signIn(page, stack.url, 'ada', `/v/${id}`);
  await comeNear(page);
  await page.locator('hls-video').evaluate((element) => ((element as unknown as { muted: boolean }).muted = true));
  expect((await totals()).plays).toBe(0);
  await page.keyboard.press('k');
  await expect.poll(async () => (await playerState(page)).at, SLOW).toBeGreaterThan(0.5);
  await expect.poll(async () => (await insight()).heatmap.watched[1], SOON).toBe(1);
  const begun = await insight();
  expect(begun.totals).toMatchObject({ plays: 1, views: 1, viewers: 1, seeks: 0, failed: 0 });
  expect(begun.totals.startupSeconds).toBeGreaterThan(0);
  expect(begun.devices).toMatchObject([{ name: 'desktop', views: 1 }]);
  expect(begun.renditions.map(({ name }) => name)).toEqual(['180p']);

  // All that was let through is shown, and nothing comes.
  await expect.poll(async () => (await playerState(page)).at, SLOW).toBeGreaterThan(FIRST * 6 - 1);
  // What the machine itself halted until now is told of, too.
  const [halted, before] = [Date.now(), await totals()];
  await expect.poll(async () => (await playerState(page)).ready, SLOW).toBeLessThan(3);
  await page.waitForTimeout(2000);
  letThrough();
  await expect.poll(async () => (await playerState(page)).at, SLOW).toBeGreaterThan(FIRST * 6 + 1);
  const stood = (Date.now() - halted) / 1000;
  // What the machine halted meanwhile is counted beside it.
  await expect.poll(async () => (await totals()).stalls, SOON).toBeGreaterThan(before.stalls);
  const after = await totals();
  expect(after.stalledSeconds - before.stalledSeconds).toBeGreaterThan(1);
  expect(after.stalledSeconds - before.stalledSeconds).toBeLessThan(stood + 1);
  expect(after.stallRatio).toBeGreaterThan(0);
  expect(after.score).toBeLessThan(begun.totals.score!);

  await page
    .locator('hls-video')
    .evaluate((element) => ((element as unknown as { currentTime: number }).currentTime = 4));
  await expect.poll(async () => (await totals()).seeks, SOON).toBeGreaterThan(after.seeks);
  // A second is told of when it is over, which the player looks at four times a second.
  await expect.poll(async () => (await playerState(page)).at, SLOW).toBeGreaterThan(9);
  // What goes with the page.
  await page.goto('about:blank');
  await expect.poll(async () => (await insight()).heatmap.again[7], SOON).toBe(1);
  const watched = async (from: number, to: number) => (await insight()).heatmap.watched.slice(from, to);
  await expect.poll(() => watched(0, 8), SOON).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  await expect.poll(async () => Math.min(...(await watched(8, 18))), SOON).toBe(1);
  const left = await insight();
  expect(left.totals).toMatchObject({ plays: 1, views: 1, completion: 0, failed: 0 });
  expect(faults).toEqual([]);
  await close();
}, 300_000);
