/** Licences of a DRM provider, who is a server on a real socket here: what reaches it, what comes back, and who never gets so far. */
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LicenceServers, type LicenceServersOptions } from '../../../lambdas/playback/licence-server.ts';
import {
  DRM_NAMES,
  drmAuthorisation,
  MAX_CHALLENGE_BYTES,
  MAX_LICENCE_BYTES,
  type DrmName,
} from '../../../lib/contract/drm.ts';
import { ticketIn } from '../../../lib/contract/ticket.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { fileServer, TEST_CA, type FileServer } from '../../support/file-server.ts';
import { pathOf } from '../../../web/src/shared/signature.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';
import { authorized, bearerOf } from '../engine.ts';
import { header40, playready, protection, psshData, widevine } from './challenges.ts';
import { record } from './fixture.ts';

vi.hoisted(() => (process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT'));

const SECRET = 'of-the-provider-alone';
const [KID, FOREIGN] = ['00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100'];
/** By system, for a key. FairPlay's is for the provider alone; like Widevine's it is no text in UTF-8. */
const challenge = (system: DrmName, kid = KID): Buffer =>
  ({
    widevine: widevine(psshData([kid])),
    playready: playready(header40(kid)),
    fairplay: Buffer.from(Array.from({ length: 1024 }, (_, index) => (index * 7) % 256)),
  })[system];
const LICENCE = Buffer.from(Array.from({ length: 2000 }, (_, index) => 255 - (index % 256)));
const CERTIFICATE = Buffer.from('30820100ff00fe', 'hex');

let provider: FileServer;
let came: { path: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];
type Behaviour = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
const gives: Behaviour = (_, response) => void response.end(LICENCE);
let behave: Behaviour = gives;
const answers =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) =>
    void response.writeHead(status, headers).end('no');

const take: Behaviour = async (request, response) => {
  came.push({ path: request.url ?? '', headers: request.headers, body: await buffer(request) });
  await behave(request, response);
};

beforeAll(async () => {
  provider = await fileServer((request, response) => {
    if (request.url === '/fps.cer') response.end(CERTIFICATE);
    else void take(request, response);
  });
});
afterAll(() => provider.close());
beforeEach(() => {
  came = [];
  behave = gives;
});

describe('a licence through the API', () => {
  let fleet: Fleet;
  let handler: typeof import('../../../lambdas/playback/handler.ts').handler;
  let id: string;
  let count = 0;

  beforeAll(async () => {
    fleet = await startFleet();
    const { ARN } = await new SecretsManagerClient({}).send(
      new CreateSecretCommand({ Name: `drm-${process.pid}`, SecretString: JSON.stringify({ 'X-Api-Key': SECRET }) }),
    );
    const servers = Object.fromEntries(DRM_NAMES.map((name) => [name, `${provider.url}/${name}/{contentId}?team=1`]));
    const drm = { servers, certificate: `${provider.url}/fps.cer` };
    Object.assign(process.env, { DRM: JSON.stringify(drm), DRM_SECRET: ARN, DRM_PRIVATE: 'yes' });
    ({ handler } = await import('../../../lambdas/playback/handler.ts'));
  }, 600_000);
  afterAll(async () => {
    for (const name of ['DRM', 'DRM_SECRET', 'DRM_PRIVATE']) delete process.env[name];
    await fleet.close();
  });
  const put = (over: Partial<VideoRecord> = {}) =>
    fleet.put(
      'VIDEOS_TABLE',
      record({
        id,
        visibility: 'public',
        encryption: 'drm',
        protection: { 'video/1080p': protection(KID, `${id}-r3`) },
        ...over,
      }),
    );
  beforeEach(async () => {
    count += 1;
    id = `drm${String(count).padStart(17, '0')}`;
    await put();
  });

  const ask = async (routeKey: string, more: object = {}): Promise<APIGatewayProxyStructuredResultV2> =>
    handler({ routeKey, pathParameters: { id }, headers: {}, requestContext: { requestId: 'test' }, ...more } as never);
  const tokenOf = async (as?: string) => {
    const headers = as === undefined ? {} : { authorization: await fleet.bearer(as) };
    const { body = '' } = await ask('GET /api/play/{id}/main.m3u8', { headers });
    return /NAME="licence",VALUE="token=([^"]+)"/.exec(body)![1]!;
  };
  const licence = (system: string, token: string | undefined, sent: Buffer | string = challenge(system as DrmName)) =>
    ask('POST /api/play/{id}/licence/{system}', {
      pathParameters: { id, system },
      queryStringParameters: token === undefined ? {} : { token },
      ...(typeof sent === 'string' ? { body: sent } : { body: sent.toString('base64'), isBase64Encoded: true }),
    });
  const codeOf = ({ statusCode, body = '' }: APIGatewayProxyStructuredResultV2) => [
    statusCode,
    (JSON.parse(body) as { code: string }).code,
  ];

  it.each(DRM_NAMES)(
    'of %s goes there and back byte for byte, with the authorisation that no player sees',
    async (system) => {
      const answer = await licence(system, await tokenOf());
      expect(answer).toEqual({
        statusCode: 200,
        headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' },
        body: LICENCE.toString('base64'),
        isBase64Encoded: true,
      });
      expect(came).toHaveLength(1);
      const [{ path, headers, body }] = came as [(typeof came)[0]];
      expect([path, headers['x-api-key']]).toEqual([`/${system}/${id}-r3?team=1`, SECRET]);
      expect([headers['x-content-id'], body.equals(challenge(system))]).toEqual([`${id}-r3`, true]);
      expect([headers['content-type'], headers['soapaction']]).toEqual(
        system === 'playready'
          ? ['text/xml; charset=utf-8', '"http://schemas.microsoft.com/DRM/2007/03/protocols/AcquireLicense"']
          : ['application/octet-stream', undefined],
      );
      // Nothing of who watches is told.
      expect(JSON.stringify(headers)).not.toContain('token');
    },
  );

  it('that is asked for in text, as PlayReady does, arrives as that text', async () => {
    const soap = challenge('playready').toString('utf8');
    expect(soap).toContain('é');
    expect(await licence('playready', await tokenOf(), soap)).toMatchObject({ statusCode: 200 });
    expect(came[0]!.body.toString('utf8')).toBe(soap);
  });

  it.each(['widevine', 'playready'] as const)(
    'of %s is asked of nobody for the key of another video',
    async (system) => {
      const token = await tokenOf();
      expect(codeOf(await licence(system, token, challenge(system, FOREIGN)))).toEqual([404, 'not-found']);
      expect(codeOf(await licence(system, token, Buffer.alloc(MAX_CHALLENGE_BYTES, 1)))).toEqual([
        400,
        'invalid-request',
      ]);
      // A video of which nothing is said yet has no keys to ask for.
      await put({ protection: {} });
      expect(codeOf(await licence(system, token))).toEqual([404, 'not-found']);
      expect(came).toEqual([]);
      await put({ protection: { 'video/1080p': protection(FOREIGN, `${id}-r3`) } });
      expect((await licence(system, token, challenge(system, FOREIGN))).statusCode).toBe(200);
    },
  );

  it('is asked of nobody for who may not watch, left, or never began', async () => {
    expect((await licence('widevine', undefined)).statusCode).toBe(401);
    const token = await tokenOf('sam');
    expect((await licence('widevine', `${token.slice(0, -3)}AAA`)).statusCode).toBe(401);
    const { body = '' } = await ask('POST /api/videos/{id}/tokens', {
      body: '{}',
      headers: { authorization: bearerOf({ sub: 'olga' }) },
      requestContext: { requestId: 'test', authorizer: { jwt: { claims: authorized({ sub: 'olga' }) } } },
    });
    // A playback token opens manifests, and no licence.
    const { token: playback } = JSON.parse(body) as { token: string };
    expect((await licence('widevine', playback)).statusCode).toBe(401);
    expect((await ask('GET /api/play/{id}/main.m3u8', { queryStringParameters: { token: playback } })).statusCode).toBe(
      200,
    );
    const leaving = { session: 'leaving000000000' };
    const { body: opened = '' } = await ask('GET /api/play/{id}/main.m3u8', { queryStringParameters: leaving });
    const left = /NAME="licence",VALUE="token=([^"]+)"/.exec(opened)![1]!;
    const ticket = ticketIn(pathOf(opened)!, `vod/${id}/`)!;
    await ask('POST /api/play/{id}/goodbye', { queryStringParameters: { ...leaving, ticket } });
    expect(codeOf(await licence('widevine', left))).toEqual([410, 'session-ended']);
    await put({ visibility: 'private' });
    expect((await licence('widevine', token)).statusCode).toBe(403);
    await put({ status: 'deleted' });
    expect((await licence('widevine', token)).statusCode).toBeGreaterThanOrEqual(400);
    await put({ encryption: 'none' });
    expect(codeOf(await licence('widevine', token))).toEqual([404, 'not-found']);
    expect(came).toEqual([]);
    await put();
    expect((await licence('widevine', token)).statusCode).toBe(200);
  });

  it('is asked for by bytes within a size, of a system there is', async () => {
    const token = await tokenOf();
    expect(codeOf(await licence('widevine', token, Buffer.alloc(MAX_CHALLENGE_BYTES + 1)))).toEqual([413, 'too-large']);
    expect(codeOf(await licence('widevine', token, ''))).toEqual([400, 'invalid-request']);
    expect(codeOf(await licence('primetime', token, challenge('widevine')))).toEqual([400, 'invalid-request']);
    expect(came).toEqual([]);
    expect((await licence('fairplay', token, Buffer.alloc(MAX_CHALLENGE_BYTES, 1))).statusCode).toBe(200);
  });

  it('says in a code of ours that the provider refuses, and nothing of what it said', async () => {
    const token = await tokenOf();
    behave = answers(403);
    const refused = await licence('widevine', token);
    expect(codeOf(refused)).toEqual([403, 'licence-refused']);
    behave = answers(401);
    const ours = await licence('widevine', token);
    expect(codeOf(ours)).toEqual([502, 'licence-unavailable']);
    for (const { body = '' } of [refused, ours]) expect(body).not.toMatch(new RegExp(`${SECRET}|127\\.0\\.0\\.1|team`));
  });

  it('is authorised by headers that say who asks, and neither where nor about which video', () => {
    const may = (name: string) => drmAuthorisation.safeParse({ [name]: 'a' }).success;
    for (const name of ['X-Api-Key', 'Authorization']) expect(may(name), name).toBe(true);
    for (const name of ['X-Content-Id', 'Host', 'Content-Type']) expect(may(name), name).toBe(false);
  });

  it('gives everybody the FairPlay certificate, which caches may keep', async () => {
    expect(await ask('GET /api/certificate', { pathParameters: {} })).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/octet-stream', 'cache-control': 'public, max-age=3600' },
      body: CERTIFICATE.toString('base64'),
    });
  });
});

