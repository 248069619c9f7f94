/** Pages of others: hosts with names of their own, in a browser that reaches nothing but them and the platform on this machine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser } from 'playwright-core';
import { BROWSER } from '../../support/browser.ts';

export const FRIEND = 'www.friend.example';
export const STRANGER = 'www.stranger.example';

export interface Sites {
  /** There is no internet in it. */
  readonly browser: Browser;
  readonly origin: (host: string) => string;
  /** Puts `body` on a page of its own; answers its path. */
  readonly put: (body: string, head?: string) => string;
  readonly close: () => Promise<void>;
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
  return {
    browser,
    origin: (host) => `http://${host}:${port}`,
    put: (body, head = '') => {
      const path = `/${pages.size}`;
      pages.set(
        path,
        `<!doctype html><html lang="en"><head><title>A page of others</title>${head}</head><body><main><h1>News</h1>${body}</main></body></html>`,
      );
      return path;
    },
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
