/** The players that are measured: the console's live wall, and hls.js as it comes. */
import { chromium, type Browser, type Page } from 'playwright-core';
import { signIn } from '../../local/sign-in.ts';
import { BROWSER } from '../../test/support/browser.ts';
import { installProbe, viewings } from '../../test/support/viewing.ts';
import { file } from '../../test/e2e/players/serve.ts';
import { figures, type Figures } from './latency.ts';
import type { Vehicle } from './platform.ts';

/** Seconds after the first picture in which a player finds its distance: how late pictures are then is said apart. */
const SETTLING = 10;
const START = { timeout: 60_000, polling: 50 };

export interface Watch {
  readonly url: string;
  readonly vehicle: Vehicle;
  /** Seconds that count. */
  readonly seconds: number;
}

export const openBrowser = (): Promise<Browser> => chromium.launch(BROWSER);

/** The console's live wall with this one channel on it, as an administrator who signed in sees it. */
export async function watchConsole(browser: Browser, { url, vehicle, seconds }: Watch): Promise<Figures> {
  return inPage(browser, async (page) => {
    await signIn(page, url, 'ada');
    await page.goto(`${url}/live?show=${vehicle.id}.${vehicle.channel}&grid=1`);
    return measure(page, vehicle, seconds);
  });
}

/** A page with nothing but hls.js and its defaults, playing the same playlist by a playback token. */
export async function watchDefaults(browser: Browser, { url, vehicle, seconds }: Watch): Promise<Figures> {
  return inPage(browser, async (page) => {
    await page.route(`${url}/players/**`, async (route) => {
      const found = await file(new URL(route.request().url()).pathname);
      await route.fulfill(found ?? { status: 404 });
    });
    const { id, channel, admin } = vehicle;
    const token = await admin.call('POST /api/devices/{id}/tokens', { params: { id }, body: { channel } });
    await page.goto(`${url}/players/hls.js.html`);
    await page.evaluate((address) => {
      (globalThis as unknown as { start(address: string): void }).start(address);
      void document.querySelector('video')!.play();
    }, new URL(token.url, url).href);
    return measure(page, vehicle, seconds);
  });
}

async function inPage(browser: Browser, act: (page: Page) => Promise<Figures>): Promise<Figures> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await installProbe(context);
    return await act(await context.newPage());
  } finally {
    await context.close();
  }
}

async function measure(page: Page, { source }: Vehicle, seconds: number): Promise<Figures> {
  await page.waitForFunction(() => (window.viewings[0]?.shown.length ?? 0) > 0, undefined, START);
  // Requests come before their time of beginning is asked for: the list holds them all.
  const asked = await page.evaluate(() => {
    const first = performance
      .getEntriesByType('resource')
      .find(({ name }) => new URL(name).pathname.startsWith('/api/play/live/'));
    return performance.timeOrigin + first!.startTime;
  });
  const from = (await viewings(page))[0]!.shown[0]!.at + SETTLING * 1000;
  const to = from + seconds * 1000;
  await page.waitForTimeout(to - Date.now());
  return figures((await viewings(page))[0]!, source(), asked, from, to);
}
