import { createHash, generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { describe, expect, it } from 'vitest';
import type { CachePolicy } from '../../../local/edge/config.ts';
import { Filling } from '../../../local/edge/source.ts';
import { behaviour, cacheOf, NO_POLICY, play, raw, UNCACHED } from './fixture.ts';

const TEXT = '0123456789';
const etag = (text: string) => `"${createHash('md5').update(text).digest('hex')}"`;

describe('cache', () => {
  it('hits after a miss, says how old the object is, and asks the origin once', async () => {
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': 10 }).end(TEXT));
    expect(cacheOf(await site.get('/a'))).toBe('Miss');
    site.clock.skip = 5000;
    const hit = await site.get('/a?ignored=1');
    expect([cacheOf(hit), hit.headers.get('age'), await hit.text()]).toEqual(['Hit', '5', TEXT]);
    expect(site.seen).toEqual(['GET /a']);
  });

  it('passes on what has no length without keeping it', async () => {
    await using site = await play((_req, res) => {
      res.write(TEXT);
      res.end();
    });
    for (let i = 0; i < 2; i++) {
      const answer = await site.get('/a');
      expect([cacheOf(answer), await answer.text()]).toEqual(['Miss', TEXT]);
    }
  });

  const headers = (over: Record<string, string> = {}) => ({ 'content-length': '10', etag: etag(TEXT), ...over });

  it.each([
    ['max-age', { 'cache-control': 'max-age=30' }, 29, 31],
    ['s-maxage before max-age', { 'cache-control': 'max-age=1, s-maxage=30' }, 29, 31],
    ['the default', {}, 59, 61],
    ['at most the maximum', { 'cache-control': 'max-age=999999' }, 3599, 3601],
  ])('keeps for %s, then asks again', async (_what, over, fresh, stale) => {
    await using site = await play((_req, res) => void res.writeHead(200, headers(over)).end(TEXT));
    await site.get('/a');
    site.clock.skip = fresh * 1000;
    expect(cacheOf(await site.get('/a'))).toBe('Hit');
    site.clock.skip = stale * 1000;
    expect(cacheOf(await site.get('/a'))).not.toBe('Hit');
  });

  it.each(['no-store', 'no-cache', 'private, max-age=60'])('keeps nothing marked %s', async (control) => {
    await using site = await play(
      (_req, res) => void res.writeHead(200, headers({ 'cache-control': control })).end(TEXT),
    );
    for (let i = 0; i < 2; i++) expect(cacheOf(await site.get('/a'))).toBe('Miss');
    expect(site.seen).toHaveLength(2);
  });

  it('keeps them all the same for a minimum TTL', async () => {
    const cachePolicy = { ...NO_POLICY, minTtl: 10 };
    await using site = await play(
      (_req, res) => void res.writeHead(200, headers({ 'cache-control': 'no-store' })).end(TEXT),
      {
        behaviours: [behaviour({ cachePolicy })],
      },
    );
    await site.get('/a');
    expect(cacheOf(await site.get('/a'))).toBe('Hit');
  });

  it('revalidates a stale object with its ETag and takes over the new lifetime', async () => {
    await using site = await play((req, res) => {
      if (req.headers['if-none-match'] === etag(TEXT)) res.writeHead(304, { 'cache-control': 'max-age=100' }).end();
      else res.writeHead(200, headers({ 'cache-control': 'max-age=1' })).end(TEXT);
    });
    await site.get('/a');
    site.clock.skip = 2000;
    const refreshed = await site.get('/a');
    expect([cacheOf(refreshed), await refreshed.text()]).toEqual(['RefreshHit', TEXT]);
    site.clock.skip = 90_000;
    expect(cacheOf(await site.get('/a'))).toBe('Hit');
    expect(site.seen).toHaveLength(2);
  });

  it('replaces a stale object that has changed', async () => {
    let text = 'old';
    await using site = await play(
      (_req, res) =>
        void res
          .writeHead(200, { 'content-length': text.length, etag: etag(text), 'cache-control': 'max-age=1' })
          .end(text),
    );
    await site.get('/a');
    text = 'newer';
    site.clock.skip = 2000;
    const changed = await site.get('/a');
    expect([cacheOf(changed), await changed.text()]).toEqual(['Miss', 'newer']);
  });

  it('serves the stale object while the origin fails', async () => {
    let broken = false;
    await using site = await play(
      (_req, res) =>
        void (broken
          ? res.writeHead(500).end()
          : res.writeHead(200, headers({ 'cache-control': 'max-age=1' })).end(TEXT)),
    );
    await site.get('/a');
    broken = true;
    site.clock.skip = 2000;
    const answer = await site.get('/a');
    expect([answer.status, await answer.text()]).toEqual([200, TEXT]);
  });

  it('sends one request for many simultaneous viewers, each gets all of it', async () => {
    const big = 'x'.repeat(300_000);
    await using site = await play(async (_req, res) => {
      res.writeHead(200, { 'content-length': big.length });
      res.write(big.slice(0, 100_000));
      await sleep(50);
      res.end(big.slice(100_000));
    });
    const texts = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await sleep(i * 2);
        return await (await site.get('/a')).text();
      }),
    );
    expect(texts.every((text) => text === big)).toBe(true);
    expect(site.seen).toEqual(['GET /a']);
  });

  it('gives each viewer its own answer when the shared one must not be kept', async () => {
    let count = 0;
    await using site = await play(async (_req, res) => {
      const mine = String(++count);
      await sleep(20);
      res.writeHead(200, { 'content-length': mine.length, 'cache-control': 'private' }).end(mine);
    });
    const texts = await Promise.all(Array.from({ length: 5 }, async () => await (await site.get('/a')).text()));
    expect(new Set(texts).size).toBe(5);
  });

  it('collapses no requests that bring cookies on, as CloudFront does not, and keeps them apart by all that the key has', async () => {
    let count = 0;
    const cachePolicy: CachePolicy = {
      ...NO_POLICY,
      queries: { kind: 'all' },
      headers: ['authorization'],
      cookies: 'all',
    };
    const all = Promise.withResolvers<void>();
    await using site = await play(
      async (_req, res) => {
        const mine = String(++count);
        if (count === 5) all.resolve();
        // None is answered, and kept, before the others were asked for; had they been one, they would wait for ever.
        await Promise.race([all.promise, sleep(5000)]);
        res.writeHead(200, { 'content-length': mine.length }).end(mine);
      },
      { behaviours: [behaviour({ cachePolicy })] },
    );
    const text = async (headers: Record<string, string> = {}) => await (await site.get('/a', headers)).text();
    expect(new Set(await Promise.all(Array.from({ length: 5 }, async () => await text()))).size).toBe(5);
    const kept = await text();
    expect(await text()).toBe(kept);
    for (const headers of [{ authorization: 'Bearer a' }, { cookie: 'a=1' }] as Record<string, string>[]) {
      const own = await text(headers);
      expect(own).not.toBe(kept);
      expect(await text(headers)).toBe(own);
      expect(site.last().headers).toMatchObject(headers);
    }
    expect(await text({ 'accept-language': 'de' })).toBe(kept);
  });

  it('keeps one object per selected query, and forwards just those, no header or cookie of the viewer', async () => {
    const cachePolicy = { ...NO_POLICY, queries: { kind: 'only', names: ['v'] } } as const;
    await using site = await play((_req, res) => void res.writeHead(200, headers()).end(TEXT), {
      behaviours: [behaviour({ cachePolicy })],
    });
    const ask = async (path: string, over: Record<string, string> = {}) => cacheOf(await site.get(path, over));
    expect(await ask('/a?v=1&x=1', { 'accept-language': 'de', referer: 'http://x/', cookie: 'session=1' })).toBe(
      'Miss',
    );
    expect(site.last().url).toBe('/a?v=1');
    expect(site.last().headers).toMatchObject({ 'user-agent': 'Amazon CloudFront', 'x-forwarded-for': '127.0.0.1' });
    for (const name of ['accept-language', 'referer', 'cookie']) expect(site.last().headers[name]).toBeUndefined();
    expect(await ask('/a?x=2&v=1')).toBe('Hit');
    expect(await ask('/a?v=2')).toBe('Miss');
    expect(await ask('/a?v=1', { 'accept-language': 'fr', cookie: 'session=2' })).toBe('Hit');
  });

  it('caches errors for ten seconds, a 403 only when told to', async () => {
    await using site = await play(
      (req, res) => void res.writeHead(req.url === '/403' ? 403 : 404, { 'content-length': 2 }).end('no'),
    );
    await site.get('/404');
    const again = await site.get('/404');
    expect([again.status, cacheOf(again), site.seen.length]).toEqual([404, 'Error', 1]);
    site.clock.skip = 11_000;
    await site.get('/404');
    expect(site.seen).toHaveLength(2);
    await site.get('/403');
    await site.get('/403');
    expect(site.seen).toHaveLength(4);
  });

  it('keeps errors even of a behaviour without caching, unless the distribution says zero', async () => {
    const origin = (_req: unknown, res: ServerResponse) =>
      void res.writeHead(404, { 'content-length': 2, 'cache-control': 'max-age=9' }).end('no');
    const behaviours = [behaviour({ cachePolicy: UNCACHED })];
    await using site = await play(origin, { behaviours });
    for (let i = 0; i < 3; i++) expect(await (await site.get('/a')).text()).toBe('no');
    expect(site.seen).toHaveLength(1);
    await using zero = await play(origin, { behaviours, errorTtls: new Map([[404, 0]]) });
    for (let i = 0; i < 3; i++) await zero.get('/a');
    expect(zero.seen).toHaveLength(3);
  });

  it('stays within its bytes, oldest use first', async () => {
    await using site = await play(
      (_req, res) => void res.writeHead(200, { 'content-length': 4000 }).end('x'.repeat(4000)),
      {},
      { maxCacheBytes: 11_000 },
    );
    for (const path of ['/1', '/2', '/1', '/3']) await (await site.get(path)).text();
    expect(cacheOf(await site.get('/1'))).toBe('Hit');
    expect(cacheOf(await site.get('/2'))).toBe('Miss');
  });

  it('streams what is larger than an object may be, without keeping it', async () => {
    const size = 3_000_000;
    await using site = await play(
      (_req, res) => void res.writeHead(200, { 'content-length': size }).end(Buffer.alloc(size, 'y')),
      {},
      { maxObjectBytes: 100_000 },
    );
    for (let i = 0; i < 2; i++) {
      const answer = await site.get('/big');
      expect([cacheOf(answer), (await answer.arrayBuffer()).byteLength]).toEqual(['Miss', size]);
    }
  });

  it('does not keep half an object, and breaks the connection instead of ending it well', async () => {
    let broken = true;
    await using site = await play((_req, res) => {
      res.writeHead(200, { 'content-length': '10' });
      if (broken) res.write('01234', () => res.destroy());
      else res.end(TEXT);
    });
    await expect(site.get('/a').then((answer) => answer.text())).rejects.toThrow('terminated');
    broken = false;
    const whole = await site.get('/a');
    expect([cacheOf(whole), await whole.text()]).toEqual(['Miss', TEXT]);
    expect(site.logs.join()).toContain('/a: the origin broke off');
  });
});

