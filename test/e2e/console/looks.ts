/** What a live tile says while it is watched, beside what its pictures do. */
import type { Page } from 'playwright-core';

interface Look {
  /** ms since watching began; since the last new picture; and since the page itself was last drawn. */
  readonly at: number;
  readonly age: number;
  readonly undrawn: number;
  /** Pictures shown so far, and whether the video was halted, so that another one is where it was sent to. */
  readonly shown: number;
  readonly isPaused: boolean;
  readonly isLive: boolean;
  readonly says: string;
}

/** Notes from now on, five times a second, how old the picture of the page's one tile is and what the tile says. */
export const watchTile = (page: Page): Promise<void> =>
  page.locator('article video').evaluate((element) => {
    interface Part {
      readonly textContent: string;
      readonly getAttribute: (name: string) => string | null;
      readonly querySelector: (selector: string) => Part | null;
    }
    const video = element as unknown as {
      readonly paused: boolean;
      requestVideoFrameCallback: (next: () => void) => void;
      closest: (selector: string) => Part;
    };
    const scope = globalThis as unknown as { looks: Look[] };
    const began = performance.now();
    let last = began;
    let shown = 0;
    const next = () => {
      last = performance.now();
      shown += 1;
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame: (next: () => void) => void };
    let drawn = began;
    const draw = () => {
      drawn = performance.now();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    scope.looks = [];
    setInterval(() => {
      const tile = video.closest('article');
      const isLive = tile.getAttribute('data-phase') === 'live';
      const words = (selector: string) => tile.querySelector(selector)?.textContent ?? '';
      const isOffline = words('strong + span').includes('This browser is offline.');
      const says = isLive ? 'Live' : words('strong') + (isOffline ? ' (this browser is offline)' : '');
      const now = performance.now();
      const ages = { at: now - began, age: now - last, undrawn: now - drawn };
      scope.looks.push({ ...ages, shown, isPaused: video.paused, isLive, says });
    }, 200);
  });

const looksOf = (page: Page): Promise<Look[]> =>
  page.evaluate(() => (globalThis as unknown as { looks: Look[] }).looks);

/**
 * Whether it was ever called live over a picture of more than three seconds, twice in a row: one look may come between. A page
 * that a busy machine does not draw shows nobody anything.
 */
export async function liedLive(page: Page): Promise<boolean> {
  const lies = (await looksOf(page)).map(({ age, undrawn, isLive }) => isLive && age > 3000 && undrawn < 1000);
  return lies.some((isLie, i) => isLie && lies[i + 1] === true);
}

/** What else than that it is live it said for half a second while pictures moved. */
export async function liedOver(page: Page): Promise<string[]> {
  const looks = await looksOf(page);
  const lies = looks.map(
    ({ shown, isPaused, isLive }, i) => !isLive && !isPaused && shown > (looks[i - 1]?.shown ?? 0),
  );
  return looks.filter((_, i) => lies[i] && lies[i + 1] && lies[i + 2]).map(({ says }) => says);
}

/** What it said, one after another, with the seconds for which it did: without those that it counts itself. */
export async function saidBy(page: Page): Promise<string> {
  const looks = await looksOf(page);
  const words = looks.map(({ says }) => says.replace(/ for \d+ s/, '').replace(/ since .*/, ''));
  const starts = words.flatMap((says, i) => (says !== words[i - 1] ? [i] : []));
  return starts
    .map((first, k) => {
      const end = looks[starts[k + 1] ?? looks.length - 1]!.at;
      return `${words[first]} ${((end - looks[first]!.at) / 1000).toFixed(1)} s`;
    })
    .join(' → ');
}
