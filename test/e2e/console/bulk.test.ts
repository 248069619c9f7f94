/**
 * Many videos in the console: found by filters that the address holds, selected by keys and by mouse, changed together, and what is refused
 * named and left selected.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
const ada = new Client(stack.url, stack.users.find(({ name }) => name === 'ada')!.token);
const RUN = Date.now().toString(36);
/** Ada's own. */
const HERS = `Jetty ${RUN}`;
const TITLES = [`Pier ${RUN}`, `Quay ${RUN}`, `Dock ${RUN}`];

let folder: string;
let browser: Browser;
let ids: string[];
let hers: string;
let collection: string;
let other: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-bulk-'));
  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 4, size: '320x180' });
  ids = [];
  for (const title of TITLES) ids.push(await uma.upload(film, { name: `${title}.mp4`, metadata: { title } }));
  hers = await ada.upload(film, { name: `${HERS}.mp4`, metadata: { title: HERS } });
  for (const id of ids) await uma.ready(id);
  await ada.ready(hers);
  // The index of words is a moment behind its table, and the library asks it once.
  const found = async (as: Client, owner?: string) =>
    (await as.call('GET /api/videos', { query: { q: RUN, ...(owner !== undefined && { owner }) } })).videos.length;
  const isFound = async () =>
    (await found(uma)) === ids.length &&
    (await found(ada)) === ids.length + 1 &&
    (await found(ada, 'uma')) === ids.length &&
    (await found(ada, 'ada')) === 1;
  await vi.waitUntil(isFound, { timeout: 120_000, interval: 250 });
  collection = (await uma.call('POST /api/collections', { body: { title: `Harbour ${RUN}` } })).id;
  other = (await uma.call('POST /api/collections', { body: { title: `Marina ${RUN}` } })).id;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  for (const id of [collection, other]) await uma.fetch('DELETE', `/api/collections/${id}`);
  for (const id of [...ids, hers]) await ada.fetch('DELETE', `/api/videos/${id}?now=true`);
  await rm(folder, { recursive: true, force: true });
});

const video = (id: string) => uma.call('GET /api/videos/{id}', { params: { id } });
const bar = (page: Page) => page.getByRole('toolbar', { name: 'Selected videos' });
const box = (page: Page, title: string) => page.getByRole('checkbox', { name: `Select ${title}` });

async function openLibrary(viewport?: { width: number; height: number }) {
  const opened = await openPage(browser, viewport ? { viewport } : {});
  await signIn(opened.page, stack.url, 'uma', `/?q=${RUN}`);
  await box(opened.page, TITLES[0]!).waitFor();
  return opened;
}

it('finds by who may watch, days and places; what is set is a chip that takes it off, and in the address; on a phone, too', async () => {
  await uma.call('PATCH /api/videos/{id}', { params: { id: ids[2]! }, body: { visibility: 'entitled' } });
  const { page, faults, close } = await openLibrary({ width: 390, height: 844 });
  const filters = page.getByRole('button', { name: 'Filters', exact: true });
  const fields = page.getByRole('form', { name: 'More filters' });
  const chips = page.getByRole('list', { name: 'Filters that are set' });
  const titles = async (some: number) => {
    const videos = page.getByRole('list', { name: 'Videos', exact: true }).getByRole('listitem');
    await expect.poll(() => videos.count()).toBe(some);
  };
  await filters.click();
  await fields.getByRole('combobox', { name: 'Who may watch' }).selectOption({ label: 'Entitled' });
  await fields.getByRole('textbox', { name: 'Recorded near' }).fill('91, 0');
  await fields.getByRole('button', { name: 'Show' }).click();
  await fields.getByText('Write latitude and longitude').waitFor();
  expect(await seriousFindings(page), 'the fields').toEqual([]);
  expect(await sideways(page)).toBe(0);
  await fields.getByRole('textbox', { name: 'Recorded near' }).fill('');
  await fields.getByLabel('Uploaded until (UTC)').fill('2199-12-31');
  await fields.getByRole('button', { name: 'Show' }).press('Enter');
  await titles(1);
  expect(await filters.evaluate((button) => button === document.activeElement)).toBe(true);
  expect(new URL(page.url()).searchParams.toString()).toBe(`q=${RUN}&visibility=entitled&to=2199-12-31`);
  await page.reload();
  await titles(1);
  await chips.getByRole('button', { name: 'Take off: Entitled' }).press('Enter');
  await titles(3);
  expect(await seriousFindings(page), 'the chips').toEqual([]);
  await filters.click();
  await fields.getByRole('textbox', { name: 'Recorded near' }).fill('52.52, 13.405');
  await fields.getByRole('button', { name: 'Show' }).click();
  await page.getByText('No video matches').waitFor();
  await chips.getByRole('button', { name: 'Within 1 km of 52.52, 13.405' }).waitFor();
  await page.goBack();
  await titles(3);
  await uma.call('PATCH /api/videos/{id}', { params: { id: ids[2]! }, body: { visibility: 'private' } });
  expect(faults).toEqual([]);
  await close();
});

