/** The cache in front of the origins: lookup, one request to the origin for simultaneous misses, revalidation. */
import type { Behaviour, EdgeConfig, Origin } from './config.ts';
import { Cache, isNamed, type Entry } from './cache.ts';
import { OriginUnavailable, htmlError } from './errors.ts';
import { cacheKey, forwarded, forwardsCookies, keyedQuery, type ViewerRequest } from './forward.ts';
import { lifetime, mayServeStale } from './freshness.ts';
import { discard, type OriginAnswer, type Origins } from './origin.ts';
import { entrySource, Filling, type Source } from './source.ts';
import { queryText } from './target.ts';
import type { IncomingMessage } from 'node:http';

/** CloudFront's default error caching minimum TTL, seconds. */
const DEFAULT_ERROR_TTL = 10;

export type CacheOutcome = 'Hit' | 'RefreshHit' | 'Miss';

export type Answer =
  /** A whole object: ranges and conditions of the viewer are still to be applied. */
  | { kind: 'object'; outcome: CacheOutcome; source: Source }
  /** The origin's own answer to exactly this request. */
  | { kind: 'direct'; answer: OriginAnswer };

export interface CachedOriginOptions {
  config: EdgeConfig;
  origins: Origins;
  /** Bytes of all cached objects together, and the largest single one. Larger ones stream through. */
  maxCacheBytes: number;
  maxObjectBytes: number;
  now: () => number;
  log: (line: string) => void;
}

/** A request to the origin that others may wait for. `shared` settles with nothing when its answer is for one viewer only. */
interface Flight {
  shared: Promise<Source | undefined>;
  names: readonly string[];
  /** An invalidation named it meanwhile: deliver, but do not keep. */
  outdated: boolean;
}

export class CachedOrigin {
  readonly #options: CachedOriginOptions;
  readonly #cache: Cache;
  readonly #flights = new Map<string, Flight>();

  constructor(options: CachedOriginOptions) {
    this.#options = options;
    this.#cache = new Cache(options.maxCacheBytes);
  }

  invalidate(paths: readonly string[]): number {
    for (const [key, flight] of this.#flights) {
      if (!isNamed(paths, flight.names)) continue;
      flight.outdated = true;
      this.#flights.delete(key);
    }
    return this.#cache.invalidate(paths);
  }

