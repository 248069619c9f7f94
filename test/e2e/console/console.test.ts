/** The console as a person uses it, in Chromium, on the running stack: every screen, by mouse and by keyboard. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../../lib/process.ts';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, playerState, seriousFindings } from './open.ts';
import { cutShort, sideways } from './pictures.ts';
import { previewAt } from './player.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
const SEGMENT = 6;
const slow = { timeout: 120_000 };

let folder: string;
let browser: Browser;
let clip: string;
/** The video that the first test uploads and the others look at. */
let id = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-console-'));
  clip = join(folder, 'harbour at dawn.mp4');
  await makeVideo(stack.ffmpegFolder, clip, { seconds: 20, size: '640x360' });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  if (id !== '') await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

/** The later tests look at the first one's video: without it they say so at once instead of waiting for it. */
const uploaded = () => {
  if (id === '') throw new Error('the first test uploaded no video');
  return id;
};

const title = () => `Harbour ${uploaded()}`;

/** Hands files to the Dashboard as its own file dialog would. */
const choose = (page: Page, ...files: string[]) => page.locator('.uppy-Dashboard-input').first().setInputFiles(files);

it('signs in through the issuer, uploads through the Dashboard, and plays past a segment boundary', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada', '/?sort=title');
  expect(new URL(page.url()).search, 'back where one was').toBe('?sort=title');

  await page.keyboard.press('u');
  await page.locator('.uppy-Dashboard-AddFiles').waitFor();
  await choose(page, clip);
  const row = page.getByRole('list', { name: 'Files' }).getByRole('listitem').filter({ hasText: 'harbour at dawn' });
  await row.getByText(/Arrived|Slicing/).waitFor(slow);
  const play = row.getByRole('link', { name: /^Play/ });
  await play.waitFor(slow);
  expect(await seriousFindings(page), 'uploads with a finished row').toEqual([]);
  await play.click();
  await page.waitForURL(/\/v\/[a-z0-9]{20}$/);
  id = page.url().slice(-20);
  await page.getByRole('heading', { name: 'harbour at dawn' }).waitFor();
  // The uploads stay open beside the video.
  expect(await page.getByRole('complementary', { name: 'Uploads' }).isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  await page.getByRole('complementary', { name: 'Uploads' }).waitFor({ state: 'hidden' });

  await page.mouse.move(2, 2);
  // Who only looks fetches no player and takes no place of those who may watch at a time; a key of the player is enough.
  await page.getByRole('button', { name: 'Play harbour at dawn' }).waitFor();
  expect(await page.locator('hls-video').count()).toBe(0);
  await page.keyboard.press('k');
  await expect.poll(async () => (await playerState(page)).length, slow).toBeCloseTo(20, 0);
  await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(SEGMENT + 0.5);
  // From here on it stands: how far it plays between two keys is the machine's.
  await page.keyboard.press('k');
  await expect.poll(async () => (await playerState(page)).paused, slow).toBe(true);
  const { at: before } = await playerState(page);
  await page.keyboard.press('j');
  await expect.poll(async () => (await playerState(page)).at, slow).toBeCloseTo(Math.max(0, before - 10), 1);
  await page.keyboard.press('9');
  await expect.poll(async () => (await playerState(page)).at, slow).toBeCloseTo(18, 0);
  await page.keyboard.press('2');
  await expect.poll(async () => (await playerState(page)).at, slow).toBeCloseTo(4, 1);
  expect((await playerState(page)).paused).toBe(true);
  await page.keyboard.press('k');
  await expect.poll(async () => (await playerState(page)).at, slow).toBeGreaterThan(5);
  expect(faults).toEqual([]);
  await close();
});

