/** Tickets, connections and what they are told, on the engine's tables; the callback is a stand-in that says who is gone. */
import { BatchWriteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { handler as Handler } from '../../../lambdas/presence/handler.ts';
import type { socket as Socket } from '../../../lambdas/presence/sockets.ts';
import { dynamo } from '../../../lambdas/shared/clients.ts';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import { MOST_CONNECTIONS, MOST_MESSAGES } from '../../../lib/contract/presence.ts';
import { bearerOf, authorized, startHandlerEngine } from '../engine.ts';
import { record } from '../playback/fixture.ts';
import { startGateway, type Gateway } from './gateway.ts';

let close: () => Promise<void>;
let gateway: Gateway;
let handler: typeof Handler;
let socket: typeof Socket;
const MINE = 'mine0000000000000000';
const THEIRS = 'theirs00000000000000';
const OPEN = 'open0000000000000000';

beforeAll(async () => {
  gateway = await startGateway();
  close = await startHandlerEngine({ AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.url, HOOKED: 'no' });
  ({ handler } = await import('../../../lambdas/presence/handler.ts'));
  ({ socket } = await import('../../../lambdas/presence/sockets.ts'));
  for (const [id, owner, visibility] of [
    [MINE, 'olga', 'private'],
    [THEIRS, 'otto', 'private'],
    [OPEN, 'otto', 'entitled'],
  ] as const)
    await dynamo.send(
      new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id, owner, visibility }) }),
    );
});
afterAll(async () => {
  await close?.();
  gateway?.close();
});
beforeEach(() => {
  gateway.told.length = 0;
  gateway.ended.length = 0;
});

const ORIGIN = 'https://video.example';
const now = () => Math.floor(Date.now() / 1000);
const HOUR = 3600;

/** As a page of `origin` asks for it. */
async function ticketOf(sub: string, exp = now() + HOUR, origin = ORIGIN): Promise<string> {
  const as = { sub, exp, groups: sub === 'ada' ? ['admin'] : [] };
  const answer = await handler({
    version: '2.0',
    routeKey: 'POST /api/presence',
    headers: { authorization: bearerOf(as), origin },
    isBase64Encoded: false,
    requestContext: { requestId: 'test', authorizer: { jwt: { claims: authorized(as), scopes: [] } } },
  } as unknown as ApiEvent);
  expect(answer?.statusCode).toBe(201);
  return (JSON.parse(answer!.body!) as { ticket: string }).ticket;
}

