/** Pages of others with our player in them, each from an origin of its own, and a browser that reaches nobody but this machine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';

export interface Site {
  readonly url: string;
  readonly close: () => void;
}

/** A site whose every page is what `body` answers. */
export async function site(body: () => string): Promise<Site> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><html lang="en"><title>A site</title><body>${body()}</body></html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

/** As on a machine without internet. `asked`: who was asked for all the same. */
export async function withoutInternet(browser: Browser): Promise<{ context: BrowserContext; asked: string[] }> {
  const context = await browser.newContext();
  const asked: string[] = [];
  await context.route(
    ({ hostname, protocol }) => protocol.startsWith('http') && hostname !== '127.0.0.1',
    (route) => {
      asked.push(route.request().url());
      return route.abort('internetdisconnected');
    },
  );
  return { context, asked };
}

interface Player {
  readonly time: number;
  readonly width: number;
  readonly words: string;
}

/** What `<sluice-player>` on the page, or in the frame, plays and says. */
export const playerIn = (page: Page | Frame): Promise<Player> =>
  page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { querySelector(name: string): { currentTime: number; shadowRoot: Root } };
    };
    interface Root {
      querySelector(name: string): { textContent: string; hidden: boolean; nativeEl: { videoWidth: number } };
    }
    const player = document.querySelector('sluice-player');
    const over = player.shadowRoot.querySelector('.over');
    return {
      time: player.currentTime,
      width: player.shadowRoot.querySelector('hls-video').nativeEl.videoWidth,
      words: over.hidden ? '' : over.textContent.replaceAll(/\s+/g, ' ').trim(),
    };
  });

/** Sound off, so that it may, and on it goes. */
export const startIn = (page: Page | Frame): Promise<void> =>
  page.evaluate(async () => {
    const { document } = globalThis as unknown as {
      document: { querySelector(name: string): { muted: boolean; play(): Promise<void> } };
    };
    const player = document.querySelector('sluice-player');
    player.muted = true;
    await player.play();
  });