it.each([9, 11])('a body of %i bytes that was announced as 10 is no object', async (length) => {
  const filling = new Filling(200, new Headers(), 10);
  await expect(filling.fill(Buffer.alloc(length))).rejects.toThrow('the origin broke off');
});

describe('invalidation', () => {
  it('drops by path, by wildcard and by query, and nothing else', async () => {
    const cachePolicy = { ...NO_POLICY, queries: { kind: 'all' } } as const;
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': '10' }).end(TEXT), {
      behaviours: [behaviour({ cachePolicy })],
    });
    const paths = ['/v/1/a', '/v/1/b', '/v/2/a', '/v/2/a?q=1', '/v/a%20b'];
    const misses = async () => {
      const out: string[] = [];
      for (const path of paths) if (cacheOf(await site.get(path)) === 'Miss') out.push(path);
      return out;
    };
    expect(await misses()).toEqual(paths);
    expect(await misses()).toEqual([]);
    expect(site.edge.invalidate(['/v/1/*'])).toBe(2);
    expect(await misses()).toEqual(['/v/1/a', '/v/1/b']);
    expect(site.edge.invalidate(['/v/2/a'])).toBe(1);
    expect(await misses()).toEqual(['/v/2/a']);
    expect(site.edge.invalidate(['/v/2/a*', '/v/a b'])).toBe(3);
    expect(site.edge.invalidate(['/v/*/a', '/V/1/a'])).toBe(0);
    expect(site.edge.invalidate(['/*'])).toBe(2);
  });

  it('keeps out an object that was on its way when it was invalidated', async () => {
    const [asked, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using site = await play(async (_req, res) => {
      asked.resolve();
      await letGo.promise;
      res.writeHead(200, { 'content-length': '10' }).end(TEXT);
    });
    const early = site.get('/a');
    await asked.promise;
    site.edge.invalidate(['/a']);
    letGo.resolve();
    expect(await (await early).text()).toBe(TEXT);
    expect(cacheOf(await site.get('/a'))).toBe('Miss');
  });
});

