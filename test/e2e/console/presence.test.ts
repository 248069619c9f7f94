/** What the console is told as it happens, in Chromium on the running stack. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client, putPart } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, framesOf, openBrowser, openPage } from './open.ts';

const stack = await runningStack();
const as = (wanted: string) => new Client(stack.url, stack.users.find(({ name }) => name === wanted)!.token);
const uma = as('uma');
const slow = { timeout: 120_000, interval: 100 };
/** ms after which a page asks again for a video that is on its way up (web/src/shared/status.ts). */
const EVERY = 8_000;

let folder: string;
let browser: Browser;
/** What takes a while to slice, and what is ready at once. */
const films = { long: '', short: '' };
const made: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-told-'));
  for (const name of ['long', 'short'] as const) films[name] = join(folder, `${name}.mp4`);
  await makeVideo(stack.ffmpegFolder, films.long, { seconds: 60, size: '1280x720' });
  await makeVideo(stack.ffmpegFolder, films.short, { seconds: 30, size: '320x180' });
  browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  for (const id of made) await uma.fetch('DELETE', `/api/videos/${id}`);
  await rm(folder, { recursive: true, force: true });
});

/** An upload whose bytes are there, and that is not yet completed. */
async function almostArrived(file: string) {
  const film = await readFile(file);
  const { videoId, uploadId, key } = await uma.call('POST /api/s3/multipart', {
    body: { filename: 'film.mp4', type: 'video/mp4', metadata: { visibility: 'private', size: film.length } },
  });
  made.push(videoId);
  const query = { key };
  const { url } = await uma.call('GET /api/s3/multipart/{uploadId}/{partNumber}', {
    params: { uploadId, partNumber: '1' },
    query,
  });
  const parts = [{ PartNumber: 1, ETag: await putPart(url, film) }];
  return {
    id: videoId,
    complete: () =>
      uma.call('POST /api/s3/multipart/{uploadId}/complete', { params: { uploadId }, query, body: { parts } }),
  };
}

