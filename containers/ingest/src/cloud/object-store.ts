/**
 * S3 for the hot path: signed by ourselves, sent over keep-alive connections. The SDK's PutObject costs 1.5 ms of CPU a
 * call, this a thirtieth of it. Nothing is retried here: the caller knows what a second attempt means.
 */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';
import { Spares } from '../hls/spares.ts';
import { Signer, type Credentials } from './sigv4.ts';

export type Headers = Readonly<Record<string, string>>;

export interface StoreAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No answer came: refused, reset, or not in time. */
export class StoreError extends Error {
  override name = 'StoreError';
}

export interface StoreOptions {
  readonly region: string;
  /** The present ones; asked for every request. */
  readonly credentials: () => Promise<Credentials>;
  /** Another than AWS's; the bucket is then the path's first part. */
  readonly endpoint?: string | undefined;
  /** Requests under way at once; more wait their turn, without memory of their own. */
  readonly maxSockets?: number;
  /** Milliseconds from a request's turn to its answer. */
  readonly timeoutMs?: number;
}

/** Largest answer read, bytes: playlists and error documents. */
const MAX_ANSWER = 4 * 1024 * 1024;
/**
 * Bytes of bodies under way that were put together of parts, all together. While S3 does not answer, each is a copy beside the
 * segment it was made of. Of 900 streams at 1.5 Mbit/s that is what the half of the sockets that have segments hold.
 */
export const MOST_JOINED = 48 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

export class ObjectStore {
  readonly #signer: Signer;
  readonly #credentials: StoreOptions['credentials'];
  readonly #endpoint: URL | undefined;
  readonly #region: string;
  readonly #agent: Agent;
  readonly #timeout: number;
  readonly #turns: Turns;
  readonly #bodies = new Bodies();

  constructor({ region, credentials, endpoint, maxSockets = 256, timeoutMs = 10_000 }: StoreOptions) {
    this.#signer = new Signer(region);
    this.#credentials = credentials;
    this.#endpoint = endpoint === undefined ? undefined : new URL(endpoint);
    this.#region = region;
    // One timer for the whole of a request is ours.
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: timeoutMs };
    this.#agent = new Agent({ allowH2: false, connections: maxSockets, maxResponseSize: MAX_ANSWER, ...timeouts });
    this.#timeout = timeoutMs;
    this.#turns = new Turns(maxSockets);
  }

  /**
   * `parts`, one behind the other, are the body: read until the answer is there. `seal`: what is put in its place, made when the
   * request has its turn, so that there are no more copies of segments than bodies under way.
   */
  put(
    bucket: string,
    key: string,
    parts: readonly Buffer[],
    headers: Headers,
    seal?: (body: Buffer) => Buffer,
  ): Promise<StoreAnswer> {
    return this.#send('PUT', bucket, key, parts, headers, seal);
  }

  get(bucket: string, key: string): Promise<StoreAnswer> {
    return this.#send('GET', bucket, key, [], {});
  }

  /** Lets go of memory that was not needed lately. */
  trim(): void {
    this.#bodies.trim();
  }

  close(): void {
    void this.#agent.destroy();
  }

  async #send(
    method: 'GET' | 'PUT',
    bucket: string,
    key: string,
    parts: readonly Buffer[],
    extra: Headers,
    seal?: (body: Buffer) => Buffer,
  ) {
    const joined = seal ? bytesOf(parts) : joinedBytes(parts);
    await this.#turns.wait(joined);
    try {
      const credentials = await this.#credentials();
      const { origin, host, path } = this.#address(bucket, key);
      const { body: clear, memory: taken } = this.#bodies.join(parts);
      const body = seal ? seal(clear) : clear;
      // Of what is sealed nothing reads the clear one any more.
      if (seal) this.#bodies.give(taken);
      const memory = seal ? undefined : taken;
      const unsigned = { ...extra, host, 'x-amz-content-sha256': hash('sha256', body, 'hex') };
      const headers = this.#signer.sign({ method, path, headers: unsigned }, credentials);
      const answer = await this.#exchange({ origin, method, path, headers, body: method === 'GET' ? null : body });
      // A request that failed may still be writing its body.
      if (answer.status === 200) this.#bodies.give(memory);
      return answer;
    } finally {
      this.#turns.next(joined);
    }
  }

  #exchange(request: Dispatcher.DispatchOptions): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => {
      const failed = (cause: Error) =>
        reject(new StoreError(`${request.method} ${request.path}: ${cause.message}`, { cause }));
      this.#agent.dispatch(request, new Exchange(this.#timeout, resolve, failed));
    });
  }

  /** Keys are ours and hold nothing that a URL escapes (lib/contract/live-keys.ts, keys.ts). */
  #address(bucket: string, key: string) {
    if (this.#endpoint !== undefined) {
      return { origin: this.#endpoint.origin, host: this.#endpoint.host, path: `/${bucket}/${key}` };
    }
    const suffix = this.#region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const host = `${bucket}.s3.${this.#region}.${suffix}`;
    return { origin: `https://${host}`, host, path: `/${key}` };
  }
}

