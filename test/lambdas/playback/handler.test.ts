/** The whole stage: events in, answers out, with everything it asks answered over HTTP. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kept } from '../../../lambdas/playback/kept.ts';
import { mintToken } from '../../../lambdas/playback/token.ts';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import type { grantRow } from '../../../lib/contract/entitlement.ts';
import type { z } from 'zod';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { authorized, bearerOf } from '../engine.ts';
import { playbackSecret } from '../../support/secret.ts';
import { checkSignature } from '../../../local/edge/signature.ts';
import { parseTarget } from '../../../local/edge/target.ts';
import { playbackEnvironment, startFake, type Fake } from './fake-aws.ts';
import { pathOf } from '../../../web/src/shared/signature.ts';
import { parseAddress } from '../../../lib/contract/events-address.ts';
import { parseTicket, ticketIn } from '../../../lib/contract/ticket.ts';
import { ID, MEDIA_PLAYLIST, OTHER_ID, record } from './fixture.ts';

const { secret, trusted: keys, tokens: tokenKeys } = playbackSecret('KPAIR');
let fake: Fake;
let handler: (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>;
let kept: Kept;

beforeAll(async () => {
  fake = await startFake(secret, 'console');
  for (const [name, value] of Object.entries(playbackEnvironment(fake.url))) vi.stubEnv(name, value);
  ({ handler } = await import('../../../lambdas/playback/handler.ts'));
  ({ kept } = await import('../../../lambdas/playback/media-playlist.ts'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fake.close();
});
beforeEach(() => {
  fake.videos.clear();
  fake.grants.clear();
  fake.devices.clear();
  fake.objects.clear();
  fake.asked.length = 0;
  // Each test has objects of its own, by the same names.
  kept.clear();
});

const put = (over: Partial<VideoRecord> = {}) => void fake.videos.set(ID, record(over));
const grantTo = (subject: string, over: Partial<z.input<typeof grantRow>> = {}) =>
  void fake.grants.set(`${over.videoId ?? ID}/${subject}`, {
    videoId: ID,
    subject,
    grantedBy: 'olga',
    createdAt: '2026-01-01T00:00:00.000Z',
    ...over,
  });

interface Call {
  query?: Record<string, string>;
  authorization?: string;
  params?: Record<string, string>;
  claims?: Record<string, string>;
  body?: object;
  headers?: object;
}
async function call(routeKey: string, { query, authorization, params, claims, body, headers }: Call = {}) {
  const answer = await handler({
    routeKey,
    pathParameters: { id: ID, ...params },
    queryStringParameters: query,
    headers: { authorization: authorization ?? (claims && bearerOf(claims)), ...headers },
    requestContext: { requestId: 'r', ...(claims && { authorizer: { jwt: { claims: authorized(claims) } } }) },
    ...(body && { body: JSON.stringify(body) }),
  } as unknown as ApiEvent);
  return { ...answer, body: answer.body ?? '' };
}
const main = (options: Call = {}) => call('GET /api/play/{id}/main.m3u8', options);
const media = (options: Call = {}) =>
  call('GET /api/play/{id}/{kind}/{playlist}', {
    ...options,
    params: { kind: 'video', playlist: '720p.m3u8', ...options.params },
  });
const mpd = (options: Call = {}) => call('GET /api/play/{id}/manifest.mpd', options);
const tokens = (options: Call = {}) => call('POST /api/videos/{id}/tokens', options);
const as = async (claims: object = {}) => ({ authorization: `Bearer ${await fake.jwt({ ...claims })}` });
const soon = () => new Date(Date.now() + 60_000);
const problem = (answer: { body: string }) =>
  JSON.parse(answer.body) as { code: string; detail: string; limit?: object };

/** When a request for `path` with this query stops being let through by the edge; undefined: it never is. */
function opensUntil(path: string, query: string): number | undefined {
  const policy = /Policy=([^&]+)/.exec(query)![1]!.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/');
  const end = Number(/"AWS:EpochTime":(\d+)/.exec(Buffer.from(policy, 'base64').toString())![1]);
  const request = {
    scheme: 'https' as const,
    host: 'video.example',
    target: parseTarget(`${path}?${query}`),
    cookies: [],
    ip: '::1',
  };
  return checkSignature({ ...request, now: end - 1 }, keys) === undefined ? end : undefined;
}

/** What was asked for, but for what is asked now and then, whoever plays. */
const often = () => fake.asked.filter((one) => !/^GetSecretValue$|^GetItem revocations$/.test(one));

