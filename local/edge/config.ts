/** What the edge plays: one CloudFront distribution in plain values, every intrinsic function of the template resolved. */
import type { KeyObject } from 'node:crypto';

export type Selection =
  | { kind: 'none' }
  | { kind: 'all' }
  | { kind: 'only'; names: readonly string[] }
  | { kind: 'except'; names: readonly string[] };

/** AWS::CloudFront::CachePolicy. TTLs in seconds. What is part of the cache key is also sent to the origin. */
export interface CachePolicy {
  minTtl: number;
  defaultTtl: number;
  maxTtl: number;
  headers: Selection;
  queries: Selection;
  cookies: Selection;
  gzip: boolean;
  brotli: boolean;
}

/** AWS::CloudFront::OriginRequestPolicy: sent to the origin beside the cache key, without being part of it. */
export interface OriginRequestPolicy {
  headers: Selection;
  queries: Selection;
  cookies: Selection;
}

/** A header the edge sets. `override`: also when the origin sent one. */
export interface SetHeader {
  name: string;
  value: string;
  override: boolean;
}

export interface CorsPolicy {
  origins: readonly string[];
  methods: readonly string[];
  headers: readonly string[];
  expose: readonly string[];
  credentials: boolean;
  /** Seconds. */
  maxAge: number | undefined;
  override: boolean;
}

/** AWS::CloudFront::ResponseHeadersPolicy; security and custom headers are one list. */
export interface ResponseHeadersPolicy {
  cors: CorsPolicy | undefined;
  set: readonly SetHeader[];
  remove: readonly string[];
}

/** AWS::CloudFront::Function as deployed. */
export interface EdgeFunction {
  name: string;
  code: string;
}

export interface Behaviour {
  /** `*` any run of characters, `?` exactly one; case-sensitive. The default behaviour has `*`. */
  pathPattern: string;
  originId: string;
  allowedMethods: readonly string[];
  cachedMethods: readonly string[];
  /** Key-Pair-Id → public key, all trusted key groups together. Undefined: no signature is asked for. */
  trustedKeys: ReadonlyMap<string, KeyObject> | undefined;
  cachePolicy: CachePolicy;
  originRequestPolicy: OriginRequestPolicy | undefined;
  responseHeadersPolicy: ResponseHeadersPolicy | undefined;
  viewerRequest: EdgeFunction | undefined;
  viewerResponse: EdgeFunction | undefined;
}

/** What the bucket's policy lets CloudFront do: IAM action and resource patterns (`*`, `?`). */
export interface BucketGrant {
  actions: readonly string[];
  resources: readonly string[];
}

interface OriginCommon {
  /** `OriginPath`: put before the path; no `/` at its end. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  /** Seconds without a byte from the origin, then 504. */
  readTimeout: number;
}

export interface S3Origin extends OriginCommon {
  kind: 's3';
  bucket: string;
  /** Undefined when the template does not hold the bucket's policy: then nothing is refused here. */
  grants: readonly BucketGrant[] | undefined;
}

export interface HttpOrigin extends OriginCommon {
  kind: 'http';
  domain: string;
  /** Scheme, host and port as the template says, without a slash at the end. */
  base: string;
}

export type Origin = S3Origin | HttpOrigin;

export interface ErrorResponse {
  code: number;
  /** Seconds. */
  minTtl: number;
  page: { path: string; status: number } | undefined;
}

export interface EdgeConfig {
  distributionId: string;
  domainName: string;
  /** In the order they are tried; the last is the default behaviour. */
  behaviours: readonly Behaviour[];
  origins: Readonly<Record<string, Origin>>;
  /** Object name without `/`; empty when there is none. */
  defaultRootObject: string;
  errorResponses: readonly ErrorResponse[];
  /** What the template asks for, or CloudFront does, and this edge does not: one sentence each. */
  notCovered: readonly string[];
}