  /** Answers from the cache or the origin. Never throws for an origin that is down: that is an answer too. */
  async get(request: ViewerRequest, behaviour: Behaviour, body?: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { kind: 'direct', answer: await this.#ask(request, behaviour, request.headers, body) };

    const key = cacheKey(request, behaviour.cachePolicy);
    const now = this.#options.now();
    const entry = this.#cache.get(key);
    if (entry && now < entry.freshUntil) return { kind: 'object', outcome: 'Hit', source: entrySource(entry, now) };
    if (behaviour.cachePolicy.maxTtl === 0) return await this.#uncached(key, request, behaviour);

    const source = await this.#flights.get(key)?.shared;
    if (source) return { kind: 'object', outcome: 'Hit', source };

    // HEAD fetches no object, and a range is the origin's to answer while the object is not here as a whole. A range that
    // depends on the object's version needs the object: some origins ignore If-Range and would mix two versions.
    const ranged = request.headers.has('range') && !request.headers.has('if-range');
    if (!entry && (request.method === 'HEAD' || ranged)) {
      return { kind: 'direct', answer: await this.#ask(request, behaviour, request.headers) };
    }
    return await this.#fetch(key, request, behaviour, entry);
  }

  /** A behaviour without caching. Errors are kept all the same, under the same key: CloudFront does that too. */
  async #uncached(key: string, request: ViewerRequest, behaviour: Behaviour): Promise<Answer> {
    const answer = await this.#ask(request, behaviour, request.headers);
    const ttl = this.#lifetime(answer, behaviour);
    const size = Buffer.isBuffer(answer.body) ? answer.body.length : sizeOf(answer.headers);
    const kept = answer.status >= 400 && request.method !== 'HEAD' && ttl !== undefined && size !== undefined;
    if (!kept || size > this.#options.maxObjectBytes) return { kind: 'direct', answer };
    const filling = new Filling(answer.status, answer.headers, size);
    void this.#store(key, filling, answer, ttl, { names: objectNames(request, behaviour), outdated: false });
    return { kind: 'object', outcome: 'Miss', source: filling };
  }

  /** Asks for the whole object, or for news of a stale one, on behalf of everybody who asks meanwhile. */
  async #fetch(key: string, request: ViewerRequest, behaviour: Behaviour, stale: Entry | undefined): Promise<Answer> {
    const { promise: shared, resolve: share } = Promise.withResolvers<Source | undefined>();
    const flight: Flight = { shared, names: objectNames(request, behaviour), outdated: false };
    // Someone else's flight may be under way for one viewer only; then this one is not announced. Nor is one with a viewer's cookies:
    // CloudFront does not collapse such requests (Developer Guide, "Request collapsing").
    if (!this.#flights.has(key) && !forwardsCookies(behaviour)) this.#flights.set(key, flight);
    const land = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    try {
      const whole = request.method === 'HEAD' ? { ...request, method: 'GET' } : request;
      const answer = await this.#ask(whole, behaviour, stale ? validators(stale) : new Headers());
      const now = this.#options.now();
      if (stale && (answer.status === 304 || (answer.status >= 500 && mayServeStale(stale.headers)))) {
        discard(answer.body);
        const refreshed = this.#refresh(key, stale, answer, behaviour, flight);
        const source = entrySource(refreshed, now);
        share(source);
        return { kind: 'object', outcome: answer.status === 304 ? 'RefreshHit' : 'Hit', source };
      }
      const ttl = this.#lifetime(answer, behaviour);
      const size = Buffer.isBuffer(answer.body) ? answer.body.length : sizeOf(answer.headers);
      const useless = ttl === 0 && validatorCount(answer.headers) === 0;
      if (ttl === undefined || useless || size === undefined || size > this.#options.maxObjectBytes) {
        this.#cache.delete(key);
        return { kind: 'direct', answer };
      }
      const filling = new Filling(answer.status, answer.headers, size);
      share(filling);
      void this.#store(key, filling, answer, ttl, flight).finally(land);
      return { kind: 'object', outcome: 'Miss', source: filling };
    } finally {
      // Does nothing when it was shared above. A filling flight lands when its last byte is here.
      share(undefined);
      if (!((await shared) instanceof Filling)) land();
    }
  }

  async #store(
    key: string,
    filling: Filling,
    answer: OriginAnswer,
    ttl: number,
    flight: Omit<Flight, 'shared'>,
  ): Promise<void> {
    try {
      const body = await filling.fill(answer.body);
      const now = this.#options.now();
      const { status, headers } = answer;
      if (flight.outdated) return;
      this.#cache.set(key, { status, headers, body, storedAt: now, freshUntil: now + ttl * 1000, names: flight.names });
    } catch (error) {
      this.#options.log(`${flight.names[0]}: ${(error as Error).message}`);
    }
  }

  /** A stale entry the origin confirmed (304), or that stands in for its failure. */
  #refresh(key: string, stale: Entry, answer: OriginAnswer, behaviour: Behaviour, flight: Flight): Entry {
    const now = this.#options.now();
    if (answer.status !== 304) {
      const entry = { ...stale, freshUntil: now + this.#errorTtl(answer.status) * 1000 };
      if (!flight.outdated) this.#cache.set(key, entry);
      return entry;
    }
    const headers = new Headers(stale.headers);
    for (const name of ['cache-control', 'expires', 'date', 'etag', 'last-modified', 'age']) {
      const value = answer.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    const ttl = lifetime(stale.status, headers, behaviour.cachePolicy, this.#errorTtl(stale.status), now) ?? 0;
    const entry = { ...stale, headers, storedAt: now, freshUntil: now + ttl * 1000 };
    if (!flight.outdated) this.#cache.set(key, entry);
    return entry;
  }

  async #ask(
    request: ViewerRequest,
    behaviour: Behaviour,
    conditions: Headers,
    body?: IncomingMessage,
  ): Promise<OriginAnswer> {
    const { query, headers } = forwarded(request, behaviour);
    for (const name of CONDITIONS) {
      const value = conditions.get(name);
      if (value !== null) headers.set(name, value);
    }
    try {
      return await this.#options.origins.ask(this.#origin(behaviour), {
        method: request.method,
        path: request.path,
        query: queryText(query),
        headers,
        body,
      });
    } catch (error) {
      if (!(error instanceof OriginUnavailable)) throw error;
      this.#options.log(`${request.method} ${request.path}: ${error.message}`);
      const own = htmlError(error.status, 'The origin could not be reached or did not answer in time.');
      return {
        status: own.status,
        headers: new Headers({ 'content-type': own.contentType }),
        body: Buffer.from(own.body),
      };
    }
  }

  #origin(behaviour: Behaviour): Origin {
    const origin = this.#options.config.origins[behaviour.originId];
    if (!origin)
      throw new Error(`behaviour ${behaviour.pathPattern} names an origin that is not there: ${behaviour.originId}`);
    return origin;
  }

  #lifetime({ status, headers }: OriginAnswer, { cachePolicy }: Behaviour): number | undefined {
    return lifetime(status, headers, cachePolicy, this.#errorTtl(status), this.#options.now());
  }

  #errorTtl(status: number): number {
    return this.#options.config.errorTtls.get(status) ?? DEFAULT_ERROR_TTL;
  }
}

const CONDITIONS = ['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];

function objectNames(request: ViewerRequest, { cachePolicy }: Behaviour): readonly string[] {
  const query = keyedQuery(request.query, cachePolicy);
  return [...new Set([`${request.path}${query}`, `${request.viewerPath}${query}`])];
}

function validators(entry: Entry): Headers {
  const headers = new Headers();
  const etag = entry.headers.get('etag');
  const modified = entry.headers.get('last-modified');
  if (etag !== null) headers.set('if-none-match', etag);
  else if (modified !== null) headers.set('if-modified-since', modified);
  return headers;
}

const validatorCount = (headers: Headers): number =>
  ['etag', 'last-modified'].filter((name) => headers.has(name)).length;

function sizeOf(headers: Headers): number | undefined {
  const text = headers.get('content-length');
  return text !== null && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