describe('who is let in', () => {
  it.each([
    ['the owner', {}, {}],
    ['an admin', { sub: 'anna', groups: ['admin'] }, {}],
    ['a subject with a grant', { sub: 'gus' }, { visibility: 'entitled' }],
    ['anybody signed in, to a public video', { sub: 'paul' }, { visibility: 'public' }],
    ['by a client_id where there is no aud', { aud: undefined, client_id: 'console' }, {}],
    ['by one of several audiences', { aud: ['x', 'console'] }, {}],
  ] as const)('%s', async (_, claims, over) => {
    put(over);
    grantTo('gus');
    expect(await main(await as(claims))).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-store' },
      body: expect.stringMatching(/^#EXTM3U\n/) as string,
    });
  });

  it('anybody at all, to a public video, without asking for keys of the issuer', async () => {
    put({ visibility: 'public' });
    expect(await main()).toMatchObject({ statusCode: 200 });
    expect(often()).toEqual(['BatchGetItem 1 videos, 1 grants', 'UpdateItem sessions']);
  });

  it.each([
    ['nobody, to a private video', undefined, {}, 401, 'unauthorized'],
    ['nobody, to one that needs a grant', undefined, { visibility: 'entitled' }, 401, 'unauthorized'],
    ['a stranger', { sub: 'sam' }, {}, 403, 'forbidden'],
    ['a stranger without a grant', { sub: 'sam' }, { visibility: 'entitled' }, 403, 'forbidden'],
    ['a grant on a private video', { sub: 'gus' }, { visibility: 'private' }, 403, 'forbidden'],
    ['a grant that is over', { sub: 'late' }, { visibility: 'entitled' }, 403, 'forbidden'],
    ['the owner of a deleted video', {}, { status: 'deleted' }, 404, 'not-found'],
    ['an expired token', { exp: 1 }, {}, 401, 'invalid-token'],
    ['an expired token, even to a public video', { exp: 1 }, { visibility: 'public' }, 401, 'invalid-token'],
    ['another issuer', { iss: 'https://evil.example' }, {}, 401, 'invalid-token'],
    ['another audience', { aud: 'other' }, {}, 401, 'invalid-token'],
    ['another audience beside our client_id', { aud: 'other', client_id: 'console' }, {}, 401, 'invalid-token'],
    ['a token without an end', { exp: undefined }, {}, 401, 'invalid-token'],
    ['a token of nobody', { sub: undefined }, {}, 401, 'invalid-token'],
  ] as const)('but not %s', async (_, claims, over, status, code) => {
    put(over);
    grantTo('gus');
    grantTo('late', { expiresAt: 1 });
    const answer = await main(claims && (await as(claims)));
    expect([answer.statusCode, problem(answer).code]).toEqual([status, code]);
  });

  it('and no token of a foreign key, no scheme but Bearer, nothing that is no token', async () => {
    put();
    const foreign = `Bearer ${await fake.jwt({}, 'foreign')}`;
    for (const authorization of [foreign, 'Bearer x.y.z', 'Basic b2xnYTp4', ''])
      expect(problem(await main({ authorization }))).toMatchObject({ code: 'invalid-token' });
  });

  it('an unknown video is not found', async () => {
    expect(problem(await main(await as()))).toMatchObject({ code: 'not-found' });
  });

  it('a video in the making says how far it is', async () => {
    put({ status: 'probed', revision: 0, progress: 40 });
    const answer = await main(await as());
    expect(answer.statusCode).toBe(409);
    expect(problem(answer)).toMatchObject({ code: 'not-ready', detail: expect.stringContaining('probed') as string });
  });
});

describe('an incident of a device', () => {
  const device = '13912345678';
  const incident = {
    owner: `device ${device}`,
    visibility: 'entitled',
    origin: { kind: 'incident', device, channel: 1 },
  } as const;
  const status = async (sub: string, over: Partial<VideoRecord> = {}) => {
    put({ ...incident, ...over });
    return (await main(await as({ sub }))).statusCode;
  };

  it('plays for the viewers that the device has at that moment, by a token of theirs, too', async () => {
    fake.devices.set(device, ['vera']);
    expect(await status('vera')).toBe(200);
    expect(await status('sam')).toBe(403);
    const minted = await tokens({ claims: { sub: 'vera' }, body: {} });
    const { token } = JSON.parse(minted.body) as { token: string };
    expect((await main({ query: { token } })).statusCode).toBe(200);
    fake.devices.set(device, ['sam']);
    expect(await status('vera')).toBe(403);
    expect((await main({ query: { token } })).statusCode).toBe(403);
    expect(await status('sam')).toBe(200);
    expect(await status('sam', { visibility: 'private' })).toBe(403);
    fake.devices.delete(device);
    expect(await status('sam')).toBe(403);
    expect((await main(await as({ sub: 'ada', groups: ['admin'] }))).statusCode).toBe(200);
  });

  it('does not play by what a task of an earlier version granted, and does by what a person did', async () => {
    grantTo('vera', { grantedBy: `device ${device}` });
    expect(await status('vera')).toBe(403);
    grantTo('vera');
    expect(await status('vera')).toBe(200);
  });

  it('plays for nobody once its retention is over, and is not of who is called as its device', async () => {
    fake.devices.set(device, ['vera']);
    const removeOn = new Date().toISOString().slice(0, 10);
    for (const sub of ['vera', 'ada']) expect(await status(sub, { removeOn, visibility: 'public' })).toBe(404);
    expect(await status(`device ${device}`)).toBe(403);
  });

  it('asks for the device where it decides, and nowhere else', async () => {
    for (const [sub, over] of [
      ['olga', { owner: 'olga' }],
      ['sam', { visibility: 'public' }],
      ['sam', { visibility: 'private' }],
    ] as const)
      await status(sub, over);
    expect(fake.asked.join()).not.toContain('devices');
    await status('sam', { origin: { ...incident.origin, kind: 'clip' } });
    expect(fake.asked.at(-1)).toBe('BatchGetItem 2 grants, 1 devices');
  });
});

