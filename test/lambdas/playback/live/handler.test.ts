/** Live playback against the engine: states, signs of life, signed playlists live and recorded; then clips. */
import { DeleteQueueCommand, CreateQueueCommand } from '@aws-sdk/client-sqs';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Parser } from 'm3u8-parser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mintToken } from '../../../../lambdas/playback/token.ts';
import type { RouteKey } from '../../../../lib/contract/api.ts';
import { channelPrefix, initPath, livePlaylistKey, segmentPath } from '../../../../lib/contract/live-keys.ts';
import { emptyPlaylist, liveText } from '../../../../lib/contract/live-playlist.ts';
import { viewerKind } from '../../../../lib/contract/fleet.ts';
import { command } from '../../../../lib/contract/commands.ts';
import { parseTicket } from '../../../../lib/contract/ticket.ts';
import { endOf, pathOf } from '../../../../web/src/shared/signature.ts';
import { callRoute } from '../../engine.ts';
import { startFleet, type Fleet } from '../../devices/fleet.ts';

let fleet: Fleet;
let handler: typeof import('../../../../lambdas/playback/live/handler.ts').handler;
let device: ReturnType<Fleet['device']>;
let id: string;
let count = 0;

beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../../lambdas/playback/live/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());
beforeEach(async () => {
  count += 1;
  id = `138${String(count).padStart(8, '0')}`;
  device = fleet.device(id);
  await device.register();
  await fleet.sent();
});

interface Play {
  /** Undefined: anonymous. */
  readonly as?: string | undefined;
  readonly groups?: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly channel?: number;
}
async function ask(route: RouteKey, { as = 'vera', groups, query, channel = 1 }: Play = {}) {
  const answer = await handler({
    routeKey: route,
    pathParameters: { id, channel: String(channel) },
    queryStringParameters: query,
    headers: as === '' ? {} : { authorization: await fleet.bearer(as, groups) },
    requestContext: { requestId: 'test' },
  } as never);
  const body = answer.body ?? '';
  return {
    status: answer.statusCode,
    body,
    json: (body.startsWith('{') ? JSON.parse(body) : undefined) as Record<string, never> | undefined,
    cookies: answer.cookies ?? [],
  };
}
const main = (play?: Play) => ask('GET /api/play/live/{id}/{channel}/main.m3u8', play);
const media = (play?: Play) => ask('GET /api/play/live/{id}/{channel}/live.m3u8', play);
const state = (play?: Play) => ask('GET /api/play/live/{id}/{channel}/state', play);
const goodbye = (session: string) => ask('POST /api/play/live/{id}/{channel}/goodbye', { as: '', query: { session } });

const LIVE = { codecs: 'avc1.64001e,mp4a.40.2', width: 704, height: 576, frameRate: 15, bandwidth: 512_000 };
const session = (name: string) => name.padEnd(16, '0');
/** Path that the first signature in a text is for. */
const below = (text: string) => pathOf(text)!;
const watchedUntil = async (channel = 1) => {
  const record = await fleet.get('DEVICES_TABLE', { id });
  return (record!['watched'] as Record<string, string>)[String(channel)];
};
const viewers = async (name: string) => fleet.get('FLEET_TABLE', { kind: viewerKind(id, 1), id: session(name) });

describe('who may watch', () => {
  it.each([
    ['a viewer of the device', { as: 'vera' }, 409],
    ['an admin', { as: 'ada', groups: ['admin'] }, 409],
    ['an uploader who is no viewer', { as: 'olga', groups: ['uploader'] }, 404],
    ['a stranger', { as: 'sam' }, 404],
    ['nobody', { as: '' }, 401],
    ['a wrong token', { as: '', query: { token: 'x.y.z' } }, 401],
  ])('%s', async (_, who, status) => {
    for (const answer of [await main(who), await state(who)])
      expect([answer.status === 200 ? 409 : answer.status]).toEqual([status]);
    if (status !== 409) {
      expect(await fleet.sent()).toEqual([]);
      expect(await watchedUntil()).toBeUndefined();
    }
  });

  it('a playback token opens one channel of one device, as the person who minted it', async () => {
    await device.connect();
    await device.stream(1, 'live', LIVE);
    const mint = (as: string, channel = 1) =>
      callRoute(handler, 'POST /api/devices/{id}/tokens', { as: { sub: as }, params: { id }, body: { channel } });
    expect(await mint('sam')).toMatchObject({ status: 404 });
    expect(await mint('vera', 9)).toMatchObject({ status: 404 });
    const { status, json } = await mint('vera');
    expect([status, json.url]).toEqual([201, `/api/play/live/${id}/1/main.m3u8?token=${json.token}`]);
    const query = { token: json.token };
    expect((await main({ as: '', query })).status).toBe(200);
    expect((await main({ as: '', query, channel: 2 })).status).toBe(401);
    await device.set('viewers', []);
    expect((await main({ as: '', query })).status).toBe(404);
  });
});

