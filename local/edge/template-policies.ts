/** Policies as they stand in a template, in the edge's own words. */
import type { CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy, Selection, SetHeader } from './config.ts';
import { KNOWN_VIEWER_HEADERS } from './forward.ts';
import type { Resolve } from './resolve.ts';
import type { ResponseHeadersConfig } from './schema.ts';

export class PolicyError extends Error {
  override name = 'PolicyError';
}

/** `HeaderBehavior`, `QueryStringBehavior` and `CookieBehavior` share their words. Header names are compared in lower case. */
export function selection(behaviour: string, names: readonly string[], lowerCase = false): Selection {
  const list = lowerCase ? names.map((name) => name.toLowerCase()) : names;
  switch (behaviour) {
    case 'none':
      return { kind: 'none' };
    case 'all':
    case 'allViewer':
      return { kind: 'all' };
    // CloudFront's own headers come on top of the viewer's; those the edge lacks are reported, see usedCloudFrontHeaders.
    case 'allViewerAndWhitelistCloudFront':
      return { kind: 'all' };
    case 'whitelist':
      return { kind: 'only', names: list };
    case 'allExcept':
      return { kind: 'except', names: list };
    default:
      throw new PolicyError(`unknown behaviour ${JSON.stringify(behaviour)} in a cache or origin request policy`);
  }
}

/** Headers CloudFront would add from what it knows of the viewer (country, device, …) and the edge cannot. */
export function usedCloudFrontHeaders(cache: CachePolicy, request: OriginRequestPolicy | undefined): string[] {
  return [cache.headers, request?.headers].flatMap((headers) =>
    headers?.kind === 'only'
      ? headers.names.filter((name) => name.startsWith('cloudfront-') && !KNOWN_VIEWER_HEADERS.includes(name))
      : [],
  );
}

export function headersPolicyOf(config: ResponseHeadersConfig, resolve: Resolve): ResponseHeadersPolicy {
  const cors = config.CorsConfig;
  return {
    cors: cors && {
      origins: cors.AccessControlAllowOrigins.Items.map(resolve),
      methods: methods(cors.AccessControlAllowMethods.Items ?? []),
      headers: cors.AccessControlAllowHeaders.Items ?? [],
      expose: cors.AccessControlExposeHeaders?.Items ?? [],
      credentials: cors.AccessControlAllowCredentials,
      maxAge: cors.AccessControlMaxAgeSec,
      override: cors.OriginOverride,
    },
    set: [...securityHeaders(config.SecurityHeadersConfig, resolve), ...customHeaders(config, resolve)],
    remove: config.RemoveHeadersConfig?.Items.map((item) => item.Header.toLowerCase()) ?? [],
  };
}

function methods(items: readonly string[]): readonly string[] {
  return items.includes('ALL') ? ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] : items;
}

function customHeaders(config: ResponseHeadersConfig, resolve: Resolve): SetHeader[] {
  const items = config.CustomHeadersConfig?.Items ?? [];
  return items.map((item) => ({
    name: item.Header.toLowerCase(),
    value: resolve(item.Value),
    override: item.Override,
  }));
}

function securityHeaders(config: ResponseHeadersConfig['SecurityHeadersConfig'], resolve: Resolve): SetHeader[] {
  if (!config) return [];
  const out: SetHeader[] = [];
  const { ContentSecurityPolicy: csp, ContentTypeOptions: sniff, FrameOptions: frame } = config;
  const { ReferrerPolicy: referrer, StrictTransportSecurity: hsts, XSSProtection: xss } = config;
  if (csp) {
    out.push({
      name: 'content-security-policy',
      value: resolve(csp.ContentSecurityPolicy),
      override: csp.Override,
    });
  }
  if (sniff) out.push({ name: 'x-content-type-options', value: 'nosniff', override: sniff.Override });
  if (frame) out.push({ name: 'x-frame-options', value: frame.FrameOption, override: frame.Override });
  if (referrer)
    out.push({
      name: 'referrer-policy',
      value: referrer.ReferrerPolicy,
      override: referrer.Override,
    });
  if (hsts) {
    const flags = `${hsts.IncludeSubdomains ? '; includeSubDomains' : ''}${hsts.Preload ? '; preload' : ''}`;
    out.push({
      name: 'strict-transport-security',
      value: `max-age=${hsts.AccessControlMaxAgeSec}${flags}`,
      override: hsts.Override,
    });
  }
  if (xss) {
    const report = xss.ReportUri === undefined ? '' : `; report=${resolve(xss.ReportUri)}`;
    const value = xss.Protection ? `1${xss.ModeBlock ? '; mode=block' : ''}${report}` : '0';
    out.push({ name: 'x-xss-protection', value, override: xss.Override });
  }
  return out;
}