describe('what a grant says', () => {
  const lines = ({ body }: { body: string }) =>
    [...body.matchAll(/RESOLUTION=\d+x(\d+)/g)].map((found) => Number(found[1]));

  it('is asked for in one read, of all groups and tags there are, and found in a token, too', async () => {
    put({ visibility: 'entitled', tags: ['tour', 'spring'] });
    grantTo('\ngroup:crew', { videoId: 'tag:tour' });
    const crew = { sub: 'sam', groups: ['staff', 'crew'] };
    expect((await main(await as(crew))).statusCode).toBe(200);
    expect(fake.asked.filter((one) => one.includes('grants'))).toEqual([
      'BatchGetItem 1 videos, 4 grants',
      'BatchGetItem 8 grants',
    ]);
    const { token } = JSON.parse((await tokens({ claims: crew as never, body: {} })).body) as { token: string };
    expect((await main({ query: { token } })).statusCode).toBe(200);
    grantTo('\ngroup:staff', { effect: 'deny' });
    expect((await main({ query: { token } })).statusCode).toBe(403);
  });

  it('is read whole of who is in more groups than one read takes', async () => {
    put({ visibility: 'entitled' });
    grantTo('\ngroup:g149');
    const groups = Array.from({ length: 150 }, (_, index) => `g${index}`);
    expect((await main(await as({ sub: 'sam', groups }))).statusCode).toBe(200);
    expect(fake.asked.filter((one) => one.includes('grants'))).toEqual([
      'BatchGetItem 1 videos, 99 grants',
      'BatchGetItem 53 grants',
    ]);
  });

  it('leaves higher renditions out of every playlist and MPD', async () => {
    put({ visibility: 'entitled' });
    grantTo('sam', { maxHeight: 720 });
    const sam = await as({ sub: 'sam' });
    expect(lines(await main(sam)).toSorted((a, b) => a - b)).toEqual([360, 720]);
    for (const [playlist, status] of [
      ['720p.m3u8', 200],
      ['1080p.m3u8', 404],
    ] as const) {
      fake.objects.set(`/media/vod/${ID}/r3/video/${playlist}`, MEDIA_PLAYLIST);
      expect((await media({ ...sam, params: { playlist } })).statusCode).toBe(status);
    }
    const rung = (name: string, width: number, height: number) =>
      `<Representation id="video/${name}" bandwidth="1" codecs="avc1" width="${width}" height="${height}" sar="1:1"`;
    const shared = [
      '<AdaptationSet contentType="video">',
      `${rung('1080p', 1920, 1080)}/>`,
      `${rung('1079p', 1919, 1079)}>`,
      '<SegmentTemplate/>',
      '</Representation>',
      `${rung('720p', 1280, 720)}/>`,
      '</AdaptationSet></Period>',
    ];
    fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, shared.join('\n'));
    const kept = [shared[0], ...shared.slice(5)].join('\n');
    expect((await mpd(sam)).body).toBe(kept);
    // The edge, which sees names alone, is told which of them.
    const heightIn = ({ body }: { body: string }) => parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!)!.height;
    for (const ask of [main, media]) expect(heightIn(await ask(sam))).toBe(720);
    grantTo('sam');
    expect((await mpd(sam)).body).toBe(shared.join('\n'));
    expect(lines(await main(sam))).toHaveLength(3);
    for (const ask of [main, media]) expect(heightIn(await ask(sam))).toBeUndefined();
  });

  it('says so where nothing is as small, and waits where it is being made', async () => {
    grantTo('sam', { maxHeight: 240 });
    const sam = await as({ sub: 'sam' });
    put({ visibility: 'entitled' });
    expect(problem(await main(sam))).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('240 lines') as string,
    });
    put({ visibility: 'entitled', status: 'playable' });
    expect(problem(await main(sam))).toMatchObject({ code: 'not-ready' });
  });

  it('of an address or a site is held against what CloudFront and the browser say', async () => {
    put({ visibility: 'entitled' });
    grantTo('sam', { ip: '2001:db8::7', sites: ['https://a.example'] });
    const status = async (headers: object) => (await main({ ...(await as({ sub: 'sam' })), headers })).statusCode;
    const through = (ip: string) => ({ 'x-forwarded-for': `192.0.2.1, ${ip}, 130.176.0.1` });
    expect(await status(through('2001:DB8:0::7'))).toBe(200);
    expect(await status(through('2001:db8::8'))).toBe(403);
    expect(await status({})).toBe(403);
    expect(await status({ ...through('2001:db8::7'), origin: 'https://a.example' })).toBe(200);
    expect(await status({ ...through('2001:db8::7'), origin: 'https://video.example' })).toBe(200);
    expect(await status({ ...through('2001:db8::7'), origin: 'https://b.example' })).toBe(403);
    const plain = { ...through('2001:db8::7'), 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'video' };
    expect(await status({ ...plain, referer: 'https://a.example/' })).toBe(200);
    expect(await status(plain)).toBe(403);
  });
});