describe('an on-demand channel', () => {
  it('is offline while the device is; that somebody waits is kept', async () => {
    expect(await main()).toMatchObject({ status: 409, json: { code: 'not-live', state: 'offline' } });
    expect(await watchedUntil()).toBeDefined();
    await device.connect('dead0001');
    expect(await main()).toMatchObject({ status: 409, json: { state: 'offline' } });
    expect(await fleet.sent()).toEqual([]);
  });

  it('is asked for by the first play, starting until its task says live, and then plays', async () => {
    await device.connect();
    const before = Date.now();
    expect(await main()).toMatchObject({ status: 409, json: { code: 'not-live', state: 'starting' } });
    const [start, ...more] = await fleet.sent();
    expect(more).toEqual([]);
    expect(command.parse(start)).toMatchObject({ type: 'start', device: id, channel: 1, stream: 'main' });
    await device.stream(1, 'starting');
    expect(await main()).toMatchObject({ status: 409, json: { state: 'starting' } });
    await device.stream(1, 'live', LIVE);
    const { status, body } = await main();
    expect(status).toBe(200);
    const query = /VALUE="([^"]+)"/.exec(body)![1]!;
    const path = below(query);
    const [, events] = /DATA-ID="io\.sluice\.events",VALUE="([^"]+)"/.exec(body)!;
    expect(events).toContain('/api/events?to=l-13800000009-1.');
    expect(body).toBe(
      `#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME="auth",VALUE="${query}"\n` +
        `#EXT-X-SESSION-DATA:DATA-ID="io.sluice.events",VALUE="${events}"\n` +
        '#EXT-X-STREAM-INF:BANDWIDTH=512000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=704x576,FRAME-RATE=15.000,CLOSED-CAPTIONS=NONE\n' +
        `${path}live.m3u8?{$auth}\n`,
    );
    // Ten minutes, and then a player must show that it is still there.
    const segment = `${path}rec/x.m4s?${query}`;
    expect(fleet.refusal(segment)).toBeUndefined();
    expect(fleet.refusal(segment, 590)).toBeUndefined();
    expect(fleet.refusal(segment, 605)).toMatchObject({ code: 'AccessDenied' });
    for (const other of [`/live/${id}/2/`, `/live/${id}9/1/`, `/live/${id}/1/`, `/live/${id}/1/s/`])
      expect(fleet.refusal(`${other}live.m3u8?${query}`)).toBeDefined();
    expect(fleet.refusal(`${path.replace('/1/', '/2/')}live.m3u8?${query}`)).toBeDefined();
    expect(Date.parse((await watchedUntil())!)).toBeGreaterThanOrEqual(before + 600_000);
  });

  it('is busy while its task says so, and is not asked for then', async () => {
    await device.connect();
    await device.stream(1, 'busy', { reason: 'The task receives as many streams as it may.' });
    expect(await main()).toMatchObject({
      status: 409,
      json: { state: 'busy', detail: expect.stringContaining('as many') as string },
    });
    expect(await fleet.sent()).toEqual([]);
  });

  it('that came to nothing says why for ten seconds, before it is asked for again', async () => {
    await device.connect();
    const query = { session: session('one') };
    const reason = 'The device accepted the request but sent no picture.';
    const since = (ms: number) => new Date(Date.now() - ms).toISOString();
    await device.set('streams.1', { state: 'offline', reason, since: since(0) });
    expect(await state({ query })).toMatchObject({ status: 200, json: { state: 'offline', reason } });
    expect(await main()).toMatchObject({ status: 409, json: { state: 'offline', detail: reason } });
    expect(await fleet.sent()).toEqual([]);
    await device.set('streams.1', { state: 'offline', reason, since: since(10_000) });
    expect(await state({ query })).toMatchObject({ status: 200, json: { state: 'starting' } });
    expect(await fleet.sent()).toMatchObject([{ type: 'start' }]);
  });

  it('that nothing ever came of says that, though no task wrote it', async () => {
    await device.connect();
    await device.stream(1, 'starting', { since: new Date(Date.now() - 21_000).toISOString() });
    const { json } = await state({ query: { session: session('one') } });
    expect(json).toMatchObject({ state: 'offline', reason: expect.stringContaining('sent no picture') as string });
    expect(await fleet.sent()).toEqual([]);
  });

  it('of which only sound is received says so, for as long as that is so, and is watched', async () => {
    await device.connect();
    const reason = 'The device sends sound but no picture.';
    await device.stream(1, 'offline', { reason, since: new Date(Date.now() - 60_000).toISOString() });
    const query = { session: session('one') };
    expect(await state({ query })).toMatchObject({ status: 200, json: { state: 'offline', reason } });
    expect(await fleet.sent()).toEqual([]);
    expect(await watchedUntil()).toBeDefined();
  });

  it('asked about without a session is only looked at', async () => {
    await device.connect();
    expect(await state()).toMatchObject({ status: 200, json: { state: 'offline' } });
    expect(await fleet.sent()).toEqual([]);
    expect(await watchedUntil()).toBeUndefined();
  });

  it('goes on while players renew: each renewal is a sign of life, and brings the next signature', async () => {
    await device.connect();
    const query = { session: session('one') };
    expect(await state({ query })).toMatchObject({ status: 200, json: { state: 'starting' } });
    await device.stream(1, 'live', LIVE);
    const { json } = await state({ query });
    const { signature } = json as unknown as { signature: { query: string; expiresAt: string } };
    expect(fleet.refusal(`${below(signature.query)}live.m3u8?${signature.query}`)).toBeUndefined();
    expect(await watchedUntil()).toBe(signature.expiresAt);
    // Even live: the task may be about to stop it.
    expect(await fleet.sent()).toMatchObject([{ type: 'start' }, { type: 'start' }]);
    expect((await viewers('one'))!['expiresAt']).toBe(Math.ceil(Date.parse(signature.expiresAt) / 1000));
    // The playlist belongs to the same session, and so does what the next asking brings.
    const again = (await state({ query })).json as unknown as { signature: { query: string } };
    expect(below(again.signature.query)).toBe(below(signature.query));
    expect((await main({ query })).body).toContain(`\n${below(signature.query)}live.m3u8`);
  });

  it('ends sooner when the last one says goodbye, and not before', async () => {
    await device.connect();
    await state({ query: { session: session('one') } });
    await state({ query: { session: session('two') } });
    const until = await watchedUntil();
    expect((await goodbye(session('one'))).status).toBe(204);
    expect(await viewers('one')).toBeUndefined();
    expect(await watchedUntil()).toBe(until);
    // Somebody who never watched cannot end it for others.
    expect((await goodbye(session('who'))).status).toBe(204);
    expect(await watchedUntil()).toBe(until);
    expect((await goodbye(session('two'))).status).toBe(204);
    expect(Date.parse((await watchedUntil())!)).toBeLessThanOrEqual(Date.now());
    expect((await goodbye(session('two'))).status).toBe(204);
  });

  it('whose viewers are not known is not ended by a stranger', async () => {
    const far = new Date(Date.now() + 60_000).toISOString();
    await device.set('watched.1', far);
    expect((await goodbye(session('who'))).status).toBe(204);
    expect(await watchedUntil()).toBe(far);
  });

  it('a signature that ends sooner never shortens a longer one', async () => {
    await device.connect();
    const far = new Date(Date.now() + 3_600_000).toISOString();
    await device.set('watched.1', far);
    await state({ query: { session: session('one') } });
    expect(await watchedUntil()).toBe(far);
  });

  it('whose task is gone with its queue is not there', async () => {
    const { QueueUrl } = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `gone-${process.pid}` }));
    await fleet.put('FLEET_TABLE', {
      ...(await fleet.get('FLEET_TABLE', { kind: 'task', id: 'task0001' })),
      id: 'gone0001',
      queueUrl: QueueUrl,
    });
    await fleet.sqs.send(new DeleteQueueCommand({ QueueUrl }));
    // Leases are read every three seconds.
    await new Promise((resolve) => setTimeout(resolve, 3100));
    await device.connect('gone0001');
    expect(await main()).toMatchObject({ status: 409, json: { state: 'offline' } });
  });
});

