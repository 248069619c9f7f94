import { generateKeyPairSync } from 'node:crypto';
import { App, CfnResource, Duration, Fn, Stack } from 'aws-cdk-lib';
import * as cf from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { pathPatternMatches } from '../../../local/edge/glob.ts';
import { createResolver, ResolveError } from '../../../local/edge/resolve.ts';
import { readTemplate, TemplateError, type ReadOptions } from '../../../local/edge/template.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const PEM = String(publicKey.export({ type: 'spki', format: 'pem' }));

/** Like the real one: console, API and signed media. Answers the template and what its resources are called. */
function synth() {
  const stack = new Stack(new App(), 'Test');
  const site = new Bucket(stack, 'Site');
  const media = new Bucket(stack, 'Media');
  new CfnResource(stack, 'Pair', { type: 'Custom::KeyPair' });
  const key = new cf.PublicKey(stack, 'Key', { encodedKey: PEM });
  const keyGroup = new cf.KeyGroup(stack, 'Group', { items: [key] });
  (key.node.defaultChild as cf.CfnPublicKey).addPropertyOverride(
    'PublicKeyConfig.EncodedKey',
    Fn.getAtt('Pair', 'PublicKey'),
  );
  const router = new cf.Function(stack, 'Router', {
    code: cf.FunctionCode.fromInline('function handler(e) { return e.request; }'),
    runtime: cf.FunctionRuntime.JS_2_0,
  });
  const cache = new cf.CachePolicy(stack, 'Cache', {
    minTtl: Duration.seconds(2),
    defaultTtl: Duration.minutes(1),
    maxTtl: Duration.days(365),
    queryStringBehavior: cf.CacheQueryStringBehavior.allowList('v'),
    headerBehavior: cf.CacheHeaderBehavior.allowList('Origin', 'CloudFront-Viewer-Country'),
    cookieBehavior: cf.CacheCookieBehavior.none(),
    enableAcceptEncodingBrotli: true,
  });
  const headers = new cf.ResponseHeadersPolicy(stack, 'Headers', {
    corsBehavior: {
      accessControlAllowCredentials: false,
      accessControlAllowHeaders: ['*'],
      accessControlAllowMethods: ['ALL'],
      accessControlAllowOrigins: ['*'],
      accessControlMaxAge: Duration.minutes(10),
      originOverride: true,
    },
    securityHeadersBehavior: {
      strictTransportSecurity: {
        accessControlMaxAge: Duration.seconds(99),
        includeSubdomains: true,
        preload: true,
        override: true,
      },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: cf.HeadersFrameOption.DENY, override: false },
      contentSecurityPolicy: { contentSecurityPolicy: `connect-src ${site.bucketName}`, override: true },
    },
    customHeadersBehavior: { customHeaders: [{ header: 'Timing-Allow-Origin', value: '*', override: false }] },
    removeHeaders: ['Server'],
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
        responseHeadersPolicy: headers,
        allowedMethods: cf.AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      },
      '/vod/*': {
        origin,
        trustedKeyGroups: [keyGroup],
        originRequestPolicy: cf.OriginRequestPolicy.CORS_S3_ORIGIN,
        responseHeadersPolicy: cf.ResponseHeadersPolicy.SECURITY_HEADERS,
      },
      '/api/*': {
        origin: new HttpOrigin(
          Fn.select(
            2,
            Fn.split('/', Fn.sub('https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/x', { Api: 'api1' })),
          ),
          { originPath: '/stage', customHeaders: { 'X-Secret': 's' }, readTimeout: Duration.seconds(7) },
        ),
        allowedMethods: cf.AllowedMethods.ALLOW_ALL,
        cachePolicy: cf.CachePolicy.CACHING_DISABLED,
        originRequestPolicy: cf.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
    },
    errorResponses: [
      { httpStatus: 404, ttl: Duration.seconds(3), responseHttpStatus: 200, responsePagePath: '/index.html' },
      { httpStatus: 403, ttl: Duration.seconds(0) },
    ],
  });
  const template = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const resources: Record<string, { physicalId: string; attributes?: Record<string, string> }> = {};
  for (const id of Object.keys(template.Resources))
    resources[id] = { physicalId: id.replace(/[0-9A-F]{8}$/, '').toLowerCase() };
  resources['Pair'] = { physicalId: 'pair', attributes: { PublicKey: PEM } };
  return { template, options: { resources, parameters: { 'AWS::Region': 'eu-central-1' } } satisfies ReadOptions };
}

const { template, options } = synth();

/** The template with other properties of the distribution, by dotted path. */
function changed(properties: Record<string, unknown>): typeof template {
  const copy = structuredClone(template);
  const distribution = Object.values(copy.Resources).find((one) => one.Type === 'AWS::CloudFront::Distribution');
  for (const [path, value] of Object.entries(properties)) {
    const steps = path.split('.');
    const last = steps.pop()!;
    let at = distribution!.Properties['DistributionConfig'] as Record<string, unknown>;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    at[last] = value;
  }
  return copy;
}