describe('a provider that is', () => {
  const servers = (over: Partial<LicenceServersOptions> = {}, system: DrmName = 'widevine') => {
    const all = new LicenceServers({
      drm: { servers: { widevine: `${provider.url}/a` } },
      headers: async () => ({}),
      allowPrivate: true,
      ...over,
    });
    return all.licence(system, challenge(system), 'one-r1');
  };
  const unavailable = expect.objectContaining({ code: 'licence-unavailable' }) as Error;

  it.each<[string, Behaviour]>([
    ['broken', answers(500)],
    ['elsewhere now', answers(307, { location: 'http://127.0.0.1:9/' })],
    ['silent', () => {}],
    ['slow', (_, response) => void response.writeHead(200).write('a')],
    [
      'breaking off',
      (_, response) => void response.writeHead(200, { 'content-length': '9' }).write('a', () => response.destroy()),
    ],
    ['endless', (_, response) => void response.end(Buffer.alloc(MAX_LICENCE_BYTES + 1))],
    ['empty', (_, response) => void response.end()],
  ])('%s gives no licence, within the time, asked once', async (_, behaviour) => {
    behave = behaviour;
    const began = Date.now();
    await expect(servers({ milliseconds: 1000 })).rejects.toThrow(unavailable);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(came).toHaveLength(1);
  });

  it('gone gives none, and one that has none of the system is said to', async () => {
    await expect(servers({ drm: { servers: { widevine: 'http://127.0.0.1:9/' } } })).rejects.toThrow(unavailable);
    await expect(servers({}, 'fairplay')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('at a private address, or by plain http, is never reached where that is not allowed', async () => {
    await expect(servers({ allowPrivate: false })).rejects.toThrow(unavailable);
    const https = await fileServer((_, response) => void response.end(LICENCE), { tls: true });
    const drm = { servers: { widevine: 'https://keys.sluice.example/' } };
    const by = { drm, ca: TEST_CA, port: () => https.port, resolve: resolvesTo('127.0.0.1') };
    await expect(servers({ ...by, allowPrivate: false })).rejects.toThrow(unavailable);
    expect([came.length, https.asked.length]).toEqual([0, 0]);
    expect((await servers({ ...by, allowPrivate: false, refusal: () => undefined })).equals(LICENCE)).toBe(true);
    await https.close();
  });
});

const resolvesTo =
  (address: string): NonNullable<LicenceServersOptions['resolve']> =>
  (_, done) =>
    done(null, [{ address, family: 4 }]);
