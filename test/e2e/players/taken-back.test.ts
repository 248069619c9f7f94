/**
 * Players that we do not ship, in Chromium: they begin where the manifest says, and what is taken back ends for them within
 * seconds, though they never ask for a manifest again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vodPrefix } from '../../../lib/contract/keys.ts';
import { parseTicket, ticketIn } from '../../../lib/contract/ticket.ts';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { BROWSER } from '../../support/browser.ts';
import { makeVideo } from '../../support/media.ts';
import { openPlayer, playUntil, run, state, type Opened } from './playing.ts';
import { servePages } from './serve.ts';

/** Longer than a player fetches ahead over a network, so that it still has to ask when it is ended. */
const SECONDS = 150;
const POLL = { timeout: 60_000, interval: 250 };
/** ms after which nobody is given a byte of what was taken back. */
const AT_ONCE = 10_000;

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
let folder: string;
let id: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-taken-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '320x180' });
  id = await uma.upload(film, { name: 'film.mp4', metadata: { visibility: 'private' } });
  await uma.ready(id);
  pages = await servePages();
  browser = await chromium.launch(BROWSER);
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  await uma.call('DELETE /api/videos/{id}', { params: { id }, query: { now: 'true' } });
  await rm(folder, { recursive: true, force: true });
});

async function open(player: string, query: Record<string, string>, name = 'main.m3u8'): Promise<Opened> {
  const { token } = await uma.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
  const manifest = `${stack.url}/api/play/${id}/${name}?${new URLSearchParams({ token, ...query })}`;
  return openPlayer(browser, pages.url, player, manifest);
}

describe.concurrent('`start=90.5`', () => {
  it.for(['hls.js', 'shaka'])('%s begins there', async (player, { expect }) => {
    const { page, seen } = await open(player, { start: '90.5' });
    // Before it plays: a busy machine would leave the first ones out.
    await expect.poll(() => page.evaluate('window.firstFrame !== undefined'), POLL).toBe(true);
    await playUntil(page, seen, 91);
    const { problems } = await state(page);
    const first = await page.evaluate<number>('window.firstFrame');
    // No picture of before is shown, and none after the first one.
    expect([problems, first >= 90.4 && first < 90.6, first]).toEqual([[], true, first]);
    // Nor is anything of the beginning fetched.
    const names = seen.map(({ url }) => url.pathname.split('/').at(-1));
    expect(names.filter((one) => /^0000[0-9]\.m4s$/.test(one!))).toEqual([]);
    await page.context().close();
  });
});

it.each(['video.js', 'native'])('`start` is nothing to %s: it begins at the beginning', async (player) => {
  const { page, seen } = await open(player, { expand: '1', start: '90.5' });
  await playUntil(page, seen, 0.5);
  expect((await state(page)).time).toBeLessThan(60);
  await page.context().close();
});

describe.concurrent('a session that is ended', () => {
  it.for([
    ['hls.js', {}, 'main.m3u8'],
    ['hls.js', { expand: '1' }, 'main.m3u8'],
    ['shaka', {}, 'main.m3u8'],
    ['shaka', {}, 'manifest.mpd'],
    ['video.js', { expand: '1' }, 'main.m3u8'],
  ] as const)('is given no byte after ten seconds: %s, %j, %s', async ([player, query, name], { expect }) => {
    const { page, seen, asked } = await open(player, query, name);
    // As networks are: of a small picture hls.js fetches ten minutes ahead, and next to the edge it had all before it was ended.
    await page.context().route(/\.m4s/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 700));
      await route.continue();
    });
    await playUntil(page, seen, 1);
    const media = () => seen.filter(({ url }) => url.pathname.startsWith('/vod/'));
    const session = parseTicket(ticketIn(media()[0]!.url.pathname, vodPrefix(id))!)!.session;
    const params = { id, session };
    // The list of who watches is a moment behind: the last of these calls found it.
    let ended = Date.now();
    const end = async () => {
      ended = Date.now();
      await uma.call('DELETE /api/videos/{id}/sessions/{session}', { params });
      return (await uma.call('GET /api/videos/{id}/sessions', { params: { id } })).sessions.map((one) => one.session);
    };
    await expect.poll(end, POLL).not.toContain(session);
    await page.waitForTimeout(Math.max(0, ended + AT_ONCE - Date.now()));
    // Of where it is sent it has nothing yet, and it asks.
    const before = asked.length;
    await run(page, SECONDS - 20);
    const wanted = () => asked.slice(before).filter(({ pathname }) => pathname.startsWith('/vod/')).length;
    await expect.poll(wanted, POLL).toBeGreaterThan(0);
    await page.waitForTimeout(3000);
    expect(media().filter(({ at, status }) => at > ended + AT_ONCE && status < 400)).toEqual([]);
    await page.context().close();
  });
});
