/** What players report, as owners and admins see it: on the running stack, of a real video and real posts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, it, type ExpectStatic } from 'vitest';
import type { PlayerEvent } from '../../../lib/contract/player-events.ts';
import { Client } from '../../../local/client.ts';
import { signIn } from '../../../local/sign-in.ts';
import { runningStack } from '../../stack.ts';
import { makeVideo } from '../../support/media.ts';
import { comeNear, openBrowser, openPage, playerState, seriousFindings } from './open.ts';
import { settled, sideways } from './pictures.ts';

const stack = await runningStack();
const as = (name: string) => new Client(stack.url, stack.users.find((user) => user.name === name)!.token);
const [uma, ada] = [as('uma'), as('ada')];
const slow = { timeout: 60_000 };
const LENGTH = 20;
/** What a video's page asks. */
const ASKED = /\/api\/videos\/\w+\/insight/;
/** A name that a spreadsheet would run. */
const TITLE = '=HYPERLINK("https://x.example","Harbour")';

let folder: string;
let browser: Browser;
let id: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-insight-'));
  const film = join(folder, 'harbour.mp4');
  await makeVideo(stack.ffmpegFolder, film, { seconds: LENGTH, size: '320x180' });
  id = await uma.upload(film, { name: 'harbour.mp4' });
  await uma.call('PATCH /api/videos/{id}', { params: { id }, body: { title: TITLE } });
  await uma.ready(id);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await uma.fetch('DELETE', `/api/videos/${id}`);
  await rm(folder, { recursive: true, force: true });
});

/** As a player of `who` does: at the address that the manifest of its session names. */
async function report(who: Client, events: (now: number) => PlayerEvent[]): Promise<void> {
  const manifest = await who.fetch('GET', `/api/play/${id}/main.m3u8`);
  const now = Date.now();
  const answer = await fetch(manifest.headers.get('sluice-events')!, {
    method: 'POST',
    body: JSON.stringify({ sequence: 0, now, events: events(now) }),
  });
  if (answer.status !== 204) throw new Error(`the report was answered ${answer.status}`);
}

const heatmap = (page: Page) => page.getByRole('figure', { name: 'Which seconds were watched, ever' });
const figureOf = (page: Page, name: string) =>
  page
    .locator('dl > div')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('dd');

/** What the page's button hands out: lines. */
async function csv(page: Page, title: string): Promise<{ name: string; lines: string[] }> {
  const [file] = await Promise.all([
    page.waitForEvent('download', slow),
    page.getByRole('button', { name: `CSV: ${title}` }).click(),
  ]);
  return { name: file.suggestedFilename(), lines: (await readFile(await file.path(), 'utf8')).split('\r\n') };
}

