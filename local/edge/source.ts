/** An answer on its way to one viewer or several: all there already, or still arriving. */
import type { IncomingMessage } from 'node:http';
import type { Entry } from './cache.ts';

/** A whole object of known size that any number of viewers can read, each its own range. Both ends count. */
export interface Source {
  status: number;
  headers: Headers;
  size: number;
  /** Seconds since the origin sent it; undefined while this is the first delivery. */
  age: number | undefined;
  read(start: number, end: number): Buffer | AsyncIterable<Buffer>;
}

export function entrySource(entry: Entry, now: number): Source {
  const { status, headers, body } = entry;
  const age = Number(headers.get('age') ?? 0) + Math.max(0, Math.floor((now - entry.storedAt) / 1000));
  return { status, headers, size: body.length, age, read: (start, end) => body.subarray(start, end + 1) };
}

/** Milliseconds without a byte after which a body that is being collected counts as broken off. */
const STALL = 30_000;

/** Collects one origin answer of known size while viewers read along. */
export class Filling implements Source {
  readonly status: number;
  readonly headers: Headers;
  readonly size: number;
  readonly age = undefined;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #failure: Error | undefined;
  #arrival = Promise.withResolvers<void>();

  constructor(status: number, headers: Headers, size: number) {
    this.status = status;
    this.headers = headers;
    this.size = size;
  }

  /** Reads the body to its end. Throws when the origin breaks off or sends another length than it said. */
  async fill(body: IncomingMessage | Buffer): Promise<Buffer> {
    const stalled = Buffer.isBuffer(body)
      ? undefined
      : setTimeout(() => body.destroy(new Error('stalled')), STALL).unref();
    try {
      for await (const chunk of Buffer.isBuffer(body) ? [body] : (body as AsyncIterable<Buffer>)) {
        this.#length += chunk.length;
        if (this.#length > this.size) throw new Error('the origin sent more than its Content-Length');
        this.#chunks.push(chunk);
        stalled?.refresh();
        this.#wake();
      }
      if (this.#length < this.size) throw new Error('the origin sent less than its Content-Length');
      return Buffer.concat(this.#chunks);
    } catch (cause) {
      this.#failure = new Error('the origin broke off', { cause });
      throw this.#failure;
    } finally {
      clearTimeout(stalled);
      this.#wake();
    }
  }

  async *read(start: number, end: number): AsyncGenerator<Buffer> {
    let position = 0;
    for (let i = 0; position <= end; i++) {
      while (i >= this.#chunks.length) {
        if (this.#failure) throw this.#failure;
        await this.#arrival.promise;
      }
      const chunk = this.#chunks[i]!;
      const from = Math.max(0, start - position);
      const to = Math.min(chunk.length, end + 1 - position);
      if (from < to) yield chunk.subarray(from, to);
      position += chunk.length;
    }
  }

  #wake(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }
}
