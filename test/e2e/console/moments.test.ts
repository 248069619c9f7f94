/**
 * Moments in which a page could say what is not so: the network goes, a session or a link ends, another tab signs out, a
 * signature runs out while something plays. In Chromium, on the running stack, with one vehicle that drives.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import type { Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { liedLive, watchTile } from './looks.ts';
import { comeNear, openBrowser, openPage, playerState, seriousFindings } from './open.ts';
import { moving, pixelsOf } from './pictures.ts';
import { haltsOf, hears, outliveSignatures } from './player.ts';
import { register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);

const BUS = '13900000221';
/** Long enough that a player has not all of it in its buffers. */
const SECONDS = 150;

let folder: string;
let browser: Browser;
let bus: Simulation;
let id = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-moments-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: SECONDS, size: '320x180' });
  await register(ada, { id: BUS, name: 'Bus 21', channels: [ROAD] });
  [bus, browser] = await Promise.all([simulate(stack, BUS, { channels: 1 }), openBrowser()]);
  id = await ada.upload(film, { name: 'film.mp4', metadata: { visibility: 'private' } });
  await ada.ready(id);
}, 300_000);
afterAll(async () => {
  await browser.close();
  await bus.close();
  await ada.fetch('DELETE', `/api/devices/${BUS}`);
  if (id !== '') await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

const liveTiles = (page: Page) => page.locator('article[data-phase="live"]').count();

/** With the pointer in a corner: where one signs in it was left in the middle, where videos are. */
async function openFromAfar(page: Page, path: string): Promise<void> {
  await page.mouse.move(2, 2);
  await page.goto(stack.url + path);
}

/** Seconds that the recording on a device's page has played on. */
const recordingAt = (page: Page): Promise<number> =>
  page.locator('main video').evaluate((element) => {
    const { played } = element as unknown as {
      played: { length: number; start: (i: number) => number; end: (i: number) => number };
    };
    return Array.from({ length: played.length }, (_, i) => played.end(i) - played.start(i)).reduce((a, b) => a + b, 0);
  });

const isFull = (page: Page) =>
  page.evaluate(
    () => (globalThis as unknown as { document: { fullscreenElement: unknown } }).document.fullscreenElement !== null,
  );

/** ms: each has a browser of its own, and they are run at once. */
const patient = { timeout: 400_000 };

describe.concurrent('without a network', patient, () => {
  it('a tile never calls a picture live that stands, says whose network is gone, and goes on by itself', async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/live?show=${BUS}.1`);
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    await expect.poll(() => moving(page), slow).toEqual([true]);
    await watchTile(page);
    await page.context().setOffline(true);
    const tile = page.locator('article');
    await tile.getByText('This browser is offline.', { exact: false }).first().waitFor(slow);
    expect(await liveTiles(page)).toBe(0);
    await page.getByText('This browser is offline. What is shown may be old.').waitFor();
    expect(await seriousFindings(page), 'a wall without a network').toEqual([]);
    await page.waitForTimeout(5000);
    expect(await liveTiles(page)).toBe(0);
    await page.context().setOffline(false);
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    await expect.poll(() => moving(page), slow).toEqual([true]);
    expect(await liedLive(page)).toBe(false);
    await expect.poll(() => page.getByText('This browser is offline').count(), slow).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it('every screen says so, keeps what it had, and asks again when the network is back', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', '/');
    const note = page.getByText('This browser is offline. What is shown may be old.');
    for (const path of ['/', `/v/${id}`, '/map', '/live?grid=4', `/d/${BUS}`]) {
      await page.goto(stack.url + path);
      await page.getByRole('heading', { level: 1 }).or(page.locator('media-controller')).first().waitFor();
      // Whole, with its map: what is still on its way is another matter.
      await expect.poll(() => page.locator('.mantine-Skeleton-root').count(), slow).toBe(0);
      await page.context().setOffline(true);
      await note.waitFor();
      await page.context().setOffline(false);
      await note.waitFor({ state: 'detached' });
    }
    // What was never loaded says why it is not there, and comes by itself.
    await page.goto(stack.url);
    await page.locator('ul[aria-label="Videos"] > li').first().waitFor();
    await page.context().setOffline(true);
    await page.locator('#library-search').fill('something else');
    await page.getByText('This browser is offline. Try again when it has a network.').waitFor(slow);
    await page.context().setOffline(false);
    await page.getByText('No video matches').waitFor(slow);

    // A network that leads nowhere is told as well.
    const dead = page.getByText('The platform does not answer.', { exact: false });
    await page.route('**/api/**', (route) => route.abort());
    await page.locator('#library-search').fill('something else again');
    await dead.waitFor(slow);
    await page.unroute('**/api/**');
    await dead.waitFor({ state: 'detached', ...slow });
    await page.getByText('No video matches').waitFor(slow);
    expect(faults).toEqual([]);
    await close();
  });

  it('a map of which a part did not come says so, and comes when it is asked for again', async ({ expect }) => {
    const { page, close } = await openPage(browser);
    await page.route(/countries-110m/, (route) => route.abort());
    await signIn(page, stack.url, 'ada', '/map');
    const map = page.getByRole('application', { name: 'Map of the devices' });
    const water = () => pixelsOf(page, map, [208, 224, 231]);
    await page.getByText('The map did not come').waitFor(slow);
    // Lines of degrees are of nearly that colour.
    expect(await water(), 'without coasts').toBeLessThan(20_000);
    expect(await seriousFindings(page), 'a map that did not come').toEqual([]);
    await page.unroute(/countries-110m/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The map did not come').waitFor({ state: 'detached', ...slow });
    // Wherever it stands: of the whole earth most is water.
    await map.focus();
    const further = async () => {
      await page.keyboard.press('-');
      return water();
    };
    await expect.poll(further, slow).toBeGreaterThan(100_000);
    await close();
  });

  it('a player that could not be fetched says so, and comes with its looks when it is asked for again', async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', '/');
    await openFromAfar(page, `/v/${id}`);
    const play = page.getByRole('button', { name: /^Play / });
    await play.waitFor();
    await page.context().setOffline(true);
    await play.press('Enter');
    await page.getByText('The player could not be fetched.', { exact: false }).waitFor();
    await page.context().setOffline(false);
    await play.press('Enter');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(1);
    // Without its styles it is 300 pixels wide.
    const width = async () => (await page.locator('media-controller').boundingBox())!.width;
    await expect.poll(width, slow).toBeGreaterThan(440);
    expect(faults).toEqual([]);
    await close();
  });

  it("a recording's player that could not be fetched says so, and plays when the network is back", async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser);
    // Near it, the whole recording would be in the buffer before the network goes.
    await signIn(page, stack.url, 'ada', '/');
    await openFromAfar(page, `/d/${BUS}`);
    await page
      .getByText(/recorded/)
      .first()
      .waitFor(slow);
    await expect.poll(() => page.getByRole('button', { name: 'Play', exact: true }).isEnabled(), slow).toBe(true);
    await page.context().setOffline(true);
    await page.keyboard.press('k');
    await page.getByText('The recording could not be fetched.', { exact: false }).waitFor(slow);
    await page.context().setOffline(false);
    await expect.poll(() => recordingAt(page), slow).toBeGreaterThan(0.5);
    expect(faults).toEqual([]);
    await close();
  });

  it('a video goes on by itself, with its picture and without a word over what still plays', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${id}`);
    await comeNear(page);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeGreaterThan(SECONDS - 5);
    await page.keyboard.press('k');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(1);
    // Enough is there for what it plays on without a network.
    await expect.poll(async () => (await playerState(page)).ahead, slow).toBeGreaterThan(20);
    await page.context().setOffline(true);
    const before = (await playerState(page)).at;
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(before + 4);
    expect(await page.getByText('The video could not be fetched.').count(), 'over a picture that moves').toBe(0);
    await page.keyboard.press('8');
    await page.getByText('The video could not be fetched.', { exact: false }).waitFor(slow);
    await page.context().setOffline(false);
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(SECONDS * 0.8 + 1);
    await expect.poll(() => page.getByText('The video could not be fetched.').count(), slow).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });
});

