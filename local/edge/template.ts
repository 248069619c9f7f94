/** Reads the distribution of a synthesized template into an `EdgeConfig`. Pure: no file, no network. */
import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import type {
  Behaviour,
  CachePolicy,
  EdgeConfig,
  EdgeFunction,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
} from './config.ts';
import { faultsOf } from './function-rules.ts';
import { createResolver, logicalIdOf, type Resolve, type ResolveContext } from './resolve.ts';
import * as schema from './schema.ts';
import { TemplateError } from './schema.ts';
import { readOrigin } from './template-origins.ts';
import * as policies from './template-policies.ts';

export { TemplateError } from './schema.ts';

/**
 * The distribution in `synthesized` (the parsed JSON of `cdk.out/<Stack>.template.json`), with the names that the
 * deployed resources have. Of key groups the template says the id only; what is in them `context.keyGroups` says.
 * Throws `TemplateError`, naming what the edge does not play and where it stands, or `ResolveError`.
 */
export function readTemplate(synthesized: unknown, context: ResolveContext): EdgeConfig {
  return new Reader(
    schema.read(schema.template, synthesized, 'template'),
    createResolver(context),
    context.keyGroups ?? {},
  ).read();
}

class Reader {
  readonly #template: schema.Template;
  readonly #resolve: Resolve;
  readonly #keyGroups: NonNullable<ResolveContext['keyGroups']>;

  constructor(template: schema.Template, resolve: Resolve, keyGroups: NonNullable<ResolveContext['keyGroups']>) {
    this.#template = template;
    this.#resolve = resolve;
    this.#keyGroups = keyGroups;
  }