/** `null`: no page connects. */
const begin = async (id: string, ticket: string, origin: string | null = ORIGIN, at = now()) => {
  const answer = await socket(
    {
      requestContext: { connectionId: id, eventType: 'CONNECT' },
      headers: origin === null ? {} : { Origin: origin },
      queryStringParameters: { ticket },
    },
    at,
  );
  if (answer.statusCode === 200) gateway.there.add(id);
  return answer.statusCode;
};
const say = (id: string, body: unknown, at = now()) =>
  socket(
    {
      requestContext: { connectionId: id, eventType: 'MESSAGE' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
    at,
  );
const leave = (id: string) => socket({ requestContext: { connectionId: id, eventType: 'DISCONNECT' } });
const toldTo = (id: string) => gateway.told.filter((one) => one.id === id).map(({ message }) => message);

const streamOf = (variable: string) =>
  `arn:aws:dynamodb:us-east-1:000000000000:table/${process.env[variable]}/stream/2026-01-01T00:00:00.000`;
const change = (id: string, before: object, after: object): DynamoDBRecord =>
  ({
    eventSourceARN: streamOf('VIDEOS_TABLE'),
    dynamodb: {
      OldImage: marshall({ ...record(), id, ...before }, { removeUndefinedValues: true }),
      NewImage: marshall({ ...record(), id, ...after }, { removeUndefinedValues: true }),
    },
  }) as unknown as DynamoDBRecord;
const happens = (...Records: DynamoDBRecord[]) => handler({ Records });
const progressed = (id: string) => change(id, { status: 'probed', progress: 1 }, { status: 'probed', progress: 2 });

const rows = async () =>
  (await dynamo.send(new ScanCommand({ TableName: process.env['PRESENCE_TABLE']! }))).Items ?? [];

it('opens one connection by a ticket, for the page that asked and for a minute', async () => {
  const ticket = await ticketOf('olga');
  expect(JSON.stringify(await rows())).not.toContain(ticket);
  expect(await begin('elsewhere', ticket, 'https://evil.example')).toBe(403);
  // A ticket that was shown is spent, whoever showed it.
  expect(await begin('late', ticket)).toBe(403);
  expect(await begin('no-page', await ticketOf('olga'), null)).toBe(403);
  expect(await begin('old', await ticketOf('olga'), ORIGIN, now() + 61)).toBe(403);
  expect(await begin('over', await ticketOf('olga', now() + 30), ORIGIN, now() + 31)).toBe(403);
  for (const nonsense of ['', 'x', 'x'.repeat(5000)]) expect(await begin('nonsense', nonsense)).toBe(403);
  const good = await ticketOf('olga');
  const both = await Promise.all([begin('one', good), begin('other', good)]);
  expect(both.toSorted()).toEqual([200, 403]);
  await leave(both[0] === 200 ? 'one' : 'other');
  expect((await rows()).filter(({ topic }) => String(topic).startsWith('connection/'))).toEqual([]);
});

it('tells of a video whoever may see it, until they go', async () => {
  expect(await begin('olga-1', await ticketOf('olga'))).toBe(200);
  expect(await begin('ada-1', await ticketOf('ada'))).toBe(200);
  const topics = [MINE, THEIRS, OPEN, 'none0000000000000000'].map((id) => `video:${id}`);
  await say('olga-1', { topics: [...topics, 'video:', 'video:x:y', 'connection/ada-1'] });
  await say('ada-1', { topics });
  const until = expect.any(Number) as number;
  expect(toldTo('olga-1')).toEqual([{ topics: [`video:${MINE}`], until }]);
  expect(toldTo('ada-1')).toEqual([{ topics: topics.slice(0, 3), until }]);

  gateway.told.length = 0;
  await happens(progressed(MINE), progressed(THEIRS), change(MINE, {}, {}));
  const news = (id: string) => ({ topic: `video:${id}`, status: 'probed', progress: 2, isMore: false });
  expect(toldTo('olga-1')).toMatchObject([{ news: [news(MINE)] }]);
  expect(toldTo('ada-1')).toMatchObject([{ news: [news(MINE), news(THEIRS)] }]);

  // What is said replaces what was said before.
  await say('ada-1', { topics: [`video:${THEIRS}`] });
  await leave('olga-1');
  gateway.told.length = 0;
  await happens(progressed(MINE));
  expect(gateway.told).toEqual([]);
  await happens(progressed(THEIRS));
  expect(toldTo('ada-1')).toHaveLength(1);
  await leave('ada-1');
  await happens(progressed(THEIRS));
  expect(toldTo('ada-1')).toHaveLength(1);
  expect((await rows()).filter(({ topic }) => /^(video|connection)/.test(String(topic)))).toEqual([]);
});

it('tells nobody for longer than they asked, or than their token is good', async () => {
  const at = now();
  await begin('olga-2', await ticketOf('olga', at + 300), ORIGIN, at);
  await say('olga-2', { topics: [`video:${MINE}`] }, at);
  expect(toldTo('olga-2')).toMatchObject([{ until: at + 300 }]);
  const { push } = await import('../../../lambdas/presence/push.ts');
  gateway.told.length = 0;
  await push([progressed(MINE)], at + 299);
  expect(toldTo('olga-2')).toHaveLength(1);
  await push([progressed(MINE)], at + 301);
  expect(toldTo('olga-2')).toHaveLength(1);
  // The token is over, and so is the connection, at the first word.
  await say('olga-2', { topics: [`video:${MINE}`] }, at + 301);
  expect(gateway.ended).toEqual(['olga-2']);
  await leave('olga-2');

  await begin('olga-3', await ticketOf('olga', now() + 2 * HOUR));
  await say('olga-3', { topics: [`video:${MINE}`] });
  gateway.told.length = 0;
  await push([progressed(MINE)], now() + 601);
  expect(gateway.told).toEqual([]);
  // Asked again it is decided again, and who may not see it any more hears no more.
  await dynamo.send(
    new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id: MINE, owner: 'otto' }) }),
  );
  await say('olga-3', { topics: [`video:${MINE}`] });
  expect(toldTo('olga-3')).toMatchObject([{ topics: [] }]);
  await happens(progressed(MINE));
  expect(toldTo('olga-3')).toHaveLength(1);
  await leave('olga-3');
});

