/** The edge as a server on loopback. */
import { randomBytes } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CachedOrigin } from './cached-origin.ts';
import type { EdgeConfig } from './config.ts';
import { EdgePipeline, own, type EdgeAnswer } from './edge.ts';
import { htmlError } from './errors.ts';
import { VIA, type ViewerRequest } from './forward.ts';
import { discard, Origins } from './origin.ts';
import { watchInvalidations } from './invalidations.ts';
import { watchStores, type StoreCopy, type StoreWatcher } from './key-values.ts';
import { parseCookies, parseTarget, TargetError, type Target } from './target.ts';
import { isWebSocket, passUpgrade, refuse } from './upgrade.ts';

/** CloudFront's limits (Developer Guide, "Quotas"): bytes of a URL, and of the request line with all headers. */
const MAX_URL = 8192;
const MAX_HEADERS = 32_768;

/** What CloudFront does and this edge does not, whatever stands in the template. */
const NOT_COVERED = [
  'TLS, HTTP/2 and HTTP/3: the edge speaks HTTP/1.1 on loopback, so viewer protocol policies (redirect to https) are not applied',
  'compression: objects are sent as the origin sent them',
  'CloudFront Functions run in V8 with a generous time limit: memory and CPU limits of CloudFront are not checked',
  'regional edge caches',
];

export interface EdgeServerOptions {
  config: EdgeConfig;
  /** Answers S3 and CloudFront API calls. */
  engineEndpoint: string;
  /** Where an API's only stage is, `$default`, without a slash at the end; `{apiId}` in it becomes the API's id. */
  apiBase: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Default `us-east-1`. */
  region?: string;
  /** Port on 127.0.0.1; 0 for any free one. */
  port: number;
  /** One line: what is not covered (at start), what failed, what functions print. No query strings, no secrets. */
  log: (line: string) => void;
  /** One more line for every request. Default false. */
  accessLog?: boolean;
  /** Ask the engine for new invalidations every second. Default true. */
  pollInvalidations?: boolean;
  /** Key value stores of functions by ARN, instead of those that the engine is asked for every second. */
  stores?: (arn: string) => StoreCopy | undefined;
  /** Where the viewer of an address is, as ISO 3166-1 alpha-2. Default: nobody knows. */
  country?: (ip: string) => string | undefined;
  /** Bytes. Default 256 MiB for the cache, 32 MiB for one object; larger objects stream through. */
  maxCacheBytes?: number;
  maxObjectBytes?: number;
  /** Milliseconds since the epoch; for tests. */
  now?: () => number;
}

export interface Edge {
  url: string;
  port: number;
  /** Drops cached objects by CloudFront invalidation paths (`/a`, `/b/*`); answers how many. */
  invalidate(paths: readonly string[]): number;
  /** Ends open connections and resolves within a second. */
  close(): Promise<void>;
}

/** Starts the edge; resolves when it listens. Rejects when the port is taken. */
export async function startEdge(options: EdgeServerOptions): Promise<Edge> {
  const { config, log, now = Date.now, region = 'us-east-1' } = options;
  const origins = new Origins({ ...options, region });
  const { maxCacheBytes = 256 * 2 ** 20, maxObjectBytes = 32 * 2 ** 20 } = options;
  const cached = new CachedOrigin({ config, origins, maxCacheBytes, maxObjectBytes, now, log });
  const arns = new Set(config.behaviours.flatMap(({ viewerRequest }) => viewerRequest?.store ?? []));
  let storeWatcher: StoreWatcher | undefined;
  const stores = options.stores ?? ((arn: string) => storeWatcher?.copyOf(arn));
  const { country = () => undefined } = options;
  const edge = new EdgePipeline({ config, cached, stores, country, now, log });

  const server = http.createServer({ maxHeaderSize: MAX_HEADERS, requestTimeout: 0 }, (req, res) => {
    void answerAndLog(req, res);
  });
  const answerAndLog = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const started = performance.now();
    try {
      const { status, xCache } = await handle(edge, req, res);
      const path = (req.url ?? '').split('?', 1)[0];
      if (options.accessLog)
        log(`${req.method} ${path} ${status} ${xCache}, ${Math.round(performance.now() - started)} ms`);
    } catch (error) {
      log(`${req.method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      res.destroy();
    }
  };
  // What becomes a WebSocket is no request of the server's any more, so it is ended by us.
  const passed = new Set<Duplex>();
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    passed.add(socket);
    socket.on('close', () => passed.delete(socket));
    socket.on('error', () => socket.destroy());
    void upgrade(edge, options, req, socket, head).then(
      (status) => options.accessLog === true && log(`upgrade ${(req.url ?? '').split('?', 1)[0]} ${String(status)}`),
      (error: unknown) => {
        log(`upgrade: ${String(error)}`);
        socket.destroy();
      },
    );
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '413 Request Entity Too Large' : '400 Bad Request';
    if (socket.writable)
      socket.end(`HTTP/1.1 ${status}\r\nServer: CloudFront\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });

  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(options.port, '127.0.0.1', listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    origins.close();
    throw error;
  }
  for (const line of NOT_COVERED) log(`not covered: ${line}`);

  const invalidate = (paths: readonly string[]) => cached.invalidate(paths);
  const watcher =
    options.pollInvalidations === false
      ? undefined
      : watchInvalidations({ ...options, region, distributionId: config.distributionId, invalidate });
  if (options.stores === undefined && arns.size > 0) {
    storeWatcher = watchStores({ ...options, stores: [...arns] });
    await storeWatcher.ready;
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    invalidate,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of passed) socket.destroy();
      await Promise.all([watcher?.stop(), storeWatcher?.stop()]);
      origins.close();
      await closed;
    },
  };
}

