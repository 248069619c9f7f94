/** Webhooks, as an admin makes and looks into them: of a real upload, by the bus, rule and queue of the running stack. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { fileServer, type FileServer } from '../../support/file-server.ts';
import { makeVideo } from '../../support/media.ts';
import { openBrowser, openPage, seriousFindings } from './open.ts';
import { sideways } from './pictures.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
const slow = { timeout: 120_000 };

let folder: string;
let browser: Browser;
let server: FileServer;
const came: { readonly headers: Record<string, string>; readonly body: string }[] = [];
let status = 204;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-webhooks-'));
  server = await fileServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      came.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
      response.writeHead(status).end();
    });
  });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

it('are made, told of a video that is ready, tested, looked into, sent again and deleted', async () => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'ada');
  await page.goto(`${stack.url}/webhooks`);
  await page.getByText('No webhooks yet').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'New webhook' }).click();
  await page.getByRole('textbox', { name: 'Address' }).fill(`${server.url}/hook`);
  await page.getByRole('textbox', { name: 'What it is for' }).fill('the shop');
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Make it' }).click();
  const secret = await page
    .getByRole('region', { name: 'Secret' })
    .getByText(/^whsec_/)
    .or(page.locator('input[value^="whsec_"]'))
    .first()
    .evaluate((one) => (one as HTMLInputElement).value || one.textContent);
  expect(secret).toMatch(/^whsec_/);

  const film = join(folder, 'film.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: 2, size: '320x180' });
  const video = await uma.upload(film, { name: 'film.mp4' });
  await uma.ready(video);
  const ready = () => came.filter(({ body }) => body.includes(video));
  // Once at least: what a busy machine answers too late is sent again.
  await expect.poll(() => ready().length, slow).toBeGreaterThanOrEqual(1);
  const [{ headers, body }] = ready() as [(typeof came)[number]];
  expect(new Verifier(secret).verify(body, headers)).toMatchObject({ type: 'video.ready', data: { videoId: video } });

  status = 500;
  await page.getByRole('button', { name: 'Send a test' }).click();
  const sent = page.getByRole('list', { name: 'What was sent' });
  await sent
    .getByText(/webhook\.test/)
    .first()
    .waitFor(slow);
  await sent.getByText('Waiting').or(sent.getByText('500')).first().waitFor(slow);
  // Not before it came: what waits may not have been sent yet.
  const tests = () => came.filter(({ body: one }) => one.includes('webhook.test')).length;
  await expect.poll(tests, slow).toBeGreaterThanOrEqual(1);
  await page.getByText('Nothing got through since').waitFor(slow);
  status = 204;
  await sent
    .getByText(/video\.ready/)
    .first()
    .click();
  const again = ready().length;
  await sent.getByRole('button', { name: 'Send again' }).first().click();
  await expect.poll(() => ready().length, slow).toBeGreaterThan(again);
  await page.getByText('Nothing got through since').waitFor({ ...slow, state: 'detached' });
  // The test that was answered with 500 comes again after five seconds.
  await expect.poll(tests, slow).toBeGreaterThanOrEqual(2);
  expect(await seriousFindings(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await sideways(page)).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await page.getByText('No webhooks yet').waitFor(slow);
  await page.goto(`${stack.url}/changes`);
  await page.getByText('deleted a webhook').first().waitFor(slow);
  expect(faults).toEqual([]);
  await close();
});

it('are for admins', async () => {
  const { page, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma');
  await page.goto(`${stack.url}/webhooks`);
  await page.getByText('Not for you to see').waitFor();
  await close();
});
