/** Grants by their own routes, against the engine: who may give what, and what is then watched, videos and live alike. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import { routes, type RouteKey } from '../../../lib/contract/api.ts';
import { callRoute, type Call } from '../engine.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { record } from '../playback/fixture.ts';

type Handler = Parameters<typeof callRoute>[0];
let fleet: Fleet;
let catalog: Handler;
let sharing: Handler;
let devices: Handler;
let live: Handler;
let playback: Handler;
let count = 0;

const olga = { sub: 'olga', groups: ['uploader'] };
const sam = { sub: 'sam', groups: ['crew'] };
const ada = { sub: 'ada', groups: ['admin'] };

beforeAll(async () => {
  fleet = await startFleet();
  const { QueueUrl } = await fleet.sqs.send(new CreateQueueCommand({ QueueName: `removals-grants-${process.pid}` }));
  Object.assign(process.env, {
    REMOVAL_QUEUE: QueueUrl,
    CONSOLE_CONFIG: JSON.stringify({
      issuer: 'https://issuer.example',
      clientId: 'console',
      scope: 'openid',
      groupsClaim: 'groups',
      upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
    }),
  });
  ({ handler: catalog } = await import('../../../lambdas/catalog/handler.ts'));
  ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
  ({ handler: devices } = await import('../../../lambdas/devices/handler.ts'));
  ({ handler: live } = await import('../../../lambdas/playback/live/handler.ts'));
  ({ handler: playback } = await import('../../../lambdas/playback/handler.ts'));
}, 600_000);
afterAll(() => fleet.close());

const call = (route: RouteKey, as: Call['as'], more: Call = {}) =>
  callRoute(routes[route].stage === 'sharing' ? sharing : catalog, route, { as, ...more });
const give = (as: Call['as'], body: object) => call('POST /api/entitlements', as, { body });
const list = async (as: Call['as'], query: Record<string, string>) => call('GET /api/entitlements', as, { query });
const one = (method: 'GET' | 'PUT' | 'DELETE', as: Call['as'], grant: string, body?: object) =>
  call(`${method} /api/entitlements/{grant}`, as, { params: { grant }, ...(body && { body }) });
const sees = async (as: Call['as'], id: string) =>
  (await call('GET /api/videos/{id}', as, { params: { id } })).status === 200;

async function stored(over: object = {}): Promise<string> {
  const id = `grants${String(count++).padStart(14, '0')}`;
  await fleet.put('VIDEOS_TABLE', record({ id, visibility: 'entitled', ...over }));
  return id;
}

/** Who signs in and asks for a manifest; playback reads the token itself. */
async function plays(
  handler: Handler,
  routeKey: string,
  pathParameters: object,
  { sub, groups }: typeof sam,
  ip = '192.0.2.7',
) {
  const authorization = await fleet.bearer(sub, groups);
  const event = {
    routeKey,
    pathParameters,
    headers: { authorization, 'x-forwarded-for': ip },
    requestContext: { requestId: 'test' },
  };
  const { statusCode, body } = await handler(event as unknown as ApiEvent);
  return {
    status: statusCode,
    body: body ?? '',
    lines: [...(body ?? '').matchAll(/RESOLUTION=\d+x(\d+)/g)].map((found) => Number(found[1])),
  };
}

