/** Pages of others: hosts with names of their own, in a browser that reaches nothing but them and the platform on this machine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Frame, type Locator, type Page } from 'playwright-core';
import { BROWSER } from '../../support/browser.ts';
import { openPage } from '../console/open.ts';

export const FRIEND = 'www.friend.example';
export const STRANGER = 'www.stranger.example';

export interface Sites {
  /** There is no internet in it. */
  readonly browser: Browser;
  readonly origin: (host: string) => string;
  /** A page of `host`, with `body` on it; and every origin that anything is asked of. */
  readonly visit: (host: string, body: string, prepare?: (page: Page) => Promise<void>) => Promise<Visit>;
  readonly close: () => Promise<void>;
}

export interface Visit {
  readonly page: Page;
  readonly faults: string[];
  readonly close: () => Promise<void>;
  readonly origins: ReadonlySet<string>;
}

export async function openSites(): Promise<Sites> {
  const pages = new Map<string, string>();
  const server = createServer((request, response) => {
    const html = pages.get(request.url ?? '');
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const rules = [
    ...[FRIEND, STRANGER].map((host) => `MAP ${host} 127.0.0.1`),
    'MAP * ~NOTFOUND',
    'EXCLUDE 127.0.0.1',
  ].join(',');
  const browser = await chromium.launch({ ...BROWSER, args: [...BROWSER.args, `--host-resolver-rules=${rules}`] });
  const origin = (host: string) => `http://${host}:${port}`;
  const visit: Sites['visit'] = async (host, body, prepare) => {
    const opened = await openPage(browser);
    const origins = new Set<string>();
    opened.page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http')) origins.add(url.origin);
    });
    await prepare?.(opened.page);
    const path = `/${pages.size}`;
    pages.set(
      path,
      `<!doctype html><html lang="en"><title>A page of others</title><main><h1>News</h1>${body}</main></html>`,
    );
    await opened.page.goto(origin(host) + path);
    return { ...opened, origins };
  };
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { browser, origin, visit, close };
}

/** The frame on a page that has one. */
export const frameOn = async (page: Page): Promise<Frame> =>
  (await (await page.locator('iframe').elementHandle()).contentFrame())!;

interface Shown {
  readonly currentTime: number;
  readonly paused: boolean;
  readonly muted: boolean;
}
/** What `<sluice-player>` says there. */
export const look = (where: Page | Frame): Promise<Shown> =>
  where.locator('sluice-player').evaluate((element) => {
    const { currentTime, paused, muted } = element as unknown as Shown;
    return { currentTime, paused, muted };
  });
export const time = async (where: Page | Frame) => (await look(where)).currentTime;
/** Why nothing plays. */
export const alertOf = (where: Page | Frame): Locator => where.getByRole('alert');
/** What it says first. */
export const title = (where: Page | Frame, words: string): Locator => alertOf(where).locator('strong').getByText(words);