it('tells who watches to the owner of the video and to admins, and of a device to admins alone', async () => {
  const DEVICE = '13800000001';
  const topics = [`watching:video:${OPEN}`, `watching:device:${DEVICE}`];
  const grant = {
    videoId: OPEN,
    subject: 'vera',
    grantedBy: 'otto',
    createdAt: '2026-01-01T00:00:00Z',
    effect: 'allow',
  };
  await dynamo.send(new PutCommand({ TableName: process.env['ENTITLEMENTS_TABLE'], Item: grant }));
  for (const [sub, allowed] of [
    ['otto', topics.slice(0, 1)],
    ['vera', []],
    ['olga', []],
    ['ada', topics],
  ] as const) {
    await begin(`${sub}-w`, await ticketOf(sub));
    await say(`${sub}-w`, { topics });
    expect([sub, toldTo(`${sub}-w`)]).toMatchObject([sub, [{ topics: allowed }]]);
  }
  // She may watch it, and so is told how far it is.
  await say('vera-w', { topics: [`video:${OPEN}`] });
  expect(toldTo('vera-w').at(-1)).toMatchObject({ topics: [`video:${OPEN}`] });

  gateway.told.length = 0;
  const session = '0000001Aaaaaaaaaaaaaaaa';
  const row = {
    who: 'u:part',
    place: `vod/${OPEN}/player`,
    what: `vod/${OPEN}`,
    session,
    ticket: 'a secret',
    subject: 'vera',
    startedAt: '2026-01-01T00:00:00Z',
    seenAt: '2026-01-01T00:00:00Z',
    expiresAt: now() + 600,
  };
  const began = { eventSourceARN: streamOf('SESSIONS_TABLE'), dynamodb: { NewImage: marshall(row) } };
  await happens(began as unknown as DynamoDBRecord);
  for (const id of ['otto-w', 'ada-w'])
    expect(toldTo(id)).toMatchObject([
      { news: [{ topic: topics[0], joined: [{ session, subject: 'vera' }], left: [] }] },
    ]);
  expect(gateway.told).toHaveLength(2);
  expect(JSON.stringify(gateway.told)).not.toContain('secret');
  const elsewhere = { ...began, eventSourceARN: streamOf('KEYS_TABLE') };
  await happens(elsewhere as unknown as DynamoDBRecord);
  expect(gateway.told).toHaveLength(2);
  for (const sub of ['otto', 'vera', 'olga', 'ada']) await leave(`${sub}-w`);
});

it('tells everybody which of their own sessions are over, and an admin of nobody else’s', async () => {
  for (const sub of ['vera', 'ada', 'otto']) {
    await begin(`${sub}-s`, await ticketOf(sub));
    await say(`${sub}-s`, { topics: ['sessions:vera', 'sessions:', `sessions:${'x'.repeat(255)}`] });
  }
  expect(['vera-s', 'ada-s', 'otto-s'].map(toldTo)).toMatchObject([
    [{ topics: ['sessions:vera'] }],
    [{ topics: [] }],
    [{ topics: [] }],
  ]);
  gateway.told.length = 0;
  const session = '0000001Aaaaaaaaaaaaaaaa';
  const row = { who: 'u:part', place: 'x', what: `vod/${OPEN}`, session, ticket: 'a secret', subject: 'vera' };
  const times = { startedAt: '2026-01-01T00:00:00Z', seenAt: '2026-01-01T00:00:00Z', expiresAt: now() + 600 };
  const gone = {
    eventSourceARN: streamOf('SESSIONS_TABLE'),
    dynamodb: { OldImage: marshall({ ...row, ...times }) },
  };
  await happens(gone as unknown as DynamoDBRecord);
  const news = [{ of: 'sessions', topic: 'sessions:vera', over: [session], isMore: false }];
  expect(gateway.told).toEqual([{ id: 'vera-s', message: { news } }]);
  for (const sub of ['vera', 'ada', 'otto']) await leave(`${sub}-s`);
});

