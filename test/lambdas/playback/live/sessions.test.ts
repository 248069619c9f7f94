/** Who watches a device now, and ending it, against the engine: by admins alone, over all its channels, live and recorded. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { RouteKey } from '../../../../lib/contract/api.ts';
import { livePlaylistKey } from '../../../../lib/contract/live-keys.ts';
import type { Watching } from '../../../../lib/contract/session.ts';
import { startFleet, type Fleet } from '../../devices/fleet.ts';
import { authorized, bearerOf } from '../../engine.ts';

const ADA = { sub: 'ada', groups: ['admin'] };
const LIVE = { codecs: 'avc1.64001e,mp4a.40.2', width: 704, height: 576, frameRate: 15, bandwidth: 512_000 };
type Sessions = { sessions: (Watching & { channel: number })[]; isWhole: boolean };

let fleet: Fleet;
let handler: typeof import('../../../../lambdas/playback/live/handler.ts').handler;
let id: string;
let count = 0;
beforeAll(async () => {
  fleet = await startFleet();
  ({ handler } = await import('../../../../lambdas/playback/live/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());
beforeEach(async () => {
  count += 1;
  id = `139${String(count).padStart(8, '0')}`;
  const device = fleet.device(id);
  await device.register(['vera', 'vic']);
  await device.connect();
  for (const channel of [1, 2]) await device.stream(channel, 'live', LIVE);
});

async function ask(
  routeKey: RouteKey,
  as: { readonly sub: string; readonly groups?: readonly string[] } | undefined,
  { params, query }: { params?: Record<string, string>; query?: Record<string, string> } = {},
) {
  const isPlayer = routeKey.includes('/api/play/');
  const answer = await handler({
    routeKey,
    pathParameters: { id, ...params },
    queryStringParameters: query,
    headers: as ? { authorization: isPlayer ? await fleet.bearer(as.sub, as.groups) : bearerOf(as) } : {},
    requestContext: { requestId: 'test', ...(as && { authorizer: { jwt: { claims: authorized(as) } } }) },
  } as never);
  const text = answer.body ?? '';
  return { status: answer.statusCode, text, json: text.startsWith('{') ? (JSON.parse(text) as never) : undefined };
}
const play = (sub: string, channel: number, session?: string) =>
  ask(
    'GET /api/play/live/{id}/{channel}/main.m3u8',
    { sub },
    { params: { channel: String(channel) }, ...(session && { query: { session } }) },
  );
/** As a grant of the device says it. */
const give = (sub: string, over: object) =>
  fleet.put('ENTITLEMENTS_TABLE', {
    videoId: `device:${id}`,
    subject: sub,
    grantedBy: 'ada',
    createdAt: new Date().toISOString(),
    ...over,
  });
const stateOf = (sub: string, channel: number, session: string) =>
  ask(
    'GET /api/play/live/{id}/{channel}/state',
    { sub },
    { params: { channel: String(channel) }, query: { session: session.padEnd(16, '0') } },
  );
/** Until when the device is asked for its first channel, and what its task was told. */
const asked = async () => {
  const { watched: until } = (await fleet.get('DEVICES_TABLE', { id })) as { watched: Record<string, string> };
  return { until: until['1'], told: await fleet.sent() };
};

test('who watches as much as they may wakes no device, and is told so; by HEAD nobody does', async () => {
  const sub = `cara ${count}`;
  await give(sub, { maxSessions: 1 });
  const head = await ask(
    'HEAD /api/play/live/{id}/{channel}/main.m3u8' as RouteKey,
    { sub },
    { params: { channel: '1' } },
  );
  expect(head.status).toBe(200);
  expect((await play(sub, 2)).status).toBe(200);
  await fleet.sent();
  for (const streams of [{}, { '1': { ...LIVE, state: 'live', since: new Date().toISOString(), task: 'task0001' } }]) {
    await fleet.device(id).set('streams', streams);
    const tooMany = { status: 409, json: { code: 'too-many-sessions' } };
    expect(await play(sub, 1)).toMatchObject(tooMany);
    expect(await play(sub, 1, 'one'.padEnd(16, '0'))).toMatchObject(tooMany);
    expect(await stateOf(sub, 1, 'one')).toMatchObject(tooMany);
    expect(await asked()).toEqual({ until: undefined, told: [] });
  }
  // Nor is a place taken while there is nothing to see yet.
  await fleet.device(id).set('streams', {});
  await give(sub, { maxSessions: 2 });
  for (let time = 0; time < 3; time++)
    expect(await play(sub, 1)).toMatchObject({ status: 409, json: { code: 'not-live', state: 'starting' } });
  expect((await asked()).told).toHaveLength(3);
});

