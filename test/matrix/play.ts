/** Plays a manifest in one player in Chromium, to the end, and answers what was seen and heard. */
import type { Browser, Page } from 'playwright-core';
import type { Expected } from '../odd-files/making.ts';
import type { Watched } from './hold.ts';

export const PLAYERS = ['hls.js', 'shaka', 'video.js'] as const;
export type Player = (typeof PLAYERS)[number];

/** Milliseconds that loading, halting and ending may take beyond what is played. */
const PATIENCE_MS = 30_000;

/** What the page has written down (pages/watch.js), and where the element is. */
interface Look {
  /** Where what is buffered begins. */
  readonly start: number;
  readonly time: number;
  readonly duration: number;
  readonly size: string;
  readonly ready: number;
  readonly ended: boolean;
  readonly problems: string[];
}

const look = (page: Page) =>
  page.evaluate(`(() => {
    const video = document.querySelector('video');
    const { currentTime: time, duration, videoWidth, videoHeight, readyState: ready } = video;
    const size = videoWidth + 'x' + videoHeight;
    const start = video.buffered.length > 0 ? video.buffered.start(0) : 0;
    return { start, time, duration: Number.isFinite(duration) ? duration : 0, size, ready, ended: watched.ended, problems };
  })()`) as Promise<Look>;

export async function play(
  browser: Browser,
  pages: string,
  {
    player,
    manifest,
    expected,
  }: { readonly player: Player | 'native'; readonly manifest: string; readonly expected: Expected },
): Promise<Watched> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${pages}/players/${player}.html`);
    await page.addScriptTag({ url: `${pages}/players/watch.js` });
    const places = (expected.colours ?? []).map(([x, y]) => [x, y]);
    await page.evaluate(`watch(${JSON.stringify(places)})`);
    await page.evaluate(`start(${JSON.stringify(manifest)})`);
    // Players set that by the page's own words.
    await page.evaluate("document.querySelector('video').muted = false");
    const stretches = expected.watched ?? [[0, Infinity]];
    let last = await until(page, ({ ready }) => ready >= 3, PATIENCE_MS);
    const { start } = last;
    for (const [from, to] of stretches) {
      if (from > 0) await page.evaluate(`document.querySelector('video').currentTime = ${from}`);
      // Not waited for: of a player that has nothing to play it is never answered.
      await page.evaluate("void document.querySelector('video').play().catch((error) => problems.push(String(error)))");
      const rest = Math.min(to, expected.seconds) - from;
      const isLast = to >= expected.seconds;
      last = await until(page, ({ time, ended }) => ended || (!isLast && time >= to), rest * 1000 + PATIENCE_MS);
    }
    const seen = (await page.evaluate('watched')) as Omit<Watched, keyof Look>;
    return { ...seen, ...last, start };
  } finally {
    await context.close();
  }
}

/** Looks until it is so, or the time is over; answers the last look. */
async function until(page: Page, done: (look: Look) => boolean, milliseconds: number): Promise<Look> {
  for (const deadline = Date.now() + milliseconds; ;) {
    const now = await look(page);
    if (done(now) || Date.now() > deadline || now.problems.some((problem) => problem.includes('fatal'))) return now;
    await page.waitForTimeout(100);
  }
}
