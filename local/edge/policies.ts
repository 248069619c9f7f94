/** AWS-managed CloudFront policies, by the ids that stand in templates (CloudFront Developer Guide, "Use managed … policies"). */
import type {
  CachePolicy,
  CorsPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  Selection,
  SetHeader,
} from './config.ts';

const none: Selection = { kind: 'none' };
const all: Selection = { kind: 'all' };
const only = (...names: string[]): Selection => ({ kind: 'only', names });
const YEAR = 31_536_000;
const DAY = 86_400;

const optimized: CachePolicy = {
  minTtl: 1,
  defaultTtl: DAY,
  maxTtl: YEAR,
  headers: none,
  queries: none,
  cookies: none,
  gzip: true,
  brotli: true,
};
const originControlled: CachePolicy = {
  ...optimized,
  minTtl: 0,
  defaultTtl: 0,
  headers: only('host', 'origin', 'x-http-method-override', 'x-http-method', 'x-method-override'),
  cookies: all,
};

export const MANAGED_CACHE_POLICIES: Readonly<Record<string, CachePolicy>> = {
  // CachingOptimized, CachingOptimizedForUncompressedObjects, CachingDisabled
  '658327ea-f89d-4fab-a63d-7e88639e58f6': optimized,
  'b2884449-e4de-46a7-ac36-70bc7f1ddd6d': { ...optimized, gzip: false, brotli: false },
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': {
    ...optimized,
    minTtl: 0,
    defaultTtl: 0,
    maxTtl: 0,
    gzip: false,
    brotli: false,
  },
  // UseOriginCacheControlHeaders, UseOriginCacheControlHeaders-QueryStrings
  '83da9c7e-98b4-4e11-a168-04f0df8e2c65': originControlled,
  '4cc15a8a-d715-48a4-82b8-cc0b614638fe': { ...originControlled, queries: all },
};

export const MANAGED_ORIGIN_REQUEST_POLICIES: Readonly<Record<string, OriginRequestPolicy>> = {
  // AllViewer, AllViewerExceptHostHeader, AllViewerAndCloudFrontHeaders-2022-06
  '216adef6-5c7f-47e4-b989-5492eafa07d3': { headers: all, queries: all, cookies: all },
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': {
    headers: { kind: 'except', names: ['host'] },
    queries: all,
    cookies: all,
  },
  '33f36d7e-f396-46d9-90e0-52428a34d9dc': { headers: all, queries: all, cookies: all },
  // CORS-S3Origin, CORS-CustomOrigin, UserAgentRefererHeaders
  '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf': {
    headers: only('origin', 'access-control-request-headers', 'access-control-request-method'),
    queries: none,
    cookies: none,
  },
  '59781a5b-3903-41f3-afcb-af62929ccde1': { headers: only('origin'), queries: none, cookies: none },
  'acba4595-bd28-49b8-b9fe-13317c0390fa': {
    headers: only('user-agent', 'referer'),
    queries: none,
    cookies: none,
  },
};

const simpleCors: CorsPolicy = {
  origins: ['*'],
  methods: ['GET', 'HEAD'],
  headers: [],
  expose: [],
  credentials: false,
  maxAge: undefined,
  override: false,
};
const preflightCors: CorsPolicy = {
  ...simpleCors,
  methods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
  headers: ['*'],
  expose: ['*'],
};
const security: readonly SetHeader[] = [
  { name: 'referrer-policy', value: 'strict-origin-when-cross-origin', override: false },
  { name: 'strict-transport-security', value: `max-age=${YEAR}`, override: false },
  { name: 'x-content-type-options', value: 'nosniff', override: true },
  { name: 'x-frame-options', value: 'SAMEORIGIN', override: false },
  { name: 'x-xss-protection', value: '1; mode=block', override: false },
];

export const MANAGED_RESPONSE_HEADERS_POLICIES: Readonly<Record<string, ResponseHeadersPolicy>> = {
  // SimpleCORS, CORS-With-Preflight, SecurityHeadersPolicy, CORS-and-SecurityHeadersPolicy, CORS-with-preflight-and-SecurityHeadersPolicy
  '60669652-455b-4ae9-85a4-c4c02393f86c': { cors: simpleCors, set: [], remove: [] },
  '5cc3b908-e619-4b99-88e5-2cf7f45965bd': { cors: preflightCors, set: [], remove: [] },
  '67f7725c-6f97-4210-82d7-5512b31e9d03': { cors: undefined, set: security, remove: [] },
  'e61eb60c-9c35-4d20-a928-2b84e02af89c': { cors: simpleCors, set: security, remove: [] },
  'eaab4381-ed33-4a86-88ca-d9558dc6cd63': { cors: preflightCors, set: security, remove: [] },
};