describe('readTemplate', () => {
  const config = readTemplate(template, options);
  const at = (path: string) => config.behaviours.find((one) => pathPatternMatches(one.pathPattern, path))!;

  it('keeps the order of behaviours, the default last', () => {
    expect(config.behaviours.map((one) => one.pathPattern)).toEqual(['/vod/*.m3u8', '/vod/*', '/api/*', '*']);
    expect(config.distributionId).toBe('distribution');
    expect(config.defaultRootObject).toBe('index.html');
    expect(config.errorResponses).toEqual([
      { code: 404, minTtl: 3, page: { path: '/index.html', status: 200 } },
      { code: 403, minTtl: 0, page: undefined },
    ]);
  });

  it('finds buckets by name, and what their policies let CloudFront do', () => {
    expect(config.origins[at('/').originId]).toMatchObject({
      kind: 's3',
      bucket: 'site',
      grants: [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::site/*'] }],
    });
    const media = config.origins[at('/vod/1').originId];
    expect(media?.kind === 's3' && media.grants?.flatMap((grant) => grant.actions)).toEqual([
      's3:GetObject',
      's3:ListBucket',
    ]);
  });

  it('resolves the API’s domain, path, headers and timeout', () => {
    expect(config.origins[at('/api/x').originId]).toEqual({
      kind: 'http',
      domain: 'api1.execute-api.eu-central-1.amazonaws.com',
      base: 'https://api1.execute-api.eu-central-1.amazonaws.com',
      path: '/stage',
      headers: [['x-secret', 's']],
      readTimeout: 7,
    });
  });

  it('takes the key group, with keys from wherever they are made', () => {
    expect(at('/').trustedKeys).toBeUndefined();
    const keys = [...(at('/vod/a.m3u8').trustedKeys ?? [])];
    expect(keys.map(([id, key]) => [id, key.export({ type: 'spki', format: 'pem' })])).toEqual([['key', PEM]]);
  });

  it('reads its own policies and knows the managed ones', () => {
    expect(at('/vod/a.m3u8').cachePolicy).toEqual({
      minTtl: 2,
      defaultTtl: 60,
      maxTtl: 31_536_000,
      queries: { kind: 'only', names: ['v'] },
      headers: { kind: 'only', names: ['origin', 'cloudfront-viewer-country'] },
      cookies: { kind: 'none' },
      gzip: false,
      brotli: true,
    });
    expect(at('/').cachePolicy).toMatchObject({ minTtl: 1, defaultTtl: 86_400, maxTtl: 31_536_000 });
    expect(at('/api/').cachePolicy).toMatchObject({ maxTtl: 0 });
    expect(at('/api/').originRequestPolicy).toMatchObject({
      headers: { kind: 'except', names: ['host'] },
      cookies: { kind: 'all' },
    });
    expect(at('/vod/1').originRequestPolicy?.headers).toMatchObject({ names: expect.arrayContaining(['origin']) });
    expect(at('/vod/1').responseHeadersPolicy?.set.map((one) => one.name)).toContain('strict-transport-security');
    expect(at('/vod/a.m3u8').responseHeadersPolicy).toEqual({
      cors: {
        origins: ['*'],
        methods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
        headers: ['*'],
        expose: [],
        credentials: false,
        maxAge: 600,
        override: true,
      },
      set: [
        { name: 'content-security-policy', value: 'connect-src site', override: true },
        { name: 'x-content-type-options', value: 'nosniff', override: true },
        { name: 'x-frame-options', value: 'DENY', override: false },
        { name: 'strict-transport-security', value: 'max-age=99; includeSubDomains; preload', override: true },
        { name: 'timing-allow-origin', value: '*', override: false },
      ],
      remove: ['server'],
    });
  });

  it('has the function’s code as deployed', () => {
    expect(at('/').viewerRequest?.code).toBe('function handler(e) { return e.request; }');
    expect(at('/api/').viewerRequest).toBeUndefined();
  });

  it('says what it does not cover', () => {
    const said = config.notCovered.join('\n');
    expect(said).toContain('redirect to https');
    expect(said).toContain('behaviour /vod/*.m3u8: header cloudfront-viewer-country');
    const more = changed({
      WebACLId: 'acl',
      Restrictions: { GeoRestriction: { RestrictionType: 'whitelist', Locations: ['DE'] } },
      'DefaultCacheBehavior.LambdaFunctionAssociations': [{ EventType: 'origin-request', LambdaFunctionARN: 'arn' }],
    });
    const its = readTemplate(more, options).notCovered.join('\n');
    expect(its).toContain('geographic restrictions');
    expect(its).toContain('WAF');
    expect(its).toContain('behaviour *: Lambda@Edge');
  });

  it.each([
    [
      'an unknown policy',
      'DefaultCacheBehavior.CachePolicyId',
      '00000000-0000-0000-0000-000000000000',
      'unknown cache policy',
    ],
    ['legacy forwarding', 'DefaultCacheBehavior.ForwardedValues', { QueryString: false }, 'ForwardedValues'],
    ['trusted signers', 'DefaultCacheBehavior.TrustedSigners', ['self'], 'trusted signers'],
    ['origin groups', 'OriginGroups', { Items: [{}], Quantity: 1 }, 'origin groups'],
    ['a key group of elsewhere', 'DefaultCacheBehavior.TrustedKeyGroups', ['abc'], 'not in this template'],
  ])('refuses %s instead of playing it wrong', (_what, path, value, message) => {
    const bad = changed({ [path]: value });
    expect(() => readTemplate(bad, options)).toThrow(TemplateError);
    expect(() => readTemplate(bad, options)).toThrow(message);
  });

  it('refuses keys CloudFront would not take, and names what it does not know', () => {
    const rsa4096 = String(
      generateKeyPairSync('rsa', { modulusLength: 4096 }).publicKey.export({ type: 'spki', format: 'pem' }),
    );
    for (const [pem, message] of [
      ['nonsense', 'not a PEM'],
      [rsa4096, 'RSA 2048'],
    ] as const) {
      const resources = { ...options.resources, Pair: { physicalId: 'pair', attributes: { PublicKey: pem } } };
      expect(() => readTemplate(template, { resources })).toThrow(message);
    }
    const { Pair: _, ...without } = options.resources;
    expect(() => readTemplate(template, { resources: without })).toThrow('attribute PublicKey of the resource Pair');
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