describe('ranges and conditions', () => {
  const serve = () =>
    play((req, res) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '');
      const common = { etag: etag(TEXT), 'last-modified': 'Tue, 14 Nov 2023 00:00:00 GMT' };
      if (range) {
        const part = TEXT.slice(Number(range[1]), Number(range[2]) + 1);
        res
          .writeHead(206, {
            ...common,
            'content-length': part.length,
            'content-range': `bytes ${range[1]}-${range[2]}/10`,
          })
          .end(part);
      } else res.writeHead(200, { ...common, 'content-length': 10 }).end(req.method === 'HEAD' ? undefined : TEXT);
    });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, TEXT, 'bytes 0-9/10'],
    ['bytes=0-99', 206, TEXT, 'bytes 0-9/10'],
    ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
    ['bytes=0-1,4-5', 200, TEXT, null],
    ['bytes=5-2', 200, TEXT, null],
    ['lines=1-2', 200, TEXT, null],
    ['bytes=-', 200, TEXT, null],
  ])('cuts %s out of the cached object', async (range, status, text, contentRange) => {
    await using site = await serve();
    await (await site.get('/a')).text();
    const answer = await site.get('/a', { range });
    expect([answer.status, await answer.text(), answer.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ]);
    expect(answer.headers.get('content-length')).toBe(String(text.length));
    expect(site.seen).toHaveLength(1);
  });

  it.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('answers 416 to %s and says the size', async (range) => {
    await using site = await serve();
    await (await site.get('/a')).text();
    const answer = await site.get('/a', { range });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([416, 'bytes */10']);
  });

  it('forwards a range while the object is not here', async () => {
    await using site = await serve();
    const answer = await site.get('/a', { range: 'bytes=1-2' });
    expect([answer.status, await answer.text(), site.last().headers.range]).toEqual([206, '12', 'bytes=1-2']);
    expect(cacheOf(await site.get('/a'))).toBe('Miss');
  });

  it('honours If-Range by ETag and by date', async () => {
    await using site = await serve();
    await (await site.get('/a')).text();
    const ask = async (ifRange: string) => (await site.get('/a', { range: 'bytes=0-0', 'if-range': ifRange })).status;
    expect(await ask(etag(TEXT))).toBe(206);
    expect(await ask('"other"')).toBe(200);
    expect(await ask(`W/${etag(TEXT)}`)).toBe(200);
    expect(await ask('Tue, 14 Nov 2023 00:00:00 GMT')).toBe(206);
    expect(await ask('Tue, 14 Nov 2023 00:00:01 GMT')).toBe(200);
  });

  it('never sends an unkept object in part for another version’s If-Range', async () => {
    await using site = await serve();
    const answer = await site.get('/a', { range: 'bytes=0-0', 'if-range': '"other"' });
    expect([answer.status, await answer.text(), site.last().headers.range]).toEqual([200, TEXT, undefined]);
  });

  it('answers 304 without a body, by ETag first, then by date', async () => {
    await using site = await serve();
    const first = await site.get('/a', { 'if-none-match': etag(TEXT) });
    expect([first.status, await first.text(), site.last().headers['if-none-match']]).toEqual([304, '', undefined]);
    const ask = async (headers: Record<string, string>) => (await site.get('/a', headers)).status;
    expect(await ask({ 'if-none-match': `W/${etag(TEXT)}` })).toBe(304);
    expect(await ask({ 'if-none-match': `"x", ${etag(TEXT)}` })).toBe(304);
    expect(await ask({ 'if-none-match': '*' })).toBe(304);
    expect(await ask({ 'if-none-match': '"x"', 'if-modified-since': 'Wed, 15 Nov 2023 00:00:00 GMT' })).toBe(200);
    expect(await ask({ 'if-modified-since': 'Tue, 14 Nov 2023 00:00:00 GMT' })).toBe(304);
    expect(await ask({ 'if-modified-since': 'Mon, 13 Nov 2023 00:00:00 GMT' })).toBe(200);
  });

  it('answers HEAD like GET, from the cache when it can', async () => {
    await using site = await serve();
    const head = async () => {
      const answer = await fetch(`${site.edge.url}/a`, { method: 'HEAD' });
      return [answer.status, answer.headers.get('content-length'), cacheOf(answer), await answer.text()];
    };
    expect(await head()).toEqual([200, '10', 'Miss', '']);
    await (await site.get('/a')).text();
    expect(await head()).toEqual([200, '10', 'Hit', '']);
    expect(site.seen).toEqual(['HEAD /a', 'GET /a']);
  });
});

