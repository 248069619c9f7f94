/**
 * What a manifest is made of, whatever a player asks for: what is left of it, what it costs, and what is not sent again. Events in,
 * answers out, with everything it asks answered over HTTP.
 */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { z } from 'zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kept } from '../../../lambdas/playback/kept.ts';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import type { grantRow } from '../../../lib/contract/entitlement.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { playbackSecret } from '../../support/secret.ts';
import { playbackEnvironment, startFake, type Fake } from './fake-aws.ts';
import { ID, MEDIA_PLAYLIST, record } from './fixture.ts';

let fake: Fake;
let handler: (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>;
let kept: Kept;

beforeAll(async () => {
  fake = await startFake(playbackSecret('KPAIR').secret, 'console');
  for (const [name, value] of Object.entries(playbackEnvironment(fake.url))) vi.stubEnv(name, value);
  ({ handler } = await import('../../../lambdas/playback/handler.ts'));
  ({ kept } = await import('../../../lambdas/playback/media-playlist.ts'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fake.close();
});
beforeEach(() => {
  for (const rows of [fake.videos, fake.grants, fake.objects]) rows.clear();
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
  headers?: object;
}
async function call(routeKey: string, { query, authorization, params, headers }: Call = {}) {
  const answer = await handler({
    routeKey,
    pathParameters: { id: ID, ...params },
    queryStringParameters: query,
    headers: { authorization, ...headers },
    requestContext: { requestId: 'r' },
  } as unknown as ApiEvent);
  return { ...answer, body: answer.body ?? '' };
}
const main = (options: Call = {}) => call('GET /api/play/{id}/main.m3u8', options);
const mpd = (options: Call = {}) => call('GET /api/play/{id}/manifest.mpd', options);
const media = (options: Call = {}) =>
  call('GET /api/play/{id}/{kind}/{playlist}', { ...options, params: { kind: 'video', playlist: '720p.m3u8' } });
const as = async (claims: object = {}) => ({ authorization: `Bearer ${await fake.jwt({ ...claims })}` });
const problem = ({ body }: { body: string }) => JSON.parse(body) as { code: string; detail: string };
/** What was asked for, but for what is asked now and then, whoever plays. */
const often = () => fake.asked.filter((one) => !/^GetSecretValue$|^GetItem revocations$|^discovery$/.test(one));

describe('what a player asks for', () => {
  const refusal = (answer: { body: string }) => {
    const { code, detail } = problem(answer);
    return [code, detail];
  };
  const SHARED = [
    '<MPD><Period>',
    '<AdaptationSet contentType="video">',
    '<Representation id="video/1080p" bandwidth="2" codecs="avc1.640028" width="1920" height="1080" sar="1:1"/>',
    '<Representation id="video/360p" bandwidth="1" codecs="avc1.64001e" width="640" height="360" sar="1:1"/>',
    '</AdaptationSet>',
    '<AdaptationSet contentType="audio">',
    '<Representation id="audio/main" bandwidth="1" codecs="mp4a.40.2" audioSamplingRate="48000">',
    '<AudioChannelConfiguration/>',
    '</Representation>',
    '</AdaptationSet>',
    '<AdaptationSet contentType="audio">',
    '<Representation id="audio/second" bandwidth="1" codecs="mp4a.40.5" audioSamplingRate="48000">',
    '</Representation>',
    '</AdaptationSet>',
    '</Period></MPD>',
  ];
  beforeEach(() => void fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, SHARED.join('\n')));

  it('is where to begin, within the video', async () => {
    put({ hasStoryboard: true });
    const start = async (text: string) => await main({ ...(await as()), query: { start: text } });
    expect((await start('119.5')).body).toContain('\n#EXT-X-START:TIME-OFFSET=119.5,PRECISE=YES\n');
    expect((await main(await as())).body).not.toContain('EXT-X-START');
    expect(refusal(await start('120.001'))).toEqual(['invalid-request', 'query.start: the video has 120 seconds']);
    for (const wrong of ['-1', '1e3', '', '1.2345', 'NaN', '0x10', '1000000'])
      expect(refusal(await start(wrong))[1], wrong).toMatch(/^query.start: must be seconds/);
    // Nobody's place was taken by what was refused.
    expect(fake.asked.filter((one) => one === 'UpdateItem sessions')).toHaveLength(2);
  });

  it('is fewer renditions, in playlist and MPD alike', async () => {
    put();
    const query = { max_resolution: '720p', codecs: 'avc1.64001e,mp4a.40.2' };
    const { body } = await main({ ...(await as()), query });
    expect([...body.matchAll(/video\/(\d+p)[.]m3u8/g)].map(([, name]) => name)).toEqual(['360p']);
    const left = [...SHARED.slice(0, 2), ...SHARED.slice(3, 10), SHARED.at(-1)].join('\n');
    expect((await mpd({ ...(await as()), query })).body).toBe(left);
    expect((await main({ ...(await as()), query: { ...query, format: 'dash' } })).body).toBe(left);
  });

  it('is refused by name where that leaves nothing, or is nothing', async () => {
    put();
    for (const ask of [main, mpd]) {
      const answer = async (query: Record<string, string>) => refusal(await ask({ ...(await as()), query }));
      expect(await answer({ max_resolution: '240p' })).toEqual([
        'invalid-request',
        'query.max_resolution: leaves nothing of the picture, which has 1080p, 720p, 360p',
      ]);
      for (const [name, wrong] of [
        ['max_resolution', '720'],
        ['min_resolution', 'p'],
        ['codecs', 'avc1"'],
        ['codecs', ''],
      ] as const)
        expect((await answer({ [name]: wrong }))[1]).toMatch(new RegExp(`^query.${name}: `));
    }
    expect(fake.asked).not.toContain('UpdateItem sessions');
  });

  it('never is more than a grant allows', async () => {
    put({ visibility: 'entitled' });
    grantTo('sam', { maxHeight: 360 });
    const sam = await as({ sub: 'sam' });
    for (const ask of [main, mpd]) {
      expect((await ask({ ...sam, query: { max_resolution: '1080p' } })).body).not.toContain('1080p');
      expect(refusal(await ask({ ...sam, query: { min_resolution: '720p' } }))[1]).toMatch(/which has 360p$/);
    }
  });

  it('is an MPD, from the same address', async () => {
    put();
    const query = { format: 'dash' };
    const answer = await main({ ...(await as()), query });
    expect([answer.statusCode, answer.headers!['content-type']]).toEqual([200, 'application/dash+xml']);
    expect(answer.body).toBe((await mpd(await as())).body);
    expect(refusal(await main({ ...(await as()), query: { ...query, start: '3' } }))[1]).toMatch(
      /^query.start: .*#t=3/,
    );
    expect((await main({ query })).statusCode).toBe(401);
  });

  it('finds session data: the title, and the pictures for scrubbing where there are any', async () => {
    put({ hasStoryboard: true, title: 'A day out' });
    const { body } = await main(await as());
    expect(body).toContain('#EXT-X-SESSION-DATA:DATA-ID="io.sluice.title",VALUE="A day out"\n');
    expect(body).toContain(`"io.sluice.storyboard",VALUE="/api/play/${ID}/storyboard.vtt"\n`);
    put();
    expect((await main(await as())).body).not.toContain('storyboard');
  });
});

describe('what it costs', () => {
  it.each([
    ['its owner', { sub: 'olga' }, {}, '1 videos, 2 grants'],
    ['an admin', { sub: 'ada', groups: ['admin'] }, {}, '1 videos'],
    ['who has a grant', { sub: 'gus' }, { visibility: 'entitled' }, '1 videos, 2 grants'],
    ['who is in two groups', { sub: 'gus', groups: ['a', 'b'] }, { visibility: 'entitled' }, '1 videos, 4 grants'],
    ['anybody', undefined, { visibility: 'public' }, '1 videos, 1 grants'],
  ] as const)('is one batched read and one conditional write, for %s', async (_, claims, over, read) => {
    grantTo('gus');
    put(over);
    const who = claims === undefined ? {} : await as(claims);
    expect((await main(who)).statusCode).toBe(200);
    expect(often()).toEqual([`BatchGetItem ${read}`, 'UpdateItem sessions']);
  });

  it('is a second read of what only the record names', async () => {
    put({ visibility: 'entitled', tags: ['tour'] });
    grantTo('gus', { videoId: 'tag:tour' });
    expect((await main(await as({ sub: 'gus' }))).statusCode).toBe(200);
    expect(often()).toEqual(['BatchGetItem 1 videos, 2 grants', 'BatchGetItem 2 grants', 'UpdateItem sessions']);
  });

  it('is no read of what never changes, and each time one of the right', async () => {
    put({ visibility: 'entitled', hasStoryboard: true });
    grantTo('gus');
    const gus = await as({ sub: 'gus' });
    const folder = `/media/vod/${ID}/r3`;
    fake.objects.set(`${folder}/manifest.mpd`, '<MPD/>');
    fake.objects.set(`${folder}/storyboard.vtt`, 'WEBVTT\n');
    fake.objects.set(`${folder}/video/720p.m3u8`, MEDIA_PLAYLIST);
    const list = (options: Call) => call('GET /api/play/{id}/storyboard.vtt', options);
    for (const ask of [mpd, media, list]) {
      for (let times = 0; times < 3; times += 1) expect((await ask(gus)).statusCode).toBe(200);
      fake.grants.clear();
      expect((await ask(gus)).statusCode).toBe(403);
      grantTo('gus');
    }
    expect(fake.asked.filter((one) => one.startsWith('GetObject'))).toHaveLength(3);
    expect(fake.asked.filter((one) => one.includes('grants'))).toHaveLength(12);
  });

  it('is a read each time of what still grows', async () => {
    put({ status: 'playable' });
    const growing = MEDIA_PLAYLIST.replace('#EXT-X-ENDLIST\n', '');
    const key = `/media/vod/${ID}/r3/video/720p.m3u8`;
    const who = await as();
    fake.objects.set(key, growing);
    expect((await media(who)).body).not.toContain('ENDLIST');
    fake.objects.set(key, MEDIA_PLAYLIST);
    expect((await media(who)).body).toContain('ENDLIST');
    const dash = `/media/vod/${ID}/r3/manifest.mpd`;
    fake.objects.set(dash, '<MPD/>');
    expect((await mpd(who)).body).toBe('<MPD/>');
    // A ladder that is made later adds rungs to the same one.
    const { renditions } = record();
    put({ renditions: renditions.slice(1) });
    expect((await mpd(who)).body).toBe('<MPD/>');
    fake.objects.set(dash, '<MPD><!-- more --></MPD>');
    expect((await mpd(who)).body).toBe('<MPD/>');
    put({ renditions });
    expect((await mpd(who)).body).toContain('more');
  });
});

describe('what somebody has already', () => {
  const tokenIn = (body: string) => /\/video\/720p\.m3u8\?token=(\S+)/.exec(body)![1]!;
  const having = (etag: string): Call => ({ headers: { 'if-none-match': etag } });
  beforeEach(() => void fake.objects.set(`/media/vod/${ID}/r3/video/720p.m3u8`, MEDIA_PLAYLIST));

  it('is not sent again of a media playlist of the same session', async () => {
    put({ visibility: 'entitled' });
    grantTo('gus');
    const begin = async () => tokenIn((await main({ ...(await as({ sub: 'gus' })), query: { expand: '1' } })).body);
    const [token, another] = [await begin(), await begin()];
    const first = await media({ query: { token } });
    const etag = String(first.headers!['etag']);
    expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
    for (const known of [etag, etag.slice(2), `"other", ${etag}`, '*'])
      expect(await media({ query: { token }, ...having(known) }), known).toEqual({
        statusCode: 304,
        headers: { 'cache-control': 'no-store', etag },
        body: '',
      });
    for (const [query, known] of [
      [{ token }, '"other"'],
      [{ token: another }, etag],
      [{ token, cookies: '1' }, etag],
    ] as const)
      expect((await media({ query, ...having(known) })).statusCode).toBe(200);
    const params = { kind: 'video', playlist: '720p.m3u8' };
    const head = await call('HEAD /api/play/{id}/{kind}/{playlist}', { query: { token }, params, ...having(etag) });
    expect(head.statusCode).toBe(304);

    // Whoever lost the right is told so, whatever they have.
    fake.grants.clear();
    for (const known of [etag, '*'])
      expect(problem(await media({ query: { token }, ...having(known) }))).toMatchObject({ code: 'forbidden' });
    grantTo('gus');
    put({ visibility: 'entitled', status: 'deleted' });
    expect((await media({ query: { token }, ...having(etag) })).statusCode).toBe(404);
  });

  it('is another each time of what begins a session, or signs anew', async () => {
    put({ hasStoryboard: true });
    fake.objects.set(`/media/vod/${ID}/r3/manifest.mpd`, '<MPD/>');
    fake.objects.set(`/media/vod/${ID}/r3/storyboard.vtt`, 'WEBVTT\n');
    const who = await as();
    for (const ask of [main, mpd, media, (options: Call) => call('GET /api/play/{id}/storyboard.vtt', options)]) {
      const { statusCode, headers } = await ask({ ...who, ...having('*') });
      expect([statusCode, headers!['etag']]).toEqual([200, undefined]);
    }
    const renewal = { ...who, query: { session: 'of-a-player-of-ours' }, ...having('*') };
    for (let times = 0; times < 2; times += 1) expect((await main(renewal)).body).toContain('Signature=');
  });

  it('is not sent again of the public keys', async () => {
    const keys = (options: Call = {}) => call('GET /api/jwks.json', options);
    const { headers, body } = await keys();
    expect(JSON.parse(body)).toHaveProperty('keys');
    const again = await keys(having(String(headers!['etag'])));
    expect([again.statusCode, again.body, again.headers!['cache-control']]).toEqual([304, '', 'public, max-age=3600']);
    expect((await keys(having('"other"'))).statusCode).toBe(200);
  });
});
