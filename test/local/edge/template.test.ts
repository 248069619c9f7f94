import { generateKeyPairSync } from 'node:crypto';
import { App, CfnResource, Duration, Fn, Stack } from 'aws-cdk-lib';
import * as cf from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { pathPatternMatches } from '../../../local/edge/glob.ts';
import { createResolver, ResolveError, type ResolveContext } from '../../../local/edge/resolve.ts';
import { readTemplate, TemplateError } from '../../../local/edge/template.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const TRUSTED = new Map([['K1', publicKey]]);

/** Like the real one: console, API and signed media. Answers the template and what its resources are called. */
function synth() {
  const stack = new Stack(new App(), 'Test');
  const site = new Bucket(stack, 'Site');
  const media = new Bucket(stack, 'Media');
  new CfnResource(stack, 'Keys', { type: 'Custom::Keys' });
  const keyGroup = cf.KeyGroup.fromKeyGroupId(stack, 'Group', Fn.getAtt('Keys', 'KeyGroupId').toString());
  const router = new cf.Function(stack, 'Router', {
    code: cf.FunctionCode.fromInline('function handler(e) { return e.request; }'),
    runtime: cf.FunctionRuntime.JS_2_0,
  });
  const cache = new cf.CachePolicy(stack, 'Cache', {
    minTtl: Duration.seconds(2),
    defaultTtl: Duration.minutes(1),
    maxTtl: Duration.days(365),
    queryStringBehavior: cf.CacheQueryStringBehavior.allowList('v'),
    enableAcceptEncodingBrotli: true,
  });
  const callers = new cf.CachePolicy(stack, 'Callers', {
    minTtl: Duration.seconds(0),
    defaultTtl: Duration.seconds(0),
    maxTtl: Duration.seconds(1),
    queryStringBehavior: cf.CacheQueryStringBehavior.all(),
    headerBehavior: cf.CacheHeaderBehavior.allowList('Authorization', 'CloudFront-Viewer-Country'),
    cookieBehavior: cf.CacheCookieBehavior.all(),
  });
  const requests = new cf.OriginRequestPolicy(stack, 'Requests', {
    headerBehavior: cf.OriginRequestHeaderBehavior.allowList('Origin', 'CloudFront-Viewer-Country'),
    queryStringBehavior: cf.OriginRequestQueryStringBehavior.allowList('to'),
  });
  const headers = new cf.ResponseHeadersPolicy(stack, 'Headers', {
    corsBehavior: {
      accessControlAllowCredentials: false,
      accessControlAllowHeaders: ['*'],
      accessControlAllowMethods: ['GET', 'HEAD'],
      accessControlAllowOrigins: ['*'],
      accessControlMaxAge: Duration.minutes(10),
      originOverride: true,
    },
    securityHeadersBehavior: {
      strictTransportSecurity: {
        accessControlMaxAge: Duration.seconds(99),
        includeSubdomains: true,
        override: true,
      },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: cf.HeadersFrameOption.DENY, override: true },
      contentSecurityPolicy: { contentSecurityPolicy: `connect-src ${site.bucketName}`, override: true },
    },
    customHeadersBehavior: { customHeaders: [{ header: 'Timing-Allow-Origin', value: '*', override: true }] },
  });
  const origin = S3BucketOrigin.withOriginAccessControl(media as IBucket, {
    originAccessLevels: [cf.AccessLevel.READ, cf.AccessLevel.LIST],
  });
  new cf.Distribution(stack, 'Distribution', {
    defaultRootObject: 'index.html',
    defaultBehavior: {
      origin: S3BucketOrigin.withOriginAccessControl(site as IBucket),
      functionAssociations: [{ function: router, eventType: cf.FunctionEventType.VIEWER_REQUEST }],
    },
    additionalBehaviors: {
      '/vod/*.m3u8': {
        origin,
        trustedKeyGroups: [keyGroup],
        cachePolicy: cache,
        originRequestPolicy: requests,
        responseHeadersPolicy: headers,
        allowedMethods: cf.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      },
      '/vod/*': {
        origin,
        trustedKeyGroups: [keyGroup],
        originRequestPolicy: cf.OriginRequestPolicy.CORS_S3_ORIGIN,
      },
      '/api/*': {
        origin: new HttpOrigin(
          Fn.select(
            2,
            Fn.split('/', Fn.sub('https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/x', { Api: 'api1' })),
          ),
          { readTimeout: Duration.seconds(7) },
        ),
        allowedMethods: cf.AllowedMethods.ALLOW_ALL,
        cachePolicy: callers,
        originRequestPolicy: cf.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
    },
    errorResponses: [
      { httpStatus: 404, ttl: Duration.seconds(3) },
      { httpStatus: 403, ttl: Duration.seconds(0) },
    ],
  });
  const template = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const resources: Record<string, { physicalId: string; attributes?: Record<string, string> }> = {};
  for (const id of Object.keys(template.Resources))
    resources[id] = { physicalId: id.replace(/[0-9A-F]{8}$/, '').toLowerCase() };
  resources['Keys'] = { physicalId: 'keys', attributes: { KeyGroupId: 'group' } };
  const keyGroups = { group: TRUSTED };
  const parameters = { 'AWS::Region': 'eu-central-1' };
  return { template, options: { resources, parameters, keyGroups } satisfies ResolveContext };
}