it('a file of a video is given to the owner and admins themselves, and not to who has a token of theirs', async () => {
  put();
  vi.stubEnv('DOWNLOADS', 'owner');
  const file = async (options: Call) => {
    const answer = await call('GET /api/play/{id}/mp4/{file}', { ...options, params: { file: '999p.mp4' } });
    return [answer.statusCode, problem(answer).code];
  };
  for (const claims of [{ sub: 'olga' }, { sub: 'ada', groups: ['admin'] }]) {
    const { token } = JSON.parse((await tokens({ claims: claims as never, body: {} })).body) as { token: string };
    expect((await main({ query: { token } })).statusCode).toBe(200);
    expect(await file({ query: { token } })).toEqual([403, 'forbidden']);
    // Let in, to a rung that is none.
    expect(await file(await as(claims))).toEqual([404, 'not-found']);
    vi.stubEnv('DOWNLOADS', 'viewers');
    expect(await file({ query: { token } })).toEqual([404, 'not-found']);
    vi.stubEnv('DOWNLOADS', 'owner');
  }
});

describe('a country', () => {
  const from = (country?: string) => ({ headers: { 'cloudfront-viewer-country': country } });
  const placeIn = ({ body }: { body: string }) => parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!)!.country;

  it('is where CloudFront says, and stands in the ticket where a grant hangs on it', async () => {
    put({ visibility: 'entitled' });
    const sam = await as({ sub: 'sam' });
    grantTo('sam', { countries: { only: ['DE', 'AT'] } });
    fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
    for (const ask of [main, media]) expect(placeIn(await ask({ ...sam, ...from('AT') }))).toBe('AT');
    for (const country of ['US', 'at', 'AT, US', '', undefined])
      expect(problem(await main({ ...sam, ...from(country) }))).toMatchObject({ code: 'forbidden' });
    grantTo('sam');
    expect(placeIn(await main({ ...sam, ...from('US') }))).toBeUndefined();
  });

  it('keeps a public video from whoever is there, and from whom nobody knows where they are', async () => {
    put({ visibility: 'public' });
    grantTo('\neveryone', { effect: 'deny', countries: { except: ['DE'] } });
    expect(placeIn(await main(from('DE')))).toBe('DE');
    for (const country of ['US', undefined])
      expect(problem(await main(from(country)))).toMatchObject({ code: 'forbidden' });
    expect((await main({ ...(await as()), ...from('US') })).statusCode).toBe(200);
    fake.grants.delete(`${ID}/\neveryone`);
  });
});

it('an address stands in the ticket of who else watches, where a grant denies it', async () => {
  put({ visibility: 'public' });
  const from = (ip?: string) => ({ headers: { 'x-forwarded-for': ip && `${ip}, 130.176.0.1` } });
  const addressIn = ({ body }: { body: string }) => parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!)!.ip;
  expect(addressIn(await main(from('192.0.2.8')))).toBeUndefined();
  grantTo('\neveryone', { effect: 'deny', ip: '192.0.2.7' });
  fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
  for (const ask of [main, media]) expect(addressIn(await ask(from('192.0.2.8')))).toBe('c0000208');
  for (const ip of ['192.0.2.7', '::ffff:192.0.2.7', undefined])
    expect(problem(await main(from(ip)))).toMatchObject({ code: 'forbidden' });
  expect(addressIn(await main({ ...(await as()), ...from('192.0.2.7') }))).toBeUndefined();
});

