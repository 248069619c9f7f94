/** A video that plays before it is ready, in the console: renditions join while it plays, and it plays on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, seriousFindings } from './open.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
const slow = { timeout: 240_000, interval: 500 };
/** Long enough for its ladder to be under way while somebody opens it: its own picture is copied within a moment. */
const SECONDS = 100;

let folder: string;
let browser: Browser;
let film: string;
let id = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-growing-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '1280x720' });
  browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser.close();
  if (id !== '') await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

const recordOf = () => ada.call('GET /api/videos/{id}', { params: { id } });

interface Seen {
  readonly at: number;
  readonly rungs: number[];
  readonly height: number;
  readonly menu: number;
  /** What would be a halt: since the first picture. */
  readonly halts: string[];
}

/**
 * From now on whatever interrupts what is on show is written down, once it plays. Where what comes next is there, and only the machine is
 * late to show it, that is none.
 */
const watch = (page: Page) =>
  page.locator('hls-video').evaluate((element) => {
    const scope = globalThis as unknown as { halts: string[] };
    const { nativeEl } = element as unknown as {
      nativeEl: {
        addEventListener: (name: string, listener: () => void) => void;
        currentTime: number;
        buffered: { length: number; start: (i: number) => number; end: (i: number) => number };
      };
    };
    scope.halts = [];
    let began = false;
    nativeEl.addEventListener('playing', () => (began = true));
    const isThere = () => {
      const { currentTime, buffered } = nativeEl;
      const parts = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)] as const);
      return parts.some(([from, to]) => from <= currentTime && to > currentTime + 1);
    };
    for (const name of ['waiting', 'emptied', 'pause', 'seeking', 'error', 'abort'])
      nativeEl.addEventListener(name, () => {
        if (began && (name !== 'waiting' || !isThere()))
          scope.halts.push(`${name} at ${nativeEl.currentTime.toFixed(2)}`);
      });
  });

const look = (page: Page): Promise<Seen> =>
  page.locator('hls-video').evaluate((element) => {
    const video = element as unknown as {
      api: { levels: { height: number }[] } | null;
      currentTime: number;
      videoHeight: number;
      videoRenditions: Iterable<unknown>;
    };
    return {
      at: video.currentTime,
      rungs: (video.api?.levels ?? []).map(({ height }) => height),
      height: video.videoHeight,
      menu: [...video.videoRenditions].length,
      halts: (globalThis as unknown as { halts?: string[] }).halts ?? [],
    };
  });

it('plays while it is not ready, takes over what joins without a halt, and plays that', async () => {
  // Signed in before, and with the other page there: that takes a machine long that slices as well.
  const [mine, others] = [await openPage(browser), await openPage(browser)];
  await signIn(mine.page, stack.url, 'ada');
  await others.page.goto(stack.url);
  id = await ada.upload(film, { name: 'film.mp4', metadata: { visibility: 'private' } });
  await expect.poll(async () => (await recordOf()).status, slow).toBe('playable');
  await mine.page.goto(`${stack.url}/v/${id}?tab=details`);
  const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
  await others.page.goto(`${stack.url}/v/${id}?token=${token}`);
  for (const { page } of [mine, others]) {
    await comeNear(page);
    await page.locator('hls-video').waitFor();
    await watch(page);
    await page.locator('hls-video').evaluate((element) => {
      const video = element as unknown as { muted: boolean };
      video.muted = true;
    });
    await page.keyboard.press('k');
  }
  for (const { page } of [mine, others])
    await expect.poll(async () => (await look(page)).at, slow).toBeGreaterThan(0.5);
  const first = await look(mine.page);
  expect((await recordOf()).status, 'while it plays').toBe('playable');
  expect(first.rungs).toEqual([720]);
  await mine.page.getByText('It plays already.').waitFor();
  expect(await seriousFindings(mine.page), 'a video that grows').toEqual([]);

  await expect.poll(async () => (await recordOf()).status, slow).toBe('ready');
  const heights = (await recordOf()).renditions.flatMap(({ height }) => height ?? []).toSorted((a, b) => a - b);
  expect(heights.length).toBeGreaterThan(2);
  for (const { page } of [mine, others]) {
    await expect.poll(async () => (await look(page)).rungs, slow).toEqual(heights);
    await expect.poll(async () => (await look(page)).menu, slow).toBe(heights.length);
    const { at } = await look(page);
    await expect.poll(async () => (await look(page)).at, slow).toBeGreaterThan(at + 8);
    expect((await look(page)).halts).toEqual([]);
  }

  // What joined is played when it is chosen, and to the end.
  await mine.page.locator('media-rendition-menu-button').click();
  await mine.page.locator('media-rendition-menu').getByRole('menuitemradio', { name: '360p', exact: true }).click();
  await mine.page.keyboard.press('9');
  await expect.poll(async () => (await look(mine.page)).height, slow).toBe(360);
  await expect
    .poll(
      () => mine.page.locator('hls-video').evaluate((element) => (element as unknown as { ended: boolean }).ended),
      slow,
    )
    .toBe(true);
  for (const { faults, close } of [mine, others]) {
    expect(faults).toEqual([]);
    await close();
  }
});