it('tells of a device whoever may see it, as the API shows it, for as long as they may', async () => {
  const devices = ['13800000001', '13800000002', '13800000009'];
  const topics = devices.map((id) => `device:${id}`);
  const put = (id: string, viewers: readonly string[]) =>
    dynamo.send(new PutCommand({ TableName: process.env['DEVICES_TABLE'], Item: { id, kind: 'device', viewers } }));
  await put(devices[0]!, ['vera']);
  await put(devices[1]!, ['otto']);
  for (const [sub, allowed] of [
    ['vera', topics.slice(0, 1)],
    ['ada', topics.slice(0, 2)],
    ['olga', []],
  ] as const) {
    await begin(`${sub}-d`, await ticketOf(sub));
    await say(`${sub}-d`, { topics: [...topics, 'device:x', 'device:'] });
    expect([sub, toldTo(`${sub}-d`)]).toMatchObject([sub, [{ topics: allowed }]]);
  }
  const drives = (id: string) => ({
    eventSourceARN: streamOf('DEVICES_TABLE'),
    dynamodb: {
      OldImage: marshall({ id, alarms: [] }),
      NewImage: marshall({ id, alarms: ['sos'], authCode: 'a secret' }),
    },
  });
  gateway.told.length = 0;
  await happens(...(devices.map(drives) as unknown as DynamoDBRecord[]));
  const news = (id: string) => ({ of: 'device', topic: `device:${id}`, alarms: ['sos'], isMore: false });
  expect(toldTo('vera-d')).toEqual([{ news: [news(devices[0]!)] }]);
  expect(toldTo('ada-d')).toEqual([{ news: [news(devices[0]!), news(devices[1]!)] }]);
  expect(gateway.told).toHaveLength(2);
  // Taken off the list of its viewers, she is told until she asks again.
  await put(devices[0]!, []);
  await say('vera-d', { topics });
  expect(toldTo('vera-d').at(-1)).toMatchObject({ topics: [] });
  for (const sub of ['vera', 'ada', 'olga']) await leave(`${sub}-d`);
});

it('hears so many messages of a person in a minute, and ends the connection at the next', async () => {
  const minute = (Math.floor(now() / 60) + 1) * 60;
  for (const id of ['mia-1', 'mia-2']) await begin(id, await ticketOf('mia'));
  const nothing = { topics: [] };
  // However many come at once.
  await Promise.all(Array.from({ length: MOST_MESSAGES }, () => say('mia-1', nothing, minute)));
  expect(toldTo('mia-1')).toHaveLength(MOST_MESSAGES);
  for (let n = 0; n < MOST_MESSAGES; n += 1) await say(n % 2 === 0 ? 'mia-1' : 'mia-2', nothing, minute + 60);
  expect(gateway.told).toHaveLength(2 * MOST_MESSAGES);
  expect(gateway.ended).toEqual([]);
  await say('mia-2', nothing, minute + 119);
  expect(gateway.ended).toEqual(['mia-2']);
  expect(gateway.told).toHaveLength(2 * MOST_MESSAGES);
  await say('mia-1', nothing, minute + 120);
  expect(gateway.told).toHaveLength(2 * MOST_MESSAGES + 1);
  for (const id of ['mia-1', 'mia-2']) await leave(id);
});

it('writes what is asked for anew, and what is asked for again once a minute', async () => {
  const at = now();
  const [mine, open, theirs] = [`video:${MINE}`, `video:${OPEN}`, `video:${THEIRS}`];
  const leases = async () =>
    Object.fromEntries(
      (await rows())
        .filter(({ connection }) => connection === 'ada-l')
        .map(({ topic, until }) => [topic, Number(until) - at]),
    ) as Record<string, number>;
  await begin('ada-l', await ticketOf('ada'));
  await say('ada-l', { topics: [mine, open] }, at);
  expect(await leases()).toEqual({ [mine]: 600, [open]: 600 });
  await say('ada-l', { topics: [mine, open] }, at + 30);
  expect(await leases()).toEqual({ [mine]: 600, [open]: 600 });
  await say('ada-l', { topics: [mine, theirs] }, at + 40);
  expect(await leases()).toEqual({ [mine]: 600, [theirs]: 640 });
  await say('ada-l', { topics: [theirs, mine] }, at + 61);
  expect(await leases()).toEqual({ [mine]: 661, [theirs]: 661 });
  expect(toldTo('ada-l')).toHaveLength(4);
  await leave('ada-l');
  expect(await leases()).toEqual({});
});

