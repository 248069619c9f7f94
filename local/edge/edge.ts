/** One request through the distribution, in CloudFront's order: behaviour, signature, function, cache, origin, headers. */
import type { IncomingMessage } from 'node:http';
import type { Behaviour, EdgeConfig } from './config.ts';
import { ifRangeHolds, notModified, parseRange } from './conditions.ts';
import type { CachedOrigin } from './cached-origin.ts';
import { htmlError, xmlError, type OwnAnswer } from './errors.ts';
import { forwardsCookies, type ViewerRequest } from './forward.ts';
import { changedRequest, functionEvent, functionResponse } from './function-event.ts';
import { FunctionError, isResponse, runViewerRequest } from './functions.ts';
import { pathPatternMatches } from './glob.ts';
import type { StoreCopy } from './key-values.ts';
import { discard } from './origin.ts';
import { applyResponseHeaders } from './response-headers.ts';
import { checkSignature, withoutCredentials } from './signature.ts';
import type { Source } from './source.ts';
import type { Target } from './target.ts';
import { introduced } from './viewer.ts';

/** What goes back to the viewer. `body` is dropped for HEAD. */
export interface EdgeAnswer {
  status: number;
  headers: Headers;
  body: Buffer | AsyncIterable<Buffer> | IncomingMessage;
  /** `X-Cache`, in CloudFront's words. */
  xCache: string;
}

export interface EdgeOptions {
  config: EdgeConfig;
  cached: CachedOrigin;
  /** The copy of a key value store, by its ARN; undefined when nothing is known of it. */
  stores: (arn: string) => StoreCopy | undefined;
  /** Country of an address (ISO 3166-1 alpha-2); undefined: not known. */
  country: (ip: string) => string | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  log: (line: string) => void;
}

const ERROR = 'Error from cloudfront';

export class EdgePipeline {
  readonly #options: EdgeOptions;

  constructor(options: EdgeOptions) {
    this.#options = options;
  }

  /** `body` is the viewer's request body, not yet read. */
  async answer(viewerRequest: ViewerRequest, target: Target, body: IncomingMessage): Promise<EdgeAnswer> {
    const behaviour = this.#behaviour(viewerRequest.path);
    const request = introduced(viewerRequest, behaviour, this.#options.country(viewerRequest.ip));
    const answer = this.#refusal(request, target, behaviour) ?? (await this.#serve(request, behaviour, body));
    return this.#finish(answer, request, behaviour);
  }

  /** Where a request goes that becomes a connection, and with what; or the answer to one that is refused before that. */
  through(viewerRequest: ViewerRequest, target: Target): EdgeAnswer | { request: ViewerRequest; behaviour: Behaviour } {
    const behaviour = this.#behaviour(viewerRequest.path);
    const request = introduced(viewerRequest, behaviour, this.#options.country(viewerRequest.ip));
    return this.#refusal(request, target, behaviour) ?? { request, behaviour };
  }

  #behaviour(path: string): Behaviour {
    const found = this.#options.config.behaviours.find((one) => pathPatternMatches(one.pathPattern, path));
    if (!found) throw new Error('the distribution has no default behaviour');
    return found;
  }

  /** What CloudFront refuses before any function runs and any origin hears of it. */
  #refusal(request: ViewerRequest, target: Target, behaviour: Behaviour): EdgeAnswer | undefined {
    if (!behaviour.allowedMethods.includes(request.method)) {
      return own(
        htmlError(403, `This distribution is not configured to allow the HTTP request method ${request.method}.`),
      );
    }
    const hasBody = request.headers.has('transfer-encoding') || Number(request.headers.get('content-length') ?? 0) > 0;
    if (hasBody && (request.method === 'GET' || request.method === 'HEAD')) {
      return own(htmlError(403, 'A GET or HEAD request must not have a body.'));
    }
    if (!behaviour.trustedKeys) return undefined;
    const { host, ip, cookies } = request;
    const refusal = checkSignature(
      { scheme: 'http', host, target, cookies, ip, now: this.#options.now() / 1000 },
      behaviour.trustedKeys,
    );
    return refusal && own(xmlError(403, refusal.code, refusal.message));
  }

  async #serve(request: ViewerRequest, behaviour: Behaviour, body: IncomingMessage): Promise<EdgeAnswer> {
    let changed = behaviour.trustedKeys ? { ...request, query: withoutCredentials(request.query) } : request;
    const fn = behaviour.viewerRequest;
    if (fn) {
      try {
        const store = fn.store === undefined ? undefined : this.#options.stores(fn.store);
        // The function sees the whole query, CloudFront's parameters too.
        const { result, logs } = runViewerRequest(fn, functionEvent(this.#options.config, request), store);
        for (const line of logs) this.#options.log(`function ${fn.name}: ${line}`);
        if (isResponse(result)) {
          const { status, headers, body: text } = functionResponse(result);
          return {
            status,
            headers,
            body: text ?? Buffer.alloc(0),
            xCache: 'FunctionGeneratedResponse from cloudfront',
          };
        }
        changed = changedRequest(request, result);
        if (behaviour.trustedKeys) changed = { ...changed, query: withoutCredentials(changed.query) };
      } catch (error) {
        return this.#functionFailed(error);
      }
    }
    const root = this.#options.config.defaultRootObject;
    if (changed.path === '/' && root !== '') changed = { ...changed, path: `/${root}` };
    const sends = !['GET', 'HEAD', 'OPTIONS'].includes(changed.method);
    return await this.#fetch(changed, behaviour, sends ? body : undefined);
  }

  async #fetch(request: ViewerRequest, behaviour: Behaviour, body?: IncomingMessage): Promise<EdgeAnswer> {
    const found = await this.#options.cached.get(request, behaviour, body);
    if (found.kind === 'object') {
      const answer = fromObject(found.source, request);
      return { ...answer, xCache: answer.status >= 400 ? ERROR : `${found.outcome} from cloudfront` };
    }
    const { status, headers, body: content } = found.answer;
    const answer = { status, headers: new Headers(headers), body: content };
    const safe = request.method === 'GET' || request.method === 'HEAD';
    if (safe && status === 200 && notModified(request.headers, headers)) {
      discard(content);
      return { ...bare(304, headers), xCache: 'Miss from cloudfront' };
    }
    return { ...answer, xCache: status >= 400 ? ERROR : 'Miss from cloudfront' };
  }

  #finish(answer: EdgeAnswer, request: ViewerRequest, behaviour: Behaviour): EdgeAnswer {
    const headers = new Headers(answer.headers);
    if (!forwardsCookies(behaviour) && !answer.xCache.startsWith('Function')) headers.delete('set-cookie');
    if (behaviour.responseHeadersPolicy) {
      applyResponseHeaders(headers, behaviour.responseHeadersPolicy, request.method, request.headers);
    }
    return { ...answer, headers };
  }