test('who was sent away, or may not watch as high as a channel sends, does not keep its device awake', async () => {
  const session = 'one'.padEnd(16, '0');
  expect((await play('vera', 1, session)).status).toBe(200);
  await watched(1);
  await ask('DELETE /api/devices/{id}/sessions', ADA);
  await fleet.device(id).set('watched', {});
  await fleet.sent();
  expect(await play('vera', 1, session)).toMatchObject({ status: 410, json: { code: 'session-ended' } });
  expect(await stateOf('vera', 1, 'one')).toMatchObject({ status: 410 });
  await give('low', { maxHeight: 360 });
  expect(await play('low', 1)).toMatchObject({ status: 403 });
  expect(await stateOf('low', 1, 'two')).toMatchObject({ status: 403 });
  expect(await asked()).toEqual({ until: undefined, told: [] });
});

test('a goodbye frees no place whose player has a signature for good, and of others that at the edge', async () => {
  const sub = `cara ${count}`;
  await give(sub, { maxSessions: 1 });
  const ticketOf = (text: string) => /\/s\/([^/]+)\//.exec(text)![1]!;
  const bye = (session: string, ticket: string) =>
    ask(
      'POST /api/play/live/{id}/{channel}/goodbye',
      { sub },
      { params: { channel: '2' }, query: { session: session.padEnd(16, '0'), ticket } },
    );
  const revoked = (ticket: string) => fleet.get('REVOCATIONS_TABLE', { key: `s:${ticket.split('.')[0]}` });
  const first = ticketOf((await play(sub, 2)).text);
  expect((await bye('anything', first)).status).toBe(204);
  expect(await play(sub, 2)).toMatchObject({ status: 409, json: { code: 'too-many-sessions' } });
  await give(`${sub}-2`, { maxSessions: 1 });
  const second = ticketOf((await play(`${sub}-2`, 2, 'one'.padEnd(16, '0'))).text);
  await bye('one', second);
  expect((await play(`${sub}-2`, 2)).status).toBe(200);
  expect([await revoked(first), await revoked(second)]).toEqual([undefined, expect.anything()]);
});

test('by a token that is over a session goes on, live and recorded, and nothing begins', async () => {
  const { mintToken } = await import('../../../../lambdas/playback/token.ts');
  const { tokens } = await (await import('../../../../lambdas/shared/signing.ts')).loadSigner();
  const minted = (sub: string, seconds: number, channel = 1) =>
    mintToken(
      tokens,
      { subject: sub, groups: [] },
      `live/${id}/${channel}`,
      'manifest',
      new Date(Date.now() + seconds * 1000),
    );
  const by = async (token: string, session?: string, route = 'main.m3u8') => {
    const answer = await handler({
      routeKey: `GET /api/play/live/{id}/{channel}/${route}`,
      pathParameters: { id, channel: '1' },
      queryStringParameters: { token, ...(session !== undefined && { session }) },
      headers: {},
      requestContext: { requestId: 'test' },
    } as never);
    return answer.statusCode;
  };
  const other = 'other'.padEnd(16, '0');
  const over = await minted('vera', -60);
  expect([await by(over, mine), await by(over, mine, 'state')]).toEqual([401, 401]);
  expect(await by(await minted('vera', 60), mine)).toBe(200);
  expect([await by(over, mine), await by(over, mine, 'state')]).toEqual([200, 200]);
  for (const refused of [
    by(over, other),
    by(over, other, 'state'),
    by(over),
    by(over, undefined, 'state'),
    by(await minted('vic', -60), mine),
    by(await minted('vera', -60, 2), mine),
  ])
    expect(await refused).toBe(401);
  // For as long as a signature lasts that nobody renews, and no longer.
  const { sessionsOf } = await import('../../../../lambdas/shared/sessions.ts');
  const { loadSigner } = await import('../../../../lambdas/shared/signing.ts');
  const rows = await sessionsOf(`u:${(await loadSigner()).subjectPart('vera')}`);
  const row = rows.find(({ what, player }) => what === `live/${id}/1` && player === mine)!;
  for (const [hours, status] of [
    [11.9, 200],
    [12.1, 401],
  ] as const) {
    await fleet.put('SESSIONS_TABLE', { ...row, startedAt: new Date(Date.now() - hours * 3_600_000).toISOString() });
    expect([hours, await by(over, mine), await by(over, mine, 'state')]).toEqual([hours, status, status]);
  }
});

