import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { mp4s } from '../../../lib/constructs/mp4s.ts';
import { Playback } from '../../../lib/constructs/playback.ts';
import { Presence } from '../../../lib/constructs/presence.ts';
import { SigningKey } from '../../../lib/constructs/signing-key.ts';
import { grantsOf, stageScope } from './stage.ts';

interface Rule {
  Properties: { Targets: { Arn: { 'Fn::GetAtt': [string, string] } }[] };
}
interface CustomKeys {
  Properties: { ServiceToken: unknown; KeyGroup: unknown };
}
interface Behaviour {
  PathPattern?: string;
  TargetOriginId: string;
  TrustedKeyGroups?: unknown[];
  ViewerProtocolPolicy: string;
  AllowedMethods: string[];
  CachePolicyId: unknown;
  ResponseHeadersPolicyId: unknown;
  OriginRequestPolicyId?: unknown;
  FunctionAssociations?: unknown[];
}
interface DistributionConfig {
  Origins: { Id: string; DomainName: unknown; OriginAccessControlId?: unknown; S3OriginConfig?: unknown }[];
  DefaultCacheBehavior: Behaviour;
  CacheBehaviors: Behaviour[];
  CustomErrorResponses: object[];
  [key: string]: unknown;
}

/** Findings of cdk-nag fail `Template.fromStack`, so every test here is also one of those. */
function synth(overrides: Readonly<Record<string, unknown>> = {}) {
  const { stack, config, storage, api, revocation } = stageScope(overrides);
  const signingKey = new SigningKey(stack, 'SigningKey', config);
  const downloads = mp4s(stack, { config, storage });
  const presence = new Presence(stack, 'Presence', { config, storage, api });
  new Playback(stack, 'Playback', { config, storage, api, presence, signingKey, revocation, downloads });
  const template = Template.fromStack(stack);
  const [distribution] = Object.values(template.findResources('AWS::CloudFront::Distribution')) as {
    Properties: { DistributionConfig: DistributionConfig };
  }[];
  return {
    template,
    json: JSON.stringify(template.toJSON()),
    distribution: distribution!.Properties.DistributionConfig,
  };
}
const { template, json, distribution } = synth();
const behaviour = (pattern: string) => distribution.CacheBehaviors.find((one) => one.PathPattern === pattern)!;
const resource = (type: string, reference: unknown) =>
  (template.findResources(type)[(reference as { Ref: string }).Ref] as { Properties: Record<string, never> })
    .Properties;

/** Every behaviour of media, in the order of the distribution's. */
const MEDIA = ['/vod/*.m3u8', '/vod/*.key', '/vod/*', '/live/*.m3u8', '/live/*.key', '/live/*', '/downloads/*'];