describe('behaviours', () => {
  const named = (name: string) => ({
    responseHeadersPolicy: { cors: undefined, set: [['x-behaviour', name]] } as const,
  });

  it('takes the first whose pattern fits, by the normal form of the path', async () => {
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': 0 }).end(), {
      behaviours: [
        behaviour({ pathPattern: '/vod/*.m3u8', ...named('playlist') }),
        behaviour({ pathPattern: 'vod/*', ...named('vod') }),
        behaviour({ pathPattern: '/a?c', ...named('one') }),
        behaviour({ ...named('default') }),
      ],
    });
    const at = async (target: string) =>
      /x-behaviour: (\S+)/.exec(
        await raw(site.edge.port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      )?.[1];
    expect(await at('/vod/1/main.m3u8')).toBe('playlist');
    expect(await at('/vod/1/00001.m4s')).toBe('vod');
    expect(await at('/VOD/1/00001.m4s')).toBe('default');
    expect(await at('/vodka')).toBe('default');
    expect(await at('/abc')).toBe('one');
    expect(await at('/abbc')).toBe('default');
    expect(await at('/x/../vod/1')).toBe('vod');
    expect(await at('/x/%2e%2E/vod/1')).toBe('vod');
    expect(await at('/%76od/1')).toBe('vod');
    expect(await at('http://somewhere/vod/1')).toBe('vod');
    expect(site.seen).toContain('GET /vod/1');
    expect(site.seen.join()).not.toMatch(/\.\.|%2e|%76/i);
  });

  it('refuses methods that are not allowed, and bodies of GET', async () => {
    await using site = await play((_req, res) => void res.end(), {
      behaviours: [behaviour({ allowedMethods: ['GET', 'HEAD'] })],
    });
    expect((await fetch(`${site.edge.url}/a`, { method: 'POST', body: 'x' })).status).toBe(403);
    expect(
      await raw(site.edge.port, 'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'),
    ).toMatch(/^HTTP\/1.1 403/);
    expect(site.seen).toEqual([]);
  });

  it('passes an uncached behaviour through: body, every header but Host, query, several cookies', async () => {
    const bodies: string[] = [];
    await using site = await play(
      async (req, res) => {
        const chunks: Buffer[] = [];
        for await (const chunk of req) chunks.push(chunk as Buffer);
        bodies.push(Buffer.concat(chunks).toString());
        res.writeHead(
          201,
          [
            ['Set-Cookie', 'a=1; Path=/'],
            ['Set-Cookie', 'b=2'],
            ['Connection', 'keep-alive, x-private'],
            ['X-Private', '1'],
            ['Content-Type', 'application/json'],
          ].flat(),
        );
        res.end('{}');
      },
      {
        behaviours: [
          behaviour({
            cachePolicy: UNCACHED,
            originRequestPolicy: {
              headers: { kind: 'except', names: ['host'] },
              queries: { kind: 'all' },
              cookies: { kind: 'all' },
            },
          }),
        ],
      },
    );
    const answer = await fetch(`${site.edge.url}/api/videos?b=2&a=1&a=%20`, {
      method: 'POST',
      body: 'x'.repeat(200_000),
      headers: { authorization: 'Bearer t', cookie: 'c=3; d=4', 'x-forwarded-for': '10.0.0.1', te: 'trailers' },
    });
    expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([
      201,
      '{}',
      ['a=1; Path=/', 'b=2'],
    ]);
    expect(answer.headers.get('x-private')).toBeNull();
    expect(bodies).toEqual(['x'.repeat(200_000)]);
    expect(site.seen).toEqual(['POST /api/videos?b=2&a=1&a=%20']);
    const { headers } = site.last();
    expect(headers).toMatchObject({
      authorization: 'Bearer t',
      cookie: 'c=3; d=4',
      'x-forwarded-for': '10.0.0.1, 127.0.0.1',
    });
    expect(headers.via).toMatch(/CloudFront/);
    expect(headers['x-amz-cf-id']).toMatch(/^[\w-]{56}$/);
    expect(headers.te).toBeUndefined();
    expect(headers.host).not.toBe(new URL(site.edge.url).host);
  });

  it('tells a signed origin every parameter but the signature, and keeps one object for all signatures', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const cachePolicy = { ...NO_POLICY, queries: { kind: 'all' } } as const;
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': 0 }).end(), {
      behaviours: [behaviour({ trustedKeys: new Map([['K1', publicKey]]), cachePolicy })],
    });
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const sign = (seconds: number) =>
      getSignedUrl({
        url: `${site.edge.url}/a?v=1`,
        keyPairId: 'K1',
        privateKey: pem,
        algorithm: 'SHA256',
        dateLessThan: new Date(Date.now() + seconds * 1000).toISOString(),
      });
    expect(cacheOf(await fetch(sign(60)))).toBe('Miss');
    expect(cacheOf(await fetch(sign(90)))).toBe('Hit');
    expect((await site.get('/a?v=1')).status).toBe(403);
    expect(site.seen).toEqual(['GET /a?v=1']);
  });

  it('drops Set-Cookie where no policy forwards cookies', async () => {
    await using site = await play(
      (_req, res) => void res.writeHead(200, { 'set-cookie': 'a=1', 'content-length': 0 }).end(),
    );
    expect((await site.get('/a')).headers.getSetCookie()).toEqual([]);
  });

  it('serves the default root object for / only', async () => {
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': 0 }).end(), {
      defaultRootObject: 'index.html',
    });
    await site.get('/');
    await site.get('/sub/');
    expect(site.seen).toEqual(['GET /index.html', 'GET /sub/']);
  });

  it('answers 502 when the origin is away and 504 when it is too slow', async () => {
    const origins = { origin: { kind: 'api', apiId: 'api', readTimeout: 1 } } as const;
    await using gone = await play(() => undefined, { origins }, { apiBase: 'http://127.0.0.1:1' });
    const answer = await gone.get('/a');
    expect([answer.status, cacheOf(answer)]).toEqual([502, 'Error']);
    await using slow = await play((req, res) => void (req.url === '/ok' && res.end()));
    const apiBase = `http://127.0.0.1:${slow.edge.port}`;
    await using impatient = await play(() => undefined, { origins }, { apiBase });
    expect((await impatient.get('/never')).status).toBe(504);
  });
});