describe('the signature', () => {
  it('opens this video, for twelve hours, and no other', async () => {
    put();
    const { body } = await main(await as());
    const query = /VALUE="([^"]+)"/.exec(body)![1]!;
    const path = pathOf(query)!;
    expect(path).toMatch(new RegExp(`^/vod/${ID}/s/[0-9a-z]{7}[A-Za-z0-9]{16}\\.[\\w-]{11}\\.-\\.-/$`));
    const end = opensUntil(`${path}r3/video/720p/00001.m4s`, query)!;
    expect(Math.abs(end - (Date.now() / 1000 + 12 * 3600))).toBeLessThan(60);
    expect(opensUntil(`${path.replace(ID, OTHER_ID)}r3/video/720p/00001.m4s`, query)).toBeUndefined();
    expect(body).toContain(`\n${path}r3/video/720p.m3u8?{$auth}\n`);
  });

  it('opens nothing without its own ticket: none is made that does', async () => {
    put({ hasStoryboard: true, visibility: 'public' });
    fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
    fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, `<MPD><BaseURL>/vod/${ID}/r3/?{$auth}</BaseURL></MPD>`);
    fake.objects.set(`/media/vod/${ID}/r3/storyboard.vtt`, `/vod/${ID}/r3/storyboard/00000-1.jpg?{$auth}#xywh=0,0,1,1`);
    const other = pathOf((await main()).body)!;
    for (const who of [{}, await as()])
      for (const ask of [main, media, mpd, (options: Call) => call('GET /api/play/{id}/storyboard.vtt', options)])
        for (const query of [{}, { cookies: '1' }, { expand: '1' }, { session: 'of-a-player-of-ours' }]) {
          const { body, cookies = [] } = await ask({ ...who, query });
          const text = `${body}\n${cookies.join('\n')}`.replaceAll('&amp;', '&');
          for (const [query] of text.matchAll(/Policy=[A-Za-z0-9&=~_-]+/g)) {
            const path = pathOf(query)!;
            expect(path).toMatch(new RegExp(`^/vod/${ID}/s/[^/]{29,}/(r3/storyboard/)?$`));
            expect(path).not.toBe(other);
            expect(opensUntil(`/vod/${ID}/r3/video/720p/00001.m4s`, query)).toBeUndefined();
          }
          expect(body.replaceAll(/\/vod\/[^/]+\/s\/[^/]{29,}\//g, '')).not.toContain('/vod/');
        }
  });

  it('of a player that renews is short, and the next one is for the same address', async () => {
    put();
    const query = { session: 'of-a-player-of-ours' };
    const paths = [];
    for (const { body } of [await main({ ...(await as()), query }), await main({ ...(await as()), query })]) {
      const signed = /VALUE="([^"]+)"/.exec(body)![1]!;
      paths.push(pathOf(signed)!);
      expect(Math.abs(opensUntil(`${pathOf(signed)}x`, signed)! - (Date.now() / 1000 + 600))).toBeLessThan(60);
    }
    expect(paths[1]).toBe(paths[0]);
    const [another, anotherAgain] = [await main(await as()), await main(await as())];
    expect(new Set([paths[0], pathOf(another.body), pathOf(anotherAgain.body)]).size).toBe(3);
  });

  it('outlasts a video longer than that', async () => {
    put({ duration: 20 * 3600 });
    const query = /VALUE="([^"]+)"/.exec((await main(await as())).body)![1]!;
    expect(Math.abs(opensUntil(`${pathOf(query)}x`, query)! - (Date.now() / 1000 + 21 * 3600))).toBeLessThan(60);
  });
});

describe('playback tokens', () => {
  it('are minted for whoever may watch, and open the manifest', async () => {
    put({ visibility: 'entitled', status: 'probed' });
    grantTo('gus');
    const answer = await tokens({ claims: { sub: 'gus' }, body: { expiresIn: 120 } });
    expect(answer.statusCode).toBe(201);
    const { token, url, expiresAt } = JSON.parse(answer.body) as { token: string; url: string; expiresAt: string };
    expect(url).toBe(`/api/play/${ID}/main.m3u8?token=${token}`);
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 120_000)).toBeLessThan(30_000);
    put({ visibility: 'entitled' });
    expect(await main({ query: { token } })).toMatchObject({ statusCode: 200 });
    fake.grants.clear();
    expect(problem(await main({ query: { token } }))).toMatchObject({ code: 'forbidden' });
  });

  it('last an hour when nothing is asked, and no longer when more is', async () => {
    put();
    const { expiresAt } = JSON.parse((await tokens({ claims: { sub: 'olga' } })).body) as { expiresAt: string };
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000)).toBeLessThan(30_000);
    const more = await tokens({ claims: { sub: 'olga' }, body: { expiresIn: 3601 } });
    expect(more.statusCode).toBe(400);
    expect(problem(more).limit).toEqual({ name: 'playback.tokenMinutes', value: 60, unit: 'minutes' });
  });

  it('are not minted for a stranger', async () => {
    put();
    expect((await tokens({ claims: { sub: 'sam' } })).statusCode).toBe(403);
    expect((await tokens({})).statusCode).toBe(401);
  });

  it('of another video, or broken, are refused even where none is needed', async () => {
    put({ visibility: 'public' });
    const other = await mintToken(tokenKeys, { subject: 'olga', groups: [] }, OTHER_ID, 'manifest', soon());
    for (const token of [other, 'x.y.z', ''])
      expect(problem(await main({ query: { token } }))).toMatchObject({ code: 'invalid-token' });
  });
});

