/**
 * Who watches and what is given, in the console: the one who is ended stops within seconds and is told why, and collections are
 * kept. The film's samples are encrypted, so the console's player plays by a licence.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { openManifest } from '../../../local/smoke/playing.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, seriousFindings } from './open.ts';

const stack = await runningStack();
const as = (wanted: string) => new Client(stack.url, stack.users.find(({ name }) => name === wanted)!.token);
const uma = as('uma');
const sessions = async () => (await uma.call('GET /api/videos/{id}/sessions', { params: { id } })).sessions;
const slow = { timeout: 120_000, interval: 250 };
/** Longer than a player fetches ahead, so that it still has to ask when it is ended. */
const SECONDS = 120;

let folder: string;
let browser: Browser;
let id: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-sessions-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '320x180' });
  id = await uma.upload(film, { name: 'film.mp4', metadata: { visibility: 'entitled', encryption: 'cbcs' } });
  await uma.ready(id);
  await uma.call('PUT /api/videos/{id}/grants/{subject}', { params: { id, subject: 'vera' }, body: {} });
  // A place that she was let into before, and did not leave, counts for minutes more.
  await as('vera').call('DELETE /api/sessions/{subject}', { params: { subject: 'vera' } });
  browser = await openBrowser();
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

interface Shown {
  readonly time: number;
  readonly isPaused: boolean;
}
const look = (page: Page): Promise<Shown> =>
  page.locator('hls-video').evaluate((element) => {
    const video = element as unknown as { currentTime: number; paused: boolean };
    return { time: video.currentTime, isPaused: video.paused };
  });

/** Opens the video as `name` and plays it. */
async function plays(name: string) {
  const opened = await openPage(browser);
  await signIn(opened.page, stack.url, name, `/v/${id}`);
  await comeNear(opened.page);
  await opened.page.locator('hls-video').waitFor();
  await opened.page.locator('hls-video').evaluate((element) => {
    const video = element as unknown as { muted: boolean };
    video.muted = true;
  });
  await opened.page.keyboard.press('k');
  await expect
    .poll(async () => (await look(opened.page)).time, slow)
    .toBeGreaterThan(0.5)
    .catch(async (cause: unknown) => {
      const said = await opened.page.getByRole('alert').allTextContents();
      throw new Error(`${JSON.stringify(await look(opened.page))}; said: ${said.join('; ') || 'nothing'}`, { cause });
    });
  return opened;
}

it('refuses at the edge what an ended session holds, and nothing of another', async () => {
  const vera = as('vera');
  const begin = async (session: string) => {
    const { playlists, pass } = await openManifest(
      vera,
      `/api/play/${id}/main.m3u8?session=${session.padEnd(16, '0')}`,
      'url',
    );
    return `${playlists[0]!}?${pass.query}`;
  };
  const [ended, other] = [await begin('ended'), await begin('other')];
  const status = async (url: string) => (await fetch(url)).status;
  expect([await status(ended), await status(other)]).toEqual([200, 200]);
  const [session, others] = [ended, other].map((url) => /\/s\/(\w+)\./.exec(url)![1]!);
  const path = `/api/videos/${id}/sessions/${session}`;
  // An index is a moment behind its table.
  const listed = async () => (await sessions()).map((one) => one.session);
  await expect.poll(listed, slow).toEqual(expect.arrayContaining([session, others]));
  const asked = performance.now();
  expect((await uma.fetch('DELETE', path)).status).toBe(204);
  await expect.poll(() => status(ended), slow).toBe(403);
  console.log(
    `an ended session was refused at the edge ${((performance.now() - asked) / 1000).toFixed(1)} s after the call`,
  );
  expect(await status(other)).toBe(200);
  await uma.call('DELETE /api/videos/{id}/sessions', { params: { id } });
  await expect.poll(async () => (await sessions()).length, slow).toBe(0);
});