it('are given, listed, read, said anew and taken back, safely repeated', async () => {
  const id = await stored();
  const resource = `video:${id}`;
  const given = await give(olga, { resource, subject: 'group:crew', maxHeight: 720, maxSessions: 2 });
  expect(given).toMatchObject({
    status: 200,
    json: { resource, subject: 'group:crew', effect: 'allow', maxHeight: 720 },
  });
  const main = () => plays(playback, 'GET /api/play/{id}/main.m3u8', { id }, sam);
  expect((await main()).lines.toSorted((a, b) => a - b)).toEqual([360, 720]);
  expect((await list(olga, { resource })).json).toEqual({ entitlements: [given.json], cursor: null });
  expect((await list(olga, { resource, subject: 'group:crew' })).json.entitlements).toEqual([given.json]);
  expect((await list(olga, { resource, subject: 'group:board' })).json.entitlements).toEqual([]);
  expect((await one('GET', olga, given.json.id)).json).toEqual(given.json);
  const anew = await one('PUT', ada, given.json.id, { effect: 'deny' });
  const { maxHeight: _, maxSessions: __, ...rest } = given.json;
  expect(anew.json).toEqual({ ...rest, effect: 'deny', grantedBy: 'ada' });
  expect((await main()).status).toBe(403);
  for (let time = 0; time < 2; time++) expect((await one('DELETE', olga, given.json.id)).status).toBe(204);
  expect(await one('GET', olga, given.json.id)).toMatchObject({ status: 404 });
  expect(await one('PUT', olga, given.json.id, {})).toMatchObject({ status: 404 });
  expect((await list(olga, { resource })).json.entitlements).toEqual([]);
});

it('count players of a person, and bind what is opened to an address', async () => {
  const id = await stored();
  // Places are a person's, whatever they watch: nobody of the other tests.
  const sue = { ...sam, sub: 'sue' };
  const main = (ip?: string) => plays(playback, 'GET /api/play/{id}/main.m3u8', { id }, sue, ip);
  await give(olga, { resource: `video:${id}`, subject: 'person:sue', maxSessions: 1, ip: '192.0.2.7' });
  const first = await main();
  expect(first.status).toBe(200);
  // The edge refuses this ticket from any other address.
  expect(first.body).toMatch(new RegExp(`/vod/${id}/s/[^/]+\\.c0000207/`));
  const second = await main();
  expect(second).toMatchObject({ status: 409, body: expect.stringContaining('too-many-sessions') as string });
  expect((await main('192.0.2.8')).status).toBe(403);
});

it('are one for each pair: another takes its place, and the list of people is the same rows', async () => {
  const id = await stored();
  const resource = `video:${id}`;
  await call('PUT /api/videos/{id}/grants/{subject}', olga, { params: { id, subject: 'auth0|gus' }, body: {} });
  const { json } = await list(olga, { resource });
  expect(json.entitlements).toMatchObject([{ subject: 'person:auth0|gus', effect: 'allow', grantedBy: 'olga' }]);
  await give(olga, { resource, subject: 'person:auth0|gus', effect: 'deny' });
  await give(olga, { resource, subject: 'everyone', maxHeight: 360 });
  expect((await list(olga, { resource })).json.entitlements).toHaveLength(2);
  // Who is refused, and groups, are not people who are let in.
  const people = await call('GET /api/videos/{id}/grants', olga, { params: { id } });
  expect(people.json).toEqual({ grants: [] });
  expect(await sees({ sub: 'auth0|gus' }, id)).toBe(false);
  expect(await sees({ sub: 'eve' }, id)).toBe(true);
});

it('are listed page by page, and by whom they were given to', async () => {
  const resource = `video:${await stored()}`;
  const who = `person:paged-${count}`;
  for (let index = 0; index < 3; index++) await give(olga, { resource, subject: `${who}-${index}` });
  await give(olga, { resource, subject: who });
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { json } = await list(olga, { resource, limit: '2', ...(cursor && { cursor }) });
    seen.push(...(json.entitlements as { subject: string }[]).map(({ subject }) => subject));
    cursor = json.cursor as string | null;
  }
  expect(seen).toEqual([who, `${who}-0`, `${who}-1`, `${who}-2`]);
  const mine = { sub: who.slice('person:'.length) };
  for (const [as, query] of [
    [mine, {}],
    [mine, { subject: who }],
    [ada, { subject: who }],
  ] as const)
    expect((await list(as, query)).json.entitlements).toMatchObject([{ resource, subject: who }]);
  expect(await list(sam, { subject: who })).toMatchObject({ status: 403 });
});