  #functionFailed(error: unknown): EdgeAnswer {
    if (!(error instanceof FunctionError)) throw error;
    this.#options.log(error.message);
    const answer = own(
      htmlError(503, 'The CloudFront function associated with the distribution is invalid or could not run.'),
    );
    return { ...answer, xCache: 'FunctionExecutionError from cloudfront' };
  }
}

/** A whole object, cut to what the viewer asked for. */
function fromObject(source: Source, request: ViewerRequest): Omit<EdgeAnswer, 'xCache'> {
  const headers = new Headers(source.headers);
  headers.delete('age');
  if (source.age !== undefined) headers.set('age', String(source.age));
  const all = { start: 0, end: source.size - 1 };
  const deliver = (status: number, { start, end }: { start: number; end: number }) => {
    headers.set('content-length', String(end - start + 1));
    const body = request.method === 'HEAD' || end < start ? Buffer.alloc(0) : source.read(start, end);
    return { status, headers, body };
  };
  if (source.status !== 200) return deliver(source.status, all);
  if (notModified(request.headers, source.headers)) return bare(304, headers);
  headers.set('accept-ranges', 'bytes');
  const holds = request.method === 'GET' && ifRangeHolds(request.headers.get('if-range'), source.headers);
  const range = parseRange(holds ? request.headers.get('range') : null, source.size);
  if (range.kind === 'whole') return deliver(200, all);
  if (range.kind === 'part') {
    headers.set('content-range', `bytes ${range.start}-${range.end}/${source.size}`);
    return deliver(206, range);
  }
  const refused = own(xmlError(416, 'InvalidRange', 'The requested range is not satisfiable'));
  refused.headers.set('content-range', `bytes */${source.size}`);
  return refused;
}

/** RFC 9110 15.4.5: a 304 carries the fields a cache needs, and no body. */
function bare(status: number, from: Headers): Omit<EdgeAnswer, 'xCache'> {
  const headers = new Headers(from);
  for (const name of ['content-length', 'content-type', 'content-encoding', 'content-range']) headers.delete(name);
  return { status, headers, body: Buffer.alloc(0) };
}

export function own({ status, contentType, body }: OwnAnswer): EdgeAnswer {
  const bytes = Buffer.from(body);
  const headers = new Headers({
    server: 'CloudFront',
    'content-type': contentType,
    'content-length': String(bytes.length),
  });
  return { status, headers, body: bytes, xCache: ERROR };
}