it('names who watches, ends it within seconds with the reason said, and lets them begin again', async () => {
  const vera = await plays('vera');
  /** When each was asked for: when this process is told of the answer is its own matter. */
  const media: { readonly at: number; readonly status: number }[] = [];
  vera.page.on('response', (answer) => {
    if (new URL(answer.url()).pathname.startsWith('/vod/'))
      media.push({ at: answer.request().timing().startTime, status: answer.status() });
  });
  const owner = await openPage(browser);
  await signIn(owner.page, stack.url, 'uma', `/v/${id}?tab=access`);
  const list = owner.page.getByRole('list', { name: 'Watching now' });
  const row = list.getByRole('listitem').filter({ hasText: 'vera' });
  await row.waitFor();
  expect(await seriousFindings(owner.page), 'who watches').toEqual([]);
  const pressed = Date.now();
  await row.getByRole('button', { name: 'End what vera watches' }).click();
  await row.waitFor({ state: 'detached' });

  const alert = vera.page.getByRole('alert').filter({ hasText: 'The owner of the video has ended this playback.' });
  await alert.waitFor({ timeout: 60_000 }).catch(async (cause: unknown) => {
    const seen = media.map(({ status }) => status).join(' ');
    throw new Error(`nothing was said: ${JSON.stringify(await look(vera.page))}, media ${seen}`, { cause });
  });
  expect((await look(vera.page)).isPaused).toBe(true);
  // It was told, or what it was refused made it ask why; from then on it got nothing.
  const said = Math.min(Date.now(), ...media.filter(({ status }) => status === 403).map(({ at }) => at));
  await vera.page.waitForTimeout(2000);
  expect(media.filter(({ at, status }) => at > said && status < 400)).toEqual([]);
  expect(media.filter(({ at, status }) => at > pressed + 10_000 && status < 400)).toEqual([]);
  const last = Math.max(...media.filter(({ status }) => status < 400).map(({ at }) => at));
  const after = (at: number) => `${Math.max(0, (at - pressed) / 1000).toFixed(1)} s`;
  console.log(
    `after "End" was pressed the player got its last byte ${after(last)} later, and had said why by ${after(Date.now())}`,
  );
  expect(await seriousFindings(vera.page), 'a playback that was ended').toEqual([]);

  // It was this session that was ended; the right is still theirs.
  const { time } = await look(vera.page);
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(async () => (await look(vera.page)).time, slow).toBeGreaterThan(time + 0.5);
  await list.getByRole('listitem').filter({ hasText: 'vera' }).waitFor();
  // Who leaves watches no more.
  await vera.page.goto(`${stack.url}/`);
  await list.getByRole('listitem').filter({ hasText: 'vera' }).waitFor({ state: 'detached' });
  for (const { faults, close } of [vera, owner]) {
    expect(faults).toEqual([]);
    await close();
  }
});

it('tells a second device in words that as many watch as may, and lets it take the place of the first', async () => {
  const grant = (more: object) =>
    uma.call('POST /api/entitlements', { body: { resource: `video:${id}`, subject: 'person:vera', ...more } });
  await grant({ maxSessions: 1 });
  const first = await plays('vera');
  // Slowly, so that it still has to ask for something however long the other device takes.
  await first.page.locator('hls-video').evaluate((element) => {
    (element as unknown as { playbackRate: number }).playbackRate = 0.25;
  });
  const second = await openPage(browser);
  await signIn(second.page, stack.url, 'vera', `/v/${id}`);
  await comeNear(second.page);
  const alert = second.page.getByRole('alert').filter({ hasText: 'You are watching elsewhere already' });
  await alert.waitFor();
  expect(await seriousFindings(second.page), 'as many as may').toEqual([]);
  expect((await look(second.page)).time).toBe(0);
  const { time } = await look(first.page);
  await expect.poll(async () => (await look(first.page)).time, slow).toBeGreaterThan(time);

  await alert.getByRole('button', { name: 'Stop that and watch here' }).click();
  await expect.poll(async () => (await look(second.page)).time, slow).toBeGreaterThan(0.5);
  const ended = first.page.getByRole('alert').filter({ hasText: 'You have ended this playback elsewhere.' });
  await ended.waitFor({ timeout: 120_000 });
  expect((await look(first.page)).isPaused).toBe(true);
  // And the other way round: there is one place, and nobody is let in beside whoever has it.
  await ended.getByRole('button', { name: 'Try again' }).click();
  await first.page.getByRole('alert').filter({ hasText: 'You are watching elsewhere already' }).waitFor();
  await grant({});
  for (const { faults, close } of [first, second]) {
    expect(faults).toEqual([]);
    await close();
  }
});

