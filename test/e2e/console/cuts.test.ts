/**
 * The network cut off at three moments of an upload, alone and with a second tab open: what was shown, and how it ended, as a
 * table. 5 s each in `npm test`; `SLUICE_CUTS=5,30,120 npm test -- stack test/e2e/console/cuts.test.ts` takes a quarter of an hour.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { openBrowser, openPage } from './open.ts';
import { drop, lookedAt, rowOf, watchWords } from './uploading.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
const CUTS = (process.env['SLUICE_CUTS'] ?? '5').split(',').map(Number);
const MiB = 1024 ** 2;
let browser: Browser;
const table: string[] = [];

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  process.stdout.write(`\n| cut at | for | tabs | shown | ended |\n|---|---|---|---|---|\n${table.join('\n')}\n`);
});

/** Cut off when a request that is meant goes out: it is on its way then, or its answer is. */
const MOMENTS: Record<string, (method: string, url: string) => boolean> = {
  'its beginning': (method, url) => method === 'POST' && url.endsWith('/api/s3/multipart'),
  'its second part': (method, url) => method === 'PUT' && url.includes('partNumber=2'),
  'its end': (method, url) => method === 'POST' && url.includes('/complete?'),
};

const rounds = CUTS.flatMap((seconds) => [1, 2].map((tabs) => ({ seconds, tabs })));

// Those of a round wait for their networks at once. More of them would take much memory: pages hold what they upload.
describe.each(rounds)('an upload cut off for $seconds s, $tabs tabs', ({ seconds, tabs }) => {
  it.concurrent.for(Object.keys(MOMENTS))('at %s', { timeout: 400_000 }, async (moment, { expect }) => {
    const { page, close } = await openPage(browser);
    await signIn(page, stack.url, 'uma');
    const name = `cut ${seconds} ${moment} ${tabs}.mp4`;
    const all: Page[] = [page];
    if (tabs > 1) {
      const other = await page.context().newPage();
      await other.goto(stack.url);
      await other.locator('#main h1').waitFor();
      await other.keyboard.press('u');
      await other.locator('.uppy-Dashboard-AddFiles').waitFor();
      all.push(other);
    }
    const isCut = new Promise<void>((resolve) => {
      page.context().on('request', (request) => {
        if (MOMENTS[moment]!(request.method(), request.url())) resolve();
      });
    });
    const watched = await Promise.all(all.map((one) => watchWords(one, name)));
    await drop(page, { name, content: 40 * MiB });
    await isCut;
    await page.context().setOffline(true);
    await page.waitForTimeout(seconds * 1000);
    await page.context().setOffline(false);
    const back = Date.now();
    for (const one of all) await lookedAt(rowOf(one, name)).waitFor({ timeout: 120_000 });
    const words = await Promise.all(watched.map(async (said) => (await said()).join(' → ')));
    // Of all there are: the index of words is a moment behind.
    const latest = await uma.call('GET /api/videos', { query: { limit: '100' } });
    const videos = latest.videos.filter(({ filename }) => filename === name);
    const ended = `${videos.length} video, ${Math.round((Date.now() - back) / 1000)} s after it was back`;
    table.push(`| ${moment} | ${seconds} s | ${tabs} | ${words.join('; the other tab: ')} | ${ended} |`);
    expect(videos).toHaveLength(1);
    for (const { id } of videos) await uma.fetch('DELETE', `/api/videos/${id}?now=true`);
    // Every tab says that it is offline, unless it was over before; and none that anything failed.
    expect(words.join()).not.toMatch(/blocked|firewall|stopped|Try again to send/i);
    await close();
  });
});
