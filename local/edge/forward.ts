/** What of a viewer's request is part of the cache key, and what of it the origin gets to see. Pure. */
import type { Behaviour, CachePolicy, Selection } from './config.ts';
import { queryText, type QueryPair } from './target.ts';

/** A viewer's request after the signature check and the viewer-request function. Cookies are kept apart from headers. */
export interface ViewerRequest {
  method: string;
  /** Normal form, percent-encoded. */
  path: string;
  /** Path the viewer asked for, before a function or the default root object changed it. */
  viewerPath: string;
  query: readonly QueryPair[];
  headers: Headers;
  cookies: readonly (readonly [name: string, value: string])[];
  host: string;
  ip: string;
  requestId: string;
}

/** RFC 9110 7.6.1, and what Node and CloudFront set themselves. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Sent to the origin whatever the policies say (Developer Guide, "HTTP request headers and CloudFront behavior"). */
const ALWAYS_FORWARDED = ['content-type', 'content-length', 'content-md5', 'date', 'from'];

/** Decided by the cache (see `cached-origin.ts`), never by a policy. */
const RANGE_AND_CONDITIONS = [
  'range',
  'if-range',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
];

/** Not forwarded even by a policy that says "all". No policy that is played names `Host`: origins get their own. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...RANGE_AND_CONDITIONS,
  'cookie',
  'expect',
  'host',
  'x-amz-cf-id',
  'via',
  'x-forwarded-for',
]);

/** Identity of a cached object, which GET and HEAD share. */
export const cacheKey = (request: ViewerRequest, policy: CachePolicy): string =>
  JSON.stringify([
    request.path,
    keyedQuery(request.query, policy),
    acceptEncoding(request.headers, policy),
    policy.headers.map((name) => request.headers.get(name)),
    policy.cookies === 'all' ? request.cookies : [],
  ]);

/** The part of the query string that distinguishes cached objects, in the viewer's order, with its `?`. */
export const keyedQuery = (query: readonly QueryPair[], policy: CachePolicy): string =>
  queryText(query.filter((pair) => selects(policy.queries, pair.name)));

export interface Forwarded {
  query: QueryPair[];
  /** Without `Host`, ranges and conditions. */
  headers: Headers;
}

/** What the origin gets: the union of what the cache policy and the origin request policy name, and CloudFront's own headers. */
export function forwarded(request: ViewerRequest, behaviour: Behaviour): Forwarded {
  const { cachePolicy: cache, originRequestPolicy: extra } = behaviour;
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    if (NEVER_FORWARDED.has(name)) continue;
    const isNamed = cache.headers.includes(name) || selects(extra?.headers, name);
    if (ALWAYS_FORWARDED.includes(name) || isNamed) headers.set(name, value);
  }
  const encoding = acceptEncoding(request.headers, cache);
  if (encoding !== undefined) headers.set('accept-encoding', encoding);
  const cookies = request.cookies.filter(([name]) => cache.cookies === 'all' || selects(extra?.cookies, name));
  if (cookies.length > 0) headers.set('cookie', cookies.map(([name, value]) => `${name}=${value}`).join('; '));
  if (!headers.has('user-agent')) headers.set('user-agent', 'Amazon CloudFront');
  const through = request.headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', through === null ? request.ip : `${through}, ${request.ip}`);
  headers.set('via', VIA);
  headers.set('x-amz-cf-id', request.requestId);
  return {
    query: request.query.filter(({ name }) => selects(cache.queries, name) || selects(extra?.queries, name)),
    headers,
  };
}

export const VIA = '1.1 sluice-local-edge.cloudfront.net (CloudFront)';

/** Whether the origin may set cookies: CloudFront drops Set-Cookie where no policy forwards any cookie. */
export const forwardsCookies = ({ cachePolicy, originRequestPolicy }: Behaviour): boolean =>
  cachePolicy.cookies === 'all' || (originRequestPolicy !== undefined && originRequestPolicy.cookies.kind !== 'none');

function selects(selection: Selection | undefined, name: string): boolean {
  if (selection?.kind === 'only') return selection.names.includes(name);
  if (selection?.kind === 'except') return !selection.names.includes(name);
  return selection?.kind === 'all';
}

/** Developer Guide, "Compressed objects cache settings": only the codings the policy enables, in one normal form. */
function acceptEncoding(headers: Headers, policy: CachePolicy): string | undefined {
  if (!policy.gzip && !policy.brotli) return undefined;
  const accepted = (headers.get('accept-encoding') ?? '').split(',').flatMap((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) ? [] : [name];
  });
  const kept = [policy.brotli ? 'br' : '', policy.gzip ? 'gzip' : ''].filter(
    (name) => name !== '' && accepted.includes(name),
  );
  return kept.length === 0 ? undefined : kept.join(',');
}