describe.concurrent('who may see it', patient, () => {
  it('signing out in one tab signs out the others: their cameras stop, and they say why', async ({ expect }) => {
    const { page, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/live?show=${BUS}.1`);
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    const other = await page.context().newPage();
    await other.goto(stack.url);
    await other.getByRole('button', { name: /Account of ada/ }).click();
    await other.getByRole('button', { name: 'Sign out' }).click();
    // The issuer asks once more.
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByRole('button', { name: 'Sign in' }).waitFor();
    await page.getByText('You were signed out in another tab of this browser.').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.waitForTimeout(3000);
    expect(asked.filter((path) => path.startsWith('/live/') || path.startsWith('/api/play'))).toEqual([]);
    // Also when it is loaded again; and whoever signs in is where they were.
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await signIn(page, stack.url, 'ada', `/live?show=${BUS}.1`);
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    await page.reload();
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    await close();
  });

  it('a session that has ended says so, and leads back to where one was', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', '/?sort=title');
    const isList = (url: URL) => url.pathname === '/api/videos';
    const refusal = { status: 401, contentType: 'application/problem+json', body: '{"code":"unauthorized"}' };
    await page.route(isList, (route) => route.fulfill(refusal));
    await page.locator('#library-search').fill('a');
    await page.getByText('Your sign-in has ended. Sign in again to go on where you were.').waitFor();
    expect(await seriousFindings(page), 'an ended session').toEqual([]);
    await page.unroute(isList);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('list', { name: 'Videos' }).or(page.getByText('No video matches')).first().waitFor(slow);
    expect(new URL(page.url()).searchParams.get('sort')).toBe('title');
    expect(faults).toEqual([]);
    await close();
  });

  it('a link that has ended, one that is broken and one for something else say so by name', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const [head, , tail] = token.split('.');
    const ended = [head, Buffer.from('{"exp":1700000000}').toString('base64url'), tail].join('.');
    const open = (path: string) => page.goto(stack.url + path);
    const title = (text: string) => page.getByRole('heading', { name: text }).waitFor();
    await open(`/v/${id}?token=${ended}`);
    await title('This link has ended');
    expect(await seriousFindings(page), 'a link that has ended').toEqual([]);
    await open(`/v/${id}?token=${token.slice(0, 60)}`);
    await title('This link is not whole');
    await open(`/v/${id.slice(0, 12)}?token=${token}`);
    await title('This link is not whole');
    await open(`/v/${id.slice(0, -4)}zzzz?token=${token}`);
    await title('This link is not for this video');
    // Without a link: what is not public says so before it asks to sign in.
    await open(`/v/${id}`);
    await page.getByText('This video is not public.', { exact: false }).waitFor();
    await open(`/v/${id}?token=${token}`);
    await page.locator('media-controller').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it('a signature that ends while a video plays is renewed before, without a halt', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    const signatures = await outliveSignatures(page);
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    await page.goto(`${stack.url}/v/${id}?token=${token}`);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeGreaterThan(SECONDS - 5);
    const halts = await haltsOf(page.locator('hls-video'));
    await page.keyboard.press('k');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(2);
    expect(signatures.seen.size).toBe(1);
    await signatures.end(page);
    await expect.poll(() => signatures.seen.size, slow).toBe(2);
    const { at } = await playerState(page);
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(at + 5);
    expect(await halts()).toEqual([]);
    expect(signatures.refused).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });
});

describe.concurrent('what moves, and what lies over what', patient, () => {
  // Between the picture and its source there are moments, on a busy machine seconds.
  it('a key that is pressed as soon as there is a player plays, though its source comes later', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await page.addInitScript(`new MutationObserver((_, observer) => {
      const video = document.querySelector('hls-video');
      if (video === null) return;
      observer.disconnect();
      video.muted = true;
      globalThis.sourceAtKey = video.src;
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', bubbles: true }));
    }).observe(document, { childList: true, subtree: true })`);
    await signIn(page, stack.url, 'ada', `/v/${id}`);
    await comeNear(page);
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(1);
    expect(await page.evaluate('sourceAtKey')).toBeFalsy();
    expect(faults).toEqual([]);
    await close();
  });

  it("the first click on a device's picture plays, and a finger that moves the page does not fetch it", async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser, { hasTouch: true });
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    const isPlaylist = (path: string) => /^\/api\/play\/.*main\.m3u8$/.test(path);
    await signIn(page, stack.url, 'ada', '/');
    await openFromAfar(page, `/v/${id}`);
    const touches = await page.context().newCDPSession(page);
    const swipe = async (locator: Locator) => {
      const { x, y, width, height } = (await locator.boundingBox())!;
      const at = { x: x + width / 2, y: y + height / 2 };
      await touches.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
      for (const by of [20, 60, 120])
        await touches.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: at.x, y: at.y - by }] });
      await touches.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    };
    await page.getByRole('button', { name: /^Play / }).waitFor();
    await swipe(page.getByRole('button', { name: /^Play / }));
    await page.goto(`${stack.url}/d/${BUS}`);
    await page
      .getByText(/recorded/)
      .first()
      .waitFor(slow);
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
    const picture = page.locator('main video');
    await swipe(picture);
    await page.waitForTimeout(1000);
    expect(asked.filter((path) => isPlaylist(path))).toEqual([]);
    await picture.click();
    await expect.poll(() => recordingAt(page), slow).toBeGreaterThan(0.5);
    expect(faults).toEqual([]);
    await close();
  });

  it('full screen on a device is left the way it was entered', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/d/${BUS}`);
    await page.getByRole('button', { name: 'Full screen', exact: true }).click();
    await expect.poll(() => isFull(page), slow).toBe(true);
    await page.getByRole('button', { name: 'Leave full screen' }).click();
    await expect.poll(() => isFull(page), slow).toBe(false);
    await page.keyboard.press('f');
    await expect.poll(() => isFull(page), slow).toBe(true);
    await page.keyboard.press('f');
    await expect.poll(() => isFull(page), slow).toBe(false);

    // Over the time line the pointer's moment is said.
    const slider = page.getByRole('slider', { name: 'Moment' });
    await slider.hover({ position: { x: 200, y: 10 } });
    await slider.getByText(/^\d+:\d\d:\d\d/).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it('the live wall in full screen is left by its own button', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/live?show=${BUS}.1`);
    await page.getByRole('button', { name: 'Full screen', exact: true }).click();
    await expect.poll(() => isFull(page), slow).toBe(true);
    expect(await seriousFindings(page), 'a wall in full screen').toEqual([]);
    await page.getByRole('button', { name: 'Leave full screen' }).click();
    await expect.poll(() => isFull(page), slow).toBe(false);
    await expect.poll(() => page.getByRole('button', { name: 'Leave full screen' }).count(), slow).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it('the list of keys opens with ?, is whole, and closes; keys of the player say what they did', async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${id}`);
    await comeNear(page);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeGreaterThan(SECONDS - 5);
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.getByText('A picture back, a picture on').first().waitFor();
    expect(await seriousFindings(page), 'the list of keys').toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    for (const [key, words] of [
      ['>', '1.25 ×'],
      ['<', '1 ×'],
      ['c', 'No captions'],
    ] as const)
      await hears(page, words, () => page.keyboard.press(key));
    const { at } = await playerState(page);
    await page.keyboard.press('.');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(at);
    expect((await playerState(page)).at).toBeLessThan(at + 0.2);
    await page.keyboard.press(',');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeLessThan(at + 0.01);
    expect(faults).toEqual([]);
    await close();
  });

  it('uploads beside a video leave it its room, and every screen begins at the same edge', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${id}`);
    await comeNear(page);
    await page.locator('media-controller').waitFor();
    await page.keyboard.press('u');
    await page.getByRole('complementary', { name: 'Uploads' }).waitFor();
    for (const width of [1110, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const player = async () => (await page.locator('media-controller').boundingBox())!.width;
      await expect.poll(player, { ...slow, message: `${width} px` }).toBeGreaterThan(440);
    }
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 2560, height: 1080 });
    const edges: number[] = [];
    for (const [path, first] of [
      ['/', 'h1'],
      [`/v/${id}`, '[data-status="ready"]'],
      ['/live?grid=4', 'h1'],
      [`/live?show=${BUS}.1&grid=4`, 'article'],
      ['/map', 'h1'],
      [`/d/${BUS}`, 'h1'],
    ] as const) {
      await page.goto(stack.url + path);
      const part = page.locator(`#main ${first}`).first();
      await part.waitFor();
      edges.push((await part.boundingBox())!.x);
    }
    expect(new Set(edges).size, edges.join(', ')).toBe(1);
    expect(faults).toEqual([]);
    await close();
  });

  it('news stands beside the side bar, not over who is signed in', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/d/${BUS}`);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('dialog').getByRole('textbox', { name: 'Name', exact: true }).fill('Bus 21, blue');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    const news = page.getByText('Bus 21, blue is saved.');
    await news.waitFor();
    for (const [viewport, name] of [
      [{ width: 1280, height: 800 }, /Account of ada/],
      [{ width: 390, height: 844 }, 'Account'],
    ] as const) {
      await page.setViewportSize(viewport);
      // It stays while somebody points at it.
      await news.hover();
      const account = (await page.getByRole('button', { name, exact: typeof name === 'string' }).boundingBox())!;
      const box = (await page.getByRole('alert').filter({ has: news }).boundingBox())!;
      const isApart = box.x >= account.x + account.width || box.y + box.height <= account.y;
      expect(isApart, `${viewport.width} px`).toBe(true);
    }
    expect(faults).toEqual([]);
    await close();
  });
});

it('a dialog moves nothing on a page that has a scroll bar', async ({ expect }) => {
  const { chromium } = await import('playwright-core');
  const { BROWSER } = await import('../../support/browser.ts');
  const withBars = await chromium.launch({ ...BROWSER, ignoreDefaultArgs: ['--hide-scrollbars'] });
  const { page, faults, close } = await openPage(withBars);
  await signIn(page, stack.url, 'ada', `/d/${BUS}`);
  const bar = () =>
    page.evaluate(() => {
      const scope = globalThis as unknown as {
        innerWidth: number;
        document: { documentElement: { clientWidth: number } };
      };
      return scope.innerWidth - scope.document.documentElement.clientWidth;
    });
  const title = page.getByRole('heading', { name: /^Bus 21/ });
  const share = page.locator('#main').getByRole('button', { name: 'Settings' });
  const places = async () => [(await title.boundingBox())!.x, (await share.boundingBox())!.x];
  // What makes the page long comes a moment later than its title.
  await expect.poll(bar, { ...slow, message: 'a scroll bar' }).toBeGreaterThan(0);
  const before = await places();
  await share.click();
  await page.getByRole('dialog').getByText('Delete this device').waitFor();
  // A dialog hides the page from roles, not from sight.
  const shown = page.locator('#main h1, #main header button:last-child');
  const after = [(await shown.first().boundingBox())!.x, (await shown.last().boundingBox())!.x];
  expect(after).toEqual(before);
  expect(faults).toEqual([]);
  await close();
  await withBars.close();
});