/** In both schemes, and on a phone. */
async function looksWell(expect: ExpectStatic, page: Page): Promise<void> {
  for (const [width, height] of [
    [1280, 800],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      // The page is told of it, and says so.
      await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
      await settled(page);
      expect(await seriousFindings(page), `${width} ${colorScheme}`).toEqual([]);
    }
    expect(await sideways(page), String(width)).toBe(0);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

it("a video's page says that nobody watched, and within seconds who did, what of it, and how well it played", async ({
  expect,
}) => {
  const { page, faults, close } = await openPage(browser, { acceptDownloads: true });
  await signIn(page, stack.url, 'uma', `/v/${id}/insight`);
  await page.getByText('Nobody watched in these days').waitFor(slow);
  await looksWell(expect, page);

  await report(uma, (at) => [
    { type: 'start', at },
    { type: 'first-frame', at, startup: 600 },
    { type: 'heartbeat', at, watched: [[0, 12]], again: [[4, 8]], rendition: '180p', kbps: 300 },
    { type: 'stall', at, lasted: 1000 },
    { type: 'end', at, reason: 'ended' },
  ]);
  await report(ada, (at) => [
    { type: 'start', at },
    { type: 'first-frame', at, startup: 1400 },
    { type: 'heartbeat', at, watched: [[4, 6]], again: [], rendition: '180p', kbps: 300 },
    { type: 'error', at, kind: 'decode', fatal: true },
  ]);
  // Nobody loads the page again.
  await expect.poll(() => figureOf(page, 'Views').textContent(), slow).toBe('2');
  const said = () =>
    Promise.all(
      ['Viewers', 'Watch time', 'Completion', 'Start-up', 'Stalled', 'Failed', 'Bit rate'].map((name) =>
        figureOf(page, name).textContent(),
      ),
    );
  await expect.poll(said, slow).toEqual(['2', '18 s', '50 %', '1 s', '5.3 %', '1', '300 kbit/s']);
  // 25, 45 · (1 − 0.0526 / 0.1) and 0: half of the sessions failed.
  await page.getByRole('heading', { name: 'Score 46 of 100' }).waitFor();
  await page.getByText('21.3 of 45').waitFor();
  await page.getByText(/^\d+ viewers? now(, \d+ more may be)?$/).waitFor();
  await page.getByText('What these figures are').click();
  await page.getByText('Completion: views that came to the end, of all.').waitFor();
  await looksWell(expect, page);

  const moment = page.getByRole('slider', { name: 'Moment of the video' });
  await moment.focus();
  for (let second = 0; second < 5; second += 1) await page.keyboard.press('ArrowRight');
  await expect.poll(() => moment.getAttribute('aria-valuetext'), slow).toBe('0:05: shown 3 times, 1 of them again');
  const { x, y, width, height } = (await moment.boundingBox())!;
  await page.mouse.move(x + (width * 10.5) / LENGTH, y + height / 2);
  await heatmap(page).getByText('0:10: shown 1 time, 0 of them again').waitFor();

  await heatmap(page).getByText('As a table').click();
  const rows = heatmap(page).getByRole('row');
  await expect.poll(() => rows.count(), slow).toBe(1 + LENGTH);
  expect(await rows.nth(6).innerText()).toBe('0:05\t3\t1');
  expect(await seriousFindings(page), 'a table').toEqual([]);
  const heat = await csv(page, 'Which seconds were watched, ever');
  expect(heat.name).toBe(`insight-${id}-heatmap.csv`);
  expect(heat.lines.slice(0, 9)).toEqual([
    '\u{feff}second,watched,again',
    '0,1,0',
    '1,1,0',
    '2,1,0',
    '3,1,0',
    '4,3,1',
    '5,3,1',
    '6,2,1',
    '7,2,1',
  ]);
  const days = await csv(page, 'Day by day');
  expect(days.lines[1]).toMatch(/^"\d{4}-\d\d-\d\d",2,2,18,0\.5,1,0\.05263,1,300,46$/);
  await page.getByRole('combobox', { name: 'Figure' }).selectOption('Stalled');
  await page.getByRole('slider', { name: 'Day, Stalled' }).press('End');
  await page.getByText(/: Stalled 5\.3 %$/).waitFor();
  for (const [title, row] of [
    ['What went wrong', /^"decode",1$/],
    ['Renditions', /^"180p",18$/],
    ['Devices', /^"\w+",2,18,1$/],
    ['Countries', /^"[A-Z]{2}",2,18,1$/],
    ['How soon it began', /^0\.5,0$/],
  ] as const)
    expect((await csv(page, title)).lines[1], title).toMatch(row);
  expect(faults).toEqual([]);
  await close();
});

// These look at what the one before has told of, and change nothing.
it.concurrent('days are chosen, in the address too; what cannot be asked is said, and what fails can be tried again', async ({
  expect,
}) => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma', `/v/${id}/insight?from=2026-01-01&to=2026-01-31`);
  await page.getByText('Nobody watched in these days').waitFor(slow);
  await heatmap(page).waitFor();
  await page.getByLabel('First day').fill('2026-02-01');
  await page.getByText('The first day is after the last one.').waitFor();
  expect(await seriousFindings(page), 'days that cannot be').toEqual([]);
  await page.route(ASKED, (route) => route.fulfill({ status: 500, body: '{}' }));
  await page.getByRole('combobox', { name: 'Days' }).selectOption('Last 7 days');
  await expect.poll(() => new URL(page.url()).search, slow).toBe('?days=7');
  await page.getByText('This could not be loaded').waitFor(slow);
  await page.unroute(ASKED);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => figureOf(page, 'Views').textContent(), slow).toBe('2');
  expect(faults).toEqual([]);
  await close();
});

