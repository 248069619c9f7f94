/** Alarms for people: a simulated vehicle asks for help, who watches hears of it, looks, and sees to it. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import type { Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { framesOf, lookAgain, openBrowser, openPage, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';
import { register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const [ada, uma, vera] = ['ada', 'uma', 'vera'].map(
  (person) => new Client(stack.url, stack.users.find(({ name }) => name === person)?.token ?? ''),
) as [Client, Client, Client];

const BUS = '13900000251';
interface Styles {
  readonly getComputedStyle: (element: unknown) => { readonly listStyleType: string };
}

let browser: Browser;
let simulation: Simulation;

beforeAll(async () => {
  await register(ada, { id: BUS, name: 'Bus 12', channels: [ROAD], viewers: ['uma'], tags: ['night'] });
  // Of an earlier run on the same stack.
  const { alarms } = await uma.call('GET /api/alarms', { query: { device: BUS } });
  const names = alarms.map(({ device, time, id }) => ({ device, time, id }));
  if (names.length > 0) await uma.call('POST /api/alarms/acknowledge', { body: { alarms: names } });
  [simulation, browser] = await Promise.all([simulate(stack, BUS, { channels: 1 }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await simulation.close();
  await ada.fetch('DELETE', `/api/devices/${BUS}`);
});

const bus = () => simulation.devices[0]!;
const row = (page: Page, name: string) => page.getByRole('listitem', { name: `${name} of Bus 12` });
const counted = (page: Page) =>
  page.getByRole('navigation', { name: 'Screens', exact: true }).getByText(/^\d+\+? new$/);
/**
 * What each of them says, for who looks at the page again and again. Only admins are told of alarms: others ask by the clock, for the
 * count once a minute (test/web/alarms/count.test.ts), and whenever they come back to the page.
 */
const seen = (where: Locator) => async () => {
  await lookAgain(where.page());
  return where.allTextContents();
};

it('stands over the wall, in the count of every screen and in the inbox, is over by its end, and is acknowledged', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma', `/live?show=${BUS}.1`);
  await page.getByRole('article', { name: 'Bus 12, Road ahead' }).waitFor(slow);
  const banner = page.getByRole('status', { name: 'Alarm' });
  expect(await banner.textContent()).toBe('');
  expect(await counted(page).count()).toBe(0);

  await expect.poll(() => bus().hold('sos', true), slow).toBe(true);
  await banner.getByText('SOS').waitFor(slow);
  // On its own: what is in a name turns nothing beside it.
  await banner.locator('bdi').getByText('Bus 12').waitFor();
  expect(await banner.getAttribute('aria-live')).toBe('polite');
  expect(await banner.getByRole('link', { name: 'Show' }).getAttribute('href')).toMatch(`/d/${BUS}?at=`);
  expect(await seriousFindings(page)).toEqual([]);
  await expect.poll(seen(counted(page)), slow).toEqual(['1 new']);

  await page
    .getByRole('link', { name: /^Alarms/ })
    .first()
    .click();
  await row(page, 'SOS').waitFor();
  await row(page, 'SOS')
    .getByText(/^-?\d+\.\d{5}, -?\d+\.\d{5}$/)
    .waitFor();
  await page.getByLabel('Map of the alarms listed').first().waitFor();

  // Its end closes it and is no second one; another kind is another one, with its files.
  await expect.poll(() => bus().hold('sos', false), slow).toBe(true);
  await row(page, 'SOS')
    .getByText(/over within a minute|lasted \d+ min/)
    .waitFor(slow);
  await expect.poll(() => bus().alarm('forward-collision'), slow).toBe(true);
  const files = row(page, 'Forward collision').getByRole('list', { name: /^Files of/ });
  await expect.poll(seen(files), slow).toHaveLength(1);
  // Without a bullet before each, as it is on the page of its device.
  expect(
    await files.evaluate((list) => {
      const { getComputedStyle } = globalThis as unknown as Styles;
      return getComputedStyle(list).listStyleType;
    }),
  ).toBe('none');
  expect(
    await page
      .getByRole('list', { name: 'Alarms' })
      .getByRole('listitem', { name: /of Bus 12$/ })
      .count(),
  ).toBe(2);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Not while one scheme becomes the other.
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    await expect.poll(() => seriousFindings(page), slow).toEqual([]);
  }
  await page.setViewportSize({ width: 390, height: 800 });
  await expect.poll(() => sideways(page)).toBe(0);
  expect(await seriousFindings(page)).toEqual([]);
  // The map has a place of its own there, too, and lies over none of them.
  await page.getByRole('button', { name: 'Acknowledge SOS of Bus 12' }).click({ trial: true });
  await row(page, 'SOS').getByRole('link', { name: 'Recording' }).click({ trial: true });
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.getByRole('combobox', { name: 'Kind' }).selectOption('adas');
  await expect.poll(() => row(page, 'SOS').count()).toBe(0);
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('');
  await page.getByRole('button', { name: 'Acknowledge SOS of Bus 12' }).click();
  await expect.poll(() => row(page, 'SOS').count()).toBe(0);
  await expect.poll(seen(counted(page)), slow).toEqual(['1 new']);
  await page.getByRole('button', { name: 'Acknowledge all shown' }).click();
  await page.getByText('Nothing new').waitFor();
  await expect.poll(seen(counted(page)), slow).toEqual([]);

  await page.getByRole('combobox', { name: 'State' }).selectOption('acknowledged');
  await row(page, 'SOS')
    .getByText(/^Acknowledged by you/)
    .waitFor();
  await row(page, 'SOS').getByRole('link', { name: 'Recording' }).click();
  await page.getByRole('heading', { name: 'Bus 12' }).waitFor();
  expect(new URL(page.url()).searchParams.get('at')).toMatch(/^\d{13}$/);
  expect(faults).toEqual([]);
  await close();
});

