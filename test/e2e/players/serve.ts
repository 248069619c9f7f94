/** The player pages, from a host of their own (as a customer's page is) or, by interception, from the distribution's. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';

const here = new URL('./pages/', import.meta.url);
const packages = new URL('../../../node_modules/', import.meta.url);
const LIBRARIES = [
  'hls.js/dist/hls.min.js',
  'shaka-player/dist/shaka-player.compiled.js',
  'video.js/dist/video.min.js',
  'dashjs/dist/modern/umd/dash.all.min.js',
];
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };

/** A page (`/players/hls.js.html`), what watches there (`/players/watch.js`) or one of the libraries they load; undefined for anything else. */
export async function file(path: string): Promise<{ body: Buffer; contentType: string } | undefined> {
  const name = path.replace(/^\/players\//, '');
  const library = name.replace(/^lib\//, '');
  const page = /^[a-z.]+\.html$|^watch\.js$/.test(name) ? new URL(name, here) : undefined;
  const url = LIBRARIES.includes(library) ? new URL(library, packages) : page;
  if (url === undefined) return undefined;
  return { body: await readFile(url), contentType: TYPES[extname(name)] ?? 'application/octet-stream' };
}

/** Serves `/players/…` on a loopback port: another origin than the distribution's. */
export async function servePages(): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const answer = async () => {
      const found = await file(new URL(request.url ?? '/', 'http://localhost').pathname);
      response.writeHead(found ? 200 : 404, { 'content-type': found?.contentType ?? 'text/plain' }).end(found?.body);
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}