/** So many, and of so many bytes, at once; the others in the order they came. */
class Turns {
  #left: number;
  #bytes = 0;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  constructor(count: number) {
    this.#left = count;
  }

  wait(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length > 0 || !this.#fits(bytes))
      return new Promise((begin) => this.#waiting.push({ bytes, begin }));
    this.#take(bytes);
    return undefined;
  }

  /** One of so many bytes is over. */
  next(bytes: number): void {
    this.#left += 1;
    this.#bytes -= bytes;
    for (let first = this.#waiting[0]; first !== undefined && this.#fits(first.bytes); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#take(first.bytes);
      first.begin();
    }
  }

  /** One that is larger than all may be goes alone. */
  #fits(bytes: number): boolean {
    return this.#left > 0 && (bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= MOST_JOINED);
  }

  #take(bytes: number): void {
    this.#left -= 1;
    this.#bytes += bytes;
  }
}

/** Of the copy that a body of several parts is. */
const joinedBytes = (parts: readonly Buffer[]): number => (parts.length < 2 ? 0 : bytesOf(parts));

const bytesOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** Memory for bodies that come in parts, used again and again: see hls/blocks.ts. */
class Bodies {
  readonly #spares = new Spares();

  /** `memory`: undefined when it is the caller's own. */
  join(parts: readonly Buffer[]): { readonly body: Buffer; readonly memory: Buffer | undefined } {
    const bytes = joinedBytes(parts);
    if (bytes === 0) return { body: parts[0] ?? EMPTY, memory: undefined };
    const free = this.#spares.take();
    const memory = free !== undefined && free.length >= bytes ? free : Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
    let at = 0;
    for (const part of parts) at += part.copy(memory, at);
    return { body: memory.subarray(0, bytes), memory };
  }

  give(memory: Buffer | undefined): void {
    if (memory !== undefined) this.#spares.give(memory);
  }

  trim(): void {
    this.#spares.trim();
  }
}

/** One request's way, for undici: exactly one of `done` and `failed` is called. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #done: (answer: StoreAnswer) => void;
  readonly #failed: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #late: Error | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #pieces: Buffer[] = [];

  constructor(timeoutMs: number, done: (answer: StoreAnswer) => void, failed: (error: Error) => void) {
    this.#done = done;
    this.#failed = failed;
    this.#timer = setTimeout(() => this.#expire(), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#late !== undefined) controller.abort(this.#late);
  }

  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_: unknown, piece: Buffer): void {
    this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    const body = this.#pieces.length === 0 ? EMPTY : Buffer.concat(this.#pieces);
    this.#done({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_: unknown, error: Error): void {
    clearTimeout(this.#timer);
    this.#failed(error);
  }

  #expire(): void {
    this.#late = new Error('no answer in time');
    // A request that still waits for a connection is aborted once it has one; its caller is told now.
    if (this.#controller === undefined) this.#failed(this.#late);
    else this.#controller.abort(this.#late);
  }
}
