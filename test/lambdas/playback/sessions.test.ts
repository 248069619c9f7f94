/** Who watches a video now, and ending it, against the engine: by its owner and admins, and what players are told then. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { mintToken } from '../../../lambdas/playback/token.ts';
import { keyIdOf, writtenKey } from '../../../lambdas/shared/content-key.ts';
import type { RouteKey } from '../../../lib/contract/api.ts';
import { contentKeysKey } from '../../../lib/contract/keys.ts';
import type { Watching } from '../../../lib/contract/session.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { parseTicket, ticketIn } from '../../../lib/contract/ticket.ts';
import { pathOf } from '../../../web/src/shared/signature.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { authorized, bearerOf } from '../engine.ts';
import { record } from './fixture.ts';

let fleet: Fleet;
let handler: typeof import('../../../lambdas/playback/handler.ts').handler;
let id: string;
let count = 0;

beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../lambdas/playback/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());
const put = (over: Partial<VideoRecord> = {}) =>
  fleet.put('VIDEOS_TABLE', record({ id, visibility: 'public', ...over }));
beforeEach(async () => {
  count += 1;
  id = `video${String(count).padStart(15, '0')}`;
  await put();
});

const OLGA = { sub: 'olga' };
const ADA = { sub: 'ada', groups: ['admin'] };
const [ONE, TWO] = ['one', 'two'].map((name) => name.padEnd(16, '0')) as [string, string];

async function ask(
  routeKey: RouteKey,
  as?: { readonly sub: string; readonly groups?: readonly string[] },
  { query, params, body }: { query?: Record<string, string>; params?: Record<string, string>; body?: object } = {},
) {
  const isPlayer = routeKey.includes('/api/play/');
  const answer = await handler({
    routeKey,
    pathParameters: { id, ...params },
    queryStringParameters: query,
    headers: as ? { authorization: isPlayer ? await fleet.bearer(as.sub, as.groups) : bearerOf(as) } : {},
    ...(body && { body: JSON.stringify(body) }),
    requestContext: { requestId: 'test', ...(as && { authorizer: { jwt: { claims: authorized(as) } } }) },
  } as never);
  const text = answer.body ?? '';
  return { status: answer.statusCode, text, json: text.startsWith('{') ? (JSON.parse(text) as never) : undefined };
}
const play = async (session?: string, as?: { sub: string }) => {
  const answer = await ask('GET /api/play/{id}/main.m3u8', as, session === undefined ? {} : { query: { session } });
  return { ...answer, ticket: ticketIn(pathOf(answer.text) ?? '', `vod/${id}/`) };
};
const list = async (as = OLGA) => {
  const { json } = await ask('GET /api/videos/{id}/sessions', as);
  return json as unknown as { sessions: Watching[]; isWhole: boolean };
};
/** An index is a moment behind its table. */
const watched = (many: number) =>
  vi.waitFor(
    async () => {
      const found = await list();
      expect(found.sessions).toHaveLength(many);
      return found;
    },
    { timeout: 30_000, interval: 100 },
  );

test('its owner and admins see who watches now, the newest first, and nobody else does', async () => {
  await play(ONE, { sub: 'sam' });
  await play(undefined);
  // Again, and so no other.
  await play(ONE, { sub: 'sam' });
  const { sessions, isWhole } = await watched(2);
  expect(isWhole).toBe(true);
  expect(sessions.map(({ subject, renews }) => [subject, renews]).toSorted()).toEqual(
    [
      ['sam', true],
      [null, false],
    ].toSorted(),
  );
  const sam = sessions.find(({ subject }) => subject === 'sam')!;
  expect(Math.abs(Date.parse(sam.until) - Date.now() - 600_000)).toBeLessThan(60_000);
  expect((await list(ADA as never)).sessions).toHaveLength(2);
  expect(await ask('GET /api/videos/{id}/sessions', { sub: 'sam' })).toMatchObject({ status: 403 });
  await put({ visibility: 'private' });
  expect(await ask('GET /api/videos/{id}/sessions', { sub: 'sam' })).toMatchObject({ status: 403 });
  expect(JSON.stringify(sessions)).not.toContain('.-.');
});

