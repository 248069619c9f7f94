/** How long the edge keeps an answer (CloudFront Developer Guide, "Manage how long content stays in the cache"). Pure. */
import type { CachePolicy } from './config.ts';

/** Cached for the error-caching TTL whatever the origin says of caching. */
const ERRORS_CACHED = new Set([404, 410, 414, 500, 501, 502, 503, 504]);
/** Cached only when the origin gives a lifetime. */
const ERRORS_CACHED_ON_REQUEST = new Set([400, 403, 405, 412, 415]);
/** Among the errors, those for which no-store, no-cache and private count. */
const ERRORS_THAT_MAY_REFUSE = new Set([404, 410, 414, 501]);
const CACHED = new Set([200, 203, 204, 300, 301, 302]);
/** Redirects cached only with a Cache-Control header. */
const CACHED_ON_REQUEST = new Set([307, 308]);

/**
 * Seconds an answer to a cacheable request may be served without asking again; 0: keep it, but ask every time;
 * undefined: do not keep it. `now` in milliseconds. `errorTtl`: error caching minimum TTL of this status, seconds.
 */
export function lifetime(
  status: number,
  headers: Headers,
  policy: CachePolicy,
  errorTtl: number,
  now: number,
): number | undefined {
  const control = cacheControl(headers.get('cache-control'));
  const stated = statedLifetime(control, headers, now);
  const refused = control.has('no-store') || control.has('no-cache') || control.has('private');
  if (status >= 400) {
    if (!ERRORS_CACHED.has(status) && !(ERRORS_CACHED_ON_REQUEST.has(status) && stated !== undefined)) return undefined;
    if (refused && ERRORS_THAT_MAY_REFUSE.has(status)) return undefined;
    return Math.max(errorTtl, Math.min(stated ?? 0, policy.maxTtl)) || undefined;
  }
  if (!CACHED.has(status) && !(CACHED_ON_REQUEST.has(status) && headers.has('cache-control'))) return undefined;
  if (refused) return policy.minTtl > 0 ? policy.minTtl : undefined;
  if (stated === undefined) return Math.max(policy.defaultTtl, policy.minTtl);
  return Math.min(Math.max(stated, policy.minTtl), policy.maxTtl);
}

/** Whether a stale answer may stand in when the origin fails. */
export function mayServeStale(headers: Headers): boolean {
  const control = cacheControl(headers.get('cache-control'));
  return !control.has('must-revalidate') && !control.has('proxy-revalidate') && control.get('stale-if-error') !== '0';
}

/** s-maxage before max-age before Expires; what cannot be read counts as stale at once. Seconds. */
function statedLifetime(control: ReadonlyMap<string, string>, headers: Headers, now: number): number | undefined {
  for (const name of ['s-maxage', 'max-age']) {
    const value = control.get(name);
    if (value !== undefined) return /^[0-9]+$/.test(value) ? Math.min(Number(value), 2 ** 31) : 0;
  }
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  const at = Date.parse(expires);
  return Number.isNaN(at) ? 0 : Math.max(0, Math.floor((at - now) / 1000));
}

function cacheControl(header: string | null): ReadonlyMap<string, string> {
  const directives = (header ?? '').split(',').map((directive) => directive.trim().split('='));
  return new Map(
    directives.map(([name = '', value = '']) => [name.trim().toLowerCase(), value.trim().replaceAll('"', '')]),
  );
}