describe('the expanded way', () => {
  beforeEach(() => void fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST));
  const tokenIn = (body: string) => /\/video\/720p\.m3u8\?token=(\S+)/.exec(body)![1]!;

  it('lists media playlists of the API, which sign every URL until the first signature ends', async () => {
    put();
    const token = tokenIn((await main({ ...(await as()), query: { expand: '1' } })).body);
    const { statusCode, body } = await media({ query: { token } });
    expect(statusCode).toBe(200);
    expect(body).not.toMatch(/DEFINE|\{\$/);
    const path = pathOf(body)!;
    const query = new RegExp(`\n${path}r3/video/720p/00001.m4s\\?(\\S+)\n`).exec(body)![1]!;
    expect(body).toContain(`#EXT-X-MAP:URI="${path}r3/video/720p/init.mp4?${query}"`);
    expect(Math.abs(opensUntil(`${path}r3/video/720p/00001.m4s`, query)! - Date.now() / 1000 - 12 * 3600)).toBeLessThan(
      60,
    );
    // Of the same session, whoever's header comes with it; of another's it is none.
    expect(pathOf((await media({ query: { token }, ...(await as()) })).body)).toBe(path);
    const admin = await media({ query: { token }, ...(await as({ sub: 'anna', groups: ['admin'] })) });
    expect(admin.statusCode).toBe(200);
    expect(pathOf(admin.body)).not.toBe(path);
  });

  it('asks again who may watch, at every media playlist', async () => {
    put({ visibility: 'entitled' });
    grantTo('gus');
    const token = tokenIn((await main({ ...(await as({ sub: 'gus' })), query: { expand: '1' } })).body);
    fake.grants.clear();
    expect(problem(await media({ query: { token } }))).toMatchObject({ code: 'forbidden' });
    expect(problem(await media())).toMatchObject({ code: 'unauthorized' });
  });

  it('hands out tokens that cannot renew themselves', async () => {
    put();
    const token = tokenIn((await main({ ...(await as()), query: { expand: '1' } })).body);
    expect(problem(await main({ query: { token } }))).toMatchObject({ code: 'invalid-token' });
    const ticket = ticketIn(pathOf((await media({ query: { token } })).body)!, `vod/${ID}/`)!;
    const short = await mintToken(tokenKeys, { subject: 'olga', groups: [] }, ID, 'playlists', soon(), ticket);
    const query = /00001\.m4s\?(\S+)/.exec((await media({ query: { token: short } })).body)![1]!;
    expect(opensUntil(`${pathOf(query)}x`, query)! - Date.now() / 1000).toBeLessThan(61);
  });

  it('needs no token for a public video, and has one all the same, which names the session', async () => {
    put({ visibility: 'public' });
    const token = tokenIn((await main({ query: { expand: '1' } })).body);
    const paths = [];
    for (const query of [{ token }, { token }, {}]) {
      const { statusCode, body } = await media({ query });
      expect(statusCode).toBe(200);
      paths.push(pathOf(body));
    }
    expect(paths[1]).toBe(paths[0]);
    expect(paths[2]).not.toBe(paths[0]);
    expect(problem(await main({ query: { token } }))).toMatchObject({ code: 'invalid-token' });
    put();
    expect(problem(await media({ query: { token } }))).toMatchObject({ code: 'unauthorized' });
  });

  it('knows no rendition but the published ones, and says when one is gone', async () => {
    put({ visibility: 'public' });
    for (const params of [
      { playlist: '540p.m3u8' },
      { kind: 'audio', playlist: '720p.m3u8' },
      { playlist: '360p.m3u8' },
    ])
      expect(problem(await media({ params }))).toMatchObject({ code: 'not-found' });
    expect(fake.asked.filter((one) => one.startsWith('GetObject'))).toEqual([
      `GetObject /media/vod/${ID}/r3/video/360p.m3u8`,
    ]);
    expect(problem(await media({ params: { playlist: '../main.m3u8' } }))).toMatchObject({ code: 'invalid-request' });
  });

  it('refuses a playlist that would not fit an answer', async () => {
    put({ visibility: 'public' });
    const long = `#EXTM3U\n${'#EXTINF:1,\n720p/00001.m4s?{$auth}\n'.repeat(15_000)}`;
    fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, long);
    expect(problem(await media())).toMatchObject({ code: 'too-large', limit: { unit: 'bytes' } });
  });
});

