/** The trash in the console: deleted by name, undone from the notice, restored and deleted for good from the trash, by mouse and by keys. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, playerState, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
const RUN = Date.now().toString(36);

let folder: string;
let browser: Browser;
let film: string;
const made: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-trash-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 8, size: '320x180' });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  for (const id of made) await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

async function upload(title: string): Promise<string> {
  const id = await uma.upload(film, { name: `${title}.mp4`, metadata: { title } });
  made.push(id);
  await uma.ready(id);
  return id;
}
const isThere = async (id: string) => (await uma.fetch('GET', `/api/videos/${id}`)).status === 200;
const inTrash = async (id: string) =>
  (await uma.call('GET /api/videos', { query: { trash: '1', limit: '100' } })).videos.some((one) => one.id === id);
const card = (page: Page, title: string) => page.getByRole('listitem').filter({ hasText: title });

it('is where a deleted video goes, named, and Undo in the notice brings it back to play in a new session', async () => {
  const title = `Lighthouse ${RUN}`;
  const id = await upload(title);
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma', `/v/${id}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: `Delete “${title}”?` });
  await dialog.getByText('For 7 days it can be restored').waitFor();
  expect(await seriousFindings(page), 'the dialog').toEqual([]);
  await dialog.getByRole('button', { name: 'Move to trash' }).click();
  const notice = page.getByRole('alert').filter({ hasText: `“${title}” moved to the trash.` });
  // It stays while somebody points at it.
  await notice.hover();
  expect(await isThere(id)).toBe(false);
  // By an index that is a moment behind.
  await expect.poll(() => inTrash(id)).toBe(true);
  expect((await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).status).toBe(404);
  expect(await seriousFindings(page), 'the notice').toEqual([]);
  await notice.getByRole('button', { name: 'Undo' }).press('Enter');
  await page.getByText(`“${title}” restored.`).waitFor();
  expect(await isThere(id)).toBe(true);
  await expect.poll(() => inTrash(id)).toBe(false);
  await card(page, title).getByRole('link', { name: title }).waitFor();
  await page.goto(`${stack.url}/v/${id}`);
  await comeNear(page);
  await page.locator('media-controller').waitFor();
  await page.keyboard.press('k');
  await expect.poll(async () => (await playerState(page)).at, { timeout: 60_000 }).toBeGreaterThan(1);
  expect(faults).toEqual([]);
  await close();
});

it('shows what is in it, and restores and deletes for good from there', async () => {
  const [kept, gone] = [`Ferry ${RUN}`, `Barge ${RUN}`];
  const [keptId, goneId] = [await upload(kept), await upload(gone)];
  for (const id of [keptId, goneId]) await uma.call('DELETE /api/videos/{id}', { params: { id } });
  // By an index that is a moment behind, which the page asks once.
  for (const id of [keptId, goneId]) await expect.poll(() => inTrash(id)).toBe(true);
  const { page, faults, close } = await openPage(browser, { viewport: { width: 390, height: 844 } });
  await signIn(page, stack.url, 'uma');
  await page.getByRole('combobox', { name: 'Whose' }).selectOption({ label: 'Trash' });
  await card(page, kept).waitFor();
  // So long as the days of the trash say, and no day longer.
  const { trashedAt } = (await uma.call('GET /api/videos', { query: { trash: '1' } })).videos.find(
    ({ id }) => id === goneId,
  )!;
  const last = new Date(Date.parse(trashedAt!) + 7 * 86_400_000).toISOString().slice(0, 10);
  await card(page, gone).getByText(`Can be restored through ${last} (UTC)`).waitFor();
  expect(new URL(page.url()).searchParams.get('trash')).toBe('1');
  expect(await seriousFindings(page), 'the trash').toEqual([]);
  expect(await sideways(page)).toBe(0);

  await page.getByRole('checkbox', { name: `Select ${kept}` }).press('Space');
  await page.getByRole('toolbar').getByRole('button', { name: 'Restore' }).press('Enter');
  await page.getByText(`“${kept}” restored.`).waitFor();
  await expect.poll(() => card(page, kept).count()).toBe(0);
  expect(await isThere(keptId)).toBe(true);

  await page.getByRole('button', { name: `Delete for good: ${gone}` }).click();
  const dialog = page.getByRole('dialog', { name: `Delete “${gone}”?` });
  const remove = dialog.getByRole('button', { name: 'Delete this video' });
  expect(await remove.isDisabled()).toBe(true);
  await dialog.getByRole('textbox').fill('delete');
  await Promise.all([
    page
      .getByText(/taken down/)
      .first()
      .waitFor(),
    remove.click(),
  ]);
  await expect.poll(() => card(page, gone).count()).toBe(0);
  await expect.poll(() => inTrash(goneId)).toBe(false);
  expect(faults).toEqual([]);
  await close();
});