it('tells admins alone that the inbox of alarms is another', async () => {
  for (const sub of ['ada', 'vera']) {
    await begin(`${sub}-a`, await ticketOf(sub));
    await say(`${sub}-a`, { topics: ['alarms'] });
  }
  expect([toldTo('ada-a'), toldTo('vera-a')]).toMatchObject([[{ topics: ['alarms'] }], [{ topics: [] }]]);
  gateway.told.length = 0;
  const alarm = { device: '13800000001', at: '2026-01-01T00:00:00Z#a', inbox: 'new.00' };
  const came = { eventSourceARN: streamOf('ALARMS_TABLE'), dynamodb: { NewImage: marshall(alarm) } };
  await happens(came as unknown as DynamoDBRecord);
  expect(gateway.told).toEqual([{ id: 'ada-a', message: { news: [{ of: 'alarms', topic: 'alarms', isMore: true }] } }]);
  for (const sub of ['ada', 'vera']) await leave(`${sub}-a`);
});

it('finds who listens behind however many that are over and still lie there', async () => {
  await begin('zz-last', await ticketOf('olga'));
  const topic = `video:${MINE}`;
  await dynamo.send(
    new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id: MINE, owner: 'olga' }) }),
  );
  await say('zz-last', { topics: [topic] });
  const TableName = process.env['PRESENCE_TABLE']!;
  const over = Array.from({ length: 600 }, (_, i) => ({ topic, connection: `a${i}`, until: now() - 1 }));
  for (let at = 0; at < over.length; at += 25) {
    const puts = over.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await dynamo.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
  }
  gateway.told.length = 0;
  await happens(progressed(MINE));
  expect(toldTo('zz-last')).toHaveLength(1);
  expect(gateway.told).toHaveLength(1);
  await leave('zz-last');
});

it('asks no hook: what one has the last word of is not told', async () => {
  process.env['HOOKED'] = 'yes';
  try {
    await begin('vera-h', await ticketOf('vera'));
    await begin('otto-h', await ticketOf('otto'));
    for (const id of ['vera-h', 'otto-h']) await say(id, { topics: [`video:${OPEN}`] });
    expect([toldTo('vera-h'), toldTo('otto-h')]).toMatchObject([[{ topics: [] }], [{ topics: [`video:${OPEN}`] }]]);
  } finally {
    process.env['HOOKED'] = 'no';
    for (const id of ['vera-h', 'otto-h']) await leave(id);
  }
});

it('ends who talks nonsense, and forgets who is gone without a word', async () => {
  const talks = async (id: string, body: string) => {
    await begin(id, await ticketOf('ada'));
    await say(id, body);
  };
  const nonsense = [
    '',
    'x',
    '[]',
    '{}',
    '{"topics":[1]}',
    '{"topics":[],"more":1}',
    JSON.stringify({ topics: Array.from({ length: 101 }, (_, i) => `video:${i}`) }),
    JSON.stringify({ topics: [`video:${'x'.repeat(9000)}`] }),
  ];
  for (const [index, body] of nonsense.entries()) await talks(`nonsense-${index}`, body);
  expect(gateway.ended).toEqual(nonsense.map((_, index) => `nonsense-${index}`));
  for (const [index] of nonsense.entries()) await leave(`nonsense-${index}`);

  await begin('gone', await ticketOf('ada'));
  await say('gone', { topics: [`video:${THEIRS}`] });
  gateway.there.delete('gone');
  await happens(progressed(THEIRS));
  expect((await rows()).filter((row) => JSON.stringify(row).includes('gone'))).toEqual([]);
});

it('lets a person have so many connections, however many begin at once, and another when one ends', async () => {
  const tickets = await Promise.all(Array.from({ length: MOST_CONNECTIONS + 3 }, () => ticketOf('tara')));
  const statuses = await Promise.all(tickets.map((ticket, index) => begin(`tara-${index}`, ticket)));
  expect(statuses.filter((status) => status === 200)).toHaveLength(MOST_CONNECTIONS);
  expect(statuses.filter((status) => status === 429)).toHaveLength(3);
  await leave(`tara-${statuses.indexOf(200)}`);
  expect(await begin('tara-more', await ticketOf('tara'))).toBe(200);
  expect(await begin('tara-most', await ticketOf('tara'))).toBe(429);
  expect(await begin('olga-4', await ticketOf('olga'))).toBe(200);
});