describe('the cookie way', () => {
  it('sets four cookies that open this video', async () => {
    put();
    const { cookies = [], body } = await main({ ...(await as()), query: { cookies: '1' } });
    const pairs = cookies.map((cookie) => /^([^=]+)=([^;]+); (.*)$/.exec(cookie)!.slice(1) as [string, string, string]);
    expect(pairs.map(([name]) => name).sort()).toEqual([
      'CloudFront-Hash-Algorithm',
      'CloudFront-Key-Pair-Id',
      'CloudFront-Policy',
      'CloudFront-Signature',
    ]);
    const path = new RegExp(`\n(/vod/${ID}/s/[^/]+/)r3/video/720p[.]m3u8\n`).exec(body)![1]!;
    for (const [, , attributes] of pairs)
      expect(attributes).toMatch(new RegExp(`^Path=${path}; Max-Age=4\\d{4}; HttpOnly; SameSite=Lax; Secure$`));
    const request = {
      scheme: 'https' as const,
      host: 'video.example',
      cookies: pairs.map(([name, value]) => [name, value] as const),
      ip: '::1',
      now: Date.now() / 1000,
    };
    expect(checkSignature({ ...request, target: parseTarget(`${path}r3/a?signed=cookie`) }, keys)).toBeUndefined();
    expect(checkSignature({ ...request, target: parseTarget(`/vod/${OTHER_ID}/r3/a`) }, keys)).toBeDefined();
    expect(checkSignature({ ...request, target: parseTarget(`/vod/${ID}/r3/a`) }, keys)).toBeDefined();
    expect(body).not.toContain('Signature');
  });

  it('goes with the expanded one: no signature and no variable anywhere', async () => {
    put();
    fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
    const answer = await main({ ...(await as()), query: { cookies: '1', expand: '1' } });
    expect(answer.cookies).toHaveLength(4);
    const token = /\/video\/720p\.m3u8\?cookies=1&token=(\S+)/.exec(answer.body)![1]!;
    const { body } = await media({ query: { cookies: '1', token } });
    const [path] = /Path=([^;]+)/.exec(answer.cookies![0]!)!.slice(1);
    expect(body).toContain(`\n${path}r3/video/720p/00001.m4s\n`);
    expect(answer.body + body).not.toMatch(/Signature|\{\$/);
  });
});

describe('the MPD', () => {
  const SHARED =
    '<MPD><BaseURL>/vod/x/r3/</BaseURL><SegmentTemplate initialization="a.mp4?{$auth}" media="b.m4s?{$auth}"/></MPD>';
  beforeEach(() => void fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, SHARED));

  it('is signed for the whole video, in every address, in XML', async () => {
    put();
    const answer = await mpd(await as());
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/dash+xml', 'cache-control': 'no-store' },
    });
    const queries = [...answer.body.matchAll(/\?([^"]+)"/g)].map(([, query]) => query!);
    expect(queries).toHaveLength(2);
    for (const query of queries) {
      expect(query.replaceAll('&amp;', '')).not.toContain('&');
      const end = opensUntil(`${pathOf(query)}r3/video/720p/00001.m4s`, query.replaceAll('&amp;', '&'))!;
      expect(Math.abs(end - (Date.now() / 1000 + 12 * 3600))).toBeLessThan(60);
    }
  });

  it('has bare addresses beside four cookies', async () => {
    put();
    const { body, cookies = [] } = await mpd({ ...(await as()), query: { cookies: '1' } });
    expect(cookies).toHaveLength(4);
    expect(body).toContain('initialization="a.mp4" media="b.m4s"');
  });

  it('asks who may watch as the playlist does, by token too', async () => {
    put();
    expect(problem(await mpd())).toMatchObject({ code: 'unauthorized' });
    expect(problem(await mpd(await as({ sub: 'sam' })))).toMatchObject({ code: 'forbidden' });
    const token = (use: 'manifest' | 'playlists') =>
      mintToken(tokenKeys, { subject: 'olga', groups: [] }, ID, use, soon());
    expect(await mpd({ query: { token: await token('manifest') } })).toMatchObject({ statusCode: 200 });
    expect(problem(await mpd({ query: { token: await token('playlists') } }))).toMatchObject({ code: 'invalid-token' });
    put({ status: 'deleted' });
    expect(problem(await mpd(await as()))).toMatchObject({ code: 'not-found' });
  });

  it.each([
    ['is not there before anything is', { status: 'probed', revision: 0 }, true, 409, 'not-ready'],
    ['is not there while a video grows', { status: 'playable' }, false, 409, 'not-ready'],
    ['was not made by earlier versions', {}, false, 404, 'not-found'],
    ['is none of MPEG-TS', { segmentType: 'mpegts' }, true, 409, 'conflict'],
    ['is none of segments encrypted as a whole', { encryption: 'aes-128', keySegments: 50 }, true, 409, 'conflict'],
  ] as const)('%s', async (_, over, isThere, status, code) => {
    put(over);
    if (!isThere) fake.objects.clear();
    const answer = await mpd(await as());
    expect([answer.statusCode, problem(answer).code]).toEqual([status, code]);
  });
});