it('are for a video’s owner and admins, and on devices and tags for admins', async () => {
  const id = await stored({ tags: ['tour'] });
  const hidden = await stored({ visibility: 'private' });
  await fleet.device('13811112222').register();
  const subject = 'person:sam';
  await give(olga, { resource: `video:${id}`, subject });
  for (const [as, resource, status] of [
    [sam, `video:${id}`, 403],
    [sam, `video:${hidden}`, 404],
    [olga, 'tag:tour', 403],
    [olga, 'device:13811112222', 403],
    [ada, 'tag:tour', 200],
    [ada, 'device:13811112222', 200],
    [ada, 'device:13811113333', 404],
  ] as const) {
    expect([resource, (await give(as, { resource, subject })).status]).toEqual([resource, status]);
    expect([resource, (await list(as, { resource })).status]).toEqual([resource, status]);
  }
  expect(await sees(sam, await stored({ tags: ['tour'] }))).toBe(true);
  expect(await sees(sam, await stored({ tags: ['tours'] }))).toBe(false);
});

it('on a device are for its live pictures, and go with it', async () => {
  const id = '13811114444';
  await fleet.device(id).register();
  await fleet.device(id).connect();
  const main = (as: typeof sam) => plays(live, 'GET /api/play/live/{id}/{channel}/main.m3u8', { id, channel: '1' }, as);
  const vera = { sub: 'vera', groups: [] };
  // 409: let in, and nothing to see yet.
  expect([(await main(vera)).status, (await main(sam)).status]).toEqual([409, 404]);
  await give(ada, { resource: `device:${id}`, subject: 'group:crew' });
  await give(ada, { resource: `device:${id}`, subject: 'person:vera', effect: 'deny' });
  expect([(await main(vera)).status, (await main(sam)).status]).toEqual([404, 409]);
  // Watching is not seeing the device.
  expect(await callRoute(devices, 'GET /api/devices/{id}', { as: sam, params: { id } })).toMatchObject({ status: 404 });
  await callRoute(devices, 'DELETE /api/devices/{id}', { as: ada, params: { id } });
  await fleet.device(id).register();
  expect([(await main(vera)).status, (await main(sam)).status]).toEqual([409, 404]);
});

it('make a list of what is shared, newest first and page by page, that knows what is denied', async () => {
  const who = { sub: 'shared-with', groups: ['guests', 'admin'] };
  const day = (n: number) => ({ createdAt: `2026-02-0${n}T00:00:00.000Z` });
  const seen = async (query: Record<string, string> = {}, as: Call['as'] = who) => {
    const found: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const more = cursor === '' ? {} : { cursor };
      const { json } = await call('GET /api/videos', as, { query: { shared: '1', limit: '2', ...query, ...more } });
      found.push(...(json.videos as { id: string }[]).map(({ id }) => id));
      cursor = json.cursor as string | null;
    }
    return found;
  };
  const [own, first, second, third, hidden, refused] = [
    await stored({ owner: who.sub, ...day(1) }),
    await stored({ ...day(2), title: 'The first' }),
    await stored(day(3)),
    await stored(day(4)),
    await stored({ visibility: 'private' }),
    await stored(day(5)),
  ];
  for (const id of [own, first, third, hidden])
    await give(ada, { resource: `video:${id}`, subject: `person:${who.sub}` });
  for (const id of [second, refused]) await give(olga, { resource: `video:${id}`, subject: 'group:guests' });
  await give(olga, { resource: `video:${refused}`, subject: `person:${who.sub}`, effect: 'deny' });
  const guests = { sub: 'another-guest', groups: ['guests'] };
  // What tests before gave to everyone is shared, too.
  const only = (ids: string[]) => ids.filter((id) => [own, first, second, third, hidden, refused].includes(id));
  expect(only(await seen())).toEqual([third, second, first]);
  expect(only(await seen({}, guests))).toEqual([refused, second]);
  expect(await seen({ q: 'the first' })).toEqual([first]);
  // With a tag among the resources all videos are looked through, and the answer is the same.
  const tagged = await stored({ tags: ['shown'], ...day(6) });
  await give(ada, { resource: 'tag:shown', subject: `person:${who.sub}` });
  expect((await seen()).filter((id) => id === tagged || only([id]).length > 0)).toEqual([tagged, third, second, first]);
  expect(await call('GET /api/videos', ada, { query: { shared: '1', owner: 'olga' } })).toMatchObject({ status: 400 });
});