  read(): EdgeConfig {
    const ids = Object.keys(this.#template.Resources).filter((one) => this.#is(one, 'Distribution'));
    const [id] = ids;
    if (id === undefined) throw new TemplateError('the template has no distribution');
    if (ids.length > 1) throw new TemplateError(`several distributions (${ids.join(', ')}): not played`);
    const { DistributionConfig } = this.#template.Resources[id]!.Properties;
    const config = schema.read(schema.distribution, DistributionConfig, `distribution ${id}`);
    const distributionId = this.#resolve({ Ref: id });
    return {
      distributionId,
      domainName: `${distributionId.toLowerCase()}.cloudfront.net`,
      behaviours: [...config.CacheBehaviors, config.DefaultCacheBehavior].map((one) => this.#behaviour(one)),
      origins: Object.fromEntries(config.Origins.map((one) => readOrigin(one, this.#template, this.#resolve))),
      defaultRootObject: config.DefaultRootObject,
      errorTtls: new Map(config.CustomErrorResponses.map((one) => [one.ErrorCode, one.ErrorCachingMinTTL])),
    };
  }

  #behaviour(given: unknown): Behaviour {
    const where = `behaviour ${(given as { PathPattern?: string } | null)?.PathPattern ?? '*'}`;
    const b = schema.read(schema.behaviour, given, where);
    return {
      pathPattern: b.PathPattern,
      originId: b.TargetOriginId,
      allowedMethods: b.AllowedMethods,
      trustedKeys: b.TrustedKeyGroups.length === 0 ? undefined : this.#trustedKeys(b.TrustedKeyGroups, where),
      cachePolicy: this.#cachePolicy(b.CachePolicyId, where),
      originRequestPolicy: this.#originRequestPolicy(b.OriginRequestPolicyId, where),
      responseHeadersPolicy: this.#responseHeadersPolicy(b.ResponseHeadersPolicyId, where),
      viewerRequest: b.FunctionAssociations[0] && this.#function(b.FunctionAssociations[0].FunctionARN, where),
    };
  }

  #cachePolicy(ref: unknown, where: string): CachePolicy {
    if (!this.#is(logicalIdOf(ref), 'CachePolicy'))
      return this.#managed(policies.MANAGED_CACHE_POLICIES, ref, 'cache policy', where);
    const own = this.#own(ref, 'CachePolicy', schema.cachePolicy, `${where}: cache policy`);
    return policies.cachePolicyOf(own.CachePolicyConfig);
  }

  #responseHeadersPolicy(ref: unknown, where: string): ResponseHeadersPolicy | undefined {
    if (ref === undefined) return undefined;
    const what = 'response headers policy';
    if (!this.#is(logicalIdOf(ref), 'ResponseHeadersPolicy')) return this.#managed({}, ref, what, where);
    const own = this.#own(ref, 'ResponseHeadersPolicy', schema.responseHeadersPolicy, `${where}: ${what}`);
    return policies.headersPolicyOf(own.ResponseHeadersPolicyConfig, this.#resolve);
  }

  #originRequestPolicy(ref: unknown, where: string): OriginRequestPolicy | undefined {
    if (ref === undefined) return undefined;
    const what = 'origin request policy';
    if (!this.#is(logicalIdOf(ref), 'OriginRequestPolicy'))
      return this.#managed(policies.MANAGED_ORIGIN_REQUEST_POLICIES, ref, what, where);
    const own = this.#own(ref, 'OriginRequestPolicy', schema.originRequestPolicy, `${where}: ${what}`);
    return policies.originRequestPolicyOf(own.OriginRequestPolicyConfig);
  }

  #managed<T>(known: Readonly<Record<string, T>>, ref: unknown, what: string, where: string): T {
    const id = logicalIdOf(ref) ?? this.#resolve(ref);
    const policy = known[id];
    if (policy === undefined) throw new TemplateError(`${where}: unknown ${what} ${id}: not played`);
    return policy;
  }

  /** The caller's own map, so that what changes in the group is seen here. */
  #trustedKeys(groups: readonly unknown[], where: string): ReadonlyMap<string, KeyObject> {
    if (groups.length > 1) throw new TemplateError(`${where}: several key groups: not played`);
    const id = this.#resolve(groups[0]);
    const keys = this.#keyGroups[id];
    if (keys === undefined) throw new TemplateError(`${where}: nothing is known of the key group ${id}`);
    return keys;
  }

  #function(ref: unknown, where: string): EdgeFunction {
    const own = this.#own(ref, 'Function', schema.edgeFunction, `${where}: function`);
    const code = this.#resolve(own.FunctionCode);
    const at = `${where}: function ${logicalIdOf(ref)}`;
    // CloudFront has it and the sandbox has not: a function that uses it would fail here alone.
    if (/\bBuffer\b/.test(code)) throw new TemplateError(`${at}: Buffer: not played`);
    const [association] = own.FunctionConfig.KeyValueStoreAssociations;
    const faults = faultsOf(code, { hasStore: association !== undefined });
    if (faults.length > 0) throw new TemplateError(`${at}: CloudFront would refuse it: ${faults.join('; ')}`);
    const name = this.#resolve(own.Name);
    return association === undefined
      ? { name, code }
      : { name, code, store: this.#store(association.KeyValueStoreARN, at) };
  }

  /** The ARN of the key value store, which must be in this template. */
  #store(ref: unknown, where: string): string {
    this.#own(ref, 'KeyValueStore', schema.keyValueStore, `${where}: key value store`);
    return this.#resolve(ref);
  }

  /** Properties of the CloudFront resource that `ref` points at, which must be in this template. */
  #own<T>(ref: unknown, type: string, shape: z.ZodType<T>, what: string): T {
    const id = logicalIdOf(ref);
    if (id === undefined || !this.#is(id, type))
      throw new TemplateError(`${what} ${id ?? JSON.stringify(ref)} is not in this template`);
    return schema.read(shape, this.#template.Resources[id]?.Properties, `${what} ${id}`);
  }

  #is(id: string | undefined, type: string): boolean {
    return id !== undefined && this.#template.Resources[id]?.Type === `AWS::CloudFront::${type}`;
  }
}