/** The one viewer-request function of a behaviour. */
const edgeFunction = ({ FunctionAssociations }: Behaviour) => {
  expect(FunctionAssociations).toEqual([
    { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': [expect.any(String), 'FunctionARN'] } },
  ]);
  const [{ FunctionARN }] = FunctionAssociations as [{ FunctionARN: { 'Fn::GetAtt': [string] } }];
  const { Properties } = template.findResources('AWS::CloudFront::Function')[FunctionARN['Fn::GetAtt'][0]] as {
    Properties: { FunctionCode: string; FunctionConfig: object };
  };
  return Properties;
};

describe('the distribution', () => {
  it('routes API, playlists, media and hashed files, in this order, and everything else to the console', () => {
    expect(distribution.CacheBehaviors.map((one) => one.PathPattern)).toEqual([
      '/assets/*',
      '/player/*',
      '/api/events',
      '/api/*',
      '/embed/*',
      '/ws',
      '/vod/*.m3u8',
      '/vod/*.key',
      '/vod/*',
      '/live/*.m3u8',
      '/live/*.key',
      '/live/*',
      '/downloads/*',
    ]);
    expect(distribution).toMatchObject({
      HttpVersion: 'http2and3',
      IPV6Enabled: true,
      PriceClass: 'PriceClass_100',
      DefaultRootObject: 'index.html',
    });
    expect(distribution).not.toHaveProperty('Aliases');
  });

  it('trusts the key group for all media, and is open for console, API, player and embed alone', () => {
    // A function's, which makes it of two keys (test/lambdas/playback/signing-key.test.ts).
    const [keys] = Object.keys(template.findResources('Custom::SluiceSigningKey'));
    const all = [{ PathPattern: '*', ...distribution.DefaultCacheBehavior }, ...distribution.CacheBehaviors];
    const signed = all.filter(({ TrustedKeyGroups }) => TrustedKeyGroups !== undefined);
    expect(signed.map(({ PathPattern }) => PathPattern)).toEqual(MEDIA);
    for (const { TrustedKeyGroups } of signed)
      expect(TrustedKeyGroups).toEqual([{ 'Fn::GetAtt': [keys, 'KeyGroupId'] }]);
    const open = all.filter(({ TrustedKeyGroups }) => TrustedKeyGroups === undefined);
    expect(open.map(({ PathPattern }) => PathPattern)).toEqual([
      '*',
      '/assets/*',
      '/player/*',
      '/api/events',
      '/api/*',
      '/embed/*',
      '/ws',
    ]);
    // What is open never leads to the media bucket.
    const origins = ({ TargetOriginId }: Behaviour) => TargetOriginId;
    expect(open.map(origins).filter((id) => signed.map(origins).includes(id))).toEqual([]);
    expect(json).not.toContain('TrustedSigners');
  });

  it('has one function in front of all media, which is the file beside the construct, and reads the store of what was revoked', () => {
    const gate = readFileSync(new URL('../../../lib/constructs/media-gate.js', import.meta.url), 'utf8');
    for (const pattern of MEDIA) expect(edgeFunction(behaviour(pattern)).FunctionCode).toBe(gate);
    for (const other of ['/api/events', '/api/*', '/assets/*', '/player/*', '/embed/*', '/ws'])
      expect(behaviour(other).FunctionAssociations).toBeUndefined();
    template.resourceCountIs('AWS::CloudFront::Function', 2);
    const [store, ...stores] = Object.keys(template.findResources('AWS::CloudFront::KeyValueStore'));
    expect(stores).toEqual([]);
    const associations = { KeyValueStoreAssociations: [{ KeyValueStoreARN: { 'Fn::GetAtt': [store, 'Arn'] } }] };
    for (const pattern of MEDIA)
      expect(edgeFunction(behaviour(pattern))).toMatchObject({
        AutoPublish: true,
        FunctionConfig: { Runtime: 'cloudfront-js-2.0', ...associations },
      });
    expect(edgeFunction(distribution.DefaultCacheBehavior).FunctionConfig).not.toHaveProperty(
      'KeyValueStoreAssociations',
    );
  });

  it('reads its buckets by origin access control, and the buckets let only it read', () => {
    const buckets = distribution.Origins.filter((origin) => origin.S3OriginConfig !== undefined);
    expect(buckets).toHaveLength(2);
    for (const origin of buckets) expect(origin.OriginAccessControlId).toBeDefined();
    const statements = Object.values(template.findResources('AWS::S3::BucketPolicy')).flatMap(
      (policy) =>
        (policy as { Properties: { PolicyDocument: { Statement: Record<string, unknown>[] } } }).Properties
          .PolicyDocument.Statement,
    );
    const allows = statements.filter((statement) => statement['Effect'] === 'Allow');
    expect(allows).toHaveLength(2);
    for (const statement of allows) {
      expect(statement).toMatchObject({ Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' } });
      expect(JSON.stringify(statement['Condition'])).toContain('AWS:SourceArn');
    }
    // Of the media bucket all but what tells places.
    const denials = statements.filter(
      (statement) => statement['Effect'] === 'Deny' && JSON.stringify(statement['Principal']).includes('cloudfront'),
    );
    expect(denials).toHaveLength(1);
    expect(denials[0]).toMatchObject({ Action: 's3:GetObject' });
    expect(denials[0]).not.toHaveProperty('Condition');
    expect(JSON.stringify(denials[0]?.['Resource'])).toMatch(/\/vod\/\*\/positions\.geojson.*\/tracks\/\*.*\/keys\/\*/);
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('never puts a query, a header or a cookie into the cache key of media', () => {
    const ages = { '/vod/*.m3u8': 86_400, '/vod/*.key': 86_400, '/vod/*': 31_536_000, '/downloads/*': 86_400 };
    for (const [pattern, MaxTTL] of Object.entries(ages)) {
      expect(behaviour(pattern)).toMatchObject({
        AllowedMethods: ['GET', 'HEAD', 'OPTIONS'],
        ViewerProtocolPolicy: 'https-only',
      });
      expect(
        resource('AWS::CloudFront::CachePolicy', behaviour(pattern).CachePolicyId)['CachePolicyConfig'],
      ).toMatchObject({
        MinTTL: 0,
        MaxTTL,
        ParametersInCacheKeyAndForwardedToOrigin: {
          QueryStringsConfig: { QueryStringBehavior: 'none' },
          HeadersConfig: { HeaderBehavior: 'none' },
          CookiesConfig: { CookieBehavior: 'none' },
        },
      });
    }
  });

  it('caches nothing of the API, its errors included, and passes all but the host on', () => {
    expect(behaviour('/api/*')).toMatchObject({
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac', // managed AllViewerExceptHostHeader
      ViewerProtocolPolicy: 'https-only',
    });
    expect(behaviour('/api/*').AllowedMethods).toContain('DELETE');
    // Whatever tells callers apart is in the key, should an answer ever forget to say that nobody may keep it.
    for (const pattern of ['/api/*', '/embed/*'])
      expect(
        resource('AWS::CloudFront::CachePolicy', behaviour(pattern).CachePolicyId)['CachePolicyConfig'],
      ).toMatchObject({
        MinTTL: 0,
        DefaultTTL: 0,
        MaxTTL: 1,
        ParametersInCacheKeyAndForwardedToOrigin: {
          QueryStringsConfig: { QueryStringBehavior: 'all' },
          HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['Authorization', 'CloudFront-Viewer-Country'] },
          CookiesConfig: { CookieBehavior: 'all' },
        },
      });
    expect(distribution.CustomErrorResponses).toEqual(
      [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504].map((ErrorCode) => ({
        ErrorCode,
        ErrorCachingMinTTL: 0,
      })),
    );
  });

  it('hands reports of players on with country and kind of device, and without cookies, tokens and agents', () => {
    expect(behaviour('/api/events')).toMatchObject({
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', // managed CachingDisabled
      ViewerProtocolPolicy: 'https-only',
    });
    expect(behaviour('/api/events').AllowedMethods).toContain('POST');
    expect(
      resource('AWS::CloudFront::OriginRequestPolicy', behaviour('/api/events').OriginRequestPolicyId)[
        'OriginRequestPolicyConfig'
      ],
    ).toMatchObject({
      HeadersConfig: {
        HeaderBehavior: 'whitelist',
        Headers: [
          'Origin',
          'Access-Control-Request-Headers',
          'Access-Control-Request-Method',
          'CloudFront-Viewer-Country',
          'CloudFront-Is-Desktop-Viewer',
          'CloudFront-Is-Mobile-Viewer',
          'CloudFront-Is-SmartTV-Viewer',
          'CloudFront-Is-Tablet-Viewer',
        ],
      },
      QueryStringsConfig: { QueryStringBehavior: 'whitelist', QueryStrings: ['to', 'every'] },
      CookiesConfig: { CookieBehavior: 'none' },
    });
  });

  it('tells the function in front of media where a viewer is, and the bucket nothing more of them than CORS takes', () => {
    for (const pattern of ['/vod/*.m3u8', '/vod/*.key', '/vod/*', '/downloads/*'])
      expect(
        resource('AWS::CloudFront::OriginRequestPolicy', behaviour(pattern).OriginRequestPolicyId)[
          'OriginRequestPolicyConfig'
        ],
      ).toMatchObject({
        HeadersConfig: {
          HeaderBehavior: 'whitelist',
          Headers: [
            'Origin',
            'Access-Control-Request-Headers',
            'Access-Control-Request-Method',
            'CloudFront-Viewer-Country',
          ],
        },
        QueryStringsConfig: { QueryStringBehavior: 'none' },
        CookiesConfig: { CookieBehavior: 'none' },
      });
  });

  it('lets the configured pages play, and tells them what they may read', () => {
    const { distribution, template } = synth({ 'playback.allowedOrigins': ['https://a.example'] });
    const { Ref } = distribution.CacheBehaviors.find((one) => one.PathPattern === '/vod/*')!
      .ResponseHeadersPolicyId as { Ref: string };
    expect(template.findResources('AWS::CloudFront::ResponseHeadersPolicy')[Ref]).toMatchObject({
      Properties: {
        ResponseHeadersPolicyConfig: {
          CorsConfig: {
            AccessControlAllowOrigins: { Items: ['https://a.example'] },
            AccessControlAllowCredentials: false,
            AccessControlExposeHeaders: {
              Items: ['Age', 'Content-Length', 'Content-Range', 'Date', 'ETag', 'X-Cache'],
            },
            OriginOverride: true,
          },
          SecurityHeadersConfig: { ContentTypeOptions: { Override: true } },
        },
      },
    });
  });

  it('lets browsers keep no key of segments, and pages elsewhere play with them', () => {
    const config = (pattern: string) =>
      resource('AWS::CloudFront::ResponseHeadersPolicy', behaviour(pattern).ResponseHeadersPolicyId)[
        'ResponseHeadersPolicyConfig'
      ] as unknown as Record<string, unknown>;
    expect(config('/vod/*.key')).toMatchObject({
      CustomHeadersConfig: { Items: [{ Header: 'Cache-Control', Value: 'no-store', Override: true }] },
    });
    for (const same of ['CorsConfig', 'SecurityHeadersConfig'])
      expect(config('/vod/*.key')[same]).toEqual(config('/vod/*')[same]);
  });

  it('sends the console with a content security policy that names the upload bucket and the issuer', () => {
    const { distribution, template, json } = synth({
      'auth.issuer': 'https://id.example/tenant',
      'auth.audience': 'a',
      'auth.clientId': 'c',
    });
    const { Ref } = distribution.DefaultCacheBehavior.ResponseHeadersPolicyId as { Ref: string };
    const policy = JSON.stringify(template.findResources('AWS::CloudFront::ResponseHeadersPolicy')[Ref]);
    expect(policy).toMatch(
      /connect-src 'self' https:\/\/",\{"Fn::GetAtt":\["StorageSources\w+","RegionalDomainName"\]\}," https:\/\/id\.example; /,
    );
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).toContain("media-src 'self' blob: data:");
    expect(policy).toContain('"FrameOption":"DENY"');
    expect(policy).toContain('StrictTransportSecurity');
    expect(policy).not.toContain('127.0.0.1');
    expect(json).not.toContain("'unsafe-eval'");
  });

  it('lets the console reach the map tiles that are configured, where devices are taken in, and nobody else', () => {
    const policyOf = (overrides: Record<string, unknown>) => {
      const { template } = synth({
        'auth.issuer': 'https://id.example',
        'auth.audience': 'a',
        'auth.clientId': 'c',
        ...overrides,
      });
      const policies = Object.values(template.findResources('AWS::CloudFront::ResponseHeadersPolicy')).map((found) => {
        const text = JSON.stringify(found);
        return { image: /img-src [^;]*/.exec(text)?.[0], connect: /connect-src .*?; /.exec(text)?.[0] };
      });
      // Pages and the files named by their hash: maps are drawn by both.
      const [first, ...others] = policies.filter(({ image }) => image !== undefined);
      expect(others).toEqual([first]);
      return first!;
    };
    const tiles = {
      'live.enabled': true,
      'live.mapTilesUrl': 'https://Tiles.example:8443/osm/{z}/{x}/{y}.png?key=k',
      'live.mapAttribution': '© Tiles',
    };
    const none = policyOf({ 'live.enabled': true });
    expect(none.image).toBe("img-src 'self' data: blob:");
    expect(none.connect).toMatch(/ https:\/\/id\.example; $/);

    const own = policyOf(tiles);
    expect(own.image).toBe("img-src 'self' data: blob: https://tiles.example:8443");
    // Scripts fetch none: tiles are pictures.
    expect(own.connect).toBe(none.connect);
    for (const path of ['/tiles/{z}/{x}/{y}.png', '/tiles/world.pmtiles']) {
      expect(policyOf({ ...tiles, 'live.mapTilesUrl': path })).toEqual(none);
    }
    // The map is there for what was recorded, too.
    expect(policyOf({ ...tiles, 'live.enabled': false })).toEqual(own);
  });

  it('takes a host name of its own, and signs for it', () => {
    const own = synth({
      'playback.domainName': 'video.example',
      'playback.certificateArn': 'arn:aws:acm:us-east-1:123456789012:certificate/x',
    });
    expect(own.distribution).toMatchObject({
      Aliases: ['video.example'],
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
    });
    expect(own.template.findOutputs('Url')['Url']).toMatchObject({ Value: 'https://video.example' });
    expect(own.json).toContain('"PUBLIC_URL":"https://video.example"');
  });
});

describe('the manifest function', () => {
  it('answers HEAD of every manifest, and of the pictures for scrubbing, as it does GET', () => {
    const made = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(
      (route) => (route['Properties'] as { RouteKey: string }).RouteKey,
    );
    expect(made.filter((key) => key.startsWith('HEAD')).toSorted()).toEqual([
      'HEAD /api/play/{id}/main.m3u8',
      'HEAD /api/play/{id}/manifest.mpd',
      'HEAD /api/play/{id}/storyboard.vtt',
      'HEAD /api/play/{id}/{kind}/{playlist}',
      'HEAD /embed/{id}',
    ]);
  });

  it('may read what it needs and nothing else', () => {
    const grants = grantsOf(template, 'ManifestRole');
    expect([...grants.keys()].sort()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:DeleteItem',
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      // Of a video, to ask for the ladder of one that is played first.
      'dynamodb:UpdateItem',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetObject',
      'secretsmanager:GetSecretValue',
      // To have the edge refuse what was ended, and an MP4 made.
      'sqs:SendMessage',
    ]);
    expect(grants.get('dynamodb:GetItem')!.join()).toMatch(/StorageVideos/);
    expect(grants.get('dynamodb:BatchGetItem')!.join()).toMatch(/StorageEntitlements/);
    for (const action of ['DeleteItem', 'PutItem', 'Query'])
      expect(grants.get(`dynamodb:${action}`)!.join()).not.toMatch(/StorageVideos|StorageEntitlements/);
    expect(grants.get('s3:GetObject')).toEqual([
      expect.stringMatching(/StorageMedia.*\/vod\/\*/),
      expect.stringMatching(/StorageMedia.*\/keys\/\*/),
      expect.stringMatching(/StorageMedia.*\/downloads\/\*/),
    ]);
    expect(grants.get('secretsmanager:GetSecretValue')).toEqual([expect.stringContaining('SigningKeyPrivate')]);
  });

  it('knows no key, and has one function make and turn them, every day', () => {
    for (const type of ['PublicKey', 'KeyGroup'])
      expect(template.findResources(`AWS::CloudFront::${type}`), type).toEqual({});
    const daily = template.findResources('AWS::Events::Rule', { Properties: { ScheduleExpression: 'rate(1 day)' } });
    const [[, rule]] = Object.entries(daily) as [[string, Rule]];
    expect(rule.Properties).toMatchObject({ Targets: [{ Input: '{}' }] });
    const maker = rule.Properties.Targets[0]!.Arn['Fn::GetAtt'][0];
    const [keys] = Object.values(template.findResources('Custom::SluiceSigningKey')) as [CustomKeys];
    expect(keys.Properties.ServiceToken).toEqual({ 'Fn::GetAtt': [maker, 'Arn'] });
    const { Variables } = template.findResources('AWS::Lambda::Function')[maker]!['Properties'].Environment;
    expect(Variables).toMatchObject({ KEY_DAYS: '90', KEY_GROUP: keys.Properties.KeyGroup });
  });

  it('lets nothing sign before the secret is as its code reads it', () => {
    const [keys] = Object.keys(template.findResources('Custom::SluiceSigningKey'));
    const signers = Object.entries(template.findResources('AWS::Lambda::Function')).filter(
      // Presence is told the address, too, and signs nothing.
      ([name, { Properties }]) =>
        Properties.Environment.Variables.PUBLIC_URL !== undefined && !name.startsWith('Presence'),
    );
    expect(signers.length).toBeGreaterThan(0);
    for (const [name, { DependsOn }] of signers) expect(DependsOn, name).toContain(keys);
  });

  it('is told the address signatures are for', () => {
    const [manifest] = Object.entries(template.findResources('AWS::Lambda::Function'))
      .filter(([name]) => name.includes('Manifest'))
      .map(([, found]) => found as { Properties: { Environment: { Variables: object } } });
    expect(manifest!.Properties.Environment.Variables).toMatchObject({
      PUBLIC_URL: { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [expect.any(String) as string, 'DomainName'] }]] },
      SIGNATURE_HOURS: '12',
      TOKEN_MINUTES: '60',
    });
  });
});

