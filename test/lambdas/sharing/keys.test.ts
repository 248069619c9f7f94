/** Keys of others: registered through the API on a real engine, used by the two examples of the docs, read by playback. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as example from '../../../docs/examples/mint-token.ts';
import { MAX_KEYS } from '../../../lib/contract/registered-key.ts';
import { addressPart, parseTicket } from '../../../lib/contract/ticket.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';
import { playbackSecret } from '../../support/secret.ts';

const ADMIN = { sub: 'ada', groups: ['admin'] };
const file = (name: string) => fileURLToPath(new URL(`../../../docs/examples/${name}`, import.meta.url));

let close: () => Promise<void>;
let sharing: typeof import('../../../lambdas/sharing/handler.ts').handler;
let playback: typeof import('../../../lambdas/playback/handler.ts').handler;
let table: DynamoDBDocumentClient;

beforeAll(async () => {
  close = await startHandlerEngine({
    ISSUER: 'https://issuer.test',
    AUDIENCE: 'console',
    SIGNATURE_HOURS: '12',
    TOKEN_MINUTES: '60',
    PUBLIC_URL: 'https://videos.example',
  });
  const made = new CreateSecretCommand({ Name: `keys-of-others-${process.pid}`, SecretString: playbackSecret().text });
  process.env['SIGNING_SECRET'] = (await new SecretsManagerClient({}).send(made)).ARN;
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
  ({ handler: playback } = await import('../../../lambdas/playback/handler.ts'));
}, 120_000);
afterAll(() => close());

const keys = (method: 'GET' | 'POST', options: Call) => callRoute(sharing, `${method} /api/keys`, options);
const register = (jwk: object, as: Call['as'] = ADMIN) => keys('POST', { as, body: { name: 'our shop', jwk } });
const drop = (kid: string) => callRoute(sharing, 'DELETE /api/keys/{kid}', { as: ADMIN, params: { kid } });
const put = (over: Parameters<typeof record>[0]) =>
  table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record(over) }));

async function main(token: string, query: Record<string, string> = {}, id = ID, headers: Record<string, string> = {}) {
  const event = { routeKey: 'GET /api/play/{id}/main.m3u8', pathParameters: { id }, headers };
  const answer = await playback({
    ...event,
    queryStringParameters: { token, ...query },
    requestContext: { requestId: 'r' },
  } as never);
  return { status: answer.statusCode!, body: answer.body ?? '' };
}
const said = ({ status, body }: { status: number; body: string }) => {
  const { code, detail } = JSON.parse(body) as { code: string; detail: string };
  return { status, code, detail };
};

/** Python with the library that the example needs; undefined where there is none. */
async function python(): Promise<string | undefined> {
  for (const command of ['python3', 'python3.11'])
    try {
      await promisify(execFile)(command, ['-c', 'import joserfc']);
      return command;
    } catch {
      // Not this one.
    }
  return undefined;
}

describe('keys', () => {
  it('are registered, listed and taken back by admins, under their thumbprint', async () => {
    const key = await example.makeKey();
    const { status, json } = await register({ ...example.publicHalf(key), alg: 'ES256', use: 'sig', kid: 'mine' });
    expect(status).toBe(201);
    expect(json).toEqual({
      kid: await calculateJwkThumbprint(key),
      name: 'our shop',
      jwk: example.publicHalf(key),
      createdAt: expect.any(String) as string,
      createdBy: 'ada',
    });
    expect((await register(example.publicHalf(key))).status).toBe(201);
    expect((await keys('GET', { as: ADMIN })).json.keys).toHaveLength(1);
    expect((await drop(json.kid)).status).toBe(204);
    expect((await drop(json.kid)).status).toBe(204);
    expect((await keys('GET', { as: ADMIN })).json.keys).toEqual([]);
  });

  it.each([
    ['a private key', (key: JWK) => key, /private key/],
    ['an RSA key', () => ({ kty: 'RSA', n: 'x', e: 'AQAB' }), /must be EC/],
    ['another curve', (key: JWK) => ({ ...example.publicHalf(key), crv: 'P-384' }), /must be P-256/],
    ['no point of the curve', (key: JWK) => ({ ...example.publicHalf(key), y: key.x }), /no point of the curve/],
    ['half a key', (key: JWK) => ({ kty: key.kty, crv: key.crv, x: key.x }), /body.jwk.y/],
  ])('are not %s', async (_, change, why) => {
    const { status, json } = await register(change(await example.makeKey()));
    expect([status, json.code]).toEqual([400, 'invalid-request']);
    expect(json.detail).toMatch(why);
  });

  it('are for admins alone', async () => {
    const jwk = example.publicHalf(await example.makeKey());
    const olga = { sub: 'olga', groups: ['uploader'] };
    expect((await register(jwk, olga)).status).toBe(403);
    expect((await keys('GET', { as: olga })).status).toBe(403);
    const params = { kid: await calculateJwkThumbprint(jwk) };
    expect((await callRoute(sharing, 'DELETE /api/keys/{kid}', { as: olga, params })).status).toBe(403);
  });

  it(`are ${MAX_KEYS} at most`, async () => {
    const made: string[] = [];
    for (let n = 0; n < MAX_KEYS; n += 1)
      made.push((await register(example.publicHalf(await example.makeKey()))).json.kid);
    const { status, json } = await register(example.publicHalf(await example.makeKey()));
    expect([status, json.code]).toEqual([409, 'conflict']);
    for (const kid of made) await drop(kid);
  });
});

