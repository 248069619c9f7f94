/**
 * Stands in for S3: counts what is put and forgets it. Of each live playlist it notes when it was there to be read, and how
 * long that was after the moment the device was due to send the last picture of the segment that is new in it.
 */
import { createHash } from 'node:crypto';
import { parseSegment } from '../../lib/contract/live-keys.ts';
import { headerOf, type Handler, type Reply, type Request } from './http.ts';

/** Of so many segments, one has its body hashed again. */
const CHECK_EVERY = 200;

export interface Counted {
  puts: number;
  segments: number;
  segmentBytes: number;
  playlists: number;
  /** Segments new in playlists. */
  listed: number;
  gaps: number;
  discontinuities: number;
  /** Bodies hashed here, and of those the ones whose SHA-256 was not the one in their header. */
  checked: number;
  wrong: number;
  /** Milliseconds from the end of each listed segment, by the device's clock, to its playlist being readable. */
  lags: number[];
}

const nothing = (): Counted => ({
  puts: 0,
  segments: 0,
  segmentBytes: 0,
  playlists: 0,
  listed: 0,
  gaps: 0,
  discontinuities: 0,
  checked: 0,
  wrong: 0,
  lags: [],
});

const OK: Reply = { status: 200, headers: 'etag: "0123456789abcdef"\r\n' };
const NONE: Reply = { status: 404 };

export class Sink implements Handler {
  #counted = nothing();
  #seen = 0;
  /** Set while nothing is answered. */
  #stalled: Promise<void> | undefined;
  /** By playlist: the latest sequence number listed. */
  readonly #latest = new Map<string, number>();

  /** What was counted since the last time. */
  take(): Counted {
    const counted = this.#counted;
    this.#counted = nothing();
    return counted;
  }

  /** Takes everything and answers nothing for so long. */
  stall(seconds: number): void {
    this.#stalled = new Promise((resolve) => setTimeout(resolve, seconds * 1000)).then(
      () => (this.#stalled = undefined),
    );
  }

  wants({ path, method }: Request): boolean {
    if (method !== 'PUT') return false;
    if (path.endsWith('.m3u8')) return true;
    this.#seen += 1;
    return this.#seen % CHECK_EVERY === 0;
  }

  reply(request: Request, bytes: number, body: Buffer | undefined): Reply | Promise<Reply> {
    return this.#stalled === undefined
      ? this.#take(request, bytes, body)
      : this.#stalled.then(() => this.#take(request, bytes, body));
  }

  #take({ method, path, head }: Request, bytes: number, body: Buffer | undefined): Reply {
    if (method !== 'PUT') return NONE;
    const counted = this.#counted;
    counted.puts += 1;
    const said = headerOf(head, 'x-amz-content-sha256') ?? '';
    if (!/^[0-9a-f]{64}$/.test(said)) counted.wrong += 1;
    if (path.endsWith('.m3u8')) this.#playlist(path, body!.toString('latin1'));
    else {
      if (path.endsWith('.m4s')) {
        counted.segments += 1;
        counted.segmentBytes += bytes;
      }
      if (body !== undefined) {
        counted.checked += 1;
        if (createHash('sha256').update(body).digest('hex') !== said) counted.wrong += 1;
      }
    }
    return OK;
  }

  #playlist(path: string, text: string): void {
    const now = performance.timeOrigin + performance.now();
    const counted = this.#counted;
    counted.playlists += 1;
    const before = this.#latest.get(path) ?? -1;
    let newest = before;
    for (let end = text.lastIndexOf('.m4s'); end >= 0; end = text.lastIndexOf('.m4s', end - 1)) {
      const line = text.lastIndexOf('\n', end) + 1;
      const segment = parseSegment(text.slice(line, end + 4));
      if (segment === undefined || segment.sequence <= before) break;
      newest = Math.max(newest, segment.sequence);
      counted.listed += 1;
      counted.lags.push(now - segment.start - segment.duration);
      if (segment.discontinuity) counted.discontinuities += 1;
      if (text.startsWith('#EXT-X-GAP', text.lastIndexOf('\n', line - 2) + 1)) counted.gaps += 1;
    }
    this.#latest.set(path, newest);
  }
}