it('makes a collection, fills it in an order, and gives it', async () => {
  const { page, faults, close } = await openPage(browser);
  // As no other video of hers is called.
  const title = `Harbour ${id}`;
  await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { title } });
  // The index of words is a moment behind its table, and the page asks it once.
  const found = async () => (await uma.call('GET /api/videos', { query: { q: title } })).videos.map((one) => one.id);
  await expect.poll(found, slow).toEqual([id]);
  await signIn(page, stack.url, 'uma', '/collections');
  await page.getByRole('textbox', { name: 'Title of a new collection' }).fill('Harbour tour');
  await page.getByRole('button', { name: 'Make' }).click();
  await page.getByRole('heading', { name: 'Harbour tour', level: 1 }).waitFor();
  const collection = new URL(page.url()).pathname.split('/').at(-1)!;
  try {
    const rows = page.getByRole('list', { name: 'Videos in Harbour tour' }).getByRole('listitem');
    await rows.filter({ hasText: 'Nothing in it yet.' }).waitFor();
    await page.getByRole('searchbox', { name: 'Put in' }).fill(title);
    await page.getByRole('button', { name: `Put ${title} in` }).click();
    await page.getByRole('button', { name: `${title} is the cover` }).waitFor();
    await page.getByLabel('Give to').selectOption('Everyone');
    await page.getByLabel('Up to').selectOption('360p');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('button', { name: 'Remove Everyone' }).waitFor();
    expect(await seriousFindings(page), 'a collection').toEqual([]);
    const said = await uma.call('GET /api/entitlements', { query: { resource: `collection:${collection}` } });
    expect(said.entitlements).toMatchObject([{ subject: 'everyone', maxHeight: 360 }]);
    // The page of the video says that others may watch by it, though nobody was given the video itself by this.
    const held = async () =>
      (await uma.call('GET /api/collections', {})).collections.find((one) => one.id === collection)?.videoIds;
    await expect.poll(held, slow).toEqual([id]);
    await page.goto(`${stack.url}/v/${id}?tab=access`);
    await page.getByRole('tabpanel').getByRole('link', { name: 'Harbour tour' }).waitFor();
    await page.getByRole('link', { name: 'Collections', exact: true }).first().click();
    await page.getByRole('list', { name: 'Collections' }).getByRole('link', { name: 'Harbour tour' }).waitFor();
    expect(await seriousFindings(page), 'collections').toEqual([]);
    await page.getByRole('list', { name: 'Collections' }).getByRole('link', { name: 'Harbour tour' }).click();
    await page.getByRole('button', { name: `Take ${title} out` }).click();
    await rows.filter({ hasText: 'Nothing in it yet.' }).waitFor();
    await page.getByRole('button', { name: 'Delete collection' }).click();
    await page.getByRole('button', { name: 'Delete Harbour tour' }).click();
    await page.getByRole('heading', { name: 'Collections', level: 1 }).waitFor();
    const left = (await uma.call('GET /api/collections', {})).collections.filter((one) => one.id === collection);
    expect(left).toEqual([]);
  } finally {
    await uma.fetch('DELETE', `/api/collections/${collection}`);
  }
  expect(faults).toEqual([]);
  await close();
});
