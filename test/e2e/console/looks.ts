/** What a live tile says while it is watched, beside how old its picture is. */
import type { Page } from 'playwright-core';

interface Look {
  /** ms since the last new picture, and since the page itself was last drawn. */
  readonly age: number;
  readonly undrawn: number;
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
      requestVideoFrameCallback: (next: () => void) => void;
      closest: (selector: string) => Part;
    };
    const scope = globalThis as unknown as { looks: Look[] };
    let last = performance.now();
    const next = () => {
      last = performance.now();
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame: (next: () => void) => void };
    let drawn = performance.now();
    const draw = () => {
      drawn = performance.now();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
    scope.looks = [];
    setInterval(() => {
      const tile = video.closest('article');
      const isLive = tile.getAttribute('data-phase') === 'live';
      const says = isLive ? 'Live' : (tile.querySelector('strong')?.textContent ?? '');
      const now = performance.now();
      scope.looks.push({ age: now - last, undrawn: now - drawn, isLive, says });
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
