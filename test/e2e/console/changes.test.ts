/** The log of changes, as an admin searches it: by who and by what, which the address keeps. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';

const stack = await runningStack();
const as = (user: string) => new Client(stack.url, stack.users.find(({ name }) => name === user)!.token);
const RUN = Date.now().toString(36);
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it('are found by who and by what, of a page’s address, too, and the address keeps what is asked for', async () => {
  const [uma, ada] = [as('uma'), as('ada')];
  const { id } = await uma.call('POST /api/collections', { body: { title: `Umas ${RUN}` } });
  await ada.call('DELETE /api/collections/{collection}', { params: { collection: id } });
  // An index may be a moment behind its table, and the page asks once.
  const about = `collection:${id}`;
  const logged = async (by?: string) =>
    (await ada.call('GET /api/audit', { query: { about, ...(by !== undefined && { by }) } })).entries.length;
  await expect.poll(async () => [await logged(), await logged('uma')], { timeout: 60_000 }).toEqual([2, 1]);

  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada', '/changes');
  const list = page.getByRole('list', { name: 'Changes' });
  const search = page.getByRole('form', { name: 'Search changes' });
  const show = search.getByRole('button', { name: 'Show' });
  const asked = () => Object.fromEntries(new URL(page.url()).searchParams);
  // What it was called stands with what is gone.
  const row = (did: string) =>
    list
      .getByRole('listitem')
      .filter({ hasText: did })
      .filter({ hasText: `Umas ${RUN}` });
  await list.getByRole('listitem').first().waitFor();

  await search.getByRole('textbox', { name: 'What' }).fill(`${stack.url}/collections/${id}`);
  await show.click();
  await expect.poll(asked).toEqual({ about });
  await row('made a collection').waitFor();
  await row('deleted a collection').waitFor();
  await expect.poll(() => list.getByRole('listitem').count()).toBe(2);

  await search.getByRole('combobox', { name: 'Who' }).fill('uma');
  await show.click();
  await expect.poll(asked).toEqual({ by: 'uma', about });
  await expect.poll(() => list.getByRole('listitem').count()).toBe(1);
  await row('made a collection').waitFor();

  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await row('made a collection').waitFor();
  await expect.poll(() => search.getByRole('textbox', { name: 'What' }).inputValue()).toBe(about);
  expect(await seriousFindings(page)).toEqual([]);
  expect(await sideways(page)).toBe(0);

  await search.getByRole('textbox', { name: 'What' }).fill(`video:none-${RUN}`);
  await show.click();
  await page.getByText('Nothing found').waitFor();
  await page.getByRole('link', { name: 'Everything' }).click();
  await expect.poll(asked).toEqual({});
  await expect.poll(() => search.getByRole('combobox', { name: 'Who' }).inputValue()).toBe('');
  await list.getByRole('listitem').first().waitFor();
  expect(faults).toEqual([]);
  await close();
});