test('one that is ended gets no other signature, and is told who ended it; another goes on', async () => {
  await play(ONE, { sub: 'sam' });
  await play(TWO, { sub: 'tim' });
  const { sessions } = await watched(2);
  const { session } = sessions.find(({ subject }) => subject === 'sam')!;
  const end = (as: { sub: string }) => ask('DELETE /api/videos/{id}/sessions/{session}', as, { params: { session } });
  expect(await end({ sub: 'sam' })).toMatchObject({ status: 403 });
  expect(await end(OLGA)).toMatchObject({ status: 204 });
  // The edge refuses what it still has, for as long as that may be good.
  const revoked = await fleet.get('REVOCATIONS_TABLE', { key: `s:${session}` });
  expect(Number(revoked!['until'])).toBeGreaterThan(Date.now() / 1000 + 600);
  expect(await play(ONE, { sub: 'sam' })).toMatchObject({
    status: 410,
    json: { code: 'session-ended', detail: 'The owner of the video has ended this playback.' },
  });
  expect(await play(TWO, { sub: 'tim' })).toMatchObject({ status: 200 });
  await watched(1);
  expect(await end(OLGA)).toMatchObject({ status: 204 });
  // Another play start is another session: ending one takes no right.
  expect(await play('three'.padEnd(16, '0'), { sub: 'sam' })).toMatchObject({ status: 200 });
});

