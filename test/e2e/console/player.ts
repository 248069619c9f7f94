/** What tests look at in our player, on whichever page it is: previews of the time line, halts, and a signature that ends. */
import type { Frame, Locator, Page } from 'playwright-core';
import { vi } from 'vitest';

interface Preview {
  /** Address of the sheet, once it is loaded; else empty. */
  readonly sheet: string;
  /** Place on it: `x y width height`. */
  readonly place: string | null;
  /** Seconds; NaN where none is said. */
  readonly time: number;
}

const preview = (range: Locator): Promise<Preview> =>
  range.evaluate((element) => {
    interface Part extends Element {
      readonly shadowRoot: ShadowRoot;
    }
    const find = (name: string) => (element.querySelector(name) ?? element.shadowRoot!.querySelector(name)) as Part;
    const picture = find('media-preview-thumbnail');
    const image = picture.shadowRoot.querySelector('img')!;
    const said = find('media-preview-time-display').shadowRoot.textContent ?? '';
    const [, minutes, seconds] = /(\d+):(\d\d)\s*$/.exec(said) ?? [];
    return {
      sheet: image.complete && image.naturalWidth > 0 ? image.src : '',
      place: picture.getAttribute('mediapreviewcoords'),
      time: Number(minutes) * 60 + Number(seconds),
    };
  });

/** Of the length, by which the pointer may be beside where it is meant to be: the time line has margins of its own. */
const BESIDE = 1 / 30;

/** What is shown over the time line with the pointer at about `seconds` of a video of `length`. */
export async function previewAt(range: Locator, seconds: number, length: number): Promise<Preview> {
  let tries = 0;
  const shown = async () => {
    // What stands beside it is put in later, and takes some of its width; pictures that came later are shown at the next move.
    const { x, y, width, height } = (await range.boundingBox())!;
    tries += 1;
    await range.page().mouse.move(x + 8 + ((width - 16) * seconds) / length, y + height / 2 + (tries % 2));
    const { time, sheet } = await preview(range);
    return Math.abs(time - seconds) < length * BESIDE && sheet.includes('/storyboard/');
  };
  await vi.waitUntil(shown, { timeout: 120_000, interval: 100 });
  return preview(range);
}

/**
 * Mutes it, and answers what says every halt since it began to play. Where what comes next is there, and only the machine is late to show
 * it, that is none.
 */
export async function haltsOf(video: Locator): Promise<() => Promise<string[]>> {
  await video.evaluate((element) => {
    const scope = globalThis as unknown as { halts: string[] };
    const { nativeEl } = element as unknown as {
      nativeEl: {
        addEventListener: (name: string, listener: () => void) => void;
        muted: boolean;
        paused: boolean;
        currentTime: number;
        buffered: { length: number; start: (i: number) => number; end: (i: number) => number };
      };
    };
    nativeEl.muted = true;
    scope.halts = [];
    let began = !nativeEl.paused;
    nativeEl.addEventListener('playing', () => (began = true));
    const isThere = () => {
      const { currentTime, buffered } = nativeEl;
      const parts = Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)] as const);
      return parts.some(([from, to]) => from <= currentTime && to > currentTime + 1);
    };
    nativeEl.addEventListener('waiting', () => began && !isThere() && scope.halts.push('waiting'));
    for (const name of ['emptied', 'pause', 'error', 'abort'])
      nativeEl.addEventListener(name, () => began && scope.halts.push(name));
  });
  return () => video.evaluate(() => (globalThis as unknown as { halts: string[] }).halts);
}

/** Does something of which the player says `words`, for a moment only: it is listened to in the page, since a look now and then may miss it. */
export async function hears(where: Page | Frame, words: string, act: () => Promise<unknown>): Promise<void> {
  const said = where.locator('.said');
  await said.evaluate((element) => {
    const scope = globalThis as unknown as {
      said: (string | null)[];
      MutationObserver: new (look: () => void) => { observe: (what: unknown, how: object) => void };
    };
    const heard: (string | null)[] = [];
    scope.said = heard;
    const listener = new scope.MutationObserver(() => heard.push(element.textContent));
    listener.observe(element, { subtree: true, childList: true, characterData: true });
  });
  await act();
  const heard = () => said.evaluate(() => (globalThis as unknown as { said: (string | null)[] }).said);
  await vi.waitUntil(async () => (await heard()).includes(words), { timeout: 60_000, interval: 100 });
}

/** Asked for by tests alone. */
const MARK = '/vod/mark';

interface Signatures {
  /** Those that media were asked for by. */
  readonly seen: ReadonlySet<string>;
  /** Addresses that were refused: of the first one, after its end. */
  readonly refused: readonly string[];
  /** Ends the first one, in the frame that plays. */
  readonly end: (player: Page | Frame) => Promise<void>;
}

/** Before the page is opened. Its clock is what the test moves; the edge is what the test has refuse the first signature from then on. */
export async function outliveSignatures(page: Page): Promise<Signatures> {
  await page.addInitScript(() => {
    const scope = globalThis as unknown as { ahead: number };
    const real = Date.now.bind(Date);
    scope.ahead = 0;
    Date.now = () => real() + scope.ahead;
  });
  let first: string | undefined;
  let isOver = false;
  const [seen, refused] = [new Set<string>(), [] as string[]];
  await page.route(/\/vod\//, async (route) => {
    if (route.request().url().endsWith(MARK)) return route.fulfill({ status: 204 });
    const policy = new URL(route.request().url()).searchParams.get('Policy') ?? '';
    first ??= policy;
    seen.add(policy);
    if (!isOver || policy !== first) return route.continue();
    refused.push(route.request().url());
    return route.fulfill({ status: 403, body: '' });
  });
  const end = async (player: Page | Frame) => {
    // A month later: what is asked for from now on must wait for another signature.
    await player.evaluate(() => ((globalThis as unknown as { ahead: number }).ahead = 30 * 86_400_000));
    // What was asked for before is on its way here, and before this.
    await player.evaluate((mark) => fetch(mark).then(() => undefined), MARK);
    isOver = true;
  };
  return { seen, refused, end };
}
