/**
 * S3 for the hot path: signed by the SDK's own signer, sent over keep-alive connections. The SDK's PutObject costs
 * 1.5 ms of CPU a call, this a tenth of it. Nothing is retried here: who calls knows what a second attempt means.
 */
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, createSecretKey, hash, type Hash, type Hmac, type KeyObject } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

export type Headers = Readonly<Record<string, string>>;

export interface StoreAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No answer came: refused, reset, or not in time. */
export class StoreError extends Error {
  override name = 'StoreError';
}

type SourceData = string | ArrayBuffer | ArrayBufferView;
type Credentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

export interface StoreOptions {
  readonly region: string;
  readonly credentials: Credentials;
  /** Another than AWS's; the bucket is then the path's first part. */
  readonly endpoint?: string | undefined;
  /** Requests under way at once; more wait their turn. */
  readonly maxSockets?: number;
  /** Milliseconds from the request's start to its answer. */
  readonly timeoutMs?: number;
}

/** Largest answer read, bytes: playlists and error documents. */
const MAX_ANSWER = 4 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

export class ObjectStore {
  readonly #signer: SignatureV4;
  readonly #endpoint: URL | undefined;
  readonly #region: string;
  readonly #agent: http.Agent;
  readonly #timeout: number;

  constructor({ region, credentials, endpoint, maxSockets = 256, timeoutMs = 10_000 }: StoreOptions) {
    this.#signer = new SignatureV4({
      service: 's3',
      region,
      credentials,
      sha256: NodeSha256,
      uriEscapePath: false,
      applyChecksum: false,
    });
    this.#endpoint = endpoint === undefined ? undefined : new URL(endpoint);
    this.#region = region;
    const secure = this.#endpoint?.protocol !== 'http:';
    this.#agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets, keepAliveMsecs: 30_000 });
    this.#timeout = timeoutMs;
  }

  put(bucket: string, key: string, body: Buffer, headers: Headers): Promise<StoreAnswer> {
    return this.#send('PUT', bucket, key, body, headers);
  }

  get(bucket: string, key: string): Promise<StoreAnswer> {
    return this.#send('GET', bucket, key, EMPTY, {});
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: string, bucket: string, key: string, body: Buffer, extra: Headers): Promise<StoreAnswer> {
    const { protocol, hostname, port, host, path } = this.#address(bucket, key);
    const signed = await this.#signer.sign(
      {
        method,
        protocol,
        hostname,
        path,
        query: {},
        headers: {
          ...extra,
          host,
          'content-length': String(body.length),
          'x-amz-content-sha256': hash('sha256', body, 'hex'),
        },
      },
      {},
    );
    return this.#exchange(
      { method, protocol, hostname, port, path, headers: signed.headers, agent: this.#agent },
      body,
    );
  }

  #exchange(options: https.RequestOptions, body: Buffer): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => {
      const request = (options.protocol === 'http:' ? http : https).request(options);
      const fail = (cause: Error) => {
        clearTimeout(timer);
        reject(new StoreError(`${options.method ?? ''} ${options.path ?? ''}: ${cause.message}`, { cause }));
      };
      const timer = setTimeout(() => request.destroy(new Error('no answer in time')), this.#timeout);
      request.once('error', fail);
      request.once('response', (response) => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        response.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes > MAX_ANSWER) response.destroy(new Error('the answer is too long'));
          else pieces.push(piece);
        });
        response.once('error', fail);
        response.once('end', () => {
          clearTimeout(timer);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: pieces.length === 0 ? EMPTY : Buffer.concat(pieces, bytes),
          });
        });
      });
      request.end(body.length === 0 ? undefined : body);
    });
  }

  /** Keys are ours and hold nothing that a URL escapes (lib/contract/live-keys.ts, keys.ts). */
  #address(bucket: string, key: string) {
    if (this.#endpoint === undefined) {
      const suffix = this.#region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
      const host = `${bucket}.s3.${this.#region}.${suffix}`;
      return { protocol: 'https:', hostname: host, port: 443, host, path: `/${key}` };
    }
    const { protocol, hostname, port, host } = this.#endpoint;
    const number = Number(port === '' ? (protocol === 'http:' ? 80 : 443) : port);
    return { protocol, hostname, port: number, host, path: `/${bucket}/${key}` };
  }
}

/** node:crypto in the shape the signer asks for. */
class NodeSha256 {
  readonly #key: KeyObject | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: SourceData) {
    this.#key = secret === undefined ? undefined : keyOf(secret);
    this.#hash = this.#begin();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    return this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key);
  }
}

/** Keys the signer uses again and again, the same object each time: making one costs more than the digest itself. */
const keys = new WeakMap<object, KeyObject>();
let latest: { readonly secret: string; readonly key: KeyObject } | undefined;

function keyOf(secret: SourceData): KeyObject {
  if (typeof secret === 'string') {
    if (latest?.secret !== secret) latest = { secret, key: createSecretKey(secret, 'utf8') };
    return latest.key;
  }
  let key = keys.get(secret);
  if (key === undefined) {
    key = createSecretKey(toBuffer(secret));
    keys.set(secret, key);
  }
  return key;
}

const toBuffer = (data: Exclude<SourceData, string>): Buffer =>
  ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
