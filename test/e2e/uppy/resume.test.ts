/** The unmodified Uppy plug-in uploads in parts, dies half way, and sends only what is missing when it comes back. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { BROWSER } from '../../support/browser.ts';

const MEGABYTES = 150;
const PARTS = Math.ceil((MEGABYTES * 1e6) / (8 * 1024 * 1024));
const stack = await runningStack();
const user = stack.users.find(({ name }) => name === 'uma')!;
let folder: string;
let file: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-uppy-'));
  file = join(folder, 'large.mp4');
  const handle = await open(file, 'w');
  for (let i = 0; i < MEGABYTES; i++) await handle.write(randomBytes(1e6));
  await handle.close();
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  });
  script = bundle.outputFiles[0]!.text;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Opens the page in a browser with the profile of `folder`; `sent` collects the part numbers S3 answered with 200. */
async function openPage(sent: number[]) {
  const context = await chromium.launchPersistentContext(join(folder, 'profile'), { ...BROWSER, bypassCSP: true });
  const page: Page = await context.newPage();
  page.on('response', (response) => {
    const number = new URL(response.url()).searchParams.get('partNumber');
    if (response.request().method() === 'PUT' && number !== null && response.ok()) sent.push(Number(number));
  });
  // A page that really came from loopback: Chromium keeps any other from calling the engine there.
  await page.goto(`${stack.url}/api/config`);
  await page.setContent('<!doctype html><input type="file">');
  await page.addScriptTag({ content: script });
  await page.evaluate((token) => window.begin(token), user.token);
  return { context, page };
}

it(`sends ${MEGABYTES} MB in parts, is killed half way, and resumes without sending a finished part again`, async () => {
  const before: number[] = [];
  const first = await openPage(before);
  // Half way the network hangs; the page is killed in the middle of a part.
  let through = 0;
  await first.page.route(/partNumber=/, (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    if (before.length >= PARTS / 2) return undefined;
    through += 1;
    return route.continue();
  });
  await first.page.setInputFiles('input', file);
  void first.page.evaluate(() => window.uppy.upload()).catch(() => {});
  await expect.poll(() => before.length, { timeout: 120_000, interval: 20 }).toBeGreaterThanOrEqual(PARTS / 2);
  // Whatever was let through is answered: what S3 has and nobody heard of would be sent by neither.
  await expect.poll(() => before.length, { timeout: 60_000 }).toBe(through);
  // Golden Retriever writes its state to IndexedDB at most twice a second.
  await first.page.waitForTimeout(1500);
  await first.page.goto('chrome://crash').catch(() => {});
  await first.context.close();
  expect(before.length).toBeLessThan(PARTS);

  const after: number[] = [];
  const second = await openPage(after);
  await expect.poll(() => second.page.evaluate(() => window.uppy.getFiles().length), { timeout: 60_000 }).toBe(1);
  // A file this large is not kept in the browser: the person chooses it again, and it is recognised.
  if (await second.page.evaluate(() => window.uppy.getFiles()[0]!.isGhost))
    await second.page.setInputFiles('input', file);
  const result = await second.page.evaluate(async () => {
    const uppy = window.uppy;
    const restored = Object.keys(uppy.getState().currentUploads);
    const done = restored.length > 0 ? await uppy.restore(restored[0]!) : await uppy.upload();
    return {
      ok: done?.successful?.length,
      failed: done?.failed?.map((f) => f.error),
      key: (done?.successful?.[0]?.response?.body as { key?: string } | undefined)?.key,
    };
  });
  await second.context.close();
  expect(result.failed ?? []).toEqual([]);
  expect(result.ok).toBe(1);
  expect(
    after.filter((number) => before.includes(number)),
    'parts sent twice',
  ).toEqual([]);
  expect(new Set([...before, ...after]).size).toBe(PARTS);
  const id = /uploads\/([a-z0-9]{20})\/source/.exec(result.key!)![1]!;
  const client = new Client(stack.url, user.token);
  const status = async () => (await client.call('GET /api/videos/{id}', { params: { id } })).status;
  await expect.poll(status, { timeout: 60_000 }).not.toBe('uploading');
  await client.fetch('DELETE', `/api/videos/${id}?now=true`);
});