describe('the signing key', () => {
  it('has no private half anywhere in the template', () => {
    expect(json).not.toMatch(/PRIVATE KEY|privateKey/);
    const [secret] = Object.values(template.findResources('AWS::SecretsManager::Secret')) as { Properties: object }[];
    expect(secret!.Properties).not.toHaveProperty('SecretString');
  });

  it('is made by a function that may touch its secret, and public keys and key groups', () => {
    const grants = grantsOf(template, 'SigningKeyMakerRole');
    expect([...grants.keys()].filter((action) => !action.startsWith('logs:')).sort()).toEqual([
      ...['Create', 'Delete', 'Get', 'List', 'Update'].flatMap((verb) =>
        ['KeyGroup', 'PublicKey']
          .map((what) => `cloudfront:${verb}${what}${verb === 'List' ? 's' : ''}`)
          // CloudFront changes nothing of a public key.
          .filter((action) => action !== 'cloudfront:UpdatePublicKey'),
      ),
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
    ]);
  });

  it('is in no output', () => {
    expect(Object.keys(template.toJSON()['Outputs'] as object).sort()).toEqual([
      'ApiUrl',
      'DistributionId',
      'KeysFunction',
      'MediaBucket',
      'SiteBucket',
      'Url',
    ]);
  });
});