it('finds by owner, whom admins name as people are called; others have no such field; on a phone, too', async () => {
  // Who has signed in is in the directory from then on.
  const { page: others, close: closeOthers } = await openLibrary();
  await others.getByRole('button', { name: 'Filters', exact: true }).click();
  await others.getByRole('form', { name: 'More filters' }).waitFor();
  expect(await others.getByRole('combobox', { name: 'Owner' }).count()).toBe(0);
  const isKnown = async (name: string) => {
    const { people } = await ada.call('GET /api/people', { query: { q: `${name}@example.test` } });
    return people.some(({ subject }) => subject === name);
  };
  await vi.waitUntil(() => isKnown('uma'), { timeout: 60_000, interval: 250 });
  await closeOthers();
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada', `/?q=${RUN}`);
  const filters = page.getByRole('button', { name: 'Filters', exact: true });
  const fields = page.getByRole('form', { name: 'More filters' });
  const chips = page.getByRole('list', { name: 'Filters that are set' });
  const owner = fields.getByRole('combobox', { name: 'Owner' });
  const whose = () => new URL(page.url()).searchParams.get('owner');
  for (const title of [HERS, ...TITLES]) await box(page, title).waitFor();
  await vi.waitUntil(() => isKnown('ada'), { timeout: 60_000, interval: 250 });

  // By keys, from what is offered while one types.
  await filters.press('Enter');
  await owner.fill('um');
  await page.getByRole('option', { name: 'uma (uma@example.test)' }).waitFor();
  expect(await seriousFindings(page), 'the owners that are offered').toEqual([]);
  await owner.press('ArrowDown');
  await owner.press('Enter');
  await expect.poll(() => owner.inputValue()).toBe('uma (uma@example.test)');
  expect(whose(), 'before it is asked for').toBeNull();
  await owner.press('Enter');
  await chips.getByRole('button', { name: 'Take off: Owner: uma' }).waitFor();
  await expect.poll(() => box(page, HERS).count()).toBe(0);
  for (const title of TITLES) await box(page, title).waitFor();
  expect(whose()).toBe('uma');

  // As the address has it, on a phone; and typed, without choosing.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await chips.getByRole('button', { name: 'Take off: Owner: uma' }).waitFor();
  await filters.click();
  await expect.poll(() => owner.inputValue()).toBe('uma');
  expect(await seriousFindings(page), 'the owner that is set').toEqual([]);
  expect(await sideways(page)).toBe(0);
  await owner.fill(`nobody-${RUN}`);
  await fields.getByText('Nobody here is called so.').waitFor();
  await owner.fill('ADA');
  await fields.getByRole('button', { name: 'Show' }).click();
  await chips.getByRole('button', { name: 'Take off: Owner: you' }).waitFor();
  await box(page, HERS).waitFor();
  await expect.poll(() => box(page, TITLES[0]!).count()).toBe(0);
  expect(whose()).toBe('ada');
  await chips.getByRole('button', { name: 'Take off: Owner: you' }).click();
  for (const title of [HERS, ...TITLES]) await box(page, title).waitFor();
  expect(whose()).toBeNull();
  expect(faults).toEqual([]);
  await close();
});

