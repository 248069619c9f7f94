/** A bucket in memory that answers as S3 does: ETags by content, conditions, and whatever a test wants to go wrong. */
import { createHash } from 'node:crypto';
import type { Headers, StoreAnswer } from '../../../../containers/ingest/src/cloud/object-store.ts';

export interface Stored {
  readonly body: Buffer;
  readonly headers: Headers;
  readonly etag: string;
}

/** `lost`: written, and the answer never came. A number: that status instead of writing. */
export type Trouble = 'lost' | 'down' | number | undefined;

export class MemoryBucket {
  readonly objects = new Map<string, Stored>();
  readonly puts: string[] = [];
  /** Asked before each request. */
  trouble: (method: 'GET' | 'PUT', key: string) => Trouble = () => undefined;
  /** What somebody who may not list is told of a key that is not there. */
  missing = 404;

  get = async (_: string, key: string): Promise<StoreAnswer> => {
    const trouble = this.trouble('GET', key);
    if (trouble === 'down') throw new Error('no answer');
    if (typeof trouble === 'number') return answer(trouble);
    const stored = this.objects.get(key);
    if (stored === undefined) return answer(this.missing);
    // Written today, where a test says nothing else.
    const headers = { 'last-modified': new Date().toUTCString(), ...stored.headers, etag: stored.etag };
    return { status: 200, headers, body: stored.body };
  };

  put = async (
    _: string,
    key: string,
    parts: readonly Buffer[],
    headers: Headers,
    seal: (body: Buffer) => Buffer = (body) => body,
  ): Promise<StoreAnswer> => {
    const trouble = this.trouble('PUT', key);
    if (trouble === 'down') throw new Error('no answer');
    if (typeof trouble === 'number') return answer(trouble);
    const stored = this.objects.get(key);
    if (headers['if-none-match'] === '*' && stored !== undefined) return answer(412);
    if (headers['if-match'] !== undefined && stored === undefined) return answer(404);
    if (headers['if-match'] !== undefined && headers['if-match'] !== stored?.etag) return answer(412);
    const body = seal(Buffer.concat(parts));
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    this.objects.set(key, { body, headers, etag });
    this.puts.push(key);
    if (trouble === 'lost') throw new Error('no answer');
    return { ...answer(200), headers: { etag } };
  };
}

const answer = (status: number): StoreAnswer => ({ status, headers: {}, body: Buffer.alloc(0) });
