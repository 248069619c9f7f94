/**
 * What the live screens say where there is nothing to see: to who may not, of what is not there or not to be watched, and
 * when the API fails. With one vehicle that drives, one that never came, and map tiles of a server of our own.
 */
import { readFileSync } from 'node:fs';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { readConfig } from '../../../lib/config.ts';
import { contentSecurityPolicy } from '../../../lib/constructs/edge-policies.ts';
import { Client } from '../../../local/client.ts';
import { engineClient } from '../../../local/engine.ts';
import type { Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { pixelsOf, settled, sideways } from './pictures.ts';
import { serveTiles, tileArchive } from './tiles.ts';
import { LONG_NAME, register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);

const LORRY = '13900000211';
const TANKER = '13900000212';
const LOAD = { number: 2, name: 'Load', live: 'never' };

let browser: Browser;
let lorry: Simulation;

beforeAll(async () => {
  await register(ada, { id: LORRY, name: LONG_NAME, channels: [ROAD, LOAD], viewers: ['vera'] });
  await register(ada, { id: TANKER, name: 'Tanker 6', channels: [ROAD] });
  [lorry, browser] = await Promise.all([simulate(stack, LORRY), openBrowser()]);
  // Its pictures are there by the time that somebody looks.
  while (!lorry.devices[0]!.alarm('forward-collision')) await new Promise((resolve) => setTimeout(resolve, 200));
});
afterAll(async () => {
  await browser.close();
  await lorry.close();
  for (const id of [LORRY, TANKER]) await ada.fetch('DELETE', `/api/devices/${id}`);
});

const openAs = async (name: string, path: string) => {
  const opened = await openPage(browser);
  await signIn(opened.page, stack.url, name, path);
  return opened;
};
const isDevices = (url: URL) => url.pathname.startsWith('/api/devices');
const liveTiles = (page: Page) => page.locator('article[data-phase="live"]').count();

describe.concurrent('what there is not', () => {
  it('somebody who may only watch sees what is theirs, and nothing of the rest', async ({ expect }) => {
    const { page, faults, close } = await openAs('vera', '/map');
    await page.getByRole('button', { name: LONG_NAME }).waitFor();
    expect(await page.getByRole('list', { name: 'Devices' }).getByText('Tanker 6').count()).toBe(0);
    for (const name of ['Register', 'Adopt']) expect(await page.getByRole('button', { name }).count(), name).toBe(0);
    await page.goto(`${stack.url}/d/${LORRY}`);
    await page.getByRole('heading', { name: LONG_NAME }).waitFor();
    for (const name of ['Settings', 'Clip']) expect(await page.getByRole('button', { name }).count(), name).toBe(0);
    await page.goto(`${stack.url}/d/${TANKER}`);
    await page.getByText('No such device').waitFor();
    await page.goto(`${stack.url}/live?show=${TANKER}.1_${LORRY}.1`);
    await page.getByText('This channel is not there any more, or not yours to see. Choose another one.').waitFor();
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    expect(await page.getByText('Tanker 6').count()).toBe(0);
    await page.getByRole('button', { name: 'Channels', exact: true }).click();
    await page.getByRole('dialog').getByText(LONG_NAME).waitFor();
    expect(await page.getByRole('dialog').getByText('Tanker 6').count()).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it('without a device the screens say who makes one, and how', async ({ expect }) => {
    const viewer = await openAs('uma', '/map');
    await viewer.page.getByText('No device for you yet').waitFor();
    await viewer.page.goto(`${stack.url}/live`);
    await viewer.page.getByText('No device yet').waitFor();
    await viewer.page.getByRole('link', { name: 'To the devices' }).click();
    await viewer.page.waitForURL(`${stack.url}/map`);
    expect(viewer.faults).toEqual([]);
    await viewer.close();

    // Other tests' devices are not to be seen.
    const admin = await openPage(browser);
    const none = (url: URL) => url.pathname === '/api/devices';
    await admin.page.route(none, (route) => route.fulfill({ json: { devices: [], cursor: null } }));
    await signIn(admin.page, stack.url, 'ada', '/map');
    await admin.page.getByText('Register your first device').waitFor();
    expect(await seriousFindings(admin.page), 'a map without devices').toEqual([]);
    await admin.page.getByRole('button', { name: 'Register a device' }).click();
    await admin.page
      .getByRole('dialog')
      .getByRole('textbox', { name: /Terminal phone number/ })
      .waitFor();
    await admin.page.goto(`${stack.url}/live`);
    await admin.page.getByText('No device yet').waitFor();
    expect(await seriousFindings(admin.page), 'a wall without devices').toEqual([]);
    expect(admin.faults).toEqual([]);
    await admin.close();
  });

  it('a channel that is not to be watched live is asked for nothing, and says so', async ({ expect }) => {
    const { page, faults, close } = await openPage(browser);
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.includes(`${LORRY}/2`)) asked.push(pathname);
    });
    await signIn(page, stack.url, 'ada', `/live?show=${LORRY}.1_${LORRY}.2`);
    const tile = page.getByRole('article', { name: `${LONG_NAME}, Load` });
    await tile.getByText('This channel is set to send nothing live.').waitFor();
    await expect.poll(() => liveTiles(page), slow).toBe(1);
    await page.getByRole('button', { name: `Take ${LONG_NAME}, Load off the wall` }).click();
    await expect.poll(() => page.locator('article').count(), slow).toBe(1);
    await page.getByRole('button', { name: 'Channels', exact: true }).click();
    const row = page.getByRole('dialog').getByRole('listitem').filter({ hasText: LONG_NAME });
    expect(await row.getByRole('checkbox', { name: /Load/ }).isDisabled()).toBe(true);
    expect(await row.getByRole('checkbox', { name: /Road ahead/ }).isChecked()).toBe(true);
    await page.goto(`${stack.url}/d/${LORRY}?channel=2`);
    await page.getByText('There is no recording of this channel on this day.').waitFor(slow);
    expect(await page.getByRole('link', { name: 'Go live' }).count()).toBe(0);
    expect(asked.filter((path) => path.startsWith('/live/') || path.startsWith('/api/play/'))).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it('what cannot be reached says so, what to do, and comes by itself', async ({ expect }) => {
    const { page, faults, close } = await openAs('ada', '/');
    await page.route(isDevices, (route) => route.abort());
    for (const path of ['/live', '/map', `/d/${LORRY}`]) {
      await page.goto(stack.url + path);
      await page.getByText('No connection').first().waitFor(slow);
      await page.getByText('The server could not be reached. Check the connection and try again.').first().waitFor();
    }
    await page.unroute(isDevices);
    await page.getByRole('heading', { name: LONG_NAME }).waitFor(slow);
    expect(faults).toEqual([]);
    await close();
  });

  it('what is of a day long past is not asked for again but by hand', async ({ expect }) => {
    const { page, faults, close } = await openAs('ada', '/');
    const isRecordings = (url: URL) => url.pathname.endsWith('/recordings');
    await page.route(isRecordings, (route) => route.abort());
    await page.goto(`${stack.url}/d/${LORRY}?day=2020-02-03`);
    const again = page.getByRole('button', { name: 'Try again' });
    await again.waitFor(slow);
    await page.unroute(isRecordings);
    await again.click();
    await page.getByText('Nothing recorded on this day.').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it('what was known stays and is called old; who is refused, and a command that is, are told why', async ({
    expect,
  }) => {
    const { page, faults, close } = await openAs('ada', `/d/${LORRY}`);
    const problem = (status: number, code: string, detail: string) => ({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', title: 'Refused', status, code, detail }),
    });
    await page.getByRole('heading', { name: LONG_NAME }).waitFor();
    await page.route(isDevices, (route) => route.fulfill(problem(503, 'internal', 'The table is not there.')));
    await page.getByText('The table is not there. What is shown may be old.').waitFor(slow);
    await page.getByRole('heading', { name: LONG_NAME }).waitFor();
    await page.unroute(isDevices);

    await page.route(isDevices, (route) => route.fulfill(problem(403, 'forbidden', 'No.')));
    await page.goto(`${stack.url}/d/${LORRY}`);
    await page.getByText('Ask an administrator to make you a viewer of this device.').waitFor();
    await page.unroute(isDevices);

    await page.route(/\/commands$/, (route) => route.fulfill(problem(409, 'device-offline', 'It is not connected.')));
    await page.goto(`${stack.url}/d/${LORRY}`);
    await page.getByRole('button', { name: 'Ask what it has' }).click();
    await page.getByText('It is not connected.').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it('map tiles are drawn where they are configured, with whose they are, under the policy that goes with them', async ({
    expect,
  }) => {
    const colour = [200, 60, 120] as const;
    const server = await serveTiles(colour);
    const config = withTiles(server.template);
    const policy = contentSecurityPolicy(config, { bucketRegionalDomainName: 'uploads.example' });
    const { page, faults, close } = await openPage(browser, { permissions: ['local-network-access'] });
    // What a deployment with these options answers; everything else is the running stack's.
    const { live } = config;
    await page.route('**/api/config', async (route) => {
      const answer = await route.fetch();
      const map = { tiles: live.mapTilesUrl, attribution: live.mapAttribution, attributionUrl: live.mapAttributionUrl };
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), map } });
    });
    const canvas = page.getByRole('application');
    const withPolicy = async (value: string) => {
      await page.unroute('**/map*');
      await page.route('**/map*', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, headers: { ...answer.headers(), 'content-security-policy': value } });
      });
      await page.goto(`${stack.url}/map?device=${LORRY}`);
      await canvas.waitFor();
    };
    await signIn(page, stack.url, 'ada');
    const fine = fineOutlines(page);
    await withPolicy(policy);
    await expect.poll(() => pixelsOf(page, canvas, colour), slow).toBeGreaterThan(50_000);
    expect(server.asked.length).toBeGreaterThan(0);
    for (const path of server.asked) expect(path).toMatch(/^\/osm\/\d+\/\d+\/\d+\.png$/);
    const link = page.getByRole('link', { name: '© Tile makers' });
    expect(await link.getAttribute('href')).toBe('https://tiles.example/licence');
    expect(faults).toEqual([]);

    // Without them in the policy the browser asks that server for nothing: the map goes on on plain ground.
    await page.goto('about:blank');
    const before = server.asked.length;
    await withPolicy(policy.replaceAll(` ${new URL(server.template.replaceAll(/[{}]/g, '')).origin}`, ''));
    await page.getByRole('button', { name: LONG_NAME }).waitFor();
    await expect.poll(() => faults.length, slow).toBeGreaterThan(0);
    expect(await pixelsOf(page, canvas, colour)).toBe(0);
    await expect.poll(fine, slow).toBe(true);
    expect(server.asked.length).toBe(before);
    await close();
    await server.close();
  });
});