describe('response headers policy', () => {
  const cors = {
    origins: ['https://*.example.org', 'http://localhost:*'],
    methods: ['GET'],
    headers: ['range'],
    expose: ['etag'],
    maxAge: 600,
  };
  const policy = {
    cors,
    set: [
      ['x-frame-options', 'DENY'],
      ['server', 'sluice'],
    ],
  } as const;

  it('adds and overrides, and answers CORS by origin', async () => {
    await using site = await play(
      (_req, res) =>
        void res
          .writeHead(200, {
            'content-length': 0,
            server: 'origin',
            'access-control-allow-origin': 'origin',
          })
          .end(),
      { behaviours: [behaviour({ responseHeadersPolicy: policy })] },
    );
    const plain = await site.get('/a');
    expect(Object.fromEntries(plain.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      server: 'sluice',
      'access-control-allow-origin': 'origin',
    });
    const allowed = await site.get('/a', { origin: 'https://play.example.org' });
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://play.example.org',
      'access-control-expose-headers': 'etag',
      vary: 'Origin',
    });
    expect(allowed.headers.get('access-control-allow-methods')).toBeNull();
    expect((await site.get('/a', { origin: 'https://example.com' })).headers.get('access-control-allow-origin')).toBe(
      'origin',
    );
    const preflight = await fetch(`${site.edge.url}/a`, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:5173', 'access-control-request-method': 'GET' },
    });
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'range',
      'access-control-max-age': '600',
    });
  });
});

