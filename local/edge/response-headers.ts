/** Response headers policies, applied after the cache. Pure. */
import type { CorsPolicy, ResponseHeadersPolicy } from './config.ts';
import { globMatch } from './glob.ts';

/**
 * Changes `headers` as the policy says. CORS headers are added to answers to CORS requests only (those with `Origin`);
 * the preflight ones only to preflights. What the origin sent under the same names is replaced.
 */
export function applyResponseHeaders(
  headers: Headers,
  policy: ResponseHeadersPolicy,
  method: string,
  request: Headers,
): void {
  const origin = request.get('origin');
  if (policy.cors && origin !== null) {
    const preflight = method === 'OPTIONS' && request.has('access-control-request-method');
    for (const [name, value] of corsHeaders(policy.cors, origin, preflight)) headers.set(name, value);
    const varies = /(^|,)\s*(origin|\*)\s*(,|$)/i.test(headers.get('vary') ?? '');
    if (!policy.cors.origins.includes('*') && !varies) headers.append('vary', 'Origin');
  }
  for (const [name, value] of policy.set) headers.set(name, value);
}

function* corsHeaders(cors: CorsPolicy, origin: string, preflight: boolean): Generator<[name: string, value: string]> {
  // Patterns such as `https://*.example.org` and `http://localhost:*`.
  const anyone = cors.origins.includes('*');
  if (!anyone && !cors.origins.some((pattern) => globMatch(pattern, origin))) return;
  yield ['access-control-allow-origin', anyone ? '*' : origin];
  if (cors.expose.length > 0) yield ['access-control-expose-headers', cors.expose.join(', ')];
  if (!preflight) return;
  if (cors.methods.length > 0) yield ['access-control-allow-methods', cors.methods.join(', ')];
  if (cors.headers.length > 0) yield ['access-control-allow-headers', cors.headers.join(', ')];
  if (cors.maxAge !== undefined) yield ['access-control-max-age', String(cors.maxAge)];
}
