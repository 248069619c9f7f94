/** Sluice's own distribution, read from its synthesized template and played in front of stand-ins for S3 and the API. */
import { generateKeyPairSync } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mp4s } from '../../../lib/constructs/mp4s.ts';
import { Playback } from '../../../lib/constructs/playback.ts';
import { Presence } from '../../../lib/constructs/presence.ts';
import { SigningKey } from '../../../lib/constructs/signing-key.ts';
import { startEdge, type Edge } from '../../../local/edge/server.ts';
import { readTemplate } from '../../../local/edge/template.ts';
import { stageScope } from '../../lib/constructs/stage.ts';
import { cacheOf } from './fixture.ts';

const keyPair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const privateKey = String(keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }));

/** The template and what an engine would call its resources. */
function deployed(overrides: Readonly<Record<string, unknown>> = {}) {
  const { stack, config, storage, api, revocation } = stageScope(overrides);
  // As bin/sluice.ts does.
  Tags.of(stack).add('sluice', 'test');
  const signingKey = new SigningKey(stack, 'SigningKey', config);
  const downloads = mp4s(stack, { config, storage });
  const presence = new Presence(stack, 'Presence', { config, storage, api });
  new Playback(stack, 'Playback', { config, storage, api, presence, signingKey, revocation, downloads });
  const template = Template.fromStack(stack).toJSON() as { Resources: Record<string, { Type: string }> };
  const resources: Record<string, { physicalId: string; attributes?: Record<string, string> }> = {};
  for (const [id, { Type }] of Object.entries(template.Resources)) {
    const physicalId = id.replace(/[0-9A-F]{8}$/, '').toLowerCase();
    resources[id] = { physicalId };
    if (Type === 'AWS::S3::Bucket') {
      resources[id].attributes = { RegionalDomainName: `${physicalId}.s3.us-east-1.amazonaws.com` };
    }
    if (Type === 'AWS::CloudFront::KeyValueStore')
      resources[id].attributes = { Arn: `arn:aws:cloudfront::000000000000:key-value-store/${physicalId}` };
    if (Type === 'Custom::SluiceSigningKey') resources[id].attributes = { KeyGroupId: 'group' };
  }
  return { template, resources, keyGroups: { group: new Map([['KTEST', keyPair.publicKey]]) } };
}

const objects: Record<string, string> = {
  '/storagesite/index.html': '<html>',
  '/storagesite/assets/app.js': 'app',
  '/storagemedia/vod/v1/r1/main.m3u8': '#EXTM3U',
  '/storagemedia/vod/v1/r1/video/00001.m4s': '0123456789',
  '/storagemedia/vod/v1/r1/video/720p/00001.key': 'sixteen bytes...',
  '/storagemedia/live/1/1/rec/20260801/12/hour.key': 'sixteen bytes...',
  '/storagemedia/keys/v1/r1.json': 'secret',
  '/storagemedia/work/v1/chunk.json': 'secret',
  '/storagemedia/vod/v1/positions.geojson': 'secret',
  '/storagemedia/tracks/v1/positions.geojson': 'secret',
};
let seen: IncomingMessage[] = [];
let bodies: string[] = [];

/** As lax as a local engine: 404 for what is missing, and no word about who may read. */
async function engine(req: IncomingMessage, res: ServerResponse): Promise<void> {
  seen.push(req);
  const { pathname } = new URL(req.url ?? '/', 'http://x');
  if (pathname.startsWith('/api-of/')) {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    res
      .writeHead(
        200,
        [
          ['content-type', 'application/json'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ].flat(),
      )
      .end('{}');
    return;
  }
  const text = objects[pathname];
  if (req.method === 'OPTIONS') res.writeHead(200).end();
  else if (text === undefined) res.writeHead(404, { 'content-length': 0 }).end();
  else
    res
      .writeHead(200, { 'content-length': text.length, etag: `"${text.length}"` })
      .end(req.method === 'HEAD' ? undefined : text);
}

const server = http.createServer((req, res) => void engine(req, res));
let edge: Edge;
const logs: string[] = [];
/** What the store at the edge holds. */
const revoked = new Map<string, string>();
/** Where the viewer is. */
let country: string | undefined;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const engineEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { template, ...context } = deployed();
  edge = await startEdge({
    config: readTemplate(template, context),
    engineEndpoint,
    apiBase: `${engineEndpoint}/api-of/{apiId}/$default`,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    port: 0,
    log: (line) => logs.push(line),
    pollInvalidations: false,
    country: () => country,
    stores: (arn) =>
      arn === 'arn:aws:cloudfront::000000000000:key-value-store/revocationstore'
        ? { values: revoked, created: new Date(0), updated: new Date(0) }
        : undefined,
  });
});
beforeEach(() => {
  seen = [];
  bodies = [];
  country = undefined;
});
afterAll(async () => {
  await edge.close();
  server.closeAllConnections();
  server.close();
});

