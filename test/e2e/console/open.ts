/** A browser on the running console, and what the tests look at in it. */
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Frame, type Page } from 'playwright-core';
import { BROWSER } from '../../support/browser.ts';

export const openBrowser = (): Promise<Browser> => chromium.launch(BROWSER);

/** ms that a click or a wait has: other tests may have the machine. */
const PATIENCE = 60_000;

/** Where it is midday now, so that no test's day is cut in two by midnight. Signs in such names are the other way round. */
const HOURS_AHEAD = 12 - new Date().getUTCHours();
const MIDDAY = `Etc/GMT${HOURS_AHEAD > 0 ? '-' : '+'}${Math.abs(HOURS_AHEAD)}`;

/**
 * A fresh profile with axe-core at hand. Script errors, refusals by the content security policy and whatever else the
 * console is told of as an error end up in `faults`, but for answers that are no success and sockets that are cut: those are the screens' to show.
 */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    timezoneId: MIDDAY,
    ...options,
  });
  // As an init script it is not subject to the page's policy.
  await context.addInitScript({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy/.test(text)) faults.push(text);
    else if (message.type() === 'error' && !/^(Failed to load resource|WebSocket connection to)/.test(text))
      faults.push(text);
  });
  return { page, faults, close: () => context.close() };
}

/** Frames that the page's WebSocket got, as text. */
export function framesOf(page: Page): string[] {
  const frames: string[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) =>
      frames.push(typeof payload === 'string' ? payload : payload.toString()),
    ),
  );
  return frames;
}

/** As whoever comes back to the tab: what is stale is asked for again, before the clock would. */
export const lookAgain = (page: Page): Promise<void> =>
  page.evaluate("void document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core finds serious or critical, a line each; empty when all is well. */
export async function seriousFindings(page: Page | Frame): Promise<string[]> {
  const violations = await page.evaluate(async () => {
    // What is still coming in is half transparent: its colours are none that anybody reads.
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    const moving = document
      .getAnimations()
      .filter(({ effect }) => Number.isFinite(Number(effect?.getComputedTiming().endTime)));
    await Promise.allSettled(moving.map(({ finished }) => finished));
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    // Of what is well, it would otherwise describe every element, which takes most of the time.
    return (await axe.run({ resultTypes: ['violations'] })).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} — ${node.failureSummary}`));
}

/** Comes near the video on the page, for which its player is fetched. */
export const comeNear = (page: Page): Promise<void> =>
  page
    .getByRole('button', { name: /^Play / })
    .or(page.locator('media-controller'))
    .first()
    .hover();

interface PlayerState {
  /** Seconds: where it is, how long it is, and how much is fetched beyond where it is. */
  readonly at: number;
  readonly length: number;
  readonly ahead: number;
  readonly paused: boolean;
  /** As HTMLMediaElement.readyState says it: from 3 on it can play on. */
  readonly ready: number;
}

/** Of the player on the page, or in the frame. */
export const playerState = (where: Page | Frame): Promise<PlayerState> =>
  where.locator('hls-video').evaluate((element) => {
    const { currentTime, duration, paused, readyState, buffered } = element as unknown as {
      currentTime: number;
      duration: number;
      paused: boolean;
      readyState: number;
      buffered?: { length: number; start: (i: number) => number; end: (i: number) => number };
    };
    let ahead = 0;
    for (let i = 0; i < (buffered?.length ?? 0); i += 1)
      if (buffered!.start(i) <= currentTime + 0.1) ahead = Math.max(ahead, buffered!.end(i) - currentTime);
    return { at: currentTime, length: duration, ahead, paused, ready: readyState };
  });