const { template, options } = synth();

/** The template with one property of a resource changed. `name`: logical id without its hash; `path`: dotted. */
function changed(name: string, path: string, value: unknown): typeof template {
  const copy = structuredClone(template);
  const [, resource] = Object.entries(copy.Resources).find(([id]) => id.replace(/[0-9A-F]{8}$/, '') === name)!;
  const steps = path.split('.');
  const last = steps.pop()!;
  let at = resource.Properties;
  for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
  at[last] = value;
  return copy;
}

describe('readTemplate', () => {
  const config = readTemplate(template, options);
  const at = (path: string) => config.behaviours.find((one) => pathPatternMatches(one.pathPattern, path))!;

  it('keeps the order of behaviours, the default last', () => {
    expect(config.behaviours.map((one) => one.pathPattern)).toEqual(['/vod/*.m3u8', '/vod/*', '/api/*', '*']);
    expect(config.distributionId).toBe('distribution');
    expect(config.defaultRootObject).toBe('index.html');
    expect([...config.errorTtls]).toEqual([
      [404, 3],
      [403, 0],
    ]);
  });

  it('finds buckets by name, and what their policies let CloudFront do', () => {
    expect(config.origins[at('/').originId]).toMatchObject({
      kind: 's3',
      bucket: 'site',
      grants: [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::site/*'] }],
      denials: [],
    });
    const media = config.origins[at('/vod/1').originId];
    expect(media?.kind === 's3' && media.grants?.flatMap((grant) => grant.actions)).toEqual([
      's3:GetObject',
      's3:ListBucket',
    ]);
  });

  it('finds the API’s id in its domain, and the timeout', () => {
    expect(config.origins[at('/api/x').originId]).toEqual({ kind: 'api', apiId: 'api1', readTimeout: 7 });
  });

  it('takes the key group as the caller has it, so that what changes in it is seen', () => {
    expect(at('/').trustedKeys).toBeUndefined();
    expect(at('/vod/a.m3u8').trustedKeys).toBe(TRUSTED);
  });

  it('reads its own policies and knows the managed ones that are played', () => {
    expect(at('/vod/a.m3u8').cachePolicy).toEqual({
      minTtl: 2,
      defaultTtl: 60,
      maxTtl: 31_536_000,
      queries: { kind: 'only', names: ['v'] },
      headers: [],
      cookies: 'none',
      gzip: false,
      brotli: true,
    });
    expect(at('/').cachePolicy).toMatchObject({ minTtl: 1, defaultTtl: 86_400, maxTtl: 31_536_000 });
    expect(at('/api/').cachePolicy).toMatchObject({
      maxTtl: 1,
      queries: { kind: 'all' },
      headers: ['authorization', 'cloudfront-viewer-country'],
      cookies: 'all',
    });
    expect(at('/api/').originRequestPolicy).toMatchObject({
      headers: { kind: 'except', names: ['host'] },
      cookies: { kind: 'all' },
    });
    expect(at('/vod/1').originRequestPolicy?.headers).toMatchObject({ names: expect.arrayContaining(['origin']) });
    expect(at('/vod/a.m3u8').originRequestPolicy).toEqual({
      headers: { kind: 'only', names: ['origin', 'cloudfront-viewer-country'] },
      queries: { kind: 'only', names: ['to'] },
      cookies: { kind: 'none' },
    });
    expect(at('/vod/a.m3u8').responseHeadersPolicy).toEqual({
      cors: {
        origins: ['*'],
        methods: ['GET', 'HEAD'],
        headers: ['*'],
        expose: [],
        maxAge: 600,
      },
      set: [
        ['content-security-policy', 'connect-src site'],
        ['x-content-type-options', 'nosniff'],
        ['x-frame-options', 'DENY'],
        ['strict-transport-security', 'max-age=99; includeSubDomains'],
        ['timing-allow-origin', '*'],
      ],
    });
  });

  it('has the function’s code as deployed', () => {
    expect(at('/').viewerRequest?.code).toBe('function handler(e) { return e.request; }');
    expect(at('/api/').viewerRequest).toBeUndefined();
  });

  /** Rows of one place in the template: feature, property, value, what the error calls it. */
  const inPlace = (where: string, name: string, path: string, rows: [string, string, unknown, string][]) =>
    rows.map(([feature, property, value, called]) => ({
      feature,
      name,
      path: `${path}.${property}`,
      value,
      where,
      called,
    }));
  const behaviour = (pattern: string, index: number) =>
    [`behaviour ${pattern}`, 'Distribution', `DistributionConfig.CacheBehaviors.${index}`] as const;
  const origin = (index: number) => ['origin Test', 'Distribution', `DistributionConfig.Origins.${index}`] as const;
  const KEY = 'CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin';
  const originControlled = cf.CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS.cachePolicyId;
  const allViewer = cf.OriginRequestPolicy.ALL_VIEWER.originRequestPolicyId;
  const security = cf.ResponseHeadersPolicy.SECURITY_HEADERS.responseHeadersPolicyId;
  const unnamed = '00000000-0000-0000-0000-000000000000';

  it.each([
    ...inPlace('distribution', 'Distribution', 'DistributionConfig', [
      ['origin groups', 'OriginGroups', { Items: [{}], Quantity: 1 }, 'origin groups'],
      ['geographic restrictions', 'Restrictions', {}, 'geographic restrictions'],
      ['AWS WAF', 'WebACLId', 'acl', 'AWS WAF'],
      ['access logs', 'Logging', {}, 'Logging'],
      ['continuous deployment', 'ContinuousDeploymentPolicyId', 'id', 'continuous deployment'],
      ['a staging distribution', 'Staging', true, 'Staging'],
      ['Anycast addresses', 'AnycastIpListId', 'id', 'AnycastIpListId'],
      ['a distribution switched off', 'Enabled', false, 'switched off'],
      ['custom error pages', 'CustomErrorResponses.0.ResponsePagePath', '/404.html', 'custom error pages'],
      ['other statuses for errors', 'CustomErrorResponses.0.ResponseCode', 200, 'ResponseCode'],
    ]),
    ...inPlace('behaviour *', 'Distribution', 'DistributionConfig.DefaultCacheBehavior', [
      ['viewer-response functions', 'FunctionAssociations.0.EventType', 'viewer-response', 'viewer-response functions'],
      ['trusted signers', 'TrustedSigners', ['self'], 'trusted signers'],
      ['a key group of elsewhere', 'TrustedKeyGroups', ['abc'], 'nothing is known of the key group abc'],
      ['several key groups', 'TrustedKeyGroups', ['abc', 'def'], 'several key groups'],
      ['an unknown cache policy', 'CachePolicyId', unnamed, 'unknown cache policy'],
      ['a managed cache policy of no use here', 'CachePolicyId', originControlled, 'unknown cache policy 83da9c7e'],
    ]),
    ...inPlace(...behaviour('/vod/*.m3u8', 0), [
      ['OPTIONS in the cache', 'CachedMethods', ['GET', 'HEAD', 'OPTIONS'], 'CachedMethods'],
      ['Smooth Streaming', 'SmoothStreaming', true, 'SmoothStreaming'],
    ]),
    ...inPlace(...behaviour('/api/*', 2), [
      ['Lambda@Edge', 'LambdaFunctionAssociations', [{}], 'Lambda@Edge'],
      ['legacy forwarding', 'ForwardedValues', {}, 'ForwardedValues'],
      ['legacy lifetimes', 'DefaultTTL', 1, 'DefaultTTL'],
      ['field-level encryption', 'FieldLevelEncryptionId', 'id', 'field-level encryption'],
      ['real-time logs', 'RealtimeLogConfigArn', 'arn', 'real-time logs'],
      ['gRPC', 'GrpcConfig', {}, 'gRPC'],
      ['a managed origin request policy of no use here', 'OriginRequestPolicyId', allViewer, 'policy 216adef6'],
      ['an origin request policy of elsewhere', 'OriginRequestPolicyId', { Ref: 'Own' }, 'origin request policy Own'],
      ['managed response headers policies', 'ResponseHeadersPolicyId', security, 'response headers policy 67f7725c'],
    ]),
    ...inPlace(...origin(0), [
      ['Origin Shield', 'OriginShield', {}, 'OriginShield'],
      ['a bucket of elsewhere', 'DomainName', 'other.s3.amazonaws.com', 'buckets outside this template'],
      ['origin access identities', 'S3OriginConfig.OriginAccessIdentity', 'E1', 'origin access identities'],
      ['a bucket without access control', 'OriginAccessControlId', undefined, 'without origin access control'],
    ]),
    ...inPlace(...origin(2), [
      ['paths of origins', 'OriginPath', '/stage', 'OriginPath'],
      ['custom headers to the origin', 'OriginCustomHeaders', [{}], 'custom headers to the origin'],
      ['connection attempts', 'ConnectionAttempts', 1, 'ConnectionAttempts'],
      ['VPC origins', 'VpcOriginConfig', {}, 'VpcOriginConfig'],
      ['origins over plain http', 'CustomOriginConfig.OriginProtocolPolicy', 'http-only', 'plain http'],
      ['ports of origins', 'CustomOriginConfig.HTTPSPort', 8443, 'CustomOriginConfig.HTTPSPort'],
      ['HTTP origins other than the API', 'DomainName', 'example.org', "HTTP origins but API Gateway's"],
    ]),
    ...inPlace('origin Test', 'DistributionOrigin1S3OriginAccessControl', 'OriginAccessControlConfig', [
      ['requests to a bucket without a signature', 'SigningBehavior', 'never', 'without a signature'],
    ]),
    ...inPlace('behaviour /vod/*.m3u8: cache policy Cache', 'Cache', KEY, [
      [
        'headers that CloudFront adds',
        'HeadersConfig',
        { HeaderBehavior: 'whitelist', Headers: ['CloudFront-Viewer-City'] },
        'headers that CloudFront adds',
      ],
      ['single cookies in the key', 'CookiesConfig', { CookieBehavior: 'whitelist', Cookies: ['a'] }, 'single cookies'],
    ]),
    ...inPlace('behaviour /vod/*.m3u8: origin request policy Requests', 'Requests', 'OriginRequestPolicyConfig', [
      ['all headers to the origin', 'HeadersConfig', { HeaderBehavior: 'allViewer' }, 'all headers but some'],
      [
        'other headers that CloudFront adds, to the origin',
        'HeadersConfig.Headers',
        ['CloudFront-Viewer-City'],
        'headers that CloudFront adds',
      ],
      ['all queries to the origin', 'QueryStringsConfig.QueryStringBehavior', 'all', 'queries to the origin'],
      ['cookies to the origin', 'CookiesConfig.CookieBehavior', 'all', 'cookies to the origin'],
    ]),
    ...inPlace('behaviour /vod/*.m3u8: response headers policy Headers', 'Headers', 'ResponseHeadersPolicyConfig', [
      ['CORS with credentials', 'CorsConfig.AccessControlAllowCredentials', true, 'CORS with credentials'],
      ['CORS headers that give way', 'CorsConfig.OriginOverride', false, 'CORS headers that give way'],
      ['ALL for CORS methods', 'CorsConfig.AccessControlAllowMethods.Items', ['ALL'], 'ALL for CORS methods'],
      ['CORS origins without a scheme', 'CorsConfig.AccessControlAllowOrigins.Items', ['a.org'], 'without a scheme'],
      ['security headers that give way', 'SecurityHeadersConfig.FrameOptions.Override', false, 'headers that give way'],
      ['custom headers that give way', 'CustomHeadersConfig.Items.0.Override', false, 'headers that give way'],
      ['X-XSS-Protection', 'SecurityHeadersConfig.XSSProtection', {}, 'XSSProtection'],
      ['preloaded HSTS', 'SecurityHeadersConfig.StrictTransportSecurity.Preload', true, 'Preload'],
      ['removed headers', 'RemoveHeadersConfig', {}, 'RemoveHeadersConfig'],
      ['Server-Timing', 'ServerTimingHeadersConfig', {}, 'ServerTimingHeadersConfig'],
    ]),
    ...inPlace('behaviour *: function Router', 'Router', 'FunctionConfig', [
      ['functions for cloudfront-js-1.0', 'Runtime', 'cloudfront-js-1.0', 'runtime cloudfront-js-1.0'],
      [
        'a key value store of elsewhere',
        'KeyValueStoreAssociations',
        [{ KeyValueStoreARN: 'arn:aws:cloudfront::1:key-value-store/x' }],
        'key value store "arn:aws:cloudfront::1:key-value-store/x" is not in this template',
      ],
      [
        'two key value stores',
        'KeyValueStoreAssociations',
        [{ KeyValueStoreARN: { Ref: 'A' } }, { KeyValueStoreARN: { Ref: 'B' } }],
        'a function has one key value store',
      ],
    ]),
  ])('refuses $feature by name', ({ name, path, value, where, called }) => {
    const bad = changed(name, path, value);
    expect(() => readTemplate(bad, options)).toThrow(TemplateError);
    expect(() => readTemplate(bad, options)).toThrow(where);
    expect(() => readTemplate(bad, options)).toThrow(called);
  });

  it('finds the key value store of a function by its ARN', () => {
    const Arn = 'arn:aws:cloudfront::000000000000:key-value-store/0a1b';
    const code = `import cf from 'cloudfront'; async function handler(e) { await cf.kvs().count(); return e.request; }`;
    const association = [{ KeyValueStoreARN: { 'Fn::GetAtt': ['Values', 'Arn'] } }];
    const withStore = changed('Router', 'FunctionConfig.KeyValueStoreAssociations', association);
    withStore.Resources['Values'] = { Type: 'AWS::CloudFront::KeyValueStore', Properties: { Name: 'values' } };
    const router = Object.entries(withStore.Resources).find(([id]) => id.startsWith('Router'))![1];
    router.Properties['FunctionCode'] = code;
    const resources = { ...options.resources, Values: { physicalId: 'values', attributes: { Arn } } };
    const read = readTemplate(withStore, { ...options, resources });
    expect(read.behaviours.find((one) => one.pathPattern === '*')?.viewerRequest).toEqual({
      name: expect.any(String) as string,
      code,
      store: Arn,
    });
    withStore.Resources['Values'].Properties['ImportSource'] = {};
    expect(() => readTemplate(withStore, { ...options, resources })).toThrow('ImportSource: not played');
  });

  it.each([
    ['the cloudfront module without a key value store', `import cf from 'cloudfront';`],
    ['Buffer', 'function handler(event) { return Buffer.from(""); }'],
    ['ChainExpression', 'function handler(event) { return event?.request; }'],
    ['neither declared nor a global', 'function handler(event) { return fetch(event.request.uri); }'],
  ])('refuses %s in a function’s code', (what, code) => {
    const bad = changed('Router', 'FunctionCode', code);
    expect(() => readTemplate(bad, options)).toThrow(/^behaviour \*: function Router/);
    expect(() => readTemplate(bad, options)).toThrow(what);
  });

  it('refuses several distributions', () => {
    const two = structuredClone(template);
    two.Resources['Second'] = { Type: 'AWS::CloudFront::Distribution', Properties: {} };
    expect(() => readTemplate(two, options)).toThrow(/several distributions .*Second.*not played/);
  });

  it('names what it does not know', () => {
    const { Keys: _, ...without } = options.resources;
    expect(() => readTemplate(template, { ...options, resources: without })).toThrow(
      'attribute KeyGroupId of the resource Keys',
    );
    expect(() => readTemplate({ Resources: {} }, { resources: {} })).toThrow('no distribution');
    expect(() => readTemplate('hello', { resources: {} })).toThrow('Invalid input');
  });
});

describe('createResolver', () => {
  const resolve = createResolver({
    resources: { A: { physicalId: 'a', attributes: { Arn: 'arn:a', 'Nested.Name': 'n' } } },
    parameters: { P: 'p', 'AWS::AccountId': '123' },
    imports: { 'Other:Value': 'i' },
  });
  it.each([
    ['a string', 'x', 'x'],
    ['a number', 7, '7'],
    ['Ref', { Ref: 'A' }, 'a'],
    ['a parameter', { Ref: 'P' }, 'p'],
    ['a pseudo parameter', { Ref: 'AWS::AccountId' }, '123'],
    ['GetAtt', { 'Fn::GetAtt': ['A', 'Arn'] }, 'arn:a'],
    ['GetAtt in one string', { 'Fn::GetAtt': 'A.Nested.Name' }, 'n'],
    ['Join', { 'Fn::Join': ['-', ['x', { Ref: 'A' }]] }, 'x-a'],
    ['Select of Split', { 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::GetAtt': ['A', 'Arn'] }] }] }, 'a'],
    ['Sub', { 'Fn::Sub': '${A}/${A.Arn}/${!literal}/${P}' }, 'a/arn:a/${literal}/p'],
    ['Sub with variables', { 'Fn::Sub': ['${V}-${A}', { V: { Ref: 'P' } }] }, 'p-a'],
    ['ImportValue', { 'Fn::ImportValue': 'Other:Value' }, 'i'],
  ])('resolves %s', (_what, value, expected) => {
    expect(resolve(value)).toBe(expected);
  });

  it.each([
    [{ Ref: 'B' }, 'B'],
    [{ 'Fn::GetAtt': ['A', 'Name'] }, 'attribute Name of the resource A'],
    [{ 'Fn::ImportValue': 'Nope' }, 'Nope'],
    [{ 'Fn::Select': [5, ['a']] }, 'Fn::Select 5'],
    [{ 'Fn::If': ['c', 'a', 'b'] }, 'cannot resolve'],
    [null, 'cannot resolve'],
  ])('refuses %j', (value, message) => {
    expect(() => resolve(value)).toThrow(ResolveError);
    expect(() => resolve(value)).toThrow(message);
  });
});
