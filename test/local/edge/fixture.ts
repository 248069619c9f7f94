/** An edge in front of a small origin, for tests over real sockets. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Behaviour, CachePolicy, EdgeConfig } from '../../../local/edge/config.ts';
import { startEdge, type Edge, type EdgeServerOptions } from '../../../local/edge/server.ts';

export const NO_POLICY: CachePolicy = {
  minTtl: 0,
  defaultTtl: 60,
  maxTtl: 3600,
  queries: { kind: 'none' },
  headers: [],
  cookies: 'none',
  gzip: false,
  brotli: false,
};

export const UNCACHED: CachePolicy = { ...NO_POLICY, defaultTtl: 0, maxTtl: 0 };

export function behaviour(over: Partial<Behaviour> = {}): Behaviour {
  return {
    pathPattern: '*',
    originId: 'origin',
    allowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'],
    trustedKeys: undefined,
    cachePolicy: NO_POLICY,
    originRequestPolicy: undefined,
    responseHeadersPolicy: undefined,
    viewerRequest: undefined,
    ...over,
  };
}

export interface Playground extends AsyncDisposable {
  edge: Edge;
  /** `METHOD path?query` of every request that reached the origin. */
  seen: string[];
  /** The last of them. */
  last: () => IncomingMessage;
  logs: string[];
  /** Milliseconds since its start on the edge's clock, which stands but for what a test sets: what is kept for a second is so on any machine. */
  clock: { skip: number };
  get(path: string, headers?: Record<string, string>): Promise<Response>;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

export async function play(
  handler: Handler,
  config: Partial<EdgeConfig> = {},
  options: Partial<EdgeServerOptions> = {},
): Promise<Playground> {
  const seen: string[] = [];
  const logs: string[] = [];
  const clock = { skip: 0 };
  const began = Date.now();
  let last: IncomingMessage | undefined;
  const origin = http.createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    last = req;
    void handler(req, res);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const edge = await startEdge({
    config: {
      distributionId: 'EDIST',
      domainName: 'edist.cloudfront.net',
      behaviours: [behaviour()],
      origins: { origin: { kind: 'api', apiId: 'api', readTimeout: 5 } },
      defaultRootObject: '',
      errorTtls: new Map(),
      ...config,
    },
    engineEndpoint: base,
    apiBase: base,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    port: 0,
    log: (line) => logs.push(line),
    pollInvalidations: false,
    now: () => began + clock.skip,
    ...options,
  });
  // What it says at start is the same for every distribution.
  logs.length = 0;
  return {
    edge,
    seen,
    last: () => {
      if (!last) throw new Error('nothing reached the origin');
      return last;
    },
    logs,
    clock,
    get: (path, headers = {}) => fetch(`${edge.url}${path}`, { headers, redirect: 'manual' }),
    [Symbol.asyncDispose]: async () => {
      await edge.close();
      origin.closeAllConnections();
      await new Promise((resolve) => origin.close(resolve));
    },
  };
}

export const cacheOf = (response: Response): string | undefined =>
  response.headers.get('x-cache')?.replace(' from cloudfront', '');

/** Sends bytes as they are and answers all that comes back until the other side closes. */
export async function raw(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.write(text);
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}