/** None of them changes what another looks at. */
describe.concurrent('at once', () => {
  it.each([
    ['/v/aaaaaaaaaaaaaaaaaaaa', ['VideoPage']],
    ['/d/13900000299', ['DevicePage', 'DeviceMap']],
    ['/live', ['LivePage', 'hls']],
    ['/map', ['MapPage', 'FleetMap']],
  ])('asks for all that %s is made of while it still learns where one signs in', async (path, names) => {
    const { page, faults, close } = await openPage(browser);
    await page.route('**/api/config', () => {});
    const asked = new Set<string>();
    page.on('request', (request) => {
      const [, name] = /\/assets\/([A-Za-z]+)-[^/]*\.js$/.exec(request.url()) ?? [];
      if (name !== undefined) asked.add(name);
    });
    await page.goto(stack.url + path, { waitUntil: 'commit' });
    for (const name of names) await vi.waitUntil(() => asked.has(name), slow);
    expect(faults).toEqual([]);
    await close();
  });

  it.for(['a key', 'a file that is dropped'])(
    'hears %s in the very moment in which it is there',
    async (what, { expect }) => {
      const { page, faults, close } = await openPage(browser);
      // As soon as the frame of the screens is put in: before anything that comes a moment later.
      await page.addInitScript(`new MutationObserver((_, observer) => {
      const main = document.querySelector('#main');
      if (main === null) return;
      observer.disconnect();
      const common = { bubbles: true, cancelable: true };
      if (${JSON.stringify(what)} === 'a key') main.dispatchEvent(new KeyboardEvent('keydown', { ...common, key: 'u' }));
      else {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([], 'empty.mp4', { type: 'video/mp4' }));
        main.dispatchEvent(new DragEvent('drop', { ...common, dataTransfer }));
      }
    }).observe(document, { childList: true, subtree: true });`);
      await signIn(page, stack.url, 'ada');
      await page.getByRole('complementary', { name: 'Uploads' }).waitFor();
      expect(faults).toEqual([]);
      await close();
    },
  );

  it('chooses files where nothing is yet by pressing one button', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await page.route('**/api/videos?*', (route) => route.fulfill({ json: { videos: [], cursor: null } }));
    await signIn(page, stack.url, 'ada');
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser', slow),
      page.getByRole('button', { name: 'Choose files' }).click(slow),
    ]);
    expect(chooser.isMultiple()).toBe(true);
    // Which is refused, so that nothing is sent.
    await chooser.setFiles({ name: 'empty.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) });
    await page.getByRole('complementary', { name: 'Uploads' }).waitFor(slow);
    expect(faults).toEqual([]);
    await close();
  });

  it('shows the picture and the time of where the pointer is over the time line', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${uploaded()}`);
    await comeNear(page);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeCloseTo(20, 0);
    const range = page.locator('media-time-range');
    const [early, late] = [await previewAt(range, 2.5, 20), await previewAt(range, 15.5, 20)];
    expect(await seriousFindings(page), 'a picture over the time line').toEqual([]);
    expect(early.place).toMatch(/^\d+ \d+ 160 90$/);
    expect(new URL(early.sheet).searchParams.has('Signature')).toBe(true);
    expect(`${early.sheet} ${early.place}`).not.toBe(`${late.sheet} ${late.place}`);
    expect(faults).toEqual([]);
    await close();
  });

  it('takes another poster: the picture on show, or a file', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada', `/v/${uploaded()}?tab=details`);
    const poster = page.getByRole('img', { name: 'Poster' });
    /** Its file, once it is there in full. */
    const shown = () =>
      poster.evaluate((element) => {
        const { src, naturalWidth } = element as HTMLImageElement;
        return naturalWidth > 0 ? new URL(src).pathname.replace(/.*\//, '') : '';
      });
    await expect.poll(shown, slow).toBe('poster.jpg');
    await page.getByRole('button', { name: 'Use the picture on show' }).click();
    await page.getByText('The picture on show is the poster.', { exact: false }).waitFor();
    // A key of the player that comes before it is not lost.
    await page.keyboard.press('7');
    await expect.poll(async () => (await playerState(page)).at, slow).toBeCloseTo(14, 1);
    await page.getByRole('button', { name: 'Use the picture on show' }).click();
    await expect.poll(shown, slow).toMatch(/^poster-[0-9a-f]{16}\.jpg$/);
    const fromVideo = await shown();
    const file = join(folder, 'cover.png');
    await run(join(stack.ffmpegFolder, 'ffmpeg'), ['-f', 'lavfi', '-i', 'smptebars=s=640x360', '-frames:v', '1', file]);
    await page.locator('input[type=file][accept="image/jpeg,image/png"]').setInputFiles(file);
    await expect.poll(async () => ['', fromVideo].includes(await shown()), slow).toBe(false);
    expect(await shown()).toMatch(/^poster-[0-9a-f]{16}\.jpg$/);
    expect(await seriousFindings(page), 'details with a poster').toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it('lets somebody without an account watch through a signed page, and nobody without it', async ({ expect }) => {
    const { token } = await ada.call('POST /api/videos/{id}/tokens', { params: { id: uploaded() }, body: {} });
    const { page, faults, close } = await openPage(browser);
    await page.goto(`${stack.url}/v/${uploaded()}?token=${token}`);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeCloseTo(20, 0);
    await page.goto(`${stack.url}/v/${uploaded()}`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.locator('hls-video').count()).toBe(0);

    // Somebody with an account but no right of their own watches the same way.
    await signIn(page, stack.url, 'vera', `/v/${uploaded()}?token=${token}`);
    await expect.poll(async () => (await playerState(page)).length, slow).toBeCloseTo(20, 0);
    expect(faults).toEqual([]);
    await close();
  });

  describe('an upload goes on after a reload, without sending a finished part again', () => {
    /** Noise in three parts: it uploads like a video, and is refused as none. */
    async function start(name: string) {
      const { upload } = await ada.call('GET /api/config');
      const file = join(folder, name);
      await writeFile(file, randomBytes(2 * upload.partBytes + 1000));
      const { page, faults, close } = await openPage(browser);
      const sent: number[] = [];
      page.on('response', (response) => {
        const number = new URL(response.url()).searchParams.get('partNumber');
        if (response.request().method() === 'PUT' && number !== null && response.ok()) sent.push(Number(number));
      });
      await signIn(page, stack.url, 'ada');
      // The second part never gets through before the reload.
      const isSecond = (url: URL) => url.searchParams.get('partNumber') === '2';
      let isCaught: (value: unknown) => void;
      const caught = new Promise((resolve) => (isCaught = resolve));
      await page.route(isSecond, (route) => (route.request().method() === 'PUT' ? isCaught(route) : route.continue()));
      await page.keyboard.press('u');
      await page.locator('.uppy-Dashboard-AddFiles').waitFor();
      await choose(page, file);
      await caught;
      // One part after another; of its answer this process is told on a way of its own.
      await vi.waitUntil(() => sent.length > 0, slow);
      expect(sent).toEqual([1]);
      const row = page.getByRole('list', { name: 'Files' }).getByRole('listitem').filter({ hasText: name });
      return { page, row, sent, faults, close, file, reload: () => page.unroute(isSecond).then(() => page.reload()) };
    }

    it('by itself, when the browser kept the file; it can be paused, and says why it is no video', async ({
      expect,
    }) => {
      const { page, row, sent, faults, close, reload } = await start('noise.mp4');
      await row.getByRole('button', { name: 'Pause noise.mp4' }).click();
      await row.getByText(/Paused/).waitFor();
      await row.getByRole('button', { name: 'Resume noise.mp4' }).click();
      await row.getByText(/Uploading/).waitFor();
      await reload();
      await row.getByRole('link', { name: /^Details of/ }).waitFor(slow);
      onceEach(sent);
      await row.getByRole('link', { name: /^Details of/ }).click();
      await page.getByText('This video could not be sliced').waitFor();
      const failed = page.url().slice(-20);
      const { failure } = await ada.call('GET /api/videos/{id}', { params: { id: failed } });
      expect(failure).not.toBeNull();
      await page.getByText(failure!.reason).first().waitFor();
      expect(await seriousFindings(page), 'a failed video').toEqual([]);
      expect(faults).toEqual([]);
      await ada.fetch('DELETE', `/api/videos/${failed}?now=true`);
      await close();
    });

    it('when the same file is chosen again, if it was too large to keep', async ({ expect }) => {
      const { page, row, sent, faults, close, file, reload } = await start('large noise.mp4');
      await forgetFiles(page);
      await reload();
      await row.getByText(/Choose the same file again/).waitFor();
      await choose(page, file);
      const link = row.getByRole('link', { name: /^Details of/ });
      await link.waitFor(slow);
      onceEach(sent);
      await ada.fetch('DELETE', `/api/videos/${(await link.getAttribute('href'))!.slice(-20)}?now=true`);
      expect(faults).toEqual([]);
      await close();
    });
  });

  it('takes files dropped anywhere on the page, and says why it does not take an empty one', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    await signIn(page, stack.url, 'ada');
    const dropped = await page.evaluateHandle(() => {
      const make = globalThis as unknown as {
        DataTransfer: new () => { items: { add: (file: unknown) => void } };
        File: new (parts: string[], name: string, options: object) => unknown;
      };
      const data = new make.DataTransfer();
      data.items.add(new make.File([], 'empty.mp4', { type: 'video/mp4' }));
      return data;
    });
    await page.locator('#main').dispatchEvent('dragenter', { dataTransfer: dropped });
    await page.getByText('Drop to upload').waitFor();
    await page.locator('#main').dispatchEvent('drop', { dataTransfer: dropped });
    await page.getByRole('complementary', { name: 'Uploads' }).waitFor();
    await page
      .getByText(/smaller than the allowed size/)
      .first()
      .waitFor();
    expect(await page.getByText('Drop to upload').count()).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });
});

/**
 * No part was answered twice. The one under way at the reload may have arrived without its page hearing of it: then it is
 * in S3's list and rightly not sent again.
 */
function onceEach(sent: readonly number[]): void {
  expect(new Set(sent).size, `parts ${sent.join(', ')}`).toBe(sent.length);
  expect(sent.length).toBeGreaterThanOrEqual(2);
}

/** Empties the store in which the browser keeps files: as if they had been too large for it. */
const forgetFiles = (page: Page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        interface Request {
          result: {
            transaction: (store: string, mode: string) => { objectStore: (name: string) => { clear: () => Request } };
          };
          addEventListener: (event: 'success' | 'error', listener: (event: unknown) => void) => void;
        }
        const { indexedDB } = globalThis as unknown as { indexedDB: { open: (name: string) => Request } };
        const open = indexedDB.open('sluice-uploads');
        open.addEventListener('error', reject);
        open.addEventListener('success', () => {
          const clear = open.result.transaction('files', 'readwrite').objectStore('files').clear();
          clear.addEventListener('success', () => resolve(undefined));
          clear.addEventListener('error', reject);
        });
      }),
  );

it('edits, shares and grants on the video screen', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada', `/v/${uploaded()}`);
  await page.getByRole('button', { name: 'Edit title' }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill(title());
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: title(), exact: true }).waitFor();

  await page.getByRole('button', { name: 'Make link' }).click();
  const address = await page.getByRole('group', { name: 'Stream address' }).innerText();
  expect(new URL(address).searchParams.get('token')).toBeTruthy();
  const anonymous = await fetch(address);
  expect(anonymous.status).toBe(200);
  expect(await anonymous.text()).toContain('#EXT-X-STREAM-INF');
  expect((await fetch(address.replace(/\?.*/, ''))).status, 'without its token').toBe(401);

  await page.getByRole('tab', { name: 'Details' }).click();
  await page.getByRole('cell', { name: '640 × 360' }).waitFor();
  await page.getByText('Recognised as a video').waitFor();

  await page.getByRole('tab', { name: 'Access' }).click();
  await page.getByLabel('At a time').selectOption('3 players');
  // Whether or not she has signed in here before, and is offered by name.
  await page.getByRole('combobox', { name: 'Person' }).fill('vera');
  await page.getByRole('combobox', { name: 'Person' }).press('Enter');
  const given = page.getByRole('list', { name: 'Who it was given to' }).getByRole('listitem');
  await given.filter({ hasText: 'vera' }).filter({ hasText: '3 at a time' }).waitFor();
  await page.getByRole('combobox', { name: 'Person' }).fill('Nobody.Yet@Example.test');
  await page.getByText('Nobody has signed in with this address yet.').waitFor();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await given.filter({ hasText: 'nobody.yet@example.test' }).filter({ hasText: 'invited' }).waitFor();
  await page.getByText('Sluice sends no mail.').waitFor();
  expect(await seriousFindings(page), 'who it was given to').toEqual([]);
  await page.getByRole('button', { name: 'Remove nobody.yet@example.test' }).click();
  await page.getByLabel('Give to').selectOption('A group');
  await page.getByRole('textbox', { name: 'Group' }).fill('crew');
  await page.getByRole('textbox', { name: 'Only in' }).fill('uk');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('must be a country of ISO 3166-1').waitFor();
  await page.getByRole('textbox', { name: 'Only in' }).fill('de, at');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await given.filter({ hasText: 'Group crew' }).filter({ hasText: 'in Germany, Austria only' }).waitFor();
  await page.getByRole('button', { name: 'Remove Group crew' }).click();
  await expect.poll(() => given.count(), slow).toBe(1);
  const mayWatch = async () => {
    const vera = new Client(stack.url, stack.users.find(({ name }) => name === 'vera')!.token);
    return (await vera.fetch('GET', `/api/play/${id}/main.m3u8`)).status;
  };
  expect(await mayWatch(), 'private still').toBe(403);
  await page.getByRole('radio', { name: 'Entitled' }).click();
  await expect.poll(mayWatch).toBe(200);
  await page.getByRole('button', { name: 'Remove vera' }).click();
  await expect.poll(mayWatch).toBe(403);
  await page.getByRole('radio', { name: 'Private' }).click();
  await expect
    .poll(async () => (await ada.call('GET /api/videos/{id}', { params: { id } })).visibility)
    .toBe('private');
  expect(faults).toEqual([]);
  await close();
});

it('shows a viewer no way to upload, and nothing of videos that are not theirs', async () => {
  const { page, close } = await openPage(browser);
  await signIn(page, stack.url, 'vera');
  await page.getByText('Nothing here for you yet').waitFor();
  expect(await seriousFindings(page), 'a library with nothing in it').toEqual([]);
  expect(await page.getByRole('button', { name: /Upload/ }).count()).toBe(0);
  await page.keyboard.press('u');
  expect(await page.getByRole('complementary', { name: 'Uploads' }).count()).toBe(0);
  await page.goto(`${stack.url}/v/${uploaded()}`);
  await page.getByText('No such video').waitFor();
  await page.getByRole('button', { name: /Account of vera/ }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await close();
});

describe.concurrent.each(['light', 'dark'] as const)('axe-core finds nothing serious, %s', (colorScheme) => {
  const sizes = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
  it.each(Object.entries(sizes))('%s', async (_, viewport) => {
    const { page, faults, close } = await openPage(browser, { colorScheme, viewport });
    const check = async (screen: string) => expect(await seriousFindings(page), screen).toEqual([]);
    await page.goto(stack.url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await check('sign-in');
    await signIn(page, stack.url, 'ada');
    await page.locator('ul[aria-label="Videos"] > li').first().waitFor();
    await check('library');
    await page.goto(`${stack.url}/?q=there+is+no+such+video`);
    await page.getByText('No video matches').waitFor();
    await check('nothing found');
    await page.keyboard.press('u');
    await page.locator('.uppy-Dashboard-AddFiles').waitFor();
    await check('upload');
    for (const tab of ['share', 'details', 'access']) {
      await page.goto(`${stack.url}/v/${uploaded()}?tab=${tab}`);
      await page.getByRole('tabpanel').locator('h2').first().waitFor();
      await check(tab);
      await comeNear(page);
      await page.locator('media-controller').waitFor();
      await check(`${tab} with the player`);
    }
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').waitFor();
    await check('delete');
    await page.goto(`${stack.url}/health`);
    await page.getByText(/places of slicing are taken/).waitFor();
    await check('health');
    expect(await sideways(page), 'health').toBe(0);
    await page.goto(`${stack.url}/changes`);
    await page.getByRole('list', { name: 'Changes' }).getByText('began an upload').first().waitFor();
    await check('changes');
    expect(await sideways(page), 'changes').toBe(0);
    await page.goto(`${stack.url}/nowhere`);
    await page.getByText('No such page').waitFor();
    await check('not found');
    expect(faults).toEqual([]);
    await close();
  });
});

it.concurrent.each([390, 760, 1100, 2560])('fits into %i px without scrolling sideways', async (width) => {
  const { page, close } = await openPage(browser, { viewport: { width, height: 900 } });
  await signIn(page, stack.url, 'ada');
  await page.locator('ul[aria-label="Videos"] > li').first().waitFor();
  expect(await sideways(page), 'library').toBe(0);
  expect(await cutShort(page), 'library').toEqual([]);
  for (const tab of ['share', 'details', 'access']) {
    await page.goto(`${stack.url}/v/${uploaded()}?tab=${tab}`);
    await comeNear(page);
    await page.locator('media-controller').waitFor();
    expect(await sideways(page), tab).toBe(0);
  }
  await close();
});

it('finds by search, and deletes for good only after the word is typed', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada', `/v/${uploaded()}`);
  await page.getByRole('button', { name: /^Play / }).waitFor();
  // The index of words is a moment behind its table, and nobody asks it again by themselves.
  const found = async () => (await ada.call('GET /api/videos', { query: { q: title() } })).videos.map((one) => one.id);
  await expect.poll(found, slow).toEqual([id]);
  await page.keyboard.press('/');
  await page.locator('#library-search:focus').waitFor();
  await page.keyboard.type(title().toUpperCase());
  const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: title() }) });
  await page.waitForURL((address) => address.searchParams.get('q') === title().toUpperCase());
  await card.waitFor();
  await expect.poll(() => page.getByRole('list', { name: 'Videos' }).getByRole('listitem').count()).toBe(1);
  await card.hover();
  await card.getByRole('checkbox').check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'Delete for good, now' }).check();
  const remove = dialog.getByRole('button', { name: 'Delete this video' });
  expect(await remove.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill('delete');
  // How far it is, nobody is told before they are on another page.
  const isElsewhere = Promise.withResolvers<void>();
  await page.route(/\/removal$/, async (route) => {
    await isElsewhere.promise;
    await route.continue();
  });
  await remove.click();
  await page.getByText(/^The video taken down: (being )?refused at the edge.*; caches are being emptied\.$/).waitFor();
  await page.getByText('No video matches').waitFor();
  await expect.poll(async () => (await ada.fetch('GET', `/api/videos/${id}`)).status).toBe(404);
  // On whatever page comes next, until CloudFront has said that its caches are empty of it.
  await page.getByRole('link', { name: 'Live' }).first().click();
  await page.waitForURL(`${stack.url}/live`);
  isElsewhere.resolve();
  await page.getByText(/^The video taken down; caches emptied .+ after\.$/).waitFor();
  await page.goto(`${stack.url}/v/${uploaded()}`);
  await page.getByText('No such video').waitFor();
  expect(faults).toEqual([]);
  await close();
});