describe('pictures for scrubbing', () => {
  const list = (options: Call = {}) => call('GET /api/play/{id}/storyboard.vtt', options);
  const SHARED = `WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n/vod/${ID}/r3/storyboard/00000-1.jpg?{$auth}#xywh=0,0,160,90\n`;
  beforeEach(() => void fake.objects.set(`/media/vod/${ID}/r3/storyboard.vtt`, SHARED));

  it('are signed as the video is, or bare beside cookies', async () => {
    put({ hasStoryboard: true });
    const { statusCode, headers, body } = await list(await as());
    expect([statusCode, headers!['content-type']]).toEqual([200, 'text/vtt']);
    const [, path, query] = /\n(\S+)\?(\S+)#xywh=0,0,160,90\n/.exec(body)!;
    // Soon over by itself: no session ends it.
    const end = opensUntil(path!, query!)!;
    expect(Math.abs(end - Date.now() / 1000 - 3600)).toBeLessThan(60);
    // The pictures and no more, or it would be a way to play that nobody counts.
    expect(opensUntil(path!.replace('storyboard/00000-1.jpg', 'video/720p/00001.m4s'), query!)).toBeUndefined();
    expect(fake.asked).not.toContain('UpdateItem sessions');
    const bare = await list({ ...(await as()), query: { cookies: '1' } });
    expect(bare.cookies).toHaveLength(4);
    expect(bare.body).toContain('/00000-1.jpg#xywh=0,0,160,90\n');
  });

  it('are for who may watch, where there are any', async () => {
    put({ hasStoryboard: true });
    expect(problem(await list())).toMatchObject({ code: 'unauthorized' });
    expect(problem(await list(await as({ sub: 'sam' })))).toMatchObject({ code: 'forbidden' });
    put();
    expect(problem(await list(await as()))).toMatchObject({ code: 'not-found' });
  });
});

it('the address of events says how many seconds the video has, in either manifest, so that none beyond is counted', async () => {
  const secondsOf = ({ headers }: Awaited<ReturnType<typeof call>>) => {
    const to = new URL(String(headers?.['sluice-events'])).searchParams.get('to')!;
    const address = parseAddress(to.slice(0, to.lastIndexOf('.')));
    expect(address?.what).toBe(`vod/${ID}`);
    return address?.seconds;
  };
  put({ duration: 119.2 });
  fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, '<MPD/>');
  expect(secondsOf(await main(await as()))).toBe(120);
  expect(secondsOf(await mpd(await as()))).toBe(120);
  put({ duration: null });
  expect(secondsOf(await main(await as()))).toBeUndefined();
});

it('HEAD of a manifest is answered as GET would be, and is no play start', async () => {
  put();
  fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, '<MPD/>');
  fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
  const params = { kind: 'video', playlist: '720p.m3u8' };
  for (const path of ['/api/play/{id}/main.m3u8', '/api/play/{id}/manifest.mpd', '/api/play/{id}/{kind}/{playlist}']) {
    const [head, get] = [
      await call(`HEAD ${path}`, { params, ...(await as()) }),
      await call(`GET ${path}`, { params, ...(await as()) }),
    ];
    // Each is another session, and so is where its events would go.
    const { 'sluice-events': events, ...headers } = get.headers as Record<string, string>;
    expect([path, head.statusCode, head.headers]).toEqual([
      path,
      200,
      events === undefined ? headers : { ...headers, 'sluice-events': expect.stringContaining('/api/events?to=v-') },
    ]);
    expect(events !== undefined).toBe(!path.includes('{kind}'));
    // A signature (ECDSA in DER) is a few bytes longer or shorter each time.
    expect(Math.abs(head.body.length - get.body.length)).toBeLessThan(16);
    expect(head.cookies).toBeUndefined();
    expect((await call(`HEAD ${path}`, { params })).statusCode).toBe(401);
  }
  expect(fake.asked.filter((one) => one === 'UpdateItem sessions')).toHaveLength(3);
  const bare = await call('HEAD /api/play/{id}/main.m3u8', { query: { cookies: '1' }, ...(await as()) });
  expect([bare.statusCode, bare.cookies]).toEqual([200, undefined]);
});