/** An index is a moment behind its table. */
const watched = (many: number) =>
  vi.waitFor(
    async () => {
      const found = (await ask('GET /api/devices/{id}/sessions', ADA)).json as unknown as Sessions;
      expect(found.sessions).toHaveLength(many);
      return found;
    },
    { timeout: 30_000, interval: 100 },
  );
const mine = 'mine'.padEnd(16, '0');

test('admins see who watches which channel, the newest first; viewers do not, and to strangers there is no such device', async () => {
  await play('vera', 1, mine);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await play('vic', 2);
  const { sessions, isWhole } = await watched(2);
  expect([isWhole, sessions.map(({ subject, channel, renews }) => [subject, channel, renews])]).toEqual([
    true,
    [
      ['vic', 2, false],
      ['vera', 1, true],
    ],
  ]);
  for (const route of ['GET /api/devices/{id}/sessions', 'DELETE /api/devices/{id}/sessions'] as const) {
    expect(await ask(route, { sub: 'vera' })).toMatchObject({ status: 403 });
    expect(await ask(route, { sub: 'sam', groups: ['uploader'] })).toMatchObject({ status: 404 });
  }
  await watched(2);
});

test('one that is ended gets no other signature and is told who ended it; another goes on', async () => {
  await play('vera', 1, mine);
  await play('vic', 1);
  const { sessions } = await watched(2);
  const { session } = sessions.find(({ subject }) => subject === 'vera')!;
  const end = (as: object) => ask('DELETE /api/devices/{id}/sessions/{session}', as as never, { params: { session } });
  expect(await end({ sub: 'vic' })).toMatchObject({ status: 403 });
  expect(await end(ADA)).toMatchObject({ status: 204 });
  expect(await fleet.get('REVOCATIONS_TABLE', { key: `s:${session}` })).toBeDefined();
  const state = { params: { channel: '1' }, query: { session: mine } };
  for (const answer of [
    await play('vera', 1, mine),
    await ask('GET /api/play/live/{id}/{channel}/state', { sub: 'vera' }, state),
  ])
    expect(answer).toMatchObject({
      status: 410,
      json: { code: 'session-ended', detail: 'An administrator has ended this playback.' },
    });
  await watched(1);
  expect(await end(ADA)).toMatchObject({ status: 204 });
  expect(await play('vera', 1)).toMatchObject({ status: 200 });
});

test('an expanded playlist is given for as long as its session goes on, and then the answer says who ended it', async () => {
  const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.000,\nrec/20261104/12/a.m4s?{$auth}\n';
  const Key = livePlaylistKey(id, 1);
  await fleet.s3.send(new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key, Body: playlist }));
  await give('\neveryone', {});
  const channel = { channel: '1' };
  const begin = async (sub: string | undefined, session?: string) => {
    const by = sub === undefined ? undefined : { sub };
    const query = { expand: '1', ...(session && { session }) };
    const { text } = await ask('GET /api/play/live/{id}/{channel}/main.m3u8', by, { params: channel, query });
    return /live\.m3u8\?token=(\S+)/.exec(text)![1]!;
  };
  const media = (token: string) =>
    ask('GET /api/play/live/{id}/{channel}/live.m3u8', undefined, { params: channel, query: { token } });
  const tokens = [await begin('vera'), await begin('vic', mine), await begin(undefined), await begin(undefined, mine)];
  for (const token of tokens) expect((await media(token)).status).toBe(200);
  await watched(4);
  await ask('DELETE /api/devices/{id}/sessions', ADA);
  for (const token of tokens)
    expect(await media(token)).toMatchObject({
      status: 410,
      json: { code: 'session-ended', detail: 'An administrator has ended this playback.' },
    });
  // Left, and not ended.
  const token = await begin(undefined, 'other'.padEnd(16, '0'));
  const ticket = /\/s\/([^/]+)\//.exec((await media(token)).text)![1]!;
  const query = { session: 'other'.padEnd(16, '0'), ticket };
  await ask('POST /api/play/live/{id}/{channel}/goodbye', undefined, { params: channel, query });
  expect(await media(token)).toMatchObject({ status: 410 });
});

test('all of a person, and all there is, end on every channel', async () => {
  await play('vera', 1);
  await play('vera', 2);
  await play('vic', 2);
  await watched(3);
  const all = (query?: Record<string, string>) => ask('DELETE /api/devices/{id}/sessions', ADA, query && { query });
  expect((await all({ subject: 'vera' })).json).toEqual({ ended: 2, isWhole: true });
  const { sessions } = await watched(1);
  expect(sessions[0]!.subject).toBe('vic');
  expect((await all()).json).toEqual({ ended: 1, isWhole: true });
  await watched(0);
});