describe('functions at the edge', () => {
  const fn = (code: string) => ({ name: 'spa', code });
  const spa = fn(`function handler(event) {
    var request = event.request;
    if (!/\\.[a-z0-9]+$/.test(request.uri)) request.uri = '/index.html';
    return request;
  }`);

  it('rewrites the path for the cache and the origin; invalidation knows both names', async () => {
    await using site = await play((_req, res) => void res.writeHead(200, { 'content-length': 10 }).end(TEXT), {
      behaviours: [behaviour({ viewerRequest: spa })],
    });
    await site.get('/videos/1?x=1');
    expect(cacheOf(await site.get('/upload'))).toBe('Hit');
    await site.get('/app.js');
    expect(site.seen).toEqual(['GET /index.html', 'GET /app.js']);
    expect(site.edge.invalidate(['/videos/1'])).toBe(1);
  });

  it('answers by itself', async () => {
    const code = `function handler() { return { statusCode: 302, headers: { location: { value: '/new' } }, cookies: { a: { value: '1', attributes: 'Path=/' } }, body: 'moved' }; }`;
    await using site = await play((_req, res) => void res.end(), {
      behaviours: [behaviour({ viewerRequest: fn(code) })],
    });
    const answer = await site.get('/old');
    expect([answer.status, answer.headers.get('location'), answer.headers.getSetCookie(), await answer.text()]).toEqual(
      [302, '/new', ['a=1; Path=/'], 'moved'],
    );
    expect(cacheOf(answer)).toBe('FunctionGeneratedResponse');
    expect(site.seen).toEqual([]);
  });

  it.each([
    ['throws', 'function handler() { throw new Error("no"); }'],
    ['never ends', 'function handler() { while (true); }'],
    ['returns nothing', 'function handler() {}'],
    ['is not there', 'var x = 1;'],
    ['does not parse', 'function handler( {'],
    [
      'changes Host',
      'function handler(event) { event.request.headers.host = { value: "evil" }; return event.request; }',
    ],
  ])('answers 503 when the function %s', async (_what, code) => {
    await using site = await play((_req, res) => void res.end(), {
      behaviours: [behaviour({ viewerRequest: fn(code) })],
    });
    const answer = await site.get('/a');
    expect([answer.status, cacheOf(answer), site.seen]).toEqual([503, 'FunctionExecutionError', []]);
    expect(site.logs).toHaveLength(1);
  });
});

describe('hostile requests', () => {
  it.each([
    ['a broken escape', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a null', 'GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a backslash', 'GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['no path', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx', 400],
    ['a long URL', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 413],
    ['huge headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`, 413],
  ])('answers %s and lives on', async (_what, text, status) => {
    await using site = await play((_req, res) => void res.end('ok'));
    expect(await raw(site.edge.port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
    expect(site.seen).toEqual([]);
    expect(await (await site.get('/')).text()).toBe('ok');
  });

  it('survives viewers who leave early, and closes within a second whatever is under way', async () => {
    const site = await play((_req, res) => {
      res.writeHead(200, { 'content-length': 1_000_000 });
      res.write('x');
    });
    const gone = new AbortController();
    const answer = await fetch(`${site.edge.url}/a`, { signal: gone.signal });
    gone.abort();
    await expect(answer.text()).rejects.toThrow('aborted');
    const hanging = (await site.get('/b')).text();
    hanging.catch(() => undefined);
    const started = performance.now();
    await site[Symbol.asyncDispose]();
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect(hanging).rejects.toThrow('terminated');
  });
});
