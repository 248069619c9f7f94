/** Who keeps how much, in the console: of oneself, and for admins of everybody. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';

const stack = await runningStack();
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it.each(['uma', 'ada'])('%s finds it in the account menu', async (name) => {
  const client = new Client(stack.url, stack.users.find((user) => user.name === name)!.token);
  const { owners } = await client.call('GET /api/storage');
  expect(owners === undefined).toBe(name === 'uma');
  const { page, faults, close } = await openPage(browser, { viewport: { width: 390, height: 844 } });
  await signIn(page, stack.url, name, '/storage');
  await page.getByText(/^You keep .* in \d+ videos?/).waitFor();
  expect(await page.getByRole('table', { name: 'Who keeps the most' }).count()).toBe(name === 'ada' ? 1 : 0);
  expect(await seriousFindings(page)).toEqual([]);
  expect(await sideways(page)).toBe(0);
  expect(faults).toEqual([]);
  await close();
});