it.concurrent('the player shows over its time line what was watched, and is pointed at as before; a tab tells the rest', async ({
  expect,
}) => {
  const { page, faults, close } = await openPage(browser);
  await signIn(page, stack.url, 'uma', `/v/${id}?tab=insight`);
  await expect.poll(() => figureOf(page, 'Views').textContent(), slow).toBe('2');
  expect(await seriousFindings(page), 'the tab').toEqual([]);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await sideways(page)).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
  await comeNear(page);
  await expect.poll(async () => (await playerState(page)).length, slow).toBeCloseTo(LENGTH, 0);
  const line = page.getByRole('img', { name: 'Watched most at 0:04' });
  await line.waitFor(slow);
  const range = page.locator('media-time-range');
  const [over, bar] = [(await line.boundingBox())!, (await range.boundingBox())!];
  expect(over.y + over.height).toBeLessThanOrEqual(bar.y + 1);
  /** The control under a point of the page. */
  const at = (x: number, y: number) =>
    page.evaluate(
      ([left, top]) => {
        const { document } = globalThis as unknown as {
          document: { elementFromPoint: (x: number, y: number) => { localName: string } | null };
        };
        return document.elementFromPoint(left, top)?.localName;
      },
      [x, y] as const,
    );
  const middle = bar.x + bar.width / 2;
  expect(await at(middle, bar.y + 2)).toBe('media-time-range');
  expect(await at(middle, over.y + over.height / 2)).not.toMatch(/svg|path/);
  // The line stands over the very seconds that the time line has below it.
  await page.mouse.click(over.x + over.width / 4, bar.y + bar.height / 2);
  await expect.poll(async () => (await playerState(page)).at, slow).toBeCloseTo(LENGTH / 4, 0);
  expect(await seriousFindings(page), 'the line').toEqual([]);
  await page.getByRole('link', { name: 'All of it' }).click();
  await heatmap(page).waitFor(slow);
  expect(faults).toEqual([]);
  await close();
});

it.concurrent('admins see all of it together, and what was watched longest; nobody else does', async ({ expect }) => {
  const { page, faults, close } = await openPage(browser, { acceptDownloads: true });
  await signIn(page, stack.url, 'ada');
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('link', { name: 'Insight' }).click();
  const link = page.getByRole('link', { name: TITLE });
  await link.waitFor(slow);
  const now = page.getByRole('row').filter({ has: link }).getByRole('cell').last();
  // Those of this file renew nothing, so whether they watch still nobody knows.
  await expect.poll(() => now.textContent(), slow).toMatch(/^\d+\+$/);
  await looksWell(expect, page);
  const { name, lines } = await csv(page, 'Watched longest');
  expect(name).toMatch(/^insight-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d-most-watched\.csv$/);
  const row = lines.find((line) => line.includes(id));
  expect(row?.startsWith(`"'=HYPERLINK(""https://x.example"",""Harbour"")","${id}",2,2,18,`), row).toBe(true);
  await link.click();
  await heatmap(page).waitFor(slow);
  expect(faults).toEqual([]);
  await close();

  const other = await openPage(browser);
  await signIn(other.page, stack.url, 'vera', '/insight');
  await other.page.getByText('Not for you to see').waitFor(slow);
  await other.page.goto(`${stack.url}/v/${id}/insight`);
  await other.page.getByText(/No such video|Not for you to see/).waitFor(slow);
  await other.close();
});