describe.concurrent('a page', () => {
  it('shows how far slicing is as it is told, where it can ask for nothing', async ({ expect }) => {
    const { id, complete } = await almostArrived(films.long);
    const { page, faults, close } = await openPage(browser);
    const frames = framesOf(page);
    await signIn(page, stack.url, 'uma', `/v/${id}`);
    await page.getByText('Uploading').first().waitFor();
    await expect.poll(() => frames.some((frame) => frame.includes(`"topics":["video:${id}"]`)), slow).toBe(true);
    let asked = 0;
    await page.route(`**/api/videos/${id}`, (route) => {
      asked += 1;
      return route.abort();
    });
    await complete();
    const bar = page.getByRole('progressbar', { name: /^Slicing / });
    const seen = new Set<number>();
    await expect
      .poll(async () => {
        const value = await bar.getAttribute('aria-valuenow', { timeout: 1000 }).catch(() => null);
        if (value !== null) seen.add(Number(value));
        return [...seen].some((percent) => percent > 0 && percent < 100);
      }, slow)
      .toBe(true);
    // It asked where it was told that there is more, and got nothing.
    await expect.poll(() => asked, slow).toBeGreaterThan(0);
    await page.unroute(`**/api/videos/${id}`);
    await page
      .locator('media-controller')
      .or(page.getByRole('button', { name: /^Play / }))
      .first()
      // If all that it is told came before, it asks in a minute.
      .waitFor(slow);
    expect(faults).toEqual([]);
    await close();
  });

  it('asks as often as ever where there is no WebSocket, and seldom where there is one', async ({ expect }) => {
    const [told, polls] = await Promise.all([almostArrived(films.short), almostArrived(films.short)]);
    const count = async (id: string, isRefused: boolean) => {
      const began = Date.now();
      const opened = await openPage(browser);
      const { page } = opened;
      // Which goes on as it would, and is set forward below.
      await page.clock.install();
      const frames = framesOf(page);
      if (isRefused) await page.route('**/api/presence', (route) => route.abort());
      const seen = { asked: 0, over: 0 };
      const isOfVideo = (request: Request) => new URL(request.url()).pathname === `/api/videos/${id}`;
      page.on('request', (request) => void (seen.asked += Number(isOfVideo(request))));
      for (const event of ['requestfinished', 'requestfailed'] as const)
        page.on(event as 'requestfinished', (request) => void (seen.over += Number(isOfVideo(request))));
      await signIn(page, stack.url, 'uma', `/v/${id}`);
      await page.getByText('Uploading').first().waitFor();
      const isTold = () => frames.some((frame) => frame.includes(`"topics":["video:${id}"]`));
      if (!isRefused) await expect.poll(isTold, slow).toBe(true);
      const before = seen.asked;
      return {
        ...opened,
        asked: () => seen.asked - before,
        /** What is asked while another answer is on its way is not sent. */
        isWaiting: () => seen.over < seen.asked,
        minutes: async () => Math.floor(((await page.evaluate(() => Date.now())) - began) / 60_000),
      };
    };
    const one = await count(told.id, false);
    const other = await count(polls.id, true);
    const later = () => Promise.all([one, other].map(({ page }) => page.clock.fastForward(EVERY)));
    for (const times of [1, 2, 3]) {
      await later();
      await expect.poll(() => (other.isWaiting() ? 0 : other.asked()), slow).toBeGreaterThanOrEqual(times);
    }
    // One more look, for what happened before it was told; and once a minute from when it was opened.
    const asked = one.asked();
    expect(asked).toBeLessThanOrEqual(1 + (await one.minutes()));
    // And what the other asks for it gets.
    await polls.complete();
    const status = async () => (await uma.call('GET /api/videos/{id}', { params: { id: polls.id } })).status;
    await expect.poll(status, slow).not.toBe('uploading');
    await later();
    await other.page
      .getByText(/Slicing|Playable|Ready/)
      .first()
      .waitFor();
    for (const { faults, close } of [one, other]) {
      expect(faults).toEqual([]);
      await close();
    }
  });

  it('shows who watches as they come and go, where it asks for the list once', async ({ expect }) => {
    const id = await uma.upload(films.short, {
      name: 'film.mp4',
      metadata: { visibility: 'entitled' },
    });
    made.push(id);
    await uma.ready(id);
    await uma.call('PUT /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' }, body: {} });
    const owner = await openPage(browser);
    const frames = framesOf(owner.page);
    await signIn(owner.page, stack.url, 'uma', `/v/${id}?tab=access`);
    const list = owner.page.getByRole('list', { name: 'Watching now' });
    await list.getByText('Nobody.').waitFor();
    await expect.poll(() => frames.some((frame) => frame.includes(`watching:video:${id}`)), slow).toBe(true);
    await owner.page.route(`**/api/videos/${id}/sessions`, (route) => route.abort());
    const vera = await openPage(browser);
    await signIn(vera.page, stack.url, 'vera', `/v/${id}`);
    await comeNear(vera.page);
    const row = list.getByRole('listitem').filter({ hasText: 'vera' });
    await row.waitFor();
    await owner.page.getByRole('heading', { name: 'Watching now: 1' }).waitFor();
    // Who leaves watches no more.
    await vera.page.goto(`${stack.url}/`);
    await row.waitFor({ state: 'detached' });
    await list.getByText('Nobody.').waitFor();
    for (const { faults, close } of [vera, owner]) {
      expect(faults).toEqual([]);
      await close();
    }
  });

  it('stops what was ended as it is told, where its player has nothing to ask for', async ({ expect }) => {
    const id = await uma.upload(films.short, { name: 'film.mp4', metadata: { visibility: 'entitled' } });
    made.push(id);
    await uma.ready(id);
    await uma.call('PUT /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' }, body: {} });
    const vera = await openPage(browser);
    const frames = framesOf(vera.page);
    await signIn(vera.page, stack.url, 'vera', `/v/${id}`);
    await comeNear(vera.page);
    await vera.page.locator('hls-video').waitFor();
    await expect.poll(() => frames.some((frame) => frame.includes('"topics":["sessions:vera"')), slow).toBe(true);
    const sessions = async () => (await uma.call('GET /api/videos/{id}/sessions', { params: { id } })).sessions;
    await expect.poll(async () => (await sessions()).length, slow).toBe(1);
    // Nothing of the edge's tells it either.
    await vera.page.route('**/vod/**', (route) => route.abort());
    await uma.call('DELETE /api/videos/{id}/sessions', { params: { id } });
    await vera.page
      .getByRole('alert')
      .filter({ hasText: 'The owner of the video has ended this playback.' })
      .waitFor({ timeout: 30_000 });
    expect(frames.some((frame) => frame.includes('"of":"sessions"'))).toBe(true);
    expect(vera.faults).toEqual([]);
    await vera.close();
  });
});