describe.concurrent.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  it('axe-core finds nothing serious on any live screen, wide and narrow, and nothing scrolls sideways', async ({
    expect,
  }) => {
    const { page, faults, close } = await openPage(browser, { colorScheme });
    const check = async (screen: string) => {
      for (const viewport of [
        { width: 1280, height: 800 },
        { width: 390, height: 844 },
      ]) {
        await page.setViewportSize(viewport);
        await settled(page);
        const where = `${screen}, ${colorScheme}, ${viewport.width} px`;
        expect(await seriousFindings(page), where).toEqual([]);
        expect(await sideways(page), where).toBe(0);
      }
    };
    const dialog = page.getByRole('dialog');
    await signIn(page, stack.url, 'ada', `/live?show=${LORRY}.1_${LORRY}.2_${TANKER}.1&grid=4`);
    await page.locator('article[data-phase="live"]').waitFor(slow);
    await page.locator('article[data-phase="offline"]').waitFor(slow);
    await check('wall');
    await page.getByRole('button', { name: 'Channels', exact: true }).click();
    await dialog.getByText(LONG_NAME).waitFor();
    await check('channels');

    await page.goto(`${stack.url}/map?device=${LORRY}`);
    await page.getByRole('button', { name: 'Follow' }).waitFor();
    await page.getByRole('application').waitFor();
    await check('map');
    await page.getByRole('button', { name: 'Register' }).click();
    await dialog.waitFor();
    await check('register');

    await page.goto(`${stack.url}/d/${LORRY}`);
    await page
      .getByRole('list', { name: /^Files of/ })
      .first()
      .waitFor(slow);
    await page.getByRole('button', { name: 'Ask what it has' }).click();
    await page.getByRole('list', { name: 'Recordings on the device' }).waitFor(slow);
    await page.getByRole('button', { name: 'Clip', exact: true }).click();
    await page.getByRole('form', { name: 'Make a clip' }).waitFor();
    await check('device');
    await page.getByRole('button', { name: 'Share' }).click();
    await dialog.getByRole('button', { name: 'Make address' }).click();
    await dialog.getByText('Embed', { exact: true }).waitFor();
    await check('share');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Settings' }).click();
    await dialog.getByText('Delete this device').waitFor();
    await check('settings');
    await page.goto(`${stack.url}/d/${TANKER}`);
    await page.getByText('There is no recording of this channel on this day.').waitFor(slow);
    await check('a device that never came');
    expect(faults).toEqual([]);
    await close();
  });
});

