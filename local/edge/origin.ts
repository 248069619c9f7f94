/** Asks origins: S3 buckets on the engine with signed requests, the HTTP API over HTTP. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ApiOrigin, Origin, S3Origin } from './config.ts';
import { OriginUnavailable, xmlError } from './errors.ts';
import { HOP_BY_HOP } from './forward.ts';
import { globMatch } from './glob.ts';
import { Turnstile } from './turnstile.ts';

export interface OriginRequest {
  method: string;
  path: string;
  /** With its `?`, or empty. */
  query: string;
  headers: Headers;
  body: IncomingMessage | undefined;
}

export interface OriginAnswer {
  status: number;
  /** End-to-end headers. */
  headers: Headers;
  body: IncomingMessage | Buffer;
}

export interface OriginOptions {
  engineEndpoint: string;
  /** Base URL of the HTTP API; `{apiId}` in it becomes the API's id. */
  apiBase: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  region: string;
}

/** Conditions and ranges reach a bucket too; they need no signature. */
const S3_HEADERS = ['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
const CORS_HEADERS = ['origin', 'access-control-request-method', 'access-control-request-headers'];

/** Bytes cheaper to read than a new connection to open. */
const SHORT = 65_536;

/**
 * Requests to the HTTP API under way at once. A local engine starts a process for each: with hundreds on a small machine
 * none gets anywhere before its time is up.
 */
const MAX_INVOCATIONS = 8;

export class Origins {
  readonly #options: OriginOptions;
  readonly #invocations = new Turnstile(MAX_INVOCATIONS);
  readonly #s3: S3Client;
  readonly #agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };

  constructor(options: OriginOptions) {
    this.#options = options;
    this.#s3 = new S3Client({
      endpoint: options.engineEndpoint,
      region: options.region,
      credentials: options.credentials,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** Throws `OriginUnavailable` when there is no answer. The caller must read or destroy the body. */
  async ask(origin: Origin, request: OriginRequest): Promise<OriginAnswer> {
    return origin.kind === 's3' ? await this.#bucket(origin, request) : await this.#api(origin, request);
  }

  close(): void {
    this.#s3.destroy();
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #bucket(origin: S3Origin, request: OriginRequest): Promise<OriginAnswer> {
    const key = keyOf(request.path);
    const arn = `arn:aws:s3:::${origin.bucket}`;
    if (request.method === 'OPTIONS') {
      // S3 answers preflights by the bucket's CORS rules, unsigned.
      const url = new URL(`${this.#options.engineEndpoint}/${origin.bucket}${request.path}`);
      return await this.#send(url, 'OPTIONS', pick(request.headers, CORS_HEADERS), origin, undefined);
    }
    const named = (statements: S3Origin['grants']) => names(statements, 's3:GetObject', `${arn}/${key}`);
    const readable = key !== undefined && named(origin.grants) && !named(origin.denials);
    if (!readable || (request.method !== 'GET' && request.method !== 'HEAD')) return denied();
    const input = { Bucket: origin.bucket, Key: key };
    const command = request.method === 'HEAD' ? new HeadObjectCommand(input) : new GetObjectCommand(input);
    const url = new URL(await getSignedUrl(this.#s3, command, { expiresIn: 60 }));
    const headers = pick(request.headers, [...S3_HEADERS, ...CORS_HEADERS]);
    const answer = await this.#send(url, request.method, headers, origin, undefined);
    // Without the right to list, S3 does not tell a missing object from a forbidden one; a lax engine does.
    if (answer.status !== 404 || names(origin.grants, 's3:ListBucket', arn)) return answer;
    discard(answer.body);
    return denied();
  }

  async #api(origin: ApiOrigin, request: OriginRequest): Promise<OriginAnswer> {
    const url = new URL(this.#options.apiBase.replace('{apiId}', origin.apiId).replace(/\/$/, ''));
    // Assigned in one piece: the URL parser would take dot segments and escapes in a path for its own.
    const path = `${url.pathname === '/' ? '' : url.pathname}${request.path}${request.query}`;
    return await this.#invocations.run(() =>
      this.#send(url, request.method, request.headers, origin, request.body, path),
    );
  }

  async #send(
    url: URL,
    method: string,
    headers: Headers,
    origin: Origin,
    body: IncomingMessage | undefined,
    path = `${url.pathname}${url.search}`,
    retry = true,
  ): Promise<OriginAnswer> {
    const { request } = url.protocol === 'https:' ? https : http;
    const scheme = url.protocol === 'https:' ? 'https' : 'http';
    // A request with a body cannot be sent again, so it does not use a connection that may just be closing.
    const agent = body ? false : this.#agents[scheme];
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request(url, { method, path, agent, headers: Object.fromEntries(headers) }, resolve);
    outgoing.setTimeout(origin.readTimeout * 1000, () => {
      outgoing.destroy(new OriginUnavailable(504, `the origin did not answer within ${origin.readTimeout} s`));
    });
    outgoing.on('error', reject);
    if (body) {
      body.on('close', () => {
        if (!body.complete) outgoing.destroy();
      });
      body.pipe(outgoing);
    } else outgoing.end();
    try {
      const answer = await promise;
      // From here a slow viewer may hold the body back for as long as it likes.
      outgoing.setTimeout(0);
      return { status: answer.statusCode ?? 502, headers: endToEnd(answer), body: answer };
    } catch (cause) {
      if (cause instanceof OriginUnavailable) throw cause;
      if (retry && !body && outgoing.reusedSocket && ['GET', 'HEAD', 'OPTIONS'].includes(method)) {
        return await this.#send(url, method, headers, origin, body, path, false);
      }
      throw new OriginUnavailable(502, `the origin ${url.host} cannot be reached`, { cause });
    }
  }
}

/** Frees an answer that is not wanted: a short body is read away, so that its connection can be used again. */
export function discard(body: Buffer | AsyncIterable<Buffer> | IncomingMessage): void {
  if (!(body instanceof http.IncomingMessage)) return;
  const bodiless = body.statusCode === 304 || Number(body.headers['content-length'] ?? SHORT + 1) <= SHORT;
  if (bodiless) body.resume();
  else body.destroy();
}

/** The object key behind a path; undefined for a path no key can have, which S3 refuses too. */
function keyOf(path: string): string | undefined {
  try {
    const key = decodeURIComponent(path.slice(1));
    return key === '' || key.split('/').some((segment) => segment === '.' || segment === '..') ? undefined : key;
  } catch {
    return undefined;
  }
}

function names(statements: S3Origin['grants'], action: string, resource: string): boolean {
  return statements.some(
    (statement) =>
      statement.actions.some((pattern) => globMatch(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.resources.some((pattern) => globMatch(pattern, resource)),
  );
}

function denied(): OriginAnswer {
  const { status, contentType, body } = xmlError(403, 'AccessDenied', 'Access Denied');
  return { status, headers: new Headers({ 'content-type': contentType }), body: Buffer.from(body) };
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

function endToEnd(answer: IncomingMessage): Headers {
  const named = new Set((answer.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const headers = new Headers();
  for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i]!.toLowerCase();
    if (!HOP_BY_HOP.has(name) && !named.has(name)) headers.append(name, answer.rawHeaders[i + 1]!);
  }
  return headers;
}