describe('a token of a registered key', () => {
  let key: JWK;
  let kid: string;
  beforeAll(async () => {
    key = await example.makeKey();
    ({ kid } = (await register(example.publicHalf(key))).json);
    await put({ visibility: 'entitled' });
  });
  const token = (limits: Record<string, unknown> = {}, seconds = 300, user = 'anybody', video = ID) =>
    example.mintToken(key, video, user, seconds, limits);
  const signed = async (claims: object, header: object = {}, by = key) =>
    await new SignJWT({ aud: 'sluice-play', sub: 'u', vid: ID, exp: Math.floor(Date.now() / 1000) + 60, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, ...header })
      .sign(await importJWK(by, 'ES256'));

  it('plays, by the example in TypeScript', async () => {
    expect(await main(await token())).toMatchObject({ status: 200, body: expect.stringMatching(/^#EXTM3U/) as string });
    const running = promisify(execFile)(process.execPath, [
      file('mint-token.ts'),
      'token',
      ID,
      'u',
      '{"maxHeight": 360}',
    ]);
    running.child.stdin!.end(JSON.stringify(key));
    const { body } = await main((await running).stdout.trim());
    expect([...body.matchAll(/RESOLUTION=\d+x(\d+)/g)].map((match) => match[1])).toEqual(['360']);
  });

  it('plays, by the example in Python', async (test) => {
    const command = await python();
    if (command === undefined) console.log('skipped: no Python with joserfc here, so its example was not run');
    test.skip(command === undefined, 'no Python with joserfc');
    const run = promisify(execFile);
    const script = file('mint_token.py');
    const { stdout: made } = await run(command!, [script, 'key']);
    const pipe = async (...args: string[]) => {
      const running = run(command!, [script, ...args]);
      running.child.stdin!.end(made);
      return (await running).stdout.trim();
    };
    const { json } = await register(JSON.parse(await pipe('public')) as object);
    expect(await main(await pipe('token', ID, 'somebody'))).toMatchObject({ status: 200 });
    const { body } = await main(await pipe('token', ID, 'somebody', '{"maxHeight": 360}'));
    expect([...body.matchAll(/RESOLUTION=\d+x(\d+)/g)].map((match) => match[1])).toEqual(['360']);
    await drop(json.kid);
  });

  it('is held within the height it says, also where every address is signed, and at the edge', async () => {
    const low = await token({ maxHeight: 720 });
    const { body } = await main(low);
    expect([...body.matchAll(/RESOLUTION=\d+x(\d+)/g)].map((match) => Number(match[1])).toSorted()).toEqual([360, 720]);
    expect(parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!)).toMatchObject({ height: 720 });
    const [, own] = /token=([^\s"]+)/.exec((await main(low, { expand: '1' })).body)!;
    const media = async (name: string) => {
      const answer = await playback({
        routeKey: 'GET /api/play/{id}/{kind}/{playlist}',
        pathParameters: { id: ID, kind: 'video', playlist: `${name}.m3u8` },
        queryStringParameters: { token: own },
        headers: {},
        requestContext: { requestId: 'r' },
      } as never);
      return said({ status: answer.statusCode!, body: answer.body! }).detail;
    };
    // The files are not there in this test.
    expect(await media('720p')).toMatch(/playlist is gone/);
    expect(await media('1080p')).toMatch(/no such rendition/);
  });

  it('counts the sessions of whom it names, and of nobody else', async () => {
    const query = { session: 'a-player-of-this-1' };
    expect((await main(await token({ maxSessions: 1 }, 300, 'ben'), query)).status).toBe(200);
    expect((await main(await token({ maxSessions: 1 }, 300, 'ben'), query)).status).toBe(200);
    const second = await main(await token({ maxSessions: 1 }, 300, 'ben'), { session: 'a-player-of-this-2' });
    expect(said(second)).toMatchObject({ status: 409, code: 'too-many-sessions' });
    expect((await main(await token({ maxSessions: 2 }, 300, 'ben'), { session: 'a-player-of-this-2' })).status).toBe(
      200,
    );
    expect((await main(await token({ maxSessions: 1 }, 300, 'bea'), { session: 'a-player-of-this-2' })).status).toBe(
      200,
    );
  });

  it('plays from the address and on the sites it says alone, and hands on no more', async () => {
    const from = (address: string, origin?: string) => ({
      'x-forwarded-for': `${address}, 203.0.113.1`,
      ...(origin !== undefined && { origin }),
    });
    const bound = await token({ ip: '2001:db8::7', sites: ['https://shop.example'] });
    const plays = await main(bound, {}, ID, from('2001:db8:0::7', 'https://shop.example'));
    expect(parseTicket(/\/s\/([^/]+)\//.exec(plays.body)![1]!)).toMatchObject({ ip: addressPart('2001:db8::7') });
    expect((await main(bound, {}, ID, from('2001:db8::7'))).status).toBe(200);
    const other = 'https://other.example';
    expect(said(await main(bound, {}, ID, from('2001:db8::7', other)))).toMatchObject({
      status: 403,
      code: 'site-refused',
    });
    for (const headers of [from('2001:db8::8'), from('2001:db8::8', other), {}])
      expect(said(await main(bound, {}, ID, headers))).toMatchObject({
        status: 403,
        code: 'forbidden',
        detail: expect.stringContaining('another address, country or page') as string,
      });
  });

  it('plays on where every address is signed, until the key is taken back', async () => {
    const { body } = await main(await token(), { expand: '1' });
    const [, own] = /token=([^\s"]+)/.exec(body)!;
    const media = (playlists: string) =>
      playback({
        routeKey: 'GET /api/play/{id}/{kind}/{playlist}',
        pathParameters: { id: ID, kind: 'video', playlist: '720p.m3u8' },
        queryStringParameters: { token: playlists },
        headers: {},
        requestContext: { requestId: 'r' },
      } as never);
    // Its right is good; the file is not there in this test.
    expect(said({ status: 0, body: (await media(own!)).body! })).toMatchObject({ code: 'not-found' });
    await drop(kid);
    expect(said({ status: 0, body: (await media(own!)).body! })).toMatchObject({ code: 'invalid-token' });
    expect(said(await main(await token()))).toMatchObject({ status: 401, code: 'invalid-token' });
    await register(example.publicHalf(key));
  });

  it('may say what is nobody else’s to read, and is told how a limit is called', async () => {
    const more = { nbf: 1, jti: 'x', azp: 'shop', 'not-before-policy': 0, plan: 'gold', height: 360 };
    expect((await main(await token(more))).status).toBe(200);
    expect(said(await main(await token({ maxheight: 720 }))).detail).toBe(
      'The token says maxheight, which is no limit here; it is called maxHeight.',
    );
  });

  it('opens no private video, also when it names the owner, or an admin', async () => {
    await put({ visibility: 'private' });
    for (const user of ['anybody', 'olga', 'ada'])
      expect(said(await main(await token({ groups: ['admin'] }, 300, user)))).toMatchObject({
        status: 403,
        code: 'forbidden',
      });
    await put({ visibility: 'entitled' });
  });

  it.each<[string, () => Promise<string>]>([
    ['another video', () => token({}, 300, 'u', OTHER_ID)],
    ['nobody', () => signed({ sub: undefined })],
    ['ever', () => signed({ exp: undefined })],
    ['longer than it may', () => token({}, 3700)],
    ['later', () => signed({ nbf: Math.floor(Date.now() / 1000) + 60 })],
    ['the past', () => signed({ exp: Math.floor(Date.now() / 1000) - 1 })],
    ['another audience', () => signed({ aud: 'console' })],
    ['a height that is none', () => token({ maxHeight: '720' })],
    ['no height', () => token({ maxHeight: null })],
    ['no session at all', () => token({ maxSessions: 0 })],
    ['a network', () => token({ ip: '192.0.2.0/24' })],
    ['a site that is no origin', () => token({ sites: ['shop.example'] })],
    ['no site', () => token({ sites: [] })],
    ['a height by another name', () => token({ maxheight: 720 })],
    ['sessions by another name', () => token({ max_sessions: 1 })],
    ['an address by another name', () => token({ IP: '192.0.2.7' })],
    ['a time by which grants have it', () => token({ notBefore: 4_000_000_000 })],
    ['an end by which grants have it', () => token({ expires_at: 4_000_000_000 })],
    ['by another key under its name', async () => signed({}, {}, await example.makeKey())],
    ['by a key that nobody registered', async () => example.mintToken(await example.makeKey(), ID, 'u')],
    ['by no name', () => signed({}, { kid: undefined })],
  ])('is refused that is for %s', async (_, make) => {
    expect(said(await main(await make()))).toMatchObject({ status: 401, code: 'invalid-token' });
  });

  it('is refused with its public key taken for a secret', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const secret = Buffer.from(JSON.stringify(await exportJWK(publicKey)));
    const forged = await new SignJWT({ aud: 'sluice-play', sub: 'u', vid: ID })
      .setProtectedHeader({ alg: 'HS256', kid })
      .setExpirationTime('1m')
      .sign(secret);
    expect(said(await main(forged))).toMatchObject({ status: 401, code: 'invalid-token' });
  });
});
