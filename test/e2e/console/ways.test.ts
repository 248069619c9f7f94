/** Other ways in and out, as a person uses them in the console: from an address, and downloads. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { fileServer, serveRanges, type FileServer } from '../../support/file-server.ts';
import { decodeErrors, makeVideo } from '../../support/media.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
const slow = { timeout: 120_000 };

let folder: string;
let browser: Browser;
let server: FileServer;
let film: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ways-'));
  film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 4, size: '640x360' });
  server = await fileServer(serveRanges(await readFile(film)));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

it('fetches a video from an address, and downloads the original and an MP4 of a rung', async () => {
  const { page, faults, close } = await openPage(browser, { acceptDownloads: true });
  await signIn(page, stack.url, 'uma');
  await page.keyboard.press('u');
  const address = page.getByRole('textbox', { name: 'Address of a video' });
  await address.fill('https://user:secret@media.sluice.example/film.mp4');
  await page.getByRole('button', { name: 'Fetch' }).click();
  await page.getByText('a name or a password in it is not taken').waitFor();
  await address.fill(`${server.url}/a%20film.mp4`);
  await page.getByRole('button', { name: 'Fetch' }).click();
  await page.getByText('It is being fetched').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'its page' }).click();
  await page.getByRole('heading', { name: 'a film' }).waitFor();
  await uma.ready(page.url().slice(-20));
  await page.keyboard.press('Escape');

  await page.getByRole('tab', { name: 'Details' }).click();
  const [original] = await Promise.all([
    page.waitForEvent('download', slow),
    page.getByRole('button', { name: 'Original' }).click(slow),
  ]);
  expect(original.suggestedFilename()).toBe('a film.mp4');
  expect((await readFile(await original.path())).equals(await readFile(film))).toBe(true);
  const [rung] = await Promise.all([
    page.waitForEvent('download', slow),
    page.getByRole('button', { name: '360p MP4' }).click(slow),
  ]);
  expect(rung.suggestedFilename()).toBe('a film 360p.mp4');
  expect(await decodeErrors(stack.ffmpegFolder, await rung.path())).toBe('');
  expect(faults).toEqual([]);
  await close();
});
