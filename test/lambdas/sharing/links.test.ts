/** Links: made, used, named when they are over, and ended, on a real engine. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LINKS } from '../../../lib/contract/link.ts';
import { parseLinkToken } from '../../../lib/contract/link-token.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../../lib/contract/options.ts';
import { parseTicket } from '../../../lib/contract/ticket.ts';
import { endOf } from '../../../web/src/shared/signature.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';
import { playbackSecret } from '../../support/secret.ts';

const OLGA = { sub: 'olga', groups: ['uploader'] };
const ADMIN = { sub: 'ada', groups: ['admin'] };
const SAM = { sub: 'sam', groups: ['uploader'] };

let close: () => Promise<void>;
let sharing: typeof import('../../../lambdas/sharing/handler.ts').handler;
let playback: typeof import('../../../lambdas/playback/handler.ts').handler;
let table: DynamoDBDocumentClient;
let queue: string;

beforeAll(async () => {
  close = await startHandlerEngine({
    ISSUER: 'https://issuer.test',
    AUDIENCE: 'console',
    SIGNATURE_HOURS: '12',
    TOKEN_MINUTES: '60',
    PUBLIC_URL: 'https://videos.example',
  });
  const made = new CreateSecretCommand({ Name: `links-${process.pid}`, SecretString: playbackSecret().text });
  process.env['SIGNING_SECRET'] = (await new SecretsManagerClient({}).send(made)).ARN;
  const fifo = { QueueName: `links-${process.pid}.fifo`, Attributes: { FifoQueue: 'true' } };
  queue = (await new SQSClient({}).send(new CreateQueueCommand(fifo))).QueueUrl!;
  process.env['REVOCATION_QUEUE'] = queue;
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  for (const id of [ID, OTHER_ID])
    await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id }) }));
  ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
  ({ handler: playback } = await import('../../../lambdas/playback/handler.ts'));
}, 120_000);
afterAll(() => close());

const links = (as: Call['as'], id = ID) => callRoute(sharing, 'GET /api/videos/{id}/links', { as, params: { id } });
const make = (body: object = {}, as: Call['as'] = OLGA) =>
  callRoute(sharing, 'POST /api/videos/{id}/links', { as, params: { id: ID }, body });
const end = (link: string, as: Call['as'] = OLGA) =>
  callRoute(sharing, 'DELETE /api/videos/{id}/links/{link}', { as, params: { id: ID, link } });

async function ask(
  routeKey: string,
  id: string,
  query: Record<string, string>,
  origin?: string,
  others: Record<string, string> = {},
) {
  const answer = await playback({
    routeKey,
    pathParameters: { id },
    queryStringParameters: query,
    headers: { ...others, ...(origin !== undefined && { origin }) },
    requestContext: { requestId: 'r' },
  } as never);
  const { statusCode: status, body = '', headers = {}, cookies = [] } = answer;
  return { status: status!, body, headers, cookies };
}
const play = (token: string, id = ID, query: Record<string, string> = {}, origin?: string) =>
  ask('GET /api/play/{id}/main.m3u8', id, { token, ...query }, origin);
const embed = (token: string, headers?: Record<string, string>) =>
  ask('GET /embed/{id}', ID, { token }, undefined, headers);
const framedBy = ({ headers }: { headers: object }) =>
  /frame-ancestors ([^;]*)$/.exec((headers as Record<string, string>)['content-security-policy'] ?? '')?.[1];
const codeOf = ({ body }: { body: string }) => (JSON.parse(body) as { code: string }).code;

it('a link opens nothing that is denied to everyone, private or not', async () => {
  const { json } = await make();
  expect((await play(json.token)).status).toBe(200);
  const denial = { resource: `video:${ID}`, subject: 'everyone', effect: 'deny', countries: { only: ['US'] } };
  const given = await callRoute(sharing, 'POST /api/entitlements', { as: OLGA, body: denial });
  expect(given.status).toBe(200);
  const from = async (country: string) => {
    const headers = { 'cloudfront-viewer-country': country };
    return await ask('GET /api/play/{id}/main.m3u8', ID, { token: json.token }, undefined, headers);
  };
  expect([(await from('US')).status, (await from('DE')).status, (await play(json.token)).status]).toEqual([
    403, 200, 403,
  ]);
  const { id: grant } = given.json as { id: string };
  await callRoute(sharing, 'DELETE /api/entitlements/{grant}', { as: OLGA, params: { grant } });
  expect((await from('US')).status).toBe(200);
});

describe('a link with sites', () => {
  const SITE = 'https://www.example.com';

  it('plays on those, on ours and in players that are no page, and says so of its page for frames', async () => {
    const { json } = await make({ sites: [SITE, 'http://127.0.0.1:8080'] });
    expect(json.sites).toEqual([SITE, 'http://127.0.0.1:8080']);
    for (const origin of [SITE, 'http://127.0.0.1:8080', 'https://videos.example', undefined])
      expect([origin, (await play(json.token, ID, {}, origin)).status]).toEqual([origin, 200]);
    for (const origin of ['https://example.com', 'http://www.example.com', 'https://www.example.com:444', 'null']) {
      const answer = await play(json.token, ID, {}, origin);
      expect([origin, answer.status, codeOf(answer)]).toEqual([origin, 403, 'site-refused']);
    }
    // A plain <video>, which sends no Origin.
    const plain = async (headers: Record<string, string>) =>
      ask('GET /api/play/{id}/main.m3u8', ID, { token: json.token }, undefined, {
        'sec-fetch-dest': 'video',
        ...headers,
      });
    for (const relation of ['cross-site', 'same-site']) {
      const on = { 'sec-fetch-site': relation };
      expect((await plain({ ...on, referer: `${SITE}/` })).status).toBe(200);
      for (const answer of [await plain(on), await plain({ ...on, referer: 'https://elsewhere.example/' })])
        expect([relation, answer.status, codeOf(answer)]).toEqual([relation, 403, 'site-refused']);
    }
    expect((await plain({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(framedBy(await embed(json.token))).toBe(`'self' ${SITE} http://127.0.0.1:8080`);
    expect(framedBy(await embed((await make()).json.token))).toBe('*');
  });

  it('tells a page of another site in words that it is not for it, where that says whose it is', async () => {
    const { json } = await make({ sites: [SITE] });
    const inFrame = (referer: string, dest = 'iframe') => embed(json.token, { referer, 'sec-fetch-dest': dest });
    const refused = await inFrame('https://elsewhere.example/');
    expect([refused.status, framedBy(refused)]).toEqual([403, '*']);
    expect(refused.body).toContain('<strong>Not for this page</strong>');
    expect(refused.body).not.toContain('<sluice-player');
    expect(refused.body).not.toContain(json.token);
    for (const dest of ['frame', 'embed', 'object'])
      expect((await inFrame('https://elsewhere.example/', dest)).status).toBe(403);
    // A page that keeps its name to itself, and whoever comes by a link on one: the policy holds the first.
    for (const page of [
      await inFrame(`${SITE}/`),
      await inFrame('https://videos.example/v/x'),
      await inFrame('no address'),
      await inFrame('https://elsewhere.example/', 'document'),
      await embed(json.token, { 'sec-fetch-dest': 'iframe' }),
      await embed(json.token, { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' }),
    ])
      expect([page.status, framedBy(page)]).toEqual([200, `'self' ${SITE}`]);
  });

  it('holds its sites where every address is signed', async () => {
    const { json } = await make({ sites: [SITE] });
    const [, own] = /token=([^\s"]+)/.exec((await play(json.token, ID, { expand: '1' }, SITE)).body)!;
    const media = async (origin: string) => {
      const answer = await playback({
        routeKey: 'GET /api/play/{id}/{kind}/{playlist}',
        pathParameters: { id: ID, kind: 'video', playlist: '720p.m3u8' },
        queryStringParameters: { token: own },
        headers: { origin },
        requestContext: { requestId: 'r' },
      } as never);
      return codeOf({ body: answer.body! });
    };
    expect([await media(SITE), await media('https://elsewhere.example')]).toEqual(['not-found', 'site-refused']);
  });

  it.each([
    [],
    ['www.example.com'],
    ['https://www.example.com/'],
    ["https://a.example; script-src 'none'"],
    ['https://a.example;report-uri'],
    ['https://*.example.com'],
    ["https://a.example'self'"],
    ['https://a.example,b.example'],
    ['https://[::1'],
  ])('is not made of %j', async (...sites) => {
    expect((await make({ sites })).status).toBe(400);
  });

  it('of a version that took more for a site opens on none of those, and leaves them out of the policy', async () => {
    const { json } = await make({ sites: [SITE, 'https://[::1]:8443'] });
    const stored = async (sites: readonly string[]) => {
      const Key = { videoId: ID, id: json.id };
      const set = { UpdateExpression: 'SET sites = :sites', ExpressionAttributeValues: { ':sites': sites } };
      await table.send(new UpdateCommand({ TableName: process.env['LINKS_TABLE'], Key, ...set }));
    };
    await stored(['https://*.example.com', SITE, 'https://a.example;report-uri']);
    expect(framedBy(await embed(json.token))).toBe(`'self' ${SITE}`);
    expect((await play(json.token, ID, {}, SITE)).status).toBe(200);
    await stored(['https://*.example.com']);
    expect(framedBy(await embed(json.token))).toBe("'self'");
    expect(codeOf(await play(json.token, ID, {}, SITE))).toBe('site-refused');
    expect((await links(OLGA)).status).toBe(200);
  });
});

describe('a link with a password', () => {
  const PASSWORD = 'open sesame';
  const type = async (token: string, password: string) => {
    const answer = await playback({
      routeKey: 'POST /api/play/{id}/unlock',
      pathParameters: { id: ID },
      headers: {},
      body: JSON.stringify({ token, password }),
      requestContext: { requestId: 'r' },
    } as never);
    return { status: answer.statusCode!, body: answer.body! };
  };
  const rowOf = async (id: string) => {
    const row = { TableName: process.env['LINKS_TABLE'], Key: { videoId: ID, id }, ConsistentRead: true };
    return (await table.send(new GetCommand(row))).Item!;
  };

  it('opens nothing until it is typed, and then by a token that ends with the link', async () => {
    const { json } = await make({ password: PASSWORD, sites: ['https://a.example'], expiresIn: 3600 });
    expect([json.hasPassword, json.password]).toEqual([true, undefined]);
    expect(JSON.stringify(await rowOf(json.id))).not.toContain(PASSWORD);
    const locked = await play(json.token);
    expect([locked.status, codeOf(locked)]).toEqual([401, 'link-locked']);
    // Its page asks for it, where the link may be shown, and tells nothing of the video.
    const page = await embed(json.token);
    expect([page.status, framedBy(page)]).toEqual([200, "'self' https://a.example"]);
    expect(page.body).toContain('<sluice-player');
    expect(page.body).not.toContain('A video');
    const wrong = await type(json.token, 'open barley');
    expect([wrong.status, codeOf(wrong)]).toEqual([403, 'wrong-password']);

    const right = JSON.parse((await type(json.token, PASSWORD)).body) as { token: string; expiresAt: string };
    expect(Math.abs(Date.parse(right.expiresAt) - Date.parse(json.expiresAt))).toBeLessThan(1000);
    const { status, body } = await play(right.token);
    expect(status).toBe(200);
    expect(parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!)).toMatchObject({ link: json.id });
    expect(codeOf(await play(right.token, ID, {}, 'https://b.example'))).toBe('site-refused');
    expect((await embed(right.token)).body).toContain('A video');
    await end(json.id);
    expect(codeOf(await play(right.token))).toBe('link-ended');
    expect(codeOf({ body: (await type(json.token, PASSWORD)).body })).toBe('link-ended');
  });

  it('is typed wrong so often and no oftener, however many try at once', async () => {
    const { json } = await make({ password: PASSWORD });
    const answers = await Promise.all(Array.from({ length: 25 }, () => type(json.token, 'not this one')));
    const codes = answers.map(codeOf);
    // The tenth makes nobody wait. Five more would have to wait for each other for a minute, all told.
    const looked = codes.filter((code) => code === 'wrong-password').length;
    expect(looked).toBeGreaterThanOrEqual(10);
    expect(looked).toBeLessThan(16);
    expect(codes.filter((code) => code === 'too-many-attempts')).toHaveLength(25 - looked);
    console.log(`25 wrong passwords at once: ${looked} looked at, ${25 - looked} refused unread`);

    const change = (values: object) =>
      table.send(new PutCommand({ TableName: process.env['LINKS_TABLE'], Item: values }));
    const row = await rowOf(json.id);
    const now = Math.floor(Date.now() / 1000);
    await change({ ...row, tries: 15, triedAt: now, lockedUntil: now + 300 });
    const early = await type(json.token, PASSWORD);
    expect([early.status, codeOf(early)]).toEqual([429, 'too-many-attempts']);
    // Right, once the time is over: it counts as none, and others need not wait.
    await change({ ...row, tries: 15, triedAt: now - 400, lockedUntil: now - 100 });
    expect((await type(json.token, PASSWORD)).status).toBe(200);
    expect(await rowOf(json.id)).toMatchObject({ tries: 15 });
    expect((await rowOf(json.id))['lockedUntil']).toBeUndefined();
    // A day without a wrong one, and they are forgotten.
    await change({ ...row, tries: 15, triedAt: now - 90_000 });
    expect(codeOf({ body: (await type(json.token, 'not this one')).body })).toBe('wrong-password');
    expect(await rowOf(json.id)).toMatchObject({ tries: 1 });
  });

  it('says of a wrong link what is wrong before any password is looked at', async () => {
    const { json } = await make({ password: PASSWORD });
    const other = json.token.replace(/.$/, json.token.endsWith('a') ? 'b' : 'a');
    expect(codeOf({ body: (await type(other, PASSWORD)).body })).toBe('link-unknown');
    expect((await rowOf(json.id))['tries']).toBeUndefined();
    expect(codeOf({ body: (await type('a.b.c', PASSWORD)).body })).toBe('link-unknown');
  });
});

describe('a link', () => {
  it('is made by the owner and admins, told once, and listed without what opens', async () => {
    const { status, json } = await make({ name: 'for the press', expiresIn: 3600 });
    expect(status).toBe(201);
    const { token, ...rest } = json;
    expect(parseLinkToken(token)?.id).toBe(json.id);
    expect(Math.abs(Date.parse(json.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    const { json: listed } = await links(ADMIN);
    expect(listed.links).toContainEqual(rest);
    expect(JSON.stringify(listed)).not.toContain(parseLinkToken(token)!.secret);
    const row = { TableName: process.env['LINKS_TABLE'], Key: { videoId: ID, id: json.id } };
    const { Item } = await table.send(new GetCommand(row));
    expect(JSON.stringify(Item)).not.toContain(parseLinkToken(token)!.secret);
    for (const asked of [links(SAM), make({}, SAM), end(json.id, SAM)]) expect((await asked).status).toBe(404);
  });

  it('opens its video, private as it is, without an account, in a session that names it and nobody', async () => {
    const { json } = await make();
    expect(json.expiresAt).toBeUndefined();
    const { status, body } = await play(json.token);
    expect(status).toBe(200);
    const ticket = parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!);
    expect(ticket).toMatchObject({ link: json.id });
    expect(ticket).not.toHaveProperty('subject');
    expect(codeOf(await play(json.token, OTHER_ID))).toBe('link-unknown');
  });

  it('is refused when a character of it is another one, and opens nothing that a token opens', async () => {
    const { token } = (await make()).json as { token: string };
    const codes = new Set<string>();
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'a' ? 'b' : 'a';
      const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      const answer = await play(changed);
      expect([at, answer.status]).toEqual([at, 401]);
      codes.add(codeOf(answer));
    }
    expect([...codes].toSorted()).toEqual(['invalid-token', 'link-unknown']);
    console.log(`${token.length} links with one character changed: ${token.length} refused`);
  });

  it.each([
    ['a player that asks once', {}],
    ['one that renews', { session: 'renews'.padEnd(16, '0') }],
    ['one by cookies', { cookies: '1' }],
  ])('signs nothing beyond its end, for %s', async (_, query) => {
    const { json } = await make({ expiresIn: 300 });
    const { body, cookies } = await play(json.token, ID, query);
    const [, policy] = /CloudFront-Policy=([^;]*)/.exec(cookies.join('\n')) ?? [];
    expect(endOf(policy === undefined ? body : `Policy=${policy}`)).toBe(
      Math.floor(Date.parse(json.expiresAt as string) / 1000) * 1000,
    );
    const lasting = await play((await make()).json.token as string, ID, query);
    expect(lasting.status).toBe(200);
    if (!('cookies' in query)) expect(endOf(lasting.body)).toBeGreaterThan(Date.now() + 500_000);
  });

  it('goes on where every address is signed, until it is ended', async () => {
    const { json } = await make();
    const { body } = await play(json.token, ID, { expand: '1' });
    const [, own] = /token=([^\s"]+)/.exec(body)!;
    const media = async () =>
      await playback({
        routeKey: 'GET /api/play/{id}/{kind}/{playlist}',
        pathParameters: { id: ID, kind: 'video', playlist: '720p.m3u8' },
        queryStringParameters: { token: own },
        headers: {},
        requestContext: { requestId: 'r' },
      } as never);
    // Its right is good; the file is not there in this test.
    expect(codeOf({ body: (await media()).body! })).toBe('not-found');
    expect((await end(json.id)).status).toBe(204);
    expect(codeOf({ body: (await media()).body! })).toBe('link-ended');
    // It renews nothing, either.
    expect(codeOf(await play(own!))).toBe('invalid-token');
  });

  it('that nothing began by needs no entry at the edge when it is ended, and lets nobody in who was about to begin', async () => {
    const entry = async (id: string) => {
      const Key = { key: `l:${id}` };
      return (await table.send(new GetCommand({ TableName: process.env['REVOCATIONS_TABLE'], Key }))).Item;
    };
    const unused = (await make()).json as { id: string; token: string };
    // Neither its page nor a look at what it would open begins anything.
    expect((await embed(unused.token)).status).toBe(200);
    expect((await ask('HEAD /api/play/{id}/main.m3u8', ID, { token: unused.token })).status).toBe(200);
    expect((await end(unused.id)).status).toBe(204);
    expect((await end(unused.id)).status).toBe(204);
    expect(await entry(unused.id)).toBeUndefined();
    const { useLink } = await import('../../../lambdas/shared/links.ts');
    await expect(useLink({ videoId: ID, id: unused.id })).rejects.toMatchObject({ code: 'link-ended' });
    // Of one by a version that did not look nobody knows.
    const before = (await make()).json as { id: string };
    const Key = { videoId: ID, id: before.id };
    await table.send(
      new UpdateCommand({ TableName: process.env['LINKS_TABLE'], Key, UpdateExpression: 'REMOVE unused' }),
    );
    const used = (await make()).json as { id: string; token: string };
    for (let time = 0; time < 2; time++) expect((await play(used.token)).status).toBe(200);
    for (const id of [before.id, used.id]) {
      await end(id);
      expect(await entry(id)).toBeDefined();
    }
  });

  it('that is ended or over says which, and what it began is revoked at the edge', async () => {
    const { json } = await make();
    expect((await play(json.token)).status).toBe(200);
    expect((await end(json.id, ADMIN)).status).toBe(204);
    expect((await end(json.id)).status).toBe(204);
    expect((await end('A'.repeat(16))).status).toBe(204);
    const answer = await play(json.token);
    expect([answer.status, codeOf(answer)]).toEqual([401, 'link-ended']);
    expect((await links(OLGA)).json.links.find((one: { id: string }) => one.id === json.id).endedAt).toBeDefined();
    const revoked = { TableName: process.env['REVOCATIONS_TABLE'], Key: { key: `l:${json.id}` } };
    const { Item } = await table.send(new GetCommand(revoked));
    expect(Math.abs(Item!['until'] - Date.now() / 1000 - LONGEST_SIGNATURE_SECONDS)).toBeLessThan(60);
    const { Messages = [] } = await new SQSClient({}).send(
      new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10 }),
    );
    expect(Messages.map(({ Body }) => Body).join('\n')).toContain('"l:');

    const over = (await make({ expiresIn: 300 })).json;
    await table.send(
      new UpdateCommand({
        TableName: process.env['LINKS_TABLE'],
        Key: { videoId: ID, id: over.id },
        UpdateExpression: 'SET goodUntil = :past',
        ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) - 1 },
      }),
    );
    expect(codeOf(await play(over.token))).toBe('link-expired');
    expect(codeOf(await play(`${over.id}.${'A'.repeat(32)}`))).toBe('link-unknown');
  });

  it.each([{ expiresIn: 299 }, { expiresIn: 315_619_201 }, { name: '' }, { password: 'short' }, { word: 'x' }])(
    'is not made of %j',
    async (body) => {
      expect((await make(body)).status).toBe(400);
    },
  );

  it(`is one of ${MAX_LINKS} at most that are good, or were used and fill the edge's store since they were ended`, async () => {
    const makeOf = (body: object = {}) =>
      callRoute(sharing, 'POST /api/videos/{id}/links', { as: OLGA, params: { id: OTHER_ID }, body });
    const endOne = ({ id: one }: { id: string }) =>
      callRoute(sharing, 'DELETE /api/videos/{id}/links/{link}', { as: OLGA, params: { id: OTHER_ID, link: one } });
    const made: { id: string; token: string }[] = [];
    for (let n = 0; n < MAX_LINKS; n += 1) {
      const { status, json } = await makeOf();
      expect(status).toBe(201);
      made.push(json as never);
    }
    const tooMany = { status: 409, json: { code: 'conflict', limit: { name: 'links', value: MAX_LINKS } } };
    expect(await makeOf()).toMatchObject(tooMany);
    const [used, unused] = made as [(typeof made)[0], (typeof made)[0]];
    expect((await play(used.token, OTHER_ID)).status).toBe(200);
    await endOne(used);
    expect(await makeOf()).toMatchObject(tooMany);
    await endOne(unused);
    expect((await makeOf()).status).toBe(201);
    expect(await makeOf()).toMatchObject(tooMany);
    // Until its entry says nothing any more.
    const set = {
      UpdateExpression: 'SET endedAt = :then',
      ExpressionAttributeValues: {
        ':then': new Date(Date.now() - (LONGEST_SIGNATURE_SECONDS + 1) * 1000).toISOString(),
      },
    };
    const Key = { videoId: OTHER_ID, id: used.id };
    await table.send(new UpdateCommand({ TableName: process.env['LINKS_TABLE'], Key, ...set }));
    expect((await makeOf()).status).toBe(201);
  });
});