describe('a token that is over', () => {
  const minted = async (sub: string, seconds: number) => {
    const { tokens } = await (await import('../../../lambdas/shared/signing.ts')).loadSigner();
    return mintToken(tokens, { subject: sub, groups: [] }, id, 'manifest', new Date(Date.now() + seconds * 1000));
  };
  const by = async (token: string, session?: string, routeKey: RouteKey = 'GET /api/play/{id}/main.m3u8') => {
    const { status, text, json } = await ask(routeKey, undefined, { query: { token, ...(session && { session }) } });
    return {
      status,
      code: (json as { code?: string } | undefined)?.code,
      ticket: ticketIn(pathOf(text) ?? '', `vod/${id}/`),
    };
  };
  const refused = { status: 401, code: 'invalid-token' };

  test('goes on with what it has begun, and begins nothing', async () => {
    const [good, over] = [await minted('sam', 60), await minted('sam', -60)];
    expect(await by(over, ONE)).toMatchObject(refused);
    const { ticket } = await by(good, ONE);
    expect(ticket).toBeDefined();
    expect(await by(over, ONE)).toMatchObject({ status: 200, ticket });
    expect(await by(over, ONE, 'GET /api/play/{id}/manifest.mpd')).not.toMatchObject(refused);
    // Nor another session, nor in somebody else's, nor what is no session.
    for (const attempt of [
      by(over, TWO),
      by(over),
      by(await minted('tim', -60), ONE),
      by(over, ONE, 'GET /api/play/{id}/storyboard.vtt'),
      by(over, ONE, 'GET /api/play/{id}/about'),
      by(`${over.slice(0, -4)}AAAA`, ONE),
    ])
      expect(await attempt).toMatchObject(refused);
    // The right is looked up as ever.
    await put({ visibility: 'private' });
    expect(await by(over, ONE)).toMatchObject({ status: 403, code: 'forbidden' });
  });

  test('is told that its session was ended, and who is counted keeps their place by it', async () => {
    const grant = {
      videoId: id,
      subject: 'sam',
      grantedBy: 'olga',
      createdAt: new Date().toISOString(),
      maxSessions: 1,
    };
    await put({ visibility: 'entitled' });
    await fleet.put('ENTITLEMENTS_TABLE', grant);
    const [good, over] = [await minted('sam', 60), await minted('sam', -60)];
    const { ticket } = await by(good, ONE);
    expect(await by(over, ONE)).toMatchObject({ status: 200, ticket });
    expect(await by(good, TWO)).toMatchObject({ status: 409, code: 'too-many-sessions' });
    const { sessions } = await watched(1);
    const params = { session: sessions[0]!.session };
    await ask('DELETE /api/videos/{id}/sessions/{session}', OLGA, { params });
    expect(await by(over, ONE)).toMatchObject({ status: 410, code: 'session-ended' });
  });

  test('is good for no longer than a signature that is not renewed', async () => {
    const over = await minted('sam', -60);
    await by(await minted('sam', 60), ONE);
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
    try {
      for (let minutes = 0; minutes < 12 * 60; minutes += 9) {
        expect([minutes, (await by(over, ONE)).status]).toEqual([minutes, 200]);
        vi.setSystemTime(Date.now() + 9 * 60_000);
      }
      expect(await by(over, ONE)).toMatchObject(refused);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('all of a person on a video, and all of a video, end at once', async () => {
  await play(ONE, { sub: 'sam' });
  await play(TWO, { sub: 'sam' });
  await play(ONE, { sub: 'tim' });
  await play(ONE);
  await watched(4);
  const some = await ask('DELETE /api/videos/{id}/sessions', OLGA, { query: { subject: 'sam' } });
  expect(some).toMatchObject({ status: 200, json: { ended: 2, isWhole: true } });
  expect((await watched(2)).sessions.map(({ subject }) => subject)).not.toContain('sam');
  expect(await ask('DELETE /api/videos/{id}/sessions', { sub: 'tim' })).toMatchObject({ status: 403 });
  expect(await ask('DELETE /api/videos/{id}/sessions', ADA)).toMatchObject({ json: { ended: 2 } });
  await watched(0);
  expect(await play(ONE, { sub: 'tim' })).toMatchObject({
    status: 410,
    json: { detail: 'An administrator has ended this playback.' },
  });
});

test('an admin ends all that somebody watches, wherever', async () => {
  const sub = `wanda ${count}`;
  const { ticket: before } = await play(ONE, { sub });
  id = `other${String(count).padStart(15, '0')}`;
  await put();
  await play(ONE, { sub });
  await play(ONE, { sub: 'tim' });
  const end = (as: { sub: string }) => ask('DELETE /api/sessions/{subject}', as, { params: { subject: sub } });
  expect(await end(OLGA)).toMatchObject({ status: 403 });
  // Whose they are ends them, too, to watch here what plays elsewhere.
  const own = `zoe ${count}`;
  await play(ONE, { sub: own });
  const mine = await ask('DELETE /api/sessions/{subject}', { sub: own }, { params: { subject: own } });
  expect(mine).toMatchObject({ status: 200, json: { ended: 1 } });
  const over = { status: 410, json: { detail: 'You have ended this playback elsewhere.' } };
  expect(await play(ONE, { sub: own })).toMatchObject(over);
  expect(await play(TWO, { sub: own })).toMatchObject({ status: 200 });
  const part = ticketIn(pathOf((await play(TWO, { sub: 'tim' })).text)!, `vod/${id}/`)!.split('.')[1]!;
  expect(await end(ADA)).toMatchObject({ json: { ended: 2 } });
  const { subject: hers } = parseTicket(before!)!;
  expect(hers).not.toBe(part);
  const revoked = await fleet.get('REVOCATIONS_TABLE', { key: `u:${hers}` });
  expect(Number(revoked!['until'])).toBeGreaterThan(Date.now() / 1000 + 11.9 * 3600);
  expect(await fleet.get('REVOCATIONS_TABLE', { key: `u:${part}` })).toBeUndefined();
  expect(await play(ONE, { sub })).toMatchObject({ status: 410 });
  expect(await play(ONE, { sub: 'tim' })).toMatchObject({ status: 200 });
});

test('who ends their own spends so many entries of the edge as others have left, and is told that there are more', async () => {
  const { MOST_ENTRIES } = await import('../../../lambdas/shared/edge-entries.ts');
  const sub = `eve ${count}`;
  const begin = (many: number) => Promise.all(Array.from({ length: many }, () => play(undefined, { sub })));
  const end = async () => (await ask('DELETE /api/sessions/{subject}', { sub }, { params: { subject: sub } })).json;
  const tickets = (await begin(MOST_ENTRIES - 5)).map(({ ticket }) => ticket!);
  expect(await end()).toEqual({ ended: MOST_ENTRIES - 5, isWhole: true });
  tickets.push(...(await begin(10)).map(({ ticket }) => ticket!));
  expect(await end()).toEqual({ ended: 5, isWhole: false });
  expect(await end()).toEqual({ ended: 0, isWhole: false });
  const entries = await Promise.all(
    tickets.map((ticket) => fleet.get('REVOCATIONS_TABLE', { key: `s:${parseTicket(ticket)!.session}` })),
  );
  expect(entries.filter((entry) => entry !== undefined)).toHaveLength(MOST_ENTRIES);
  // The others are not forgotten: an admin ends them, by one entry.
  const params = { subject: sub };
  expect(await ask('DELETE /api/sessions/{subject}', ADA, { params })).toMatchObject({
    json: { ended: 5, isWhole: true },
  });
});

test('a player that leaves is not watching any more', async () => {
  const { ticket } = await play(ONE);
  await play(TWO);
  await watched(2);
  const bye = (query: Record<string, string>) => ask('POST /api/play/{id}/goodbye', undefined, { query });
  // By another's ticket, or under another name, nobody is sent away.
  expect(await bye({ session: TWO, ticket: ticket! })).toMatchObject({ status: 204 });
  await watched(2);
  expect(await bye({ session: ONE, ticket: ticket! })).toMatchObject({ status: 204 });
  await watched(1);
});

test('however often somebody says goodbye, no more play than may', async () => {
  await put({ visibility: 'entitled' });
  const sub = `cara ${count}`;
  const grantedBy = { grantedBy: 'olga', createdAt: new Date().toISOString() };
  await fleet.put('ENTITLEMENTS_TABLE', { videoId: id, subject: sub, maxSessions: 1, ...grantedBy });
  const bye = (session: string, ticket: string) =>
    ask('POST /api/play/{id}/goodbye', undefined, { query: { session, ticket } });
  const refusedAtTheEdge = async (ticket: string) =>
    (await fleet.get('REVOCATIONS_TABLE', { key: `s:${parseTicket(ticket)!.session}` })) !== undefined;
  const first = await play(undefined, { sub });
  for (let time = 0; time < 3; time++) {
    expect(await bye('anything'.padEnd(16, '0'), first.ticket!)).toMatchObject({ status: 204 });
    expect(await play(undefined, { sub })).toMatchObject({ status: 409, json: { code: 'too-many-sessions' } });
  }
  expect(await refusedAtTheEdge(first.ticket!)).toBe(false);

  // One that renews leaves its place at once, and nothing plays by what it had.
  await fleet.put('ENTITLEMENTS_TABLE', { videoId: id, subject: `${sub}-2`, maxSessions: 1, ...grantedBy });
  for (let time = 0; time < 3; time++) {
    const { status, ticket } = await play(time % 2 === 0 ? ONE : TWO, { sub: `${sub}-2` });
    expect(status).toBe(200);
    await bye(time % 2 === 0 ? ONE : TWO, ticket!);
    expect(await refusedAtTheEdge(ticket!)).toBe(true);
  }
});

describe('the licence of a video whose samples are encrypted', () => {
  const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const kid = (video = id) => keyIdOf(video, 3).toString('base64url');
  const encrypt = async (over: Partial<VideoRecord> = {}) => {
    await put({ encryption: 'cbcs', ...over });
    await fleet.s3.send(
      new PutObjectCommand({
        Bucket: process.env['MEDIA_BUCKET']!,
        Key: contentKeysKey(id, 3),
        Body: writtenKey(KEY),
      }),
    );
  };
  /** By what a manifest names. */
  const begin = async (session?: string, as?: { sub: string }) => {
    const { text } = await play(session, as);
    return { token: /NAME="licence",VALUE="token=([^"]+)"/.exec(text)![1]! };
  };
  const licence = (query: Record<string, string>, kids: readonly string[] = [kid()]) =>
    ask('POST /api/play/{id}/licence', undefined, { query, body: { kids, type: 'temporary' } });
  const given = () => ({ keys: [{ kty: 'oct', kid: kid(), k: KEY.toString('base64url') }], type: 'temporary' });

  test('is given to who may watch, in their session: signed in or not, under a name of the player or not', async () => {
    await encrypt();
    for (const [session, as] of [
      [undefined, undefined],
      [ONE, undefined],
      [TWO, { sub: 'sam' }],
      [undefined, { sub: 'tim' }],
    ] as const)
      expect(await licence(await begin(session, as))).toMatchObject({ status: 200, json: given() });
    // A counted one has its row elsewhere.
    await encrypt({ visibility: 'entitled' });
    await fleet.put('ENTITLEMENTS_TABLE', {
      videoId: id,
      subject: 'rita',
      maxSessions: 1,
      grantedBy: 'olga',
      createdAt: new Date().toISOString(),
    });
    expect(await licence(await begin(ONE, { sub: 'rita' }))).toMatchObject({ status: 200, json: given() });
  });

  test('is given as its bytes, too, by the same rules', async () => {
    await encrypt();
    const query = await begin(ONE);
    const key = (asked: Record<string, string>) =>
      handler({
        routeKey: 'GET /api/play/{id}/licence',
        pathParameters: { id },
        queryStringParameters: asked,
        headers: {},
        requestContext: { requestId: 'test' },
      } as never);
    expect(await key(query)).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' },
      body: KEY.toString('base64'),
      isBase64Encoded: true,
    });
    expect(await key({})).toMatchObject({ statusCode: 401 });
    await put({ visibility: 'private', encryption: 'cbcs' });
    expect(await key(query)).toMatchObject({ statusCode: 401 });
  });

  test('is of that video only, and never without its own address', async () => {
    await encrypt();
    const query = await begin(ONE);
    expect(await licence(query, [keyIdOf('otherotherotherother', 3).toString('base64url')])).toMatchObject({
      status: 404,
    });
    expect(await licence(query, [kid('otherotherotherother'), kid()])).toMatchObject({ status: 200, json: given() });
    for (const kids of [[], ['x'], ['A'.repeat(23)]]) expect(await licence(query, kids)).toMatchObject({ status: 400 });
    expect(await licence({})).toMatchObject({ status: 401 });
    await put({ encryption: 'none' });
    expect(await licence(query)).toMatchObject({ status: 404 });
    expect((await play(TWO)).text).not.toContain('licence');
  });

  test('is asked for anew: not by who lost the right, whose session was ended, or who left', async () => {
    await encrypt();
    const [sam, tim, leaves] = [await begin(ONE, { sub: 'sam' }), await begin(TWO, { sub: 'tim' }), await begin(ONE)];
    const { sessions } = await watched(3);
    const { session } = sessions.find(({ subject }) => subject === 'tim')!;
    await ask('DELETE /api/videos/{id}/sessions/{session}', OLGA, { params: { session } });
    expect(await licence(tim)).toMatchObject({
      status: 410,
      json: { code: 'session-ended', detail: 'The owner of the video has ended this playback.' },
    });
    const { ticket } = await play(ONE);
    await ask('POST /api/play/{id}/goodbye', undefined, { query: { session: ONE, ticket: ticket! } });
    expect(await licence(leaves)).toMatchObject({ status: 410, json: { code: 'session-ended' } });
    expect(await licence(sam)).toMatchObject({ status: 200 });
    await encrypt({ visibility: 'private' });
    expect(await licence(sam)).toMatchObject({ status: 403 });
    expect(await licence(leaves)).toMatchObject({ status: 401 });
  });
});

test('how far its removal is, who owned a video and admins are told, and nobody else', async () => {
  const { reached, takeDown } = await import('../../../lambdas/shared/takedown.ts');
  const state = async (as: { sub: string }) => await ask('GET /api/videos/{id}/removal', as);
  expect(await state(OLGA)).toMatchObject({ status: 404 });
  const gone = record({ id, status: 'deleted' });
  await fleet.put('VIDEOS_TABLE', gone);
  const none = { refusedAt: null, removedAt: null, emptiedAt: null };
  expect(await state(OLGA)).toMatchObject({ status: 200, json: { askedAt: gone.updatedAt, ...none } });
  await takeDown(gone, new Date(Date.now() + 3_600_000));
  await reached(id, 'removedAt');
  for (const as of [OLGA, ADA]) {
    const { json } = await state(as);
    expect(json).toEqual({ askedAt: gone.updatedAt, ...none, removedAt: expect.any(String) });
  }
  expect(await state({ sub: 'sam' })).toMatchObject({ status: 404 });
  await reached(id, 'emptiedAt');
  const { emptiedAt } = (await state(OLGA)).json as unknown as { emptiedAt: string };
  await reached(id, 'emptiedAt');
  expect(((await state(OLGA)).json as unknown as { emptiedAt: string }).emptiedAt).toBe(emptiedAt);
});