const policy = (resource: string) =>
  JSON.stringify({
    Statement: [
      { Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': Math.floor(Date.now() / 1000) + 60 } } },
    ],
  });
const signer = { keyPairId: 'KTEST', privateKey, algorithm: 'SHA256' } as const;
const signed = (path: string, resource = `${edge.url}/vod/v1/*`) =>
  getSignedUrl({ ...signer, url: `${edge.url}${path}`, policy: policy(resource) });

it.each([
  ['as it is by default', {}],
  [
    'with every option that changes it',
    {
      enforceTls: false,
      playback: {
        domainName: 'video.example.org',
        certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/a',
        allowedOrigins: ['https://*.example.org', 'http://localhost:*'],
        priceClass: 'all',
      },
      live: { enabled: true, mapTilesUrl: 'https://tiles.example.org/{z}/{x}/{y}.png', mapAttribution: 'Tiles' },
      auth: {
        issuer: 'https://id.example.org',
        audience: 'a',
        clientId: 'c',
        connectOrigins: ['https://b.example.org'],
      },
    },
  ],
])('reads Sluice’s template %s', (_what, overrides) => {
  const patterns =
    '/assets/* /player/* /api/events /api/* /embed/* /ws /vod/*.m3u8 /vod/*.key /vod/* /live/*.m3u8 /live/*.key /live/* /downloads/* *'.split(
      ' ',
    );
  const { template, ...context } = deployed(overrides);
  expect(readTemplate(template, context).behaviours.map((one) => one.pathPattern)).toEqual(patterns);
});

describe('Sluice’s distribution', () => {
  it('says at start what it does not cover', () => {
    expect(logs).toContainEqual(expect.stringMatching(/^not covered: TLS.*redirect to https/));
  });

  it('refuses media without a signature and gives it with one, cached for all viewers', async () => {
    const path = '/vod/v1/r1/video/00001.m4s';
    const refused = await fetch(`${edge.url}${path}`);
    expect([refused.status, cacheOf(refused), await refused.text()]).toEqual([
      403,
      'Error',
      '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>',
    ]);
    expect(seen).toEqual([]);
    const first = await fetch(signed(path));
    expect([first.status, await first.text(), cacheOf(first)]).toEqual([200, '0123456789', 'Miss']);
    const other = await fetch(signed(path, `${edge.url}/vod/v1/r1/*`), { headers: { range: 'bytes=1-2' } });
    expect([other.status, await other.text(), cacheOf(other)]).toEqual([206, '12', 'Hit']);
    expect((await fetch(signed('/vod/v1/r1/main.m3u8'))).status).toBe(200);
    expect((await fetch(signed('/vod/v2/r1/main.m3u8'))).status).toBe(403);
  });

  it('gives viewers with tickets of their own one copy, each by a signature of its own ticket, until one is revoked', async () => {
    const path = (session: string, file = 'r1/video/00001.m4s') => `/vod/v1/s/0tij4k2${session}.-.-.-/${file}`;
    const [ann, bob] = ['Ann0000000000000', 'Bob0000000000000'];
    const of = (session: string, asked = path(session)) => signed(asked, `${edge.url}${path(session, '*')}`);
    edge.invalidate(['/*']);
    const status = async (url: string) => {
      const answer = await fetch(url);
      return [answer.status, cacheOf(answer), await answer.text()];
    };
    expect(await status(of(ann))).toEqual([200, 'Miss', '0123456789']);
    expect(await status(of(bob))).toEqual([200, 'Hit', '0123456789']);
    expect(seen.map(({ url }) => url?.split('?')[0])).toEqual(['/storagemedia/vod/v1/r1/video/00001.m4s']);
    // Of another's ticket, and of a path without one, the signature says nothing.
    for (const asked of [path(bob), '/vod/v1/r1/video/00001.m4s', path(bob).replace('v1', 'v2')])
      expect((await status(of(ann, asked)))[0]).toBe(403);

    revoked.set(`s:0tij4k2${ann}`, `1 ${Math.floor(Date.now() / 1000) + 60}`);
    expect(await status(of(ann))).toEqual([403, 'FunctionGeneratedResponse', '']);
    expect(await status(of(bob))).toEqual([200, 'Hit', '0123456789']);
    revoked.set('v:v1', `${Math.floor(Date.now() / 1000)} ${Math.floor(Date.now() / 1000) + 60}`);
    expect((await status(of(bob)))[0]).toBe(403);
    expect((await status(signed('/vod/v1/r1/video/00001.m4s')))[0]).toBe(403);
    revoked.clear();
    // One address invalidated is all tickets'.
    expect(edge.invalidate(['/vod/v1/*'])).toBe(1);
    expect((await status(of(bob)))[1]).toBe('Miss');
  });

  it('tells the API where a viewer is, whatever they say of it themselves', async () => {
    for (const [there, said] of [
      ['DE', undefined],
      ['DE', 'US'],
      [undefined, 'DE'],
    ] as const) {
      country = there;
      const headers: Record<string, string> = said === undefined ? {} : { 'CloudFront-Viewer-Country': said };
      for (const path of ['/api/videos/v1', '/embed/v1']) {
        seen = [];
        await fetch(`${edge.url}${path}`, { headers });
        expect([path, said, seen.map((one) => one.headers['cloudfront-viewer-country'])]).toEqual([
          path,
          said,
          [there],
        ]);
      }
    }
  });

  it('tells who takes reports where a viewer is and on what, and nothing else of them', async () => {
    country = 'DE';
    const agents = {
      desktop: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      mobile:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1',
      tablet:
        'Mozilla/5.0 (Linux; Android 16; SM-X910) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      smarttv:
        'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
    };
    for (const [kind, agent] of Object.entries(agents)) {
      seen = [];
      bodies = [];
      const answer = await fetch(`${edge.url}/api/events?to=v-1.-&every=10&token=secret`, {
        method: 'POST',
        body: '{}',
        headers: {
          'user-agent': agent,
          authorization: 'Bearer t',
          cookie: 'c=3',
          'content-type': 'text/plain',
          origin: 'https://page.example',
          'cloudfront-viewer-country': 'US',
          'cloudfront-is-smarttv-viewer': 'true',
        },
      });
      expect([answer.status, bodies]).toEqual([200, ['{}']]);
      const [{ url, headers }] = seen as [http.IncomingMessage];
      expect(url).toMatch(/\/api\/events\?to=v-1\.-&every=10$/);
      const told = ['desktop', 'mobile', 'tablet', 'smarttv'].filter(
        (one) => headers[`cloudfront-is-${one}-viewer`] === 'true',
      );
      expect(told).toEqual(kind === 'tablet' ? ['mobile', 'tablet'] : [kind]);
      expect(headers).toMatchObject({
        'cloudfront-viewer-country': 'DE',
        'content-type': 'text/plain',
        origin: 'https://page.example',
        'user-agent': 'Amazon CloudFront',
      });
      expect([headers.authorization, headers.cookie]).toEqual([undefined, undefined]);
    }
  });

  it('plays a ticket of one country there alone, from the one copy that all viewers share', async () => {
    const path = (end: string, file = 'r1/video/00001.m4s') => `/vod/v1/s/0tij4k2Ann0000000000000.-.-.-${end}/${file}`;
    const of = (end: string) => signed(path(end), `${edge.url}${path(end, '*')}`);
    const look = async (end: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(of(end), { headers });
      return [answer.status, cacheOf(answer), await answer.text()];
    };
    edge.invalidate(['/*']);
    country = 'DE';
    expect(await look('.-.DE')).toEqual([200, 'Miss', '0123456789']);
    country = 'US';
    for (const headers of [{}, { 'cloudfront-viewer-country': 'DE' }])
      expect(await look('.-.DE', headers)).toEqual([403, 'FunctionGeneratedResponse', '']);
    expect(await look('.-.US')).toEqual([200, 'Hit', '0123456789']);
    expect(await look('')).toEqual([200, 'Hit', '0123456789']);
    country = undefined;
    expect((await look('.-.DE', { 'cloudfront-viewer-country': 'DE' }))[0]).toBe(403);
    expect(await look('')).toEqual([200, 'Hit', '0123456789']);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['a video', '/vod/v1/', '/vod/v2/', 'r1/video/720p/00001.key'],
    ['a channel', '/live/1/1/', '/live/1/2/', 'rec/20260801/12/hour.key'],
  ])(
    'gives keys of segments of %s as it gives segments, but for no browser to keep, until their session is revoked',
    async (_, prefix, other, name) => {
      const [ann, bob] = ['Ann0000000000000', 'Bob0000000000000'];
      const path = (session: string, file = name) => `${prefix}s/0tij4k2${session}.-.-.-/${file}`;
      const of = (session: string, asked = path(session)) => signed(asked, `${edge.url}${path(session, '*')}`);
      edge.invalidate(['/*']);
      const look = async (url: string) => {
        const answer = await fetch(url);
        return [answer.status, cacheOf(answer), answer.headers.get('cache-control'), await answer.text()];
      };
      for (const bare of [path(ann), `${prefix}${name}`]) expect((await look(`${edge.url}${bare}`))[0]).toBe(403);
      // One copy at the edge for all viewers.
      expect(await look(of(ann))).toEqual([200, 'Miss', 'no-store', 'sixteen bytes...']);
      expect(await look(of(bob))).toEqual([200, 'Hit', 'no-store', 'sixteen bytes...']);
      expect(seen).toHaveLength(1);
      for (const asked of [path(bob), path(ann).replace(prefix, other), `${prefix}${name}`])
        expect((await look(of(ann, asked)))[0]).toBe(403);
      revoked.set(`s:0tij4k2${ann}`, `1 ${Math.floor(Date.now() / 1000) + 60}`);
      expect(await look(of(ann))).toEqual([403, 'FunctionGeneratedResponse', 'no-store', '']);
      expect((await look(of(bob)))[0]).toBe(200);
      revoked.clear();
    },
  );

  it('gives nobody content keys, which licences are made of', async () => {
    for (const path of ['/keys/v1/r1.json', '/vod/v1/../../keys/v1/r1.json', '/vod/%2e%2e/keys/v1/r1.json']) {
      const answer = await fetch(signed(path, `${edge.url}/*`));
      expect([path, (await answer.text()).includes('secret')]).toEqual([path, false]);
    }
    expect(seen.filter(({ url }) => url?.startsWith('/storagemedia/'))).toEqual([]);
  });

  it('signs its own requests to the bucket and tells it nothing of the viewer’s signature', async () => {
    await fetch(signed('/vod/v1/r1/main.m3u8?fresh'), { headers: { cookie: 'a=1', authorization: 'Bearer t' } });
    edge.invalidate(['/*']);
    await fetch(signed('/vod/v1/r1/main.m3u8'), { headers: { cookie: 'a=1', authorization: 'Bearer t' } });
    const [request] = seen;
    const query = new URL(request?.url ?? '', 'http://x').searchParams;
    expect(query.get('X-Amz-Credential')).toMatch(/^AKID\//);
    expect([...query.keys()].filter((name) => /^(Policy|Signature|Key-Pair-Id|Hash-Algorithm)$/.test(name))).toEqual(
      [],
    );
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.headers.cookie).toBeUndefined();
  });

  it('takes signed cookies', async () => {
    const cookies = getSignedCookies({ ...signer, policy: policy(`${edge.url}/vod/v1/*`) });
    const cookie = Object.entries(cookies)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('; ');
    expect((await fetch(`${edge.url}/vod/v1/r1/main.m3u8`, { headers: { cookie } })).status).toBe(200);
  });

  it('answers 403 for a missing object, as S3 does to who may not list', async () => {
    const missing = await fetch(signed('/vod/v1/none.m4s'));
    expect([missing.status, await missing.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
  });

  it('gives nobody the places of a video, by a signature of the whole of it and however the path is written', async () => {
    for (const path of [
      '/vod/v1/positions.geojson',
      '/vod/v1/%70ositions.geojson',
      '/vod/v1/positions%2egeojson',
      '/vod/v1/r1/../positions.geojson',
      '/vod/v1//positions.geojson',
      '/tracks/v1/positions.geojson',
    ]) {
      for (const query of ['', '?a=1']) {
        const answer = await fetch(signed(`${path}${query}`, `${edge.url}/*`));
        expect([path, answer.status, (await answer.text()).includes('secret')]).toEqual([path, 403, false]);
      }
    }
    expect(seen.map(({ url }) => url).filter((url) => url?.startsWith('/storagemedia/'))).toEqual([]);
  });

  it('lets no path reach another bucket, another prefix or past the signature', async () => {
    const { port } = edge;
    const status = (path: string) =>
      new Promise<number>((resolve, reject) => {
        http.get({ host: '127.0.0.1', port, path }, (res) => resolve(res.resume().statusCode ?? 0)).on('error', reject);
      });
    for (const path of [
      '/assets/../vod/v1/r1/main.m3u8',
      '/assets/%2e%2e/vod/v1/r1/main.m3u8',
      '/%76od/v1/r1/main.m3u8',
      '/assets/..%2f..%2fstoragemedia/vod/v1/r1/main.m3u8',
      '/assets/%2e%2e%2f%2e%2e%2fstoragemedia%2fvod/v1/r1/main.m3u8',
      '//vod/v1/r1/main.m3u8',
      '/../storagemedia/work/v1/chunk.json',
      '/work/v1/chunk.json',
    ]) {
      expect([path, await status(path)]).toEqual([path, 403]);
    }
    expect(seen.map((one) => one.url).filter((url) => !url?.startsWith('/storagesite/'))).toEqual([]);
    expect(seen.map((one) => one.url).filter((url) => url?.includes('..'))).toEqual([]);
  });

  it('gives the console’s page for its addresses, files as they are, with its security headers', async () => {
    for (const path of ['/', '/v/abc', '/upload?x=1']) {
      const page = await fetch(`${edge.url}${path}`);
      expect([path, page.status, await page.text()]).toEqual([path, 200, '<html>']);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    }
    expect(seen).toHaveLength(1);
    const asset = await fetch(`${edge.url}/assets/app.js`);
    expect([await asset.text(), asset.headers.get('cache-control')]).toEqual([
      'app',
      'public, max-age=31536000, immutable',
    ]);
    expect((await fetch(`${edge.url}/upload`, { method: 'POST', body: 'x' })).status).toBe(403);
  });

  it('hands API calls on whole: method, query, body, Authorization, cookies both ways, but not Host', async () => {
    const answer = await fetch(`${edge.url}/api/videos?limit=2`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { authorization: 'Bearer t', cookie: 'c=3', 'content-type': 'application/json' },
    });
    expect([answer.status, answer.headers.getSetCookie(), cacheOf(answer)]).toEqual([200, ['a=1', 'b=2'], 'Miss']);
    expect(bodies).toEqual(['{"a":1}']);
    expect(seen[0]?.url).toMatch(/^\/api-of\/[a-z0-9]+\/\$default\/api\/videos\?limit=2$/);
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer t',
      cookie: 'c=3',
      'content-type': 'application/json',
    });
    expect(seen[0]?.headers.host).not.toBe(new URL(edge.url).host);
    await fetch(`${edge.url}/api/videos`);
    await fetch(`${edge.url}/api/videos`);
    expect(seen).toHaveLength(3);
  });

  it('lets a page elsewhere play', async () => {
    const origin = 'https://example.org';
    const preflight = await fetch(signed('/vod/v1/r1/main.m3u8'), {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'range' },
    });
    expect(preflight.status).toBe(200);
    const answer = await fetch(signed('/vod/v1/r1/main.m3u8'), { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).not.toBeNull();
    // A refusal a page can read: without these headers a browser would only say that the network failed.
    const refused = await fetch(`${edge.url}/vod/v1/r1/main.m3u8`, { headers: { origin } });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      403,
      answer.headers.get('access-control-allow-origin'),
    ]);
  });
});
