/** A web server with one file in it, on a real socket: as servers are that a source is pulled from, and as they are not. */
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';

/** For `*.sluice.example`, 127.0.0.1 and 127.0.0.2, until 2126: of no use anywhere else. */
const file = (name: string) => readFileSync(new URL(`tls/${name}.pem`, import.meta.url), 'utf8');
export const TEST_CA = file('cert');

export interface FileServer {
  readonly port: number;
  readonly url: string;
  /** Every request that came, by its path and range. */
  readonly asked: { readonly path: string; readonly range: string | undefined; readonly host: string | undefined }[];
  readonly close: () => Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export async function fileServer(
  answer: Answer,
  { tls = false, host = '127.0.0.1', port = 0 } = {},
): Promise<FileServer> {
  const asked: FileServer['asked'] = [];
  const listener: Answer = (request, response) => {
    asked.push({ path: request.url ?? '', range: request.headers.range, host: request.headers.host });
    answer(request, response);
  };
  const server: Server = tls ? createHttps({ cert: TEST_CA, key: file('key') }, listener) : createHttp(listener);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    url: `${tls ? 'https' : 'http'}://${host}:${taken}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with `bytes`, or the range of them that is asked for, as RFC 9110 14 has it. */
export function serveRanges(
  bytes: Buffer,
  { etag = '"one"', type = 'video/mp4' }: { etag?: string; type?: string } = {},
): Answer {
  return ({ headers }, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    const same = headers['if-range'] === undefined || headers['if-range'] === etag;
    response.setHeader('etag', etag);
    response.setHeader('content-type', type);
    if (from === undefined || !same) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return;
    }
    const end = Math.min(Number(to), bytes.length - 1);
    if (Number(from) > end) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const part = bytes.subarray(Number(from), end + 1);
    response
      .writeHead(206, { 'content-range': `bytes ${from}-${end}/${bytes.length}`, 'content-length': part.length })
      .end(part);
  };
}