describe('the console router, as shipped', () => {
  const code = edgeFunction(distribution.DefaultCacheBehavior).FunctionCode;
  const BROWSER = { 'sec-fetch-mode': { value: 'navigate' } };
  const answer = (uri: string, headers: object, querystring: object = {}) =>
    runInNewContext(`${code}; handler(event)`, { event: { request: { uri, headers, querystring } } }) as {
      uri?: string;
      statusCode?: number;
      headers: Record<string, { value: string }>;
    };
  const route = (uri: string) => answer(uri, BROWSER).uri;

  it('is the file beside the construct', () => {
    expect(code).toBe(readFileSync(new URL('../../../lib/constructs/spa-router.js', import.meta.url), 'utf8'));
  });
  it.each(['/', '/v/abcdefghij0123456789', '/v/abc/', '/live'])('answers %s with the page', (uri) => {
    expect(route(uri)).toBe('/index.html');
  });
  it('sends programs that unfold an address on to the page for frames, with a token that is one', () => {
    const id = 'abcdefghij0123456789';
    const sent = (uri: string, token?: string, headers: object = {}) =>
      answer(uri, headers, token === undefined ? {} : { token: { value: token } }).headers['location']?.value;
    expect(answer(`/v/${id}`, {})).toMatchObject({
      statusCode: 302,
      headers: { 'cache-control': { value: 'no-store' } },
    });
    expect(sent(`/v/${id}`)).toBe(`/embed/${id}`);
    expect(sent(`/v/${id}/`, 'Ab1.c-_')).toBe(`/embed/${id}?token=Ab1.c-_`);
    expect(sent(`/v/${id}`, 'a%0d%0aset-cookie:x')).toBe(`/embed/${id}`);
    expect(sent(`/v/${id}`, undefined, { 'sec-fetch-mode': { value: 'cors' } })).toBe(`/embed/${id}`);
    for (const uri of ['/v/abc', `/v/${id}/x`, `/d/${id}`, '/'])
      expect([uri, answer(uri, {}).statusCode]).toEqual([uri, undefined]);
  });
  it.each(['/index.html', '/favicon.svg', '/silent.html', '/a.b/c.js'])('leaves %s alone', (uri) => {
    expect(route(uri)).toBe(uri);
  });
});
