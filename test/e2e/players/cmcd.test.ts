/** Players of others that report by CMCD version 2, as they come: what they send is understood, and a parser of anybody's reads it as ours does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCmcd } from '@svta/cml-cmcd';
import { chromium, type Browser } from 'playwright-core';
import { parseDictionary, Token } from 'structured-headers';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Client } from '../../../local/client.ts';
import { runningStack } from '../../stack.ts';
import { BROWSER } from '../../support/browser.ts';
import { makeVideo } from '../../support/media.ts';
import { openPlayer, playUntil, run, state } from './playing.ts';
import { servePages } from './serve.ts';

const LENGTH = 30;
/** Seconds to where it is sent on, from about 6. */
const SENT_ON = 20;
/** Milliseconds from what a player reports to the answer that has it. */
const SOON = 60_000;
/** Often, so that a test stays short. */
const REPORTS = { interval: 2, batchSize: 4 };

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);
let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;
let folder: string;
let clip: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cmcd-'));
  clip = join(folder, 'clip.mp4');
  await makeVideo(stack.ffmpegFolder, clip, { seconds: LENGTH, size: '640x360' });
  pages = await servePages();
  browser = await chromium.launch(BROWSER);
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A value of either parser, in the same words: `[value, parameters]` where there are any. */
function plain(value: unknown): unknown {
  if (value instanceof Token) return value.toString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, one]) => [name, plain(one)]));
  if (typeof value !== 'object' || value === null) return value;
  const { description, params } = value as { description?: string; params?: object };
  if (typeof description === 'string') return description;
  const bare = 'value' in value ? plain(value.value) : value;
  return params === undefined ? bare : [bare, plain(new Map(Object.entries(params)))];
}
const ours = (line: string) =>
  Object.fromEntries(
    Object.entries(decodeCmcd(line)).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(plain) : plain(value),
    ]),
  );
const anybodys = (line: string) =>
  Object.fromEntries(
    [...parseDictionary(line)].map(([name, [value]]) => {
      const item = ([bare, params]: [unknown, Map<string, unknown>]) =>
        params.size === 0 ? plain(bare) : [plain(bare), plain(params)];
      return [
        name,
        Array.isArray(value) ? value.map((one) => item(one as [unknown, Map<string, unknown>])) : plain(value),
      ];
    }),
  );

describe.concurrent('CMCD version 2, event mode', () => {
  it.for([
    ['hls.js', 'main.m3u8'],
    ['shaka', 'main.m3u8'],
    ['shaka', 'manifest.mpd'],
    ['dash.js', 'manifest.mpd'],
  ] as const)(
    'of %s by %s is understood: how it played, how long, and where it went',
    async ([player, name], { expect }) => {
      const id = await uma.upload(clip, { name: 'clip.mp4', metadata: { visibility: 'private' } });
      await uma.ready(id);
      const { token } = await uma.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
      const address = `${stack.url}/api/play/${id}/${name}?token=${token}`;
      const sent: { readonly body: string; readonly status: Promise<number> }[] = [];
      const { page, seen } = await openPlayer(browser, pages.url, player, address, REPORTS, (request) => {
        if (request.method() !== 'POST' || new URL(request.url()).pathname !== '/api/events') return;
        const status = request.response().then((answer) => answer?.status() ?? 0);
        sent.push({ body: request.postData() ?? '', status });
      });
      await playUntil(page, seen, 6);
      await run(page, SENT_ON);
      await playUntil(page, seen, LENGTH - 3);
      // Told to play once more at its very end, it would begin again.
      await expect.poll(() => page.evaluate("document.querySelector('video').ended"), { timeout: 60_000 }).toBe(true);
      expect((await state(page)).problems).toEqual([]);
      await page.waitForTimeout(1500);
      await page.evaluate('window.stop()');
      await expect.poll(() => sent.length, { timeout: SOON }).toBeGreaterThan(1);
      expect(new Set(await Promise.all(sent.map(({ status }) => status)))).toEqual(new Set([204]));
      const lines = sent.flatMap(({ body }) => body.split('\n').filter((line) => line !== ''));
      expect(lines.length).toBeGreaterThan(4);
      for (const line of lines) expect([line, anybodys(line)]).toEqual([line, ours(line)]);
      const states = lines.flatMap((line) => ours(line)['sta'] ?? []);
      const since = Date.now();
      const insight = async () => await uma.call('GET /api/videos/{id}/insight', { params: { id } });
      await expect.poll(async () => (await insight()).totals.views, { timeout: SOON, interval: 500 }).toBe(1);
      console.log(
        `${player}, ${name}: ${lines.length} reports, ${sent.length} posts, counted after ${Date.now() - since} ms`,
      );
      if (player === 'shaka') {
        // This version never says its state, which docs/players.md tells.
        expect(states).toEqual([]);
        const { totals } = await insight();
        expect(totals).toMatchObject({ plays: 1, views: 1, viewers: 1, startups: expect.anything(), watchSeconds: 0 });
        expect(totals.startupSeconds).toBeGreaterThan(0);
      } else {
        for (const one of ['p', 'k', 'e']) expect(states, lines.join('\n')).toContain(one);
        await expect.poll(async () => (await insight()).totals.completion, { timeout: SOON, interval: 500 }).toBe(1);
        const { totals, devices, heatmap } = await insight();
        expect(totals, lines.join('\n')).toMatchObject({ plays: 1, views: 1, viewers: 1, failed: 0 });
        expect(totals.seeks).toBeGreaterThan(0);
        // About 16 s at twice the speed; of what a slow machine halts at, and of halves between reports, nobody knows.
        expect(totals.watchSeconds).toBeGreaterThan(9);
        expect(totals.watchSeconds).toBeLessThan(22);
        expect(devices).toMatchObject([{ name: 'desktop', views: 1 }]);
        // From about 6 s, where it was sent on, to there nothing was shown: before a report that begins a post as much counts as lies
        // between two, which are 4 s of the video here (docs/insight.md).
        if (player === 'hls.js')
          expect([heatmap.watched[3], heatmap.watched[13], heatmap.watched[26]], lines.join('\n')).toEqual([1, 0, 1]);
      }
      await page.context().close();
      await uma.call('DELETE /api/videos/{id}', { params: { id } });
    },
  );
});
