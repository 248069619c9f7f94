/** Response headers policies, applied after the cache and before the viewer-response function. Pure. */
import type { CorsPolicy, ResponseHeadersPolicy } from './config.ts';
import { globMatch } from './glob.ts';

/**
 * Changes `headers` as the policy says. CORS headers are added to answers to CORS requests only (those with `Origin`);
 * the preflight ones only to preflights. Without override, a header the origin sent stays.
 */
export function applyResponseHeaders(
  headers: Headers,
  policy: ResponseHeadersPolicy,
  method: string,
  request: Headers,
): void {
  for (const name of policy.remove) headers.delete(name);
  const origin = request.get('origin');
  if (policy.cors && origin !== null) {
    const preflight = method === 'OPTIONS' && request.has('access-control-request-method');
    for (const [name, value] of corsHeaders(policy.cors, origin, preflight)) {
      if (policy.cors.override || !headers.has(name)) headers.set(name, value);
    }
    const varies = /(^|,)\s*(origin|\*)\s*(,|$)/i.test(headers.get('vary') ?? '');
    if (!policy.cors.origins.includes('*') && !varies) headers.append('vary', 'Origin');
  }
  for (const { name, value, override } of policy.set) if (override || !headers.has(name)) headers.set(name, value);
}

function* corsHeaders(cors: CorsPolicy, origin: string, preflight: boolean): Generator<[name: string, value: string]> {
  const anyone = cors.origins.includes('*');
  if (!anyone && !cors.origins.some((pattern) => originMatches(pattern, origin))) return;
  yield ['access-control-allow-origin', anyone ? '*' : origin];
  if (cors.credentials) yield ['access-control-allow-credentials', 'true'];
  if (cors.expose.length > 0) yield ['access-control-expose-headers', cors.expose.join(', ')];
  if (!preflight) return;
  if (cors.methods.length > 0) yield ['access-control-allow-methods', cors.methods.join(', ')];
  if (cors.headers.length > 0) yield ['access-control-allow-headers', cors.headers.join(', ')];
  if (cors.maxAge !== undefined) yield ['access-control-max-age', String(cors.maxAge)];
}

/** `https://*.example.org`, `http://localhost:*`, or without a scheme: then both schemes. */
function originMatches(pattern: string, origin: string): boolean {
  return globMatch(pattern, pattern.includes('://') ? origin : origin.replace(/^https?:\/\//, ''));
}
