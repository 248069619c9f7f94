/** Reads the distribution of a synthesized template into an `EdgeConfig`. Pure: no file, no network. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { z } from 'zod';
import type {
  Behaviour,
  CachePolicy,
  EdgeConfig,
  EdgeFunction,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
} from './config.ts';
import { readOrigin } from './template-origins.ts';
import { headersPolicyOf, selection, usedCloudFrontHeaders } from './template-policies.ts';
import * as managed from './policies.ts';
import { createResolver, logicalIdOf, type Resolve, type ResolveContext } from './resolve.ts';
import * as schema from './schema.ts';

export class TemplateError extends Error {
  override name = 'TemplateError';
}

/** What holds for every distribution played here. */
const ALWAYS_MISSING = [
  'TLS, HTTP/2 and HTTP/3: the edge speaks HTTP/1.1 on loopback, so viewer protocol policies (redirect to https) are not applied',
  'compression: objects are sent as the origin sent them',
  'CloudFront Functions run in V8 with a generous time limit: syntax, size and CPU limits of CloudFront are not checked',
  'WebSocket upgrades, regional edge caches, Origin Shield, access and real-time logs',
];

export interface ReadOptions extends ResolveContext {
  /** Logical id of the distribution; needed only when the template holds several. */
  distribution?: string;
}

/**
 * The distribution in `synthesized` (the parsed JSON of `cdk.out/<Stack>.template.json`), with the names that the
 * deployed resources have. Keys and key groups are read from this template, so they need not exist on the engine:
 * the physical id given for an `AWS::CloudFront::PublicKey` is its Key-Pair-Id.
 * Throws `TemplateError`, `ResolveError`, or zod's error for a template that is not one.
 */
export function readTemplate(synthesized: unknown, options: ReadOptions): EdgeConfig {
  const template = schema.template.parse(synthesized);
  const defaults = Object.fromEntries(
    Object.entries(template.Parameters).flatMap(([name, p]) =>
      typeof p.Default === 'string' ? [[name, p.Default]] : [],
    ),
  );
  const resolve = createResolver({
    ...options,
    parameters: { ...defaults, ...options.parameters },
  });
  return new Reader(template, resolve).read(options.distribution);
}

class Reader {
  readonly #template: schema.Template;
  readonly #resolve: Resolve;
  readonly #missing = new Set<string>(ALWAYS_MISSING);

  constructor(template: schema.Template, resolve: Resolve) {
    this.#template = template;
    this.#resolve = resolve;
  }

