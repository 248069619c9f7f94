/** Policies as they stand in a template, in the edge's own words, and the AWS-managed ones that templates name by id. */
import type { CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy, Selection } from './config.ts';
import type { Resolve } from './resolve.ts';
import type { CacheConfig, HeadersConfig, RequestConfig } from './schema.ts';

const none: Selection = { kind: 'none' };
const all: Selection = { kind: 'all' };

/** CloudFront Developer Guide, "Use managed cache policies". */
export const MANAGED_CACHE_POLICIES: Readonly<Record<string, CachePolicy>> = {
  // CachingOptimized, CachingDisabled
  '658327ea-f89d-4fab-a63d-7e88639e58f6': {
    minTtl: 1,
    defaultTtl: 86_400,
    maxTtl: 31_536_000,
    queries: none,
    headers: [],
    cookies: 'none',
    gzip: true,
    brotli: true,
  },
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': {
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 0,
    queries: none,
    headers: [],
    cookies: 'none',
    gzip: false,
    brotli: false,
  },
};

/** CloudFront Developer Guide, "Use managed origin request policies". */
export const MANAGED_ORIGIN_REQUEST_POLICIES: Readonly<Record<string, OriginRequestPolicy>> = {
  // AllViewerExceptHostHeader, CORS-S3Origin
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': {
    headers: { kind: 'except', names: ['host'] },
    queries: all,
    cookies: all,
  },
  '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf': {
    headers: { kind: 'only', names: ['origin', 'access-control-request-headers', 'access-control-request-method'] },
    queries: none,
    cookies: none,
  },
};

export function cachePolicyOf(config: CacheConfig): CachePolicy {
  const { MinTTL, DefaultTTL, MaxTTL, ParametersInCacheKeyAndForwardedToOrigin: key } = config;
  const { QueryStringBehavior: behaviour, QueryStrings: names } = key.QueryStringsConfig;
  return {
    minTtl: MinTTL,
    defaultTtl: Math.max(DefaultTTL, MinTTL),
    maxTtl: MaxTTL,
    queries:
      behaviour === 'whitelist'
        ? { kind: 'only', names }
        : behaviour === 'allExcept'
          ? { kind: 'except', names }
          : { kind: behaviour },
    headers: key.HeadersConfig.Headers,
    cookies: key.CookiesConfig.CookieBehavior,
    gzip: key.EnableAcceptEncodingGzip,
    brotli: key.EnableAcceptEncodingBrotli,
  };
}

export const originRequestPolicyOf = ({ HeadersConfig, QueryStringsConfig }: RequestConfig): OriginRequestPolicy => ({
  headers: { kind: 'only', names: HeadersConfig.Headers },
  queries:
    QueryStringsConfig.QueryStringBehavior === 'none' ? none : { kind: 'only', names: QueryStringsConfig.QueryStrings },
  cookies: none,
});

export function headersPolicyOf(config: HeadersConfig, resolve: Resolve): ResponseHeadersPolicy {
  const cors = config.CorsConfig;
  return {
    cors: cors && {
      origins: cors.AccessControlAllowOrigins.Items,
      methods: cors.AccessControlAllowMethods.Items,
      headers: cors.AccessControlAllowHeaders.Items,
      expose: cors.AccessControlExposeHeaders.Items,
      maxAge: cors.AccessControlMaxAgeSec,
    },
    set: [
      ...securityHeaders(config.SecurityHeadersConfig, resolve),
      ...config.CustomHeadersConfig.Items.map((one) => [one.Header.toLowerCase(), resolve(one.Value)] as const),
    ],
  };
}

function* securityHeaders(
  config: HeadersConfig['SecurityHeadersConfig'],
  resolve: Resolve,
): Generator<readonly [name: string, value: string]> {
  const { ContentSecurityPolicy: csp, ContentTypeOptions: sniff, FrameOptions: frame } = config;
  const { ReferrerPolicy: referrer, StrictTransportSecurity: hsts } = config;
  if (csp) yield ['content-security-policy', resolve(csp.ContentSecurityPolicy)];
  if (sniff) yield ['x-content-type-options', 'nosniff'];
  if (frame) yield ['x-frame-options', frame.FrameOption];
  if (referrer) yield ['referrer-policy', referrer.ReferrerPolicy];
  if (hsts) {
    const flags = hsts.IncludeSubdomains ? '; includeSubDomains' : '';
    yield ['strict-transport-security', `max-age=${hsts.AccessControlMaxAgeSec}${flags}`];
  }
}