async function handle(edge: EdgePipeline, req: IncomingMessage, res: ServerResponse): Promise<EdgeAnswer> {
  const requestId = randomBytes(42).toString('base64url');
  const url = req.url ?? '/';
  if (Buffer.byteLength(url) > MAX_URL) {
    return await send(own(htmlError(413, 'The URL is too long.')), requestId, req, res, true);
  }
  let target: Target;
  try {
    target = parseTarget(url);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return await send(own(htmlError(400, 'Bad request.')), requestId, req, res, true);
  }
  const answer = await edge.answer(viewerRequest(req, target, requestId), target, req);
  return await send(answer, requestId, req, res, false);
}

function viewerRequest(req: IncomingMessage, { path, query }: Target, requestId: string): ViewerRequest {
  const { remoteAddress = '' } = req.socket;
  return {
    method: req.method ?? 'GET',
    path,
    viewerPath: path,
    query,
    headers: viewerHeaders(req),
    cookies: parseCookies(req.headers.cookie),
    host: req.headers.host ?? '',
    ip: remoteAddress.replace(/^::ffff:/, ''),
    requestId,
  };
}

/** A request for another protocol: a WebSocket is passed on, and nothing else. */
async function upgrade(
  edge: EdgePipeline,
  { config, apiBase }: EdgeServerOptions,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<number | undefined> {
  const url = req.url ?? '/';
  if (!isWebSocket(req) || Buffer.byteLength(url) > MAX_URL) return refuse(socket, 400, 'Bad Request');
  let target: Target;
  try {
    target = parseTarget(url);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return refuse(socket, 400, 'Bad Request');
  }
  const found = edge.through(viewerRequest(req, target, randomBytes(42).toString('base64url')), target);
  if (!('behaviour' in found)) return refuse(socket, found.status, http.STATUS_CODES[found.status] ?? '');
  const stageless = (apiId: string) => apiBase.replace('{apiId}', apiId).replace(/\/(?:\$default\/?)?$/, '');
  return await passUpgrade({ config, ...found, apiBase: stageless, socket, head });
}

/** All headers but cookies, repeated ones joined. */
function viewerHeaders(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i]!;
    if (name.toLowerCase() !== 'cookie') headers.append(name, req.rawHeaders[i + 1]!);
  }
  return headers;
}

async function send(
  answer: EdgeAnswer,
  requestId: string,
  req: IncomingMessage,
  res: ServerResponse,
  close: boolean,
): Promise<EdgeAnswer> {
  const { status, body, xCache } = answer;
  const headers = new Headers(answer.headers);
  headers.set('x-cache', xCache);
  headers.set('via', VIA);
  headers.set('x-amz-cf-pop', 'LOCAL');
  headers.set('x-amz-cf-id', requestId);
  if (Buffer.isBuffer(body) && !headers.has('content-length') && status !== 304 && status !== 204) {
    headers.set('content-length', String(body.length));
  }
  // An origin that knows no length is passed on chunk by chunk.
  if (close || !res.shouldKeepAlive) headers.set('connection', 'close');
  res.writeHead(status, [...headers].flat());
  if (Buffer.isBuffer(body)) {
    res.end(req.method === 'HEAD' ? undefined : body);
    return answer;
  }
  if (req.method === 'HEAD') {
    discard(body);
    res.end();
    return answer;
  }
  try {
    await pipeline(body instanceof Readable ? body : Readable.from(body), res);
  } catch {
    // The viewer went away, or the origin broke off after the headers were sent: the connection's end says so.
    res.destroy();
  }
  return answer;
}