describe('a file of tiles in the site bucket', () => {
  const access = engineClient(stack.engine);
  const s3 = new S3Client({ ...access, forcePathStyle: true });
  const keys = { pictures: 'tiles/test.pmtiles', vectors: 'tiles/vectors.pmtiles' };
  const colour = [60, 120, 200] as const;
  let Bucket: string;
  beforeAll(async () => {
    const { Buckets = [] } = await s3.send(new ListBucketsCommand());
    // The console's own page is in it, and in no other.
    for (const { Name } of Buckets) {
      const page = s3.send(new HeadObjectCommand({ Bucket: Name, Key: 'index.html' }));
      if (await page.then(Boolean, () => false)) Bucket = Name!;
    }
    await s3.send(new PutObjectCommand({ Bucket, Key: keys.pictures, Body: tileArchive(colour) }));
    await s3.send(new PutObjectCommand({ Bucket, Key: keys.vectors, Body: tileArchive(colour, 'vector') }));
  });
  afterAll(async () => {
    for (const Key of Object.values(keys)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    s3.destroy();
  });

  /** The map of a deployment whose tiles are in this file. */
  const openMap = async (file: string) => {
    const opened = await openPage(browser);
    await opened.page.route('**/api/config', async (route) => {
      const answer = await route.fetch();
      const map = { tiles: `/${file}`, attribution: '© Tile makers' };
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), map } });
    });
    const asked: { url: string; status: number }[] = [];
    const fine = fineOutlines(opened.page);
    opened.page.on('response', (answer) => {
      if (new URL(answer.url()).pathname.endsWith('.pmtiles'))
        asked.push({ url: answer.url(), status: answer.status() });
    });
    await signIn(opened.page, stack.url, 'ada', `/map?device=${LORRY}`);
    return { ...opened, asked, fine, map: opened.page.getByRole('application') };
  };

  it('is read by ranges through the edge, under the policy as it is', async ({ expect }) => {
    const { page, faults, asked, map, close } = await openMap(keys.pictures);
    await expect.poll(() => pixelsOf(page, map, colour), slow).toBeGreaterThan(50_000);
    expect(new Set(asked.map(({ url }) => url))).toEqual(new Set([`${stack.url}/${keys.pictures}`]));
    for (const { status } of asked) expect(status).toBe(206);
    await page.getByText('© Tile makers').waitFor();
    expect(await page.getByText('The map did not come').count()).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it.for([
    [keys.vectors, 'holds vector tiles (MVT), and maps are drawn from pictures'],
    ['tiles/missing.pmtiles', 'could not be read from /tiles/missing.pmtiles'],
  ] as const)('%s is refused by name, and the map goes on without', async ([file, words], { expect }) => {
    const { page, map, fine, close } = await openMap(file);
    await page.getByRole('alert').getByText(words, { exact: false }).waitFor(slow);
    await page.getByRole('button', { name: LONG_NAME }).waitFor();
    await map.waitFor();
    await expect.poll(fine, slow).toBe(true);
    await close();
  });
});

/** Whether the finer coasts and borders came, which the map of a street needs where it has no tiles. */
function fineOutlines(page: Page): () => boolean {
  let isThere = false;
  page.on('response', (answer) => {
    if (answer.url().includes('countries-50m')) isThere = true;
  });
  return () => isThere;
}

/** The local environment's configuration with map tiles. */
function withTiles(template: string) {
  const { environments } = (
    JSON.parse(readFileSync(new URL('../../../cdk.json', import.meta.url), 'utf8')) as {
      context: { environments: Record<string, unknown> };
    }
  ).context;
  return readConfig((key) => ({ env: 'local', environments })[key], {
    'live.mapTilesUrl': template,
    'live.mapAttribution': '© Tile makers',
    'live.mapAttributionUrl': 'https://tiles.example/licence',
    'auth.issuer': stack.issuer,
    'auth.audience': 'a',
    'auth.clientId': 'c',
  });
}
