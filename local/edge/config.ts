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
  queries: Selection;
  /** Lower case. */
  headers: readonly string[];
  cookies: 'none' | 'all';
  gzip: boolean;
  brotli: boolean;
}

/** AWS::CloudFront::OriginRequestPolicy: sent to the origin beside the cache key, without being part of it. */
export interface OriginRequestPolicy {
  headers: Selection;
  queries: Selection;
  cookies: Selection;
}

export interface CorsPolicy {
  origins: readonly string[];
  methods: readonly string[];
  headers: readonly string[];
  expose: readonly string[];
  /** Seconds. */
  maxAge: number | undefined;
}

/** AWS::CloudFront::ResponseHeadersPolicy; security and custom headers are one list, and replace the origin's. */
export interface ResponseHeadersPolicy {
  cors: CorsPolicy | undefined;
  set: readonly (readonly [name: string, value: string])[];
}

/** AWS::CloudFront::Function as deployed. */
export interface EdgeFunction {
  name: string;
  code: string;
  /** ARN of its key value store. */
  store?: string;
}

export interface Behaviour {
  /** `*` any run of characters, `?` exactly one; case-sensitive. The default behaviour has `*`. */
  pathPattern: string;
  originId: string;
  allowedMethods: readonly string[];
  /** Key-Pair-Id → public key, all trusted key groups together. Undefined: no signature is asked for. */
  trustedKeys: ReadonlyMap<string, KeyObject> | undefined;
  cachePolicy: CachePolicy;
  originRequestPolicy: OriginRequestPolicy | undefined;
  responseHeadersPolicy: ResponseHeadersPolicy | undefined;
  viewerRequest: EdgeFunction | undefined;
}

/** What the bucket's policy lets CloudFront do, or keeps from it: IAM action and resource patterns (`*`, `?`). */
export interface BucketGrant {
  actions: readonly string[];
  resources: readonly string[];
}

export interface S3Origin {
  kind: 's3';
  bucket: string;
  grants: readonly BucketGrant[];
  /** Go before grants. */
  denials: readonly BucketGrant[];
  /** Seconds without a byte from the origin, then 504. */
  readTimeout: number;
}

/** An HTTP API of API Gateway. */
export interface ApiOrigin {
  kind: 'api';
  apiId: string;
  readTimeout: number;
}

export type Origin = S3Origin | ApiOrigin;

export interface EdgeConfig {
  distributionId: string;
  domainName: string;
  /** In the order they are tried; the last is the default behaviour. */
  behaviours: readonly Behaviour[];
  origins: Readonly<Record<string, Origin>>;
  /** Object name without `/`; empty when there is none. */
  defaultRootObject: string;
  /** Status → error caching minimum TTL, seconds, where the distribution sets one. */
  errorTtls: ReadonlyMap<number, number>;
}