it('has a place picked on a map, by keys or by pointing at it, and how far around it; on a phone, too', async () => {
  const { page, faults, close } = await openLibrary({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Filters', exact: true }).click();
  const fields = page.getByRole('form', { name: 'More filters' });
  await fields.getByRole('button', { name: 'Pick on a map' }).press('Enter');
  const map = fields.getByRole('application', { name: 'Map to pick a place on' });
  // From when on it takes what is done on it.
  await expect.poll(() => map.getAttribute('aria-describedby')).not.toBeNull();
  const near = fields.getByRole('textbox', { name: 'Recorded near' });
  const longitude = async () => Number((await near.inputValue()).split(', ')[1]);
  await map.press('Enter');
  await fields.getByText(/^Within 1 km of -?[\d.]+, -?[\d.]+$/).waitFor();
  const first = await longitude();
  await map.press('ArrowRight');
  // It moves there for a moment.
  const taken = async () => {
    await map.press('Enter');
    return await longitude();
  };
  await expect.poll(taken).toBeGreaterThan(first + 5);
  expect(await seriousFindings(page), 'the map on a phone').toEqual([]);
  expect(await sideways(page)).toBe(0);

  await page.setViewportSize({ width: 1280, height: 800 });
  const size = async () => (await map.boundingBox())!;
  await expect.poll(async () => (await size()).width).toBeGreaterThan(600);
  const { width, height } = await size();
  await map.click({ position: { x: width / 4, y: height / 2 } });
  await expect.poll(longitude).toBeLessThan(first);
  await fields.getByRole('combobox', { name: 'Within' }).selectOption({ label: '5 km' });
  const picked = await near.inputValue();
  await fields.getByText(`Within 5 km of ${picked}`, { exact: true }).waitFor();
  expect(await seriousFindings(page), 'the map').toEqual([]);
  await fields.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('button', { name: `Take off: Within 5 km of ${picked}` }).waitFor();
  await page.getByText('No video matches').waitFor();
  const { searchParams } = new URL(page.url());
  expect([searchParams.get('near'), searchParams.get('within')]).toEqual([picked.replace(', ', ','), '5000']);
  expect(faults).toEqual([]);
  await close();
});

it('tags several by keys alone, and says who may watch and what they are put in by mouse', async () => {
  const { page, faults, close } = await openLibrary();
  for (const title of TITLES) await box(page, title).press('Space');
  await bar(page).getByText('3 selected').waitFor();
  await bar(page).getByRole('button', { name: 'Change' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Change 3 videos' });
  const what = dialog.getByRole('combobox', { name: 'What to do' });
  await what.waitFor();
  expect(await seriousFindings(page), 'the dialog').toEqual([]);
  const tags = dialog.getByRole('textbox', { name: 'Tags' }).or(dialog.getByRole('combobox', { name: 'Tags' }));
  await tags.focus();
  await page.keyboard.type(`harbour-${RUN}`);
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Change', exact: true }).press('Enter');
  await page.getByText('3 videos tagged.').waitFor();
  for (const id of ids) expect((await video(id)).tags).toEqual([`harbour-${RUN}`]);
  await expect.poll(() => bar(page).count()).toBe(0);

  for (const title of TITLES.slice(0, 2)) await box(page, title).press('Space');
  await bar(page).getByRole('button', { name: 'Change' }).click();
  const two = page.getByRole('dialog', { name: 'Change 2 videos' });
  await two.getByRole('combobox', { name: 'What to do' }).selectOption({ label: 'Say who may watch' });
  await two.getByRole('combobox', { name: 'Who may watch' }).selectOption({ label: 'Public' });
  await two.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText('2 videos changed.').waitFor();
  expect(await Promise.all(ids.map(async (id) => (await video(id)).visibility))).toEqual([
    'public',
    'public',
    'private',
  ]);

  await box(page, TITLES[2]!).press('Space');
  await bar(page).getByRole('button', { name: 'Change' }).click();
  const one = page.getByRole('dialog', { name: `Change “${TITLES[2]}”` });
  await one.getByRole('combobox', { name: 'What to do' }).selectOption({ label: 'Put into a collection' });
  await one.getByRole('combobox', { name: 'Collection' }).selectOption({ label: `Harbour ${RUN}` });
  await one.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText(`“${TITLES[2]}” put in.`).waitFor();
  const row = await uma.call('GET /api/collections/{collection}', { params: { collection } });
  expect(row.videoIds).toEqual([ids[2]]);
  expect(faults).toEqual([]);
  await close();
});

it('moves what is in a collection to another and takes it out again, and leaves alone what is in none', async () => {
  const inside = async () => {
    const rows = [collection, other].map((id) =>
      uma.call('GET /api/collections/{collection}', { params: { collection: id } }),
    );
    return (await Promise.all(rows)).map(({ videoIds }) => videoIds);
  };
  await uma.call('POST /api/videos/bulk', { body: { action: 'collect', videos: [ids[2]!], collection } });
  const { page, faults, close } = await openLibrary();
  const open = async () => {
    for (const title of TITLES.slice(1)) await box(page, title).press('Space');
    await bar(page).getByRole('button', { name: 'Change' }).click();
    return page.getByRole('dialog', { name: 'Change 2 videos' });
  };
  const moving = await open();
  await moving.getByRole('combobox', { name: 'What to do' }).selectOption({ label: 'Move to another collection' });
  await moving.getByRole('combobox', { name: 'Into' }).selectOption({ label: `Marina ${RUN}` });
  const from = moving.getByRole('combobox', { name: 'Out of' });
  await expect.poll(() => from.locator('option').allTextContents()).toEqual([`Harbour ${RUN}`]);
  await moving.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText(`“${TITLES[2]}” moved.`).waitFor();
  expect(await inside()).toEqual([[], [ids[2]]]);
  await expect.poll(() => bar(page).count()).toBe(0);

  const leaving = await open();
  await leaving.getByRole('combobox', { name: 'What to do' }).selectOption({ label: 'Take out of a collection' });
  await leaving.getByRole('combobox', { name: 'Collection' }).selectOption({ label: `Marina ${RUN}` });
  await leaving.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText(`“${TITLES[2]}” taken out.`).waitFor();
  expect(await inside()).toEqual([[], []]);
  expect(faults).toEqual([]);
  await close();
});

it('names what was refused, with why, and leaves it selected; at the width of a phone, too', async () => {
  const full = Array.from({ length: 20 }, (_, i) => `t${i}`);
  await uma.call('PATCH /api/videos/{id}', { params: { id: ids[0]! }, body: { tags: full } });
  const { page, faults, close } = await openLibrary({ width: 390, height: 844 });
  for (const title of TITLES.slice(0, 2)) await box(page, title).press('Space');
  expect(await sideways(page)).toBe(0);
  expect(await seriousFindings(page), 'the bar').toEqual([]);
  const { x, width } = (await bar(page).boundingBox())!;
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(390);
  await bar(page).getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change 2 videos' });
  await dialog
    .getByRole('textbox', { name: 'Tags' })
    .or(dialog.getByRole('combobox', { name: 'Tags' }))
    .fill('storm');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  // At once: such news passes.
  await Promise.all(
    [
      `“${TITLES[0]}” could not be tagged`,
      'It would have 21 tags, and a video has 20 at most.',
      `“${TITLES[1]}” tagged.`,
    ].map((text) => page.getByText(text).waitFor()),
  );
  await bar(page).getByText('1 selected').waitFor();
  expect(await box(page, TITLES[0]!).isChecked()).toBe(true);
  expect((await video(ids[1]!)).tags).toContain('storm');
  expect(faults).toEqual([]);
  await close();
});