describe('other policies', () => {
  it('a channel that always streams has a signature for a whole watch; its task hears of the first viewer', async () => {
    await device.connect();
    await device.stream(2, 'live', LIVE);
    const { body } = await main({ channel: 2 });
    const query = /VALUE="([^"]+)"/.exec(body)![1]!;
    expect(fleet.refusal(`${below(query)}live.m3u8?${query}`, 11 * 3600)).toBeUndefined();
    expect(fleet.refusal(`${below(query)}live.m3u8?${query}`, 13 * 3600)).toBeDefined();
    // One that renews has a short one.
    const short = /VALUE="([^"]+)"/.exec((await main({ channel: 2, query: { session: session('short') } })).body)![1]!;
    expect(fleet.refusal(`${below(short)}live.m3u8?${short}`, 590)).toBeUndefined();
    expect(fleet.refusal(`${below(short)}live.m3u8?${short}`, 605)).toBeDefined();
    // Its sound is encoded for as long as it may be heard.
    const until = Date.parse((await watchedUntil(2))!) - Date.now();
    expect(until).toBeGreaterThan(11 * 3_600_000);
    expect(until).toBeLessThan(13 * 3_600_000);
    const [told, ...more] = await fleet.sent();
    expect([command.parse(told), more]).toMatchObject([{ type: 'watched', device: id, channel: 2 }, []]);
    await main({ channel: 2, query: { session: session('two') } });
    expect(await fleet.sent()).toEqual([]);
  });
  it('a channel that is recorded with its sound is nobody told of', async () => {
    await device.connect();
    await device.stream(2, 'live', LIVE);
    await device.set('channels', [{ number: 2, name: 'Cabin', live: 'always', stream: 'sub', sound: true }]);
    expect((await main({ channel: 2 })).status).toBe(200);
    expect(await fleet.sent()).toEqual([]);
  });
  it('a channel that always streams and does not yet is asked for', async () => {
    await device.connect();
    expect(await main({ channel: 2 })).toMatchObject({ status: 409, json: { state: 'starting' } });
    expect((await fleet.sent()).map((one) => command.parse(one).type)).toEqual(['start']);
  });
  it('one that never does is never asked for, and one that is not there is not there', async () => {
    await device.connect();
    expect(await main({ channel: 3 })).toMatchObject({ status: 409, json: { state: 'offline' } });
    expect(await main({ channel: 4 })).toMatchObject({ status: 404 });
    expect(await main({ channel: 256 })).toMatchObject({ status: 400 });
    expect(await fleet.sent()).toEqual([]);
  });
});

