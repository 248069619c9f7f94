/**
 * The network cut off at moments of a live watch, alone and with a second tab open: what was shown, and how it ended, as a
 * table. 5 s each in `npm test`; `SLUICE_CUTS=5,30,120 npm test -- stack test/e2e/console/watch-cuts.test.ts` takes seven minutes.
 */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { idOf, type Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { liedLive, liedOver, saidBy, watchTile } from './looks.ts';
import { openBrowser, openPage } from './open.ts';
import { moving } from './pictures.ts';
import { register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
const CUTS = (process.env['SLUICE_CUTS'] ?? '5').split(',').map(Number);
/** The one that nothing happens to; those that are gone for a while have the next numbers. */
const VAN = '13900000231';

let browser: Browser;
const ids: string[] = [];
const vans: Simulation[] = [];
const table: string[] = [];

async function drive(id: string): Promise<Simulation> {
  const van = await simulate(stack, id);
  vans.push(van);
  return van;
}
async function begin(id: string): Promise<Simulation> {
  ids.push(id);
  await register(ada, { id, name: `Van ${id}`, channels: [ROAD] });
  return drive(id);
}

beforeAll(async () => {
  [browser] = await Promise.all([openBrowser(), begin(VAN)]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all(vans.map((van) => van.close()));
  for (const id of ids) await ada.fetch('DELETE', `/api/devices/${id}`);
  process.stdout.write(`\n| cut at | for | tabs | shown | ended |\n|---|---|---|---|---|\n${table.join('\n')}\n`);
});

const live = (page: Page) => page.locator('article[data-phase="live"]');

const SEGMENT = /\/live\/.*\.m4s/;

/** Each resolves when the network is to go, with the page's tile being watched. */
const MOMENTS: Readonly<Record<string, (page: Page, van: Simulation | undefined) => Promise<void>>> = {
  'its beginning': async (page) => {
    await page.reload();
    await page.locator('article video').waitFor();
    await watchTile(page);
  },
  // Which is on its way until then.
  'its first segment': async (page) => {
    let ask: (route: Route) => void = () => {};
    const asked = new Promise<Route>((resolve) => (ask = resolve));
    await page.route(SEGMENT, (route) => ask(route), { times: 1 });
    await page.reload();
    await page.locator('article video').waitFor();
    await watchTile(page);
    const route = await asked;
    await page.context().setOffline(true);
    await route.continue();
  },
  'its middle': watchTile,
  // The vehicle is gone, and comes again meanwhile.
  'the end of its camera': async (page, van) => {
    await watchTile(page);
    await van!.close();
    await page.locator('article:not([data-phase="live"])').waitFor(slow);
  },
};

const cases = CUTS.flatMap((seconds) =>
  Object.entries(MOMENTS).flatMap(([moment, reach]) => [1, 2].map((tabs) => ({ seconds, moment, reach, tabs }))),
).map((one, i) => ({ ...one, own: one.moment.endsWith('camera') ? idOf(VAN, i + 1) : undefined }));

it.concurrent.for(cases)(
  'a live watch cut off at $moment for $seconds s, $tabs tabs',
  { timeout: 600_000 },
  async ({ seconds, moment, reach, tabs, own }, { expect }) => {
    const van = own === undefined ? undefined : await begin(own);
    const { page, faults, close } = await openPage(browser);
    const path = `/live?show=${own ?? VAN}.1`;
    await signIn(page, stack.url, 'ada', path);
    const all = [page];
    if (tabs > 1) {
      const other = await page.context().newPage();
      await other.goto(stack.url + path);
      await other.locator('article video').waitFor();
      await live(other).waitFor(slow);
      all.push(other);
      await page.bringToFront();
    }
    await live(page).waitFor(slow);
    for (const one of all.slice(1)) await watchTile(one);
    await reach(page, van);
    await page.context().setOffline(true);
    const back = Date.now() + seconds * 1000;
    if (own !== undefined) await drive(own);
    await page.waitForTimeout(Math.max(0, back - Date.now()));
    await page.context().setOffline(false);
    const shown: string[] = [];
    for (const one of all) {
      await one.bringToFront();
      await expect.poll(() => moving(one), slow).toEqual([true]);
      await live(one).waitFor(slow);
    }
    const seen = Math.round((Date.now() - back) / 1000);
    const title = () => page.locator('header [data-tone="good"]').getAttribute('title', slow);
    // By itself, and near the edge: the player goes there from ten seconds on, and some are on the way.
    const behind = async () => Number(/^Live, (\d+) s behind$/.exec((await title()) ?? '')?.[1] ?? Number.NaN);
    await expect.poll(behind, slow).toBeLessThanOrEqual(15);
    for (const one of all) shown.push(await saidBy(one));
    const ended = `moving ${seen} s after it was back, ${await behind()} s behind`;
    table.push(`| ${moment} | ${seconds} s | ${tabs} | ${shown.join('; the other tab: ')} | ${ended} |`);
    // Nothing has come by then that could be seen: nobody is told that the device is asked.
    if (moment === 'its first segment') expect(shown[0]).toContain('No network (this browser is offline)');
    for (const one of all) {
      expect(await liedLive(one), 'called live over a picture that stood').toBe(false);
      expect(await liedOver(one), 'said over pictures that moved').toEqual([]);
    }
    expect(faults).toEqual([]);
    await close();
  },
);
