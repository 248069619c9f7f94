/** What stands on the page, in pixels. The tests' compiler knows no DOM: what the page's own scripts see is declared here. */
import type { Locator, Page } from 'playwright-core';

interface Canvas {
  width: number;
  height: number;
  getContext: (kind: string) => {
    drawImage: (...from: unknown[]) => void;
    getImageData: (...box: number[]) => { data: Uint8ClampedArray };
  };
}

interface Browsing {
  readonly document: {
    readonly createElement: (name: 'canvas') => Canvas;
    readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
    readonly getAnimations: () => readonly {
      readonly finished: Promise<unknown>;
      readonly transitionProperty?: string;
    }[];
  };
  readonly Image: new () => { src: string; width: number; height: number; decode: () => Promise<void> };
}

interface Video {
  readonly currentTime: number;
  readonly videoWidth: number;
  readonly muted: boolean;
}

interface Shown {
  /** Seconds. */
  readonly at: number;
  /** Pixels. */
  readonly width: number;
  /** A fingerprint of the picture on show. */
  readonly picture: string;
  readonly isMuted: boolean;
}

/** Of every video element, in order. */
export const videosOf = (page: Page): Promise<Shown[]> =>
  page.locator('video').evaluateAll((elements) => {
    const { document } = globalThis as unknown as Browsing;
    return elements.map((element) => {
      const video = element as unknown as Video;
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [32, 18];
      const context = canvas.getContext('2d');
      context.drawImage(video, 0, 0, 32, 18);
      const picture = context.getImageData(0, 0, 32, 18).data.join();
      return { at: video.currentTime, width: video.videoWidth, picture, isMuted: video.muted };
    });
  });

/** Whether each video goes on within a second and shows something else than before, and something at all. */
export async function moving(page: Page): Promise<boolean[]> {
  const before = await videosOf(page);
  await page.waitForTimeout(1000);
  const after = await videosOf(page);
  return after.map(({ at, width, picture }, i) => {
    const first = before[i];
    const goesOn = first !== undefined && at > first.at + 0.3 && picture !== first.picture;
    return goesOn && width > 0 && /[1-9]\d/.test(picture);
  });
}

/** How many pixels of a picture of `part` are of about this colour. */
export async function pixelsOf(page: Page, part: Locator, [r, g, b]: readonly [number, number, number]) {
  const png = (await part.screenshot()).toString('base64');
  return page.evaluate(
    async ([address, wanted]) => {
      const { Image, document } = globalThis as unknown as Browsing;
      const image = new Image();
      image.src = address;
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (wanted.every((value, k) => Math.abs(value - data[i + k]!) < 12)) found += 1;
      }
      return found;
    },
    [`data:image/png;base64,${png}`, [r, g, b]] as const,
  );
}

/** Pixels by which the page is wider than its window. */
export const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { documentElement } = (globalThis as unknown as Browsing).document;
    return documentElement.scrollWidth - documentElement.clientWidth;
  });

interface Element {
  readonly textContent: string;
  readonly value?: string;
  readonly offsetWidth: number;
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly style: { cssText: string };
  readonly cloneNode: (isDeep: boolean) => Element;
  readonly after: (next: Element) => void;
  readonly remove: () => void;
}

/** What tabs of the bar at the bottom, and choices of the library, say that have no room for it. */
export const cutShort = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { querySelectorAll: (selector: string) => Iterable<Element> };
    };
    const tabs = [...document.querySelectorAll('nav[aria-label="Screens, bottom"] > :is(a, button)')];
    const choices = [...document.querySelectorAll('search select')].map((one) => {
      // As wide as what it says now.
      const free = one.cloneNode(true);
      free.style.cssText = 'position: absolute; width: auto; min-width: 0; field-sizing: content';
      one.after(free);
      const isCut = free.offsetWidth > one.offsetWidth;
      free.remove();
      return isCut ? `choice ${one.value}` : '';
    });
    const cut = tabs.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
    return [...cut.map(({ textContent }) => textContent), ...choices.filter((one) => one !== '')];
  });

/** Resolves when no colour or size is on its way to another. What turns for ever does not count. */
export const settled = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const changes = (globalThis as unknown as Browsing).document
      .getAnimations()
      .filter(({ transitionProperty }) => transitionProperty !== undefined);
    await Promise.all(changes.map(({ finished }) => finished.catch(() => undefined)));
  });
