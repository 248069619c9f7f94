/** Who watches a vehicle, in Chromium on its page, and their end: the one who is ended is told by whom, and gets no more pictures. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import type { Simulation } from '../../../local/device/simulator.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { register, ROAD, simulate, slow } from './vehicles.ts';

const stack = await runningStack();
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
const TRAM = '13900000241';

let browser: Browser;
let tram: Simulation;
beforeAll(async () => {
  await register(ada, { id: TRAM, name: 'Tram 2', channels: [ROAD], viewers: ['vera'] });
  [tram, browser] = await Promise.all([simulate(stack, TRAM, { channels: 1 }), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await tram?.close();
  await ada.fetch('DELETE', `/api/devices/${TRAM}`);
});

it('names who watches which channel, ends it with the reason said, and only admins are shown it', async () => {
  const vera = await openPage(browser);
  await signIn(vera.page, stack.url, 'vera', `/live?show=${TRAM}.1`);
  const tiles = vera.page.locator('article[data-phase="live"]');
  await expect.poll(() => tiles.count(), slow).toBe(1);

  const admin = await openPage(browser);
  await signIn(admin.page, stack.url, 'ada', `/d/${TRAM}`);
  const list = admin.page.getByRole('list', { name: 'Watching now' });
  const row = list.getByRole('listitem').filter({ hasText: 'vera' });
  await row.getByText(ROAD.name).waitFor();
  await row.getByText(/^since /).waitFor();
  expect(await seriousFindings(admin.page), 'who watches').toEqual([]);

  /** When each was asked for: when this process is told of the answer is its own matter. */
  const media: number[] = [];
  vera.page.on('response', (answer) => {
    if (answer.status() === 200 && /\/live\/.*\.m4s$/.test(new URL(answer.url()).pathname))
      media.push(answer.request().timing().startTime);
  });
  const pressed = Date.now();
  await row.getByRole('button', { name: 'End what vera watches' }).click();
  await row.waitFor({ state: 'detached' });
  await vera.page.getByText('An administrator has ended this playback.').waitFor();
  expect(media.filter((at) => at > pressed + 10_000)).toEqual([]);
  expect(await tiles.count()).toBe(0);
  // Whoever may watch begins again.
  await vera.page.reload();
  await expect.poll(() => tiles.count(), slow).toBe(1);
  await row.waitFor();

  await vera.page.goto(`${stack.url}/d/${TRAM}`);
  await vera.page.getByRole('heading', { name: 'Tram 2' }).waitFor();
  await vera.page.getByText('None on this day.').waitFor();
  expect(await vera.page.getByRole('heading', { name: 'Watching now' }).count()).toBe(0);
  for (const { faults, close } of [vera, admin]) {
    expect(faults).toEqual([]);
    await close();
  }
});