it('do not count where a hook decides, but for those that deny', async () => {
  const id = await stored();
  const main = (as: typeof sam) => plays(playback, 'GET /api/play/{id}/main.m3u8', { id }, as);
  await give(olga, { resource: `video:${id}`, subject: 'group:crew' });
  let answer: object | undefined = { allowed: true, maxHeight: 360 };
  const told: string[] = [];
  const reply = async (request: IncomingMessage, response: ServerResponse) => {
    told.push(await text(request));
    response.writeHead(answer === undefined ? 500 : 200).end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['HOOK_URL'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.env['HOOK_PRIVATE'] = 'yes';
  try {
    const stranger = { sub: 'zoe', groups: [] };
    expect([(await main(stranger)).lines, (await main(sam)).lines]).toEqual([[360], [360]]);
    expect(decodeJwt(told.at(-1)!)).toMatchObject({ sub: 'sam', video: { id }, decision: { reason: 'grant' } });
    expect(await sees(stranger, id)).toBe(true);
    answer = { allowed: false };
    expect([(await main(stranger)).status, (await main(sam)).status]).toEqual([403, 403]);
    answer = undefined;
    expect([(await main(sam)).status, await sees(sam, id), await sees(olga, id)]).toEqual([403, false, true]);
    answer = { allowed: true };
    await give(olga, { resource: `video:${id}`, subject: 'person:zoe', effect: 'deny' });
    expect([(await main(stranger)).status, (await main(sam)).status]).toEqual([403, 200]);
    await fleet.device('13811115555').register();
    await fleet.device('13811115555').connect();
    const live1 = { id: '13811115555', channel: '1' };
    const state = () => plays(live, 'GET /api/play/live/{id}/{channel}/main.m3u8', live1, stranger);
    expect((await state()).status).toBe(409);
    answer = { allowed: false };
    expect((await state()).status).toBe(404);
  } finally {
    delete process.env['HOOK_URL'];
    delete process.env['HOOK_PRIVATE'];
    server.close();
  }
  expect((await main(sam)).status).toBe(200);
});

const meet = async (sub: string, claims: object, header = {}) =>
  call('PUT /api/people/me', { sub }, { body: { idToken: await fleet.idToken({ sub, ...claims }, header) } });
const search = async (as: Call['as'], q: string) => (await call('GET /api/people', as, { query: { q } })).json;
const names = async (as: Call['as'], ...subjects: string[]) =>
  (await call('POST /api/people/names', as, { body: { subjects } })).json.people as unknown;
const erase = (as: Call['as'], subject: string) => call('DELETE /api/people/{subject}', as, { params: { subject } });

it('are given to people by name and address, as an ID token says them', async () => {
  const anna = { subject: 'auth0|anna', name: 'Anna María Meier', email: 'anna@example.com' };
  const claims = { name: 'Anna María Meier', email: 'Anna@Example.com', email_verified: true };
  for (let time = 0; time < 2; time++)
    expect(await meet('auth0|anna', claims)).toMatchObject({ status: 200, json: { ...anna, granted: 0 } });
  // A name that reads like her address is not her address.
  await meet('mallory', { name: 'anna@example.com', email: 'mallory@example.com', email_verified: true });
  for (const q of ['anna m', 'MARIA', 'mei', 'anna@ex']) expect((await search(olga, q)).people).toContainEqual(anna);
  expect((await search(ada, 'mei')).people).toEqual([anna]);
  // Who only watches finds whom they know the whole address of.
  expect((await search(sam, 'mei')).people).toEqual([]);
  expect((await search(sam, 'ANNA@example.com')).people).toEqual([anna]);
  expect(await search(olga, 'a')).toMatchObject({ code: 'invalid-request' });
  expect(await names(olga, 'auth0|anna', 'nobody')).toEqual([anna]);
  expect(await names(sam, 'auth0|anna')).toEqual([{ ...anna, email: null }]);

  await meet('auth0|anna', { ...claims, name: 'Anna Schulz' });
  expect((await search(olga, 'mei')).people).toEqual([]);
  expect((await search(olga, 'schu')).people).toMatchObject([{ subject: 'auth0|anna' }]);
  expect(await erase(olga, 'auth0|anna')).toMatchObject({ status: 403 });
  for (let time = 0; time < 2; time++) expect((await erase({ sub: 'auth0|anna' }, 'auth0|anna')).status).toBe(204);
  expect((await search(ada, 'schu')).people).toEqual([]);
  expect(await names(ada, 'auth0|anna')).toEqual([]);
  expect((await search(ada, 'anna')).people).toMatchObject([{ subject: 'mallory' }]);
  await erase(ada, 'mallory');
});

it('know nobody by an ID token that is wrong', async () => {
  const claims = { name: 'Wrong', email: 'wrong@example.com', email_verified: true };
  for (const [more, header] of [
    [{ aud: 'console' }, {}],
    [{ sub: 'ben' }, {}],
    [{ iss: 'https://elsewhere.example' }, {}],
    [{ exp: Math.floor(Date.now() / 1000) - 60 }, {}],
    [{}, { typ: 'at+jwt' }],
    [{}, { kid: '2' }],
  ] as const) {
    const { status, json } = await meet('wrong', { ...claims, ...more }, header);
    // Not 401: with the access token nothing is wrong.
    expect([status, json.errors?.[0]?.path]).toEqual([400, 'body.idToken']);
  }
  const [head, body] = (await fleet.idToken({ sub: 'wrong', ...claims })).split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const idToken of [`${head}.${body}.AAAA`, `${none}.${body}.AAAA`])
    expect(await call('PUT /api/people/me', { sub: 'wrong' }, { body: { idToken } })).toMatchObject({ status: 400 });
  expect((await search(ada, 'wrong')).people).toEqual([]);
});

it('are given to an address, and become a person’s when they first sign in with it', async () => {
  const [id, withdrawn, known, other] = [await stored(), await stored(), await stored(), await stored()];
  const invite = (video: string, more: object = {}) =>
    give(olga, { resource: `video:${video}`, subject: 'email:Ivy@Example.com', ...more });
  const invitation = await invite(id, { maxHeight: 360, expiresAt: 4_000_000_000 });
  const subject = 'email:ivy@example.com';
  expect(invitation).toMatchObject({ status: 200, json: { subject, maxHeight: 360, expiresAt: 4_000_000_000 } });
  const days = ((invitation.json.pendingUntil as number) - Date.now() / 1000) / 86_400;
  expect(Math.round(days)).toBe(30);
  expect((await list(olga, { resource: `video:${id}` })).json.entitlements).toEqual([invitation.json]);
  expect((await call('GET /api/videos/{id}/grants', olga, { params: { id } })).json.grants).toEqual([]);
  expect((await list(ada, { subject })).json.entitlements).toMatchObject([{ subject }]);
  expect(await invite(other, { effect: 'deny' })).toMatchObject({
    status: 400,
    json: { errors: [{ path: 'body.effect' }] },
  });
  await one('DELETE', olga, (await invite(withdrawn)).json.id as string);
  await invite(known);
  await give(olga, { resource: `video:${known}`, subject: 'person:ivy', effect: 'deny' });
  await give(olga, { resource: `video:${other}`, subject: 'email:ivo@example.com' });
  const ivy = { sub: 'ivy', groups: [] };
  const seen = async () => [
    await sees(ivy, id),
    await sees(ivy, withdrawn),
    await sees(ivy, known),
    await sees(ivy, other),
  ];
  // Whose address it is must be said by who can know: not by a name, a group or an address that nobody has checked.
  await meet('ivy', { name: 'ivy@example.com', email: 'ivy@example.com', email_verified: false });
  expect(await seen()).toEqual([false, false, false, false]);
  expect(await sees({ sub: 'eve', groups: ['email:ivy@example.com'] }, id)).toBe(false);
  const claims = { email: 'IVY@example.com', email_verified: true };
  expect((await meet('ivy', claims)).json).toMatchObject({ granted: 1 });
  expect(await seen()).toEqual([true, false, false, false]);
  expect((await list(olga, { resource: `video:${id}` })).json.entitlements).toMatchObject([
    { subject: 'person:ivy', maxHeight: 360, expiresAt: 4_000_000_000, grantedBy: 'olga' },
  ]);
  expect((await list(olga, { resource: `video:${known}` })).json.entitlements).toMatchObject([{ effect: 'deny' }]);
  expect((await meet('ivy', claims)).json).toMatchObject({ granted: 0 });
  // Somebody else who has the address later is not whom it was given to; and from now on it is a grant at once.
  expect((await meet('ivy-2', claims)).json).toMatchObject({ granted: 0 });
  await erase(ada, 'ivy-2');
  expect((await invite(withdrawn)).json).toMatchObject({ subject: 'person:ivy' });
  expect(await sees(ivy, withdrawn)).toBe(true);
});

it.each([
  ['a resource of no kind', { resource: 'film:x' }, 'body.resource'],
  ['a video that is no id', { resource: 'video:../x' }, 'body.resource'],
  ['a subject of no kind', { subject: 'sam' }, 'body.subject'],
  ['an address that is none', { subject: 'email:sam' }, 'body.subject'],
  ['a network', { ip: '192.0.2.0/24' }, 'body.ip'],
  ['an address of seven groups', { ip: ':1:2:3:4:5:6:7' }, 'body.ip'],
  ['a site with a path', { sites: ['https://a.example/x'] }, 'body.sites.0'],
  ['a site that is none', { sites: ['javascript:alert(1)'] }, 'body.sites.0'],
  ['a directive behind a site', { sites: ['https://a.example;report-uri'] }, 'body.sites.0'],
  ['a star for any site', { sites: ['https://*.example.com'] }, 'body.sites.0'],
  ['a country that is none', { countries: { only: ['UK'] } }, 'body.countries.only.0'],
  ['no country', { countries: { except: [] } }, 'body.countries.except'],
  ['a country without a word for it', { countries: ['DE'] }, 'body.countries'],
  ['a country of no kind', { countries: {} }, 'body.countries'],
  ['an end before its beginning', { notBefore: 20, expiresAt: 20 }, 'body.expiresAt'],
  ['a limit of what denies', { effect: 'deny', maxSessions: 1 }, 'body.maxSessions'],
])('%s is refused by name', async (_, over, path) => {
  const answer = await give(ada, { resource: `video:${'a'.repeat(20)}`, subject: 'everyone', ...over });
  expect(answer).toMatchObject({ status: 400, json: { errors: [{ path }] } });
});

it('are refused by name with an end that is past, which nobody would notice: first ones, others and invitations', async () => {
  const resource = `video:${await stored()}`;
  const past = { expiresAt: Math.floor(Date.now() / 1000) - 1 };
  const refused = { status: 400, json: { errors: [{ path: 'body.expiresAt', message: 'must be in the future' }] } };
  for (const subject of ['everyone', 'person:sam', 'email:late@example.com'])
    expect(await give(olga, { resource, subject, ...past })).toMatchObject(refused);
  expect(await give(olga, { resource, subject: 'everyone', effect: 'deny', ...past })).toMatchObject(refused);
  expect((await list(olga, { resource })).json.entitlements).toEqual([]);
  const given = await give(olga, { resource, subject: 'everyone', expiresAt: past.expiresAt + 3600 });
  expect(given.status).toBe(200);
  expect(await one('PUT', olga, given.json.id, past)).toMatchObject(refused);
  expect((await one('GET', olga, given.json.id)).json).toEqual(given.json);
});

it.each(['x', 'e30', Buffer.from('["video:x","everyone"]').toString('base64url')])(
  '%s names no grant',
  async (grant) => {
    expect(await one('GET', ada, grant)).toMatchObject({ status: 404, json: { code: 'not-found' } });
  },
);