const put = (Key: string, Body: Buffer | string = 'x') =>
  fleet.s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key, Body }));

describe('a grant with an end', () => {
  it.each([
    ['a player that asks once', {}],
    ['one that renews', { session: session('renews') }],
  ])('is not signed beyond, for %s', async (_, query) => {
    await device.connect();
    await device.stream(1, 'live', LIVE);
    const expiresAt = Math.floor(Date.now() / 1000) + 120;
    const at = new Date().toISOString();
    const grant = {
      videoId: `device:${id}`,
      subject: 'gus',
      grantedBy: 'ada',
      createdAt: at,
      effect: 'allow',
      expiresAt,
    };
    await fleet.put('ENTITLEMENTS_TABLE', grant);
    const { status, body } = await main({ as: 'gus', query });
    expect([status, endOf(body)]).toEqual([200, expiresAt * 1000]);
    if (!('session' in query)) return;
    const { signature } = (await state({ as: 'gus', query })).json as unknown as {
      signature: { query: string; expiresAt: string };
    };
    expect([Date.parse(signature.expiresAt), endOf(signature.query)]).toEqual([expiresAt * 1000, expiresAt * 1000]);
  });
});

describe('who may watch up to some height', () => {
  const noon = Date.UTC(2026, 10, 4, 12);
  const init = '9f86d081884c7d65';
  const [low, high, unsaid, lost] = [480, 576, undefined, 481];
  const range = { from: new Date(noon).toISOString(), to: new Date(noon + 120_000).toISOString() };
  const gus = { as: 'gus' };
  const names = (lines: readonly (number | undefined)[]) =>
    lines.map((each, i) => ({
      start: noon + 2000 * i,
      duration: 2000,
      epoch: 1,
      sequence: i,
      init,
      lines: each,
      discontinuity: i > 0,
    }));
  /** As the ingest task writes it. */
  const playlist = (lines: readonly (number | undefined)[], up = '') =>
    liveText({
      ...emptyPlaylist(2000),
      entries: names(lines).map((name) => ({
        uri: `${up}${segmentPath(name)}`,
        map: `${up}${initPath(name.start, name.init)}`,
        duration: name.duration,
        programDateTime: name.start,
        discontinuity: name.discontinuity,
        gap: name.lines === lost,
      })),
    });
  beforeEach(async () => {
    const at = new Date().toISOString();
    const grant = { videoId: `device:${id}`, subject: 'gus', grantedBy: 'ada', createdAt: at, effect: 'allow' };
    await fleet.put('ENTITLEMENTS_TABLE', { ...grant, maxHeight: 480 });
  });
  const said = ({ status, json }: Awaited<ReturnType<typeof main>>) => [status, json?.['code'] ?? ''];

  it.each([
    ['as high', [low], 200],
    ['higher', [high], 403],
    ['higher from some time on', [low, low, high], 403],
    ['nobody knows how high', [unsaid], 403],
  ])('what is recorded %s', async (_, lines, status) => {
    for (const name of names(lines)) await put(`${channelPrefix(id, 1)}${segmentPath(name)}`);
    for (const expand of [{}, { expand: '1' }])
      expect((await main({ ...gus, query: { ...range, ...expand } })).status).toBe(status);
    expect((await main({ query: range })).status).toBe(200);
  });

  it.each([
    ['as high', [low, lost], 200, ''],
    ['higher', [low, high], 403, 'forbidden'],
    ['nobody knows how high', [unsaid], 403, 'forbidden'],
    ['of which nothing came yet', [lost], 409, 'not-live'],
  ])('what the device plays back, %s', async (_, lines, status, code) => {
    const query = { playback: 'abcdefgh' };
    await put(`${channelPrefix(id, 1)}playback/abcdefgh.m3u8`, playlist(lines, '../'));
    for (const ask of [main, media]) {
      expect(said(await ask({ ...gus, query }))).toEqual([status, code]);
      expect((await ask({ query })).status).toBe(200);
    }
  });

  it('has a ticket that says so, whatever is sent later', async () => {
    await device.connect();
    await device.stream(1, 'live', { ...LIVE, height: 480, width: 640 });
    await put(livePlaylistKey(id, 1), playlist([low]));
    for (const name of names([low])) await put(`${channelPrefix(id, 1)}${segmentPath(name)}`);
    const heights = (text: string) =>
      [...text.matchAll(/\/s\/([^/?"]+)\//g)].map(([, one]) => parseTicket(one!)?.height);
    const answers = await Promise.all([main(gus), main({ ...gus, query: range }), media(gus), main()]);
    for (const [n, { body }] of answers.entries()) {
      expect(heights(body).length).toBeGreaterThan(0);
      expect(new Set(heights(body))).toEqual(new Set([n === 3 ? undefined : 480]));
    }
    const { signature } = (await state({ ...gus, query: { session: session('gus') } })).json as unknown as {
      signature: { query: string };
    };
    expect(heights(below(signature.query))).toEqual([480]);
  });

  it('what is live, by what its task says, and by what is in its playlist', async () => {
    await device.connect();
    const tall = { ...LIVE, height: 480, width: 640 };
    await device.stream(1, 'live', tall);
    await put(livePlaylistKey(id, 1), playlist([low]));
    for (const ask of [main, media]) expect(said(await ask(gus))).toEqual([200, '']);
    expect(said(await state({ ...gus, query: { session: session('gus') } }))).toEqual([200, '']);
    await put(livePlaylistKey(id, 1), playlist([low, high]));
    expect(said(await media(gus))).toEqual([403, 'forbidden']);
    const { width: _, height: __, ...unknown } = LIVE;
    for (const stream of [LIVE, unknown]) {
      await device.stream(1, 'live', stream);
      expect(said(await main(gus))).toEqual([403, 'forbidden']);
      expect(said(await state({ ...gus, query: { session: session('gus') } }))).toEqual([403, 'forbidden']);
      expect((await main()).status).toBe(200);
    }
  });
});

describe('ways other than the variable', () => {
  const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="rec/20261104/init-9f86d081884c7d65.mp4?{$auth}"
#EXTINF:2.000,
rec/20261104/12/a.m4s?{$auth}
`;
  beforeEach(async () => {
    await device.connect();
    await device.stream(1, 'live', LIVE);
    await put(livePlaylistKey(id, 1), PLAYLIST);
  });

  it('expanded: the media playlist comes signed, by a token that ends with its signature', async () => {
    const { body } = await main({ query: { expand: '1' } });
    const [, token] = /\/live\.m3u8\?token=(\S+)/.exec(body)!;
    expect(body).not.toContain('{$');
    const text = (await media({ as: '', query: { token: token! } })).body;
    expect(text).not.toMatch(/\{\$|EXT-X-DEFINE/);
    const segment = /^\/live\/.*a\.m4s\?.*$/m.exec(text)![0];
    expect(segment).toMatch(new RegExp(`^/live/${id}/1/s/[^/]+/rec/20261104/12/a[.]m4s[?]`));
    // However often it is loaded, it is the same session's.
    const loaded = (await media({ as: '', query: { token: token! } })).body;
    expect(below(loaded)).toBe(below(text));
    expect(fleet.refusal(segment)).toBeUndefined();
    expect(fleet.refusal(segment, 605)).toBeDefined();
    // It does not open the main playlist: a token of minutes could renew itself for ever.
    expect((await main({ as: '', query: { token: token! } })).status).toBe(401);
  });

  it('expanded: reloading the media playlist does not stretch the signature', async () => {
    const viewer = { subject: 'vera', groups: [] };
    const soon = new Date(Date.now() + 60_000);
    const token = await mintToken(fleet.tokens, viewer, `live/${id}/1`, 'playlists', soon);
    const [segment] = /^\/live\/.*a\.m4s\?.*$/m.exec((await media({ as: '', query: { token } })).body)!;
    expect(fleet.refusal(segment, 55)).toBeUndefined();
    expect(fleet.refusal(segment, 65)).toBeDefined();
  });

  it('cookies: for this channel only', async () => {
    const { body, cookies } = await main({ query: { cookies: '1' } });
    const path = new RegExp(`\n(/live/${id}/1/s/[^/]+/)live[.]m3u8\n`).exec(body)![1]!;
    expect(cookies).toHaveLength(4);
    for (const cookie of cookies) expect(cookie).toContain(`Path=${path};`);
    const jar = cookies.map((cookie) => cookie.split(';')[0]!.split(/=(.*)/s).slice(0, 2) as [string, string]);
    expect(fleet.refusal(`${path}live.m3u8`, 0, jar)).toBeUndefined();
    expect(fleet.refusal(`/live/${id}/2/live.m3u8`, 0, jar)).toBeDefined();
  });

  it('a recording that the device plays back waits for its playlist', async () => {
    const query = { playback: 'abcdefgh' };
    expect(await main({ query })).toMatchObject({ status: 409, json: { state: 'starting' } });
    await put(`${channelPrefix(id, 1)}playback/abcdefgh.m3u8`, PLAYLIST);
    const { body } = await main({ query });
    expect(body).toContain(`\n${below(body)}playback/abcdefgh.m3u8?{$auth}`);
  });
});

describe('what is recorded', () => {
  const noon = Date.UTC(2026, 10, 4, 12);
  const [one, two] = ['9f86d081884c7d65', '0123456789abcdef'];
  const names: { start: number; init?: string; epoch?: number; sequence: number }[] = [
    { start: noon - 2000, sequence: 1 },
    { start: noon, sequence: 2 },
    { start: noon + 2000, sequence: 3 },
    // a hole of a minute, another writer
    { start: noon + 64_000, epoch: 2, sequence: 4 },
    // another picture size
    { start: noon + 66_000, epoch: 2, sequence: 5, init: two },
  ];
  const range = { from: new Date(noon).toISOString(), to: new Date(noon + 120_000).toISOString() };
  beforeEach(async () => {
    for (const { start, sequence, epoch = 1, init = one } of names)
      await put(
        `${channelPrefix(id, 1)}${segmentPath({ start, duration: 2000, epoch, sequence, init, discontinuity: sequence === 1 })}`,
      );
  });

  it('plays as one playlist, its gaps marked, without asking the device', async () => {
    const { status, body } = await main({ query: range });
    expect(status).toBe(200);
    const query = /VALUE="([^"]+)"/.exec(body)![1]!;
    const path = below(query);
    const line = (start: number, epoch: number, sequence: number, init: string, c = 'c') =>
      `#EXTINF:2.000,\n${path}rec/20261104/12/${start}-2000-${epoch}-${sequence}-${init}-${c}.m4s?{$auth}\n`;
    const map = (init: string) => `#EXT-X-MAP:URI="${path}rec/20261104/init-${init}.mp4?{$auth}"\n`;
    expect(body).toBe(
      `#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME="auth",VALUE="${query}"\n#EXT-X-TARGETDURATION:2\n` +
        `#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:0\n${map(one)}` +
        `#EXT-X-PROGRAM-DATE-TIME:2026-11-04T12:00:00.000Z\n${line(noon, 1, 2, one)}${line(noon + 2000, 1, 3, one)}` +
        `#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-04T12:01:04.000Z\n${line(noon + 64_000, 2, 4, one)}` +
        `#EXT-X-DISCONTINUITY\n${map(two)}#EXT-X-PROGRAM-DATE-TIME:2026-11-04T12:01:06.000Z\n${line(noon + 66_000, 2, 5, two)}` +
        '#EXT-X-ENDLIST\n',
    );
    expect(fleet.refusal(`${path}${initPath(noon, one)}?${query}`, 11 * 3600)).toBeUndefined();
    expect(await fleet.sent()).toEqual([]);
    expect(await watchedUntil()).toBeUndefined();
  });

  it('expanded is readable by a player that knows no variables', async () => {
    const { body } = await main({ query: { ...range, expand: '1' } });
    const parser = new Parser();
    parser.push(body);
    parser.end();
    expect(parser.manifest.segments.map(({ duration, discontinuity }) => [duration, discontinuity ?? false])).toEqual([
      [2, false],
      [2, false],
      [2, true],
      [2, true],
    ]);
    for (const { uri } of parser.manifest.segments) expect(fleet.refusal(uri)).toBeUndefined();
  });

  it('begins in the hour before where a segment reaches over', async () => {
    const query = { from: new Date(noon - 500).toISOString(), to: new Date(noon).toISOString() };
    const { body } = await main({ query });
    expect(body).toContain(`/rec/20261104/11/${noon - 2000}-2000-1-1-`);
    expect(body.match(/#EXTINF/g)).toHaveLength(1);
  });

  it('of nothing, or asked for wrongly, is refused', async () => {
    const empty = { from: '2026-11-03T00:00:00Z', to: '2026-11-03T01:00:00Z' };
    expect(await main({ query: empty })).toMatchObject({ status: 404 });
    expect(await main({ query: range, as: 'sam' })).toMatchObject({ status: 404 });
    expect(await main({ query: { from: range.from } })).toMatchObject({ status: 400 });
    expect(await main({ query: { from: range.to, to: range.from } })).toMatchObject({ status: 400 });
    expect(await main({ query: { from: '2026-11-01T00:00:00Z', to: range.to } })).toMatchObject({ status: 400 });
  });
});