  read(wanted: string | undefined): EdgeConfig {
    const ids = Object.keys(this.#template.Resources).filter((id) => this.#is(id, 'AWS::CloudFront::Distribution'));
    const [id, ...others] = wanted === undefined ? ids : ids.filter((one) => one === wanted);
    if (id === undefined) throw new TemplateError(`the template has no distribution ${wanted ?? ''}`.trim());
    if (others.length > 0)
      throw new TemplateError(`the template has ${ids.length} distributions: say which (${ids.join(', ')})`);
    const { DistributionConfig: config } = schema.distribution.parse(this.#properties(id));
    this.#noteDistribution(config);

    const distributionId = this.#resolve({ Ref: id });
    return {
      distributionId,
      domainName:
        this.#optional({ 'Fn::GetAtt': [id, 'DomainName'] }) ?? `${distributionId.toLowerCase()}.cloudfront.net`,
      behaviours: [...config.CacheBehaviors, { ...config.DefaultCacheBehavior, PathPattern: '*' }].map((b) =>
        this.#behaviour(b),
      ),
      origins: Object.fromEntries(config.Origins.map((o) => [o.Id, readOrigin(o, this.#template, this.#resolve)])),
      defaultRootObject: config.DefaultRootObject.replace(/^\//, ''),
      errorResponses: config.CustomErrorResponses.map((e) => ({
        code: e.ErrorCode,
        minTtl: e.ErrorCachingMinTTL,
        page:
          e.ResponsePagePath === undefined
            ? undefined
            : { path: e.ResponsePagePath, status: e.ResponseCode ?? e.ErrorCode },
      })),
      notCovered: [...this.#missing],
    };
  }

  #behaviour(b: schema.BehaviourProperties): Behaviour {
    const pathPattern = b.PathPattern ?? '*';
    const where = `behaviour ${pathPattern}`;
    if (b['ForwardedValues'] !== undefined)
      throw new TemplateError(`${where}: ForwardedValues is legacy; use a cache policy`);
    if (b.LambdaFunctionAssociations.length > 0) this.#missing.add(`${where}: Lambda@Edge`);
    if (b.TrustedSigners.length > 0) throw new TemplateError(`${where}: trusted signers are legacy; use a key group`);
    if (b['FieldLevelEncryptionId']) this.#missing.add(`${where}: field-level encryption`);
    if (b['RealtimeLogConfigArn']) this.#missing.add(`${where}: real-time logs`);
    if (b['SmoothStreaming'] === true) this.#missing.add(`${where}: Smooth Streaming`);
    const cachePolicy = this.#cachePolicy(b.CachePolicyId);
    const originRequestPolicy = this.#originRequestPolicy(b.OriginRequestPolicyId);
    for (const name of usedCloudFrontHeaders(cachePolicy, originRequestPolicy))
      this.#missing.add(`${where}: header ${name}`);
    return {
      pathPattern,
      originId: b.TargetOriginId,
      allowedMethods: b.AllowedMethods,
      cachedMethods: b.CachedMethods,
      trustedKeys: b.TrustedKeyGroups.length === 0 ? undefined : this.#trustedKeys(b.TrustedKeyGroups),
      cachePolicy,
      originRequestPolicy,
      responseHeadersPolicy: this.#responseHeadersPolicy(b.ResponseHeadersPolicyId, where),
      viewerRequest: this.#function(b, 'viewer-request', where),
      viewerResponse: this.#function(b, 'viewer-response', where),
    };
  }

  #cachePolicy(ref: unknown): CachePolicy {
    const own = this.#own(ref, 'AWS::CloudFront::CachePolicy', schema.cachePolicy);
    if (!own) return known(managed.MANAGED_CACHE_POLICIES, this.#resolve(ref), 'cache policy');
    const { MinTTL, DefaultTTL, MaxTTL, ParametersInCacheKeyAndForwardedToOrigin: key } = own.CachePolicyConfig;
    return {
      minTtl: MinTTL,
      defaultTtl: Math.max(DefaultTTL, MinTTL),
      maxTtl: MaxTTL,
      headers: selection(key.HeadersConfig.HeaderBehavior, key.HeadersConfig.Headers, true),
      queries: selection(key.QueryStringsConfig.QueryStringBehavior, key.QueryStringsConfig.QueryStrings),
      cookies: selection(key.CookiesConfig.CookieBehavior, key.CookiesConfig.Cookies),
      gzip: key.EnableAcceptEncodingGzip,
      brotli: key.EnableAcceptEncodingBrotli,
    };
  }

  #originRequestPolicy(ref: unknown): OriginRequestPolicy | undefined {
    if (ref === undefined) return undefined;
    const own = this.#own(ref, 'AWS::CloudFront::OriginRequestPolicy', schema.originRequestPolicy);
    if (!own) return known(managed.MANAGED_ORIGIN_REQUEST_POLICIES, this.#resolve(ref), 'origin request policy');
    const config = own.OriginRequestPolicyConfig;
    if (config.HeadersConfig.HeaderBehavior === 'allViewerAndWhitelistCloudFront')
      this.#missing.add('CloudFront-* request headers');
    return {
      headers: selection(config.HeadersConfig.HeaderBehavior, config.HeadersConfig.Headers, true),
      queries: selection(config.QueryStringsConfig.QueryStringBehavior, config.QueryStringsConfig.QueryStrings),
      cookies: selection(config.CookiesConfig.CookieBehavior, config.CookiesConfig.Cookies),
    };
  }

  #responseHeadersPolicy(ref: unknown, where: string): ResponseHeadersPolicy | undefined {
    if (ref === undefined) return undefined;
    const own = this.#own(ref, 'AWS::CloudFront::ResponseHeadersPolicy', schema.responseHeadersPolicy);
    if (!own) return known(managed.MANAGED_RESPONSE_HEADERS_POLICIES, this.#resolve(ref), 'response headers policy');
    if (own.ResponseHeadersPolicyConfig.ServerTimingHeadersConfig?.Enabled)
      this.#missing.add(`${where}: Server-Timing header`);
    return headersPolicyOf(own.ResponseHeadersPolicyConfig, this.#resolve);
  }

  #trustedKeys(groups: readonly unknown[]): ReadonlyMap<string, KeyObject> {
    const keys = new Map<string, KeyObject>();
    for (const groupRef of groups) {
      const group = this.#own(groupRef, 'AWS::CloudFront::KeyGroup', schema.keyGroup);
      if (!group) throw new TemplateError(`the key group ${JSON.stringify(groupRef)} is not in this template`);
      for (const keyRef of group.KeyGroupConfig.Items) {
        const key = this.#own(keyRef, 'AWS::CloudFront::PublicKey', schema.publicKey);
        if (!key) throw new TemplateError(`the public key ${JSON.stringify(keyRef)} is not in this template`);
        keys.set(this.#resolve(keyRef), publicKeyOf(this.#resolve(key.PublicKeyConfig.EncodedKey)));
      }
    }
    return keys;
  }

  #function(b: schema.BehaviourProperties, event: string, where: string): EdgeFunction | undefined {
    const association = b.FunctionAssociations.find((a) => a.EventType === event);
    if (!association) return undefined;
    const own = this.#own(association.FunctionARN, 'AWS::CloudFront::Function', schema.edgeFunction);
    if (!own) throw new TemplateError(`${where}: its ${event} function is not in this template`);
    const code = this.#resolve(own.FunctionCode);
    const name = this.#optional(own.Name) ?? logicalIdOf(association.FunctionARN) ?? event;
    if (own.FunctionConfig.KeyValueStoreAssociations.length > 0 || /\bimport\b.*['"]cloudfront['"]/.test(code)) {
      this.#missing.add(`${where}: key value stores and the cloudfront module in function ${name}`);
    }
    if (/\bBuffer\b/.test(code)) this.#missing.add(`${where}: Buffer in function ${name}`);
    return { name, code };
  }

  #noteDistribution(config: schema.DistributionConfig): void {
    if ((config.OriginGroups?.Items?.length ?? 0) > 0) {
      throw new TemplateError('origin groups are not covered: a behaviour may point at one');
    }
    if (config.Restrictions && config.Restrictions.GeoRestriction.RestrictionType !== 'none')
      this.#missing.add('geographic restrictions');
    if (config.WebACLId) this.#missing.add('the AWS WAF web ACL');
    if (config['ContinuousDeploymentPolicyId']) this.#missing.add('continuous deployment');
  }

  /** Properties of the resource that `ref` points at, when it is of this type and in this template. */
  #own<T>(ref: unknown, type: string, shape: z.ZodType<T>): T | undefined {
    const id = logicalIdOf(ref);
    return id !== undefined && this.#is(id, type) ? shape.parse(this.#properties(id)) : undefined;
  }

  #is(id: string, type: string): boolean {
    return this.#template.Resources[id]?.Type === type;
  }

  #properties(id: string): unknown {
    return this.#template.Resources[id]?.Properties;
  }

  #optional(value: unknown): string | undefined {
    try {
      return this.#resolve(value);
    } catch {
      return undefined;
    }
  }
}

function known<T>(policies: Readonly<Record<string, T>>, id: string, what: string): T {
  const policy = policies[id];
  if (policy === undefined)
    throw new TemplateError(`unknown ${what} ${id}: neither in this template nor a managed one the edge knows`);
  return policy;
}

/** CloudFront takes RSA 2048 and ECDSA P-256 keys and no others. */
function publicKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new TemplateError('a trusted public key is not a PEM public key', { cause });
  }
  const details = key.asymmetricKeyDetails;
  const fits =
    (key.asymmetricKeyType === 'rsa' && details?.modulusLength === 2048) ||
    (key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1');
  if (!fits)
    throw new TemplateError(
      `CloudFront takes RSA 2048 and ECDSA P-256 keys, not ${key.asymmetricKeyType ?? 'this one'}`,
    );
  return key;
}
