/** What others show of a video: its page for frames, oEmbed, its poster, and what is said of it; with everything they ask answered over HTTP. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { mintToken } from '../../../lambdas/playback/token.ts';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import { deviceOwner } from '../../../lib/contract/device-video.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { playbackSecret } from '../../support/secret.ts';
import { playbackEnvironment, startFake, type Fake } from './fake-aws.ts';
import { ID, OTHER_ID, record } from './fixture.ts';

const ORIGIN = 'https://video.example';
const { secret, tokens } = playbackSecret('KPAIR');
let fake: Fake;
let handler: (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>;

beforeAll(async () => {
  fake = await startFake(secret, 'console');
  for (const [name, value] of Object.entries(playbackEnvironment(fake.url))) vi.stubEnv(name, value);
  ({ handler } = await import('../../../lambdas/playback/handler.ts'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fake.close();
});
beforeEach(() => {
  fake.videos.clear();
  fake.grants.clear();
});
const put = (over: Partial<VideoRecord> = {}) =>
  void fake.videos.set(ID, record({ visibility: 'public', hasPoster: true, description: 'Said of it', ...over }));

async function ask(routeKey: string, query: Record<string, string> = {}, id = ID, headers: object = {}) {
  const answer = await handler({
    routeKey,
    pathParameters: { id },
    queryStringParameters: query,
    headers,
    requestContext: { requestId: 'r' },
  } as unknown as ApiEvent);
  return { status: answer.statusCode!, headers: answer.headers as Record<string, string>, body: answer.body ?? '' };
}
const embed = (query?: Record<string, string>, id?: string) => ask('GET /embed/{id}', query, id);
const oembed = (url: string, query: Record<string, string> = {}) => ask('GET /api/oembed', { url, ...query });
const codeOf = ({ body }: { body: string }) => (JSON.parse(body) as { code: string }).code;
const framedBy = ({ headers }: { headers: Record<string, string> }) =>
  /frame-ancestors ([^;]*)$/.exec(headers['content-security-policy']!)![1];

describe('of a public video', () => {
  it('the page for frames has the player and what unfolds it, and may be framed anywhere', async () => {
    put();
    const page = await embed();
    expect([page.status, page.headers['content-type'], page.headers['cache-control'], framedBy(page)]).toEqual([
      200,
      'text/html; charset=utf-8',
      'no-store',
      '*',
    ]);
    expect(page.body).toContain(`<sluice-player video="${ID}" heading="A video" keys="page">`);
    expect(page.body).toContain('<meta property="og:title" content="A video">');
    expect(page.body).toContain('type="application/json+oembed"');
    const head = await ask('HEAD /embed/{id}');
    expect([head.status, head.headers]).toEqual([200, page.headers]);
  });

  it('oEmbed has title, frame and poster, by either address, in JSON and XML', async () => {
    put();
    for (const path of [`/v/${ID}`, `/embed/${ID}`]) {
      const { status, body, headers } = await oembed(`${ORIGIN}${path}`, { format: 'json', maxwidth: '320' });
      expect([status, headers['content-type']]).toEqual([200, 'application/json']);
      expect(JSON.parse(body)).toMatchObject({
        type: 'video',
        title: 'A video',
        width: 320,
        height: 180,
        thumbnail_url: `${ORIGIN}/api/play/${ID}/poster`,
      });
    }
    const xml = await oembed(`${ORIGIN}/v/${ID}`, { format: 'xml' });
    expect([xml.status, xml.headers['content-type']]).toEqual([200, 'text/xml; charset=utf-8']);
    expect(xml.body).toContain('<title>A video</title>');
    for (const format of ['yaml', 'XML', '']) {
      const other = await oembed(`${ORIGIN}/v/${ID}`, { format });
      expect([other.status, codeOf(other)]).toEqual([501, 'format-unknown']);
    }
  });

  it('the poster has an address that stays and goes on to the signed one', async () => {
    put();
    const { status, headers } = await ask('GET /api/play/{id}/poster');
    expect(status).toBe(302);
    expect(headers['location']).toMatch(new RegExp(`^/vod/${ID}/r3/poster\\.jpg\\?Policy=`));
    expect(headers['cache-control']).toBe('no-store');
    put({ hasPoster: false });
    expect((await ask('GET /api/play/{id}/poster')).status).toBe(404);
  });

  it('what is said of it is title, description and date, and nothing of its owner', async () => {
    put();
    expect(JSON.parse((await ask('GET /api/play/{id}/about')).body)).toEqual({
      id: ID,
      title: 'A video',
      description: 'Said of it',
      createdAt: '2026-01-01T00:00:00.000Z',
      duration: 120,
      width: 1920,
      height: 1080,
      hasPoster: true,
      hasStoryboard: false,
    });
  });

  it('of a device does not name it', async () => {
    const device = '13912345678';
    put({
      title: `Incident of ${device}`,
      owner: deviceOwner(device),
      origin: { kind: 'incident', device, channel: 1 },
    });
    for (const { status, body } of [
      await embed(),
      await oembed(`${ORIGIN}/v/${ID}`),
      await ask('GET /api/play/{id}/about'),
    ]) {
      expect(status).toBe(200);
      expect(body).toContain('Incident of device');
      expect(body).not.toContain(device);
    }
  });
});

describe('a video that is not public', () => {
  const everything = async (id: string) =>
    [await embed({}, id), await oembed(`${ORIGIN}/v/${id}`), await oembed(`${ORIGIN}/embed/${id}`)].map(
      ({ status, body, headers }) => ({ status, headers, body: body.replace(/"requestId":"[^"]*"/, '') }),
    );

  it.each(['private', 'entitled'] as const)('and %s reads like one that is not there', async (visibility) => {
    put({ visibility });
    const found = await everything(ID);
    expect(found.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(found).toEqual(await everything(OTHER_ID));
    expect(JSON.stringify(found)).not.toContain('A video');
    expect((await embed({}, 'no-id-at-all')).body).toBe(found[0]!.body);
    expect((await oembed('https://elsewhere.example/v/x')).status).toBe(404);
  });

  it('and is shared with everyone on some sites may be framed on those', async () => {
    put({ visibility: 'entitled' });
    fake.grants.set(`${ID}/\neveryone`, {
      videoId: ID,
      subject: '\neveryone',
      grantedBy: 'olga',
      createdAt: '2026-01-01T00:00:00.000Z',
      sites: ['https://www.example.com'],
    });
    const page = await embed();
    expect([page.status, framedBy(page)]).toEqual([200, "'self' https://www.example.com"]);
    // On another page it says so, for who reads the page; and nothing where it would not play elsewhere, either.
    const framed = (site: string) =>
      ask('GET /embed/{id}', {}, ID, { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', referer: site });
    expect((await framed('https://www.example.com/')).status).toBe(200);
    const refused = await framed('https://elsewhere.example/');
    expect([refused.status, framedBy(refused)]).toEqual([403, '*']);
    expect(refused.body).toContain('<strong>Not for this page</strong>');
    expect(refused.body).not.toContain('A video');
    expect(await ask('GET /api/play/{id}/main.m3u8', {}, ID, { origin: 'https://elsewhere.example' })).toMatchObject({
      status: 403,
      body: expect.stringContaining('"site-refused"'),
    });
    put({ visibility: 'private' });
    const hidden = await framed('https://elsewhere.example/');
    expect([hidden.status, hidden.body]).toEqual([404, (await embed({}, OTHER_ID)).body]);
  });

  it('opens by a playback token in the address, and by no header of whoever asks', async () => {
    put({ visibility: 'private' });
    const olga = { subject: 'olga', groups: [] };
    const token = await mintToken(tokens, olga, ID, 'manifest', new Date(Date.now() + 60_000));
    expect((await embed({ token })).body).toContain(`token="${token}"`);
    const { body } = await oembed(`${ORIGIN}/v/${ID}?token=${token}`);
    expect(JSON.parse(body)).toMatchObject({ title: 'A video', html: expect.stringContaining(token) });
    expect(body).not.toContain('thumbnail');
    const signedIn = await ask('GET /embed/{id}', {}, ID, { authorization: `Bearer ${await fake.jwt()}` });
    expect(signedIn.status).toBe(404);
    const wrong = await embed({ token: `${token}x` });
    expect([wrong.status, wrong.body.includes('This link has ended, or is not whole')]).toEqual([401, true]);
    expect((await oembed(`${ORIGIN}/v/${ID}?token=${token}x`)).status).toBe(401);
    expect((await embed({ token: 'x'.repeat(5000) })).status).toBe(401);
  });
});