it('is acknowledged from the wall, and is nothing to who may not see the vehicle', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma', `/live?show=${BUS}.1`);
  await expect.poll(() => bus().alarm('phone'), slow).toBe(true);
  const banner = page.getByRole('status', { name: 'Alarm' });
  await banner.getByText('Phone').waitFor(slow);
  expect((await vera.call('GET /api/alarms', {})).alarms).toEqual([]);
  expect(await vera.call('GET /api/alarms/count', {})).toEqual({ count: 0, isMore: false });
  await banner.getByRole('button', { name: 'Acknowledge' }).click();
  await expect.poll(() => banner.textContent(), slow).toBe('');
  // What the screen shows at once the API may be told a moment later.
  const latest = async () =>
    (await ada.call('GET /api/audit', { query: { about: `device:${BUS}`, limit: '1' } })).entries[0]?.route;
  await expect.poll(latest, slow).toBe('POST /api/alarms/acknowledge');
  expect(faults).toEqual([]);
  await close();
});

it('is told to an admin as it comes, where nothing that is asked before is answered', async () => {
  const { page, faults, close } = await openPage(browser);
  const frames = framesOf(page);
  await signIn(page, stack.url, 'ada', `/alarms`);
  await page.getByRole('heading', { name: 'Alarms', level: 1 }).waitFor();
  await expect.poll(() => frames.some((frame) => frame.includes('"topics":["alarms"]')), slow).toBe(true);
  const count = async () => (await counted(page).count()) && Number.parseInt((await counted(page).textContent())!, 10);
  const before = await count();
  const heard = frames.length;
  const told = () => frames.slice(heard).some((frame) => frame.includes('"of":"alarms"'));
  let asked = 0;
  const began = Date.now();
  await page.route('**/api/alarms**', (route) => {
    if (told()) return route.continue();
    asked += 1;
    return route.abort();
  });
  await expect.poll(() => bus().alarm('smoking'), slow).toBe(true);
  await expect.poll(told, slow).toBe(true);
  // By the clock it would ask in a minute.
  await row(page, 'Smoking').waitFor({ timeout: 30_000 });
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before);
  // The list and the count, three times each where they are refused: when it is told, which this process may hear later, and each minute.
  expect(asked).toBeLessThanOrEqual(6 * (1 + Math.floor((Date.now() - began) / 60_000)));
  await row(page, 'Smoking').getByRole('button', { name: 'Acknowledge Smoking of Bus 12' }).click();
  await expect.poll(() => row(page, 'Smoking').count(), slow).toBe(0);
  expect(faults).toEqual([]);
  await close();
});

it('is on the map as it is told, where nothing of devices is answered any more', async () => {
  const { page, faults, close } = await openPage(browser);
  const frames = framesOf(page);
  await signIn(page, stack.url, 'uma', '/map');
  const listed = page.getByRole('list', { name: 'Devices' }).getByRole('listitem').filter({ hasText: 'Bus 12' });
  await listed.getByText(/^(Moving|Standing)/).waitFor(slow);
  await expect.poll(() => frames.some((frame) => frame.includes(`"device:${BUS}"`)), slow).toBe(true);
  await page.route('**/api/devices**', (route) => route.abort());
  await expect.poll(() => bus().hold('sos', true), slow).toBe(true);
  await listed.getByText('Alarm: SOS').waitFor(slow);
  await expect.poll(() => bus().hold('sos', false), slow).toBe(true);
  await listed.getByText(/^(Moving|Standing)/).waitFor(slow);
  expect(faults).toEqual([]);
  await close();
});
