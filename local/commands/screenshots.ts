/**
 * `npm run screenshots -- FOLDER`: pictures of every screen of the running console, at 1280 and 390 px, light and dark, or those of docs/.
 * Finds the console by `--ready-file` (what `npm start -- --ready-file` wrote) or SLUICE_READY_FILE.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { BROWSER } from '../../test/support/browser.ts';
import { liveScreens, type ShownDevice } from './screenshots-live.ts';
import { signIn } from '../sign-in.ts';

const HELP = `npm run screenshots -- [--ready-file PATH] [--only NAMES] [--docs] FOLDER

Writes PNGs of every screen of the console that runs, at 1280 and 390 px, light and dark, into FOLDER. --only live,device
leaves out those whose names begin with none of these. --docs: as docs/screens.md has them, light, and small (WebP).`;

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];
const SCHEMES = ['light', 'dark'] as const;

interface Console {
  readonly url: string;
  readonly users: readonly { readonly name: string; readonly groups: readonly string[]; readonly token: string }[];
}

/** A screen that has what it is about. */
const whole = (path: string) => async (page: Page) => {
  await page.goto(path);
  await page.locator('#main h1').waitFor();
  const isBusy = () => page.locator('#main [aria-busy="true"]').count();
  for (let tries = 0; (await isBusy()) > 0 && tries < 100; tries += 1) await page.waitForTimeout(100);
};

/** Figures, or that there are none. */
const reported = (page: Page): Promise<void> =>
  page.locator('figure').or(page.getByText('Nobody watched')).first().waitFor();

/** Each screen by name: goes there and waits until it is as a person would see it. */
function screens(playable: string | undefined, failed: string | undefined, devices: readonly ShownDevice[]) {
  const tab = (name: string) => async (page: Page) => {
    await page.goto(`/v/${playable}${name === '' ? '' : `?tab=${name}`}`);
    await page.getByRole('button', { name: /^Play / }).hover();
    await page.locator('media-controller').waitFor();
    // A frame of the video rather than a spinner.
    const isShown = () =>
      page.locator('hls-video').evaluate((video) => (video as unknown as { readyState: number }).readyState >= 2);
    for (let tries = 0; !(await isShown()) && tries < 100; tries += 1) await page.waitForTimeout(100);
  };
  const all: Record<string, ((page: Page) => Promise<void>) | false> = {
    library: async (page) => {
      await page.goto('/');
      await page.locator('ul[aria-label="Videos"] > li, [data-empty]').first().waitFor();
    },
    'library-nothing-found': async (page) => {
      await page.goto('/?q=there+is+no+such+video');
      await page.getByText('No video matches').waitFor();
    },
    upload: async (page) => {
      await page.goto('/');
      await page.locator('#main h1').waitFor();
      await page.keyboard.press('u');
      await page.locator('.uppy-Dashboard-AddFiles').waitFor();
    },
    video: playable !== undefined && tab(''),
    'video-details': playable !== undefined && tab('details'),
    'video-access': playable !== undefined && tab('access'),
    'video-insight-tab': playable !== undefined && tab('insight'),
    'video-insight':
      playable !== undefined &&
      (async (page) => {
        await page.goto(`/v/${playable}/insight`);
        await reported(page);
      }),
    insight: async (page) => {
      await page.goto('/insight');
      await reported(page);
    },
    'video-failed':
      failed !== undefined &&
      (async (page) => {
        await page.goto(`/v/${failed}`);
        await page.getByText('could not be sliced').waitFor();
      }),
    ...liveScreens(devices),
    alarms: whole('/alarms'),
    health: whole('/health'),
    changes: whole('/changes'),
    webhooks: whole('/webhooks'),
    storage: whole('/storage'),
    collections: whole('/collections'),
    'not-found': async (page) => {
      await page.goto('/nowhere');
      await page.getByText('No such page').waitFor();
    },
  };
  return Object.entries(all).filter((entry): entry is [string, (page: Page) => Promise<void>] => entry[1] !== false);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'ready-file': { type: 'string' },
      only: { type: 'string', default: '' },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const isForDocs = values.docs;
  const wanted = values.only.split(',');
  const [folder] = positionals;
  const readyFile = values['ready-file'] ?? process.env['SLUICE_READY_FILE'];
  if (values.help === true || folder === undefined || readyFile === undefined) {
    process.stdout.write(`${HELP}\n`);
    return values.help === true ? 0 : 2;
  }
  const running = JSON.parse(await readFile(readyFile, 'utf8')) as Console;
  await mkdir(folder, { recursive: true });
  const browser = await chromium.launch(BROWSER);
  try {
    const admin = running.users.find((user) => user.groups.includes('admin'));
    if (!admin) throw new Error('the ready file names nobody in the group admin');
    const list = screens(
      await find(running, admin.token, 'ready'),
      await find(running, admin.token, 'failed'),
      await findDevices(running, admin.token),
    ).filter(([name]) => wanted.some((start) => name.startsWith(start)));
    for (const size of SIZES)
      for (const scheme of isForDocs ? (['light'] as const) : SCHEMES)
        await shoot(browser, running.url, admin.name, { size, scheme, folder, list, isForDocs });
  } finally {
    await browser.close();
  }
  return 0;
}

interface Shoot {
  readonly size: (typeof SIZES)[number];
  readonly scheme: (typeof SCHEMES)[number];
  readonly folder: string;
  readonly list: readonly [string, (page: Page) => Promise<void>][];
  readonly isForDocs: boolean;
}

async function shoot(
  browser: Browser,
  url: string,
  name: string,
  { size, scheme, folder, list, isForDocs }: Shoot,
): Promise<void> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: size,
    colorScheme: scheme,
    reducedMotion: 'reduce',
    isMobile: size.width < 500,
    hasTouch: size.width < 500,
    deviceScaleFactor: size.width < 500 && !isForDocs ? 2 : 1,
  });
  const page = await context.newPage();
  const blank = await context.newPage();
  const take = async (screen: string) => {
    // Live pictures are never idle.
    await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => {});
    const path = join(folder, `${screen}-${size.width}${isForDocs ? '.webp' : `-${scheme}.png`}`);
    const png = await page.screenshot();
    await writeFile(path, isForDocs ? await webp(blank, png) : png);
    process.stdout.write(`${path}\n`);
  };
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await take('sign-in');
  await signIn(page, url, name);
  for (const [screen, open] of list) {
    await open(page);
    await take(screen);
  }
  await context.close();
}

/** A picture a fifth as large, by the browser's own encoder on a page that has nothing else. */
async function webp(blank: Page, png: Buffer): Promise<Buffer> {
  const made = await blank.evaluate<string>(`(async () => {
    const picture = await createImageBitmap(await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/webp', 0.8);
  })()`);
  return Buffer.from(made.slice(made.indexOf(',') + 1), 'base64');
}

/** The newest video in this state. */
async function find({ url }: Console, token: string, status: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/api/videos?limit=1&status=${status}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`GET /api/videos: HTTP ${answer.status}`);
  return ((await answer.json()) as { videos: { id: string }[] }).videos[0]?.id;
}

/** Those online; none where devices are not taken in. */
async function findDevices({ url }: Console, token: string): Promise<ShownDevice[]> {
  const { live } = (await (await fetch(`${url}/api/config`)).json()) as { live: boolean };
  if (!live) return [];
  const answer = await fetch(`${url}/api/devices`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`GET /api/devices: HTTP ${answer.status}`);
  const { devices } = (await answer.json()) as { devices: (ShownDevice & { online: boolean })[] };
  return devices.filter(({ online }) => online);
}

process.exitCode = await main();
