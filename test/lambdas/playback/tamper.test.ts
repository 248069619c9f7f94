/**
 * The tamper matrix: whatever lets somebody in, with each byte changed in turn and everything else a stranger may try. What
 * the edge checks goes through the local edge's signature check and the function in front of media, as shipped; what the
 * functions check goes through their handler. It is generated, counted and printed: one file, since it is one count.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeSecret } from '../../../lambdas/playback/key-pair.ts';
import { mintToken } from '../../../lambdas/playback/token.ts';
import type { ApiEvent } from '../../../lambdas/shared/http.ts';
import { keyIdOf } from '../../../lambdas/shared/content-key.ts';
import { secretHash } from '../../../lambdas/shared/links.ts';
import { Signer } from '../../../lambdas/shared/signing.ts';
import type { LinkRow } from '../../../lib/contract/link.ts';
import { segmentKeyPath } from '../../../lib/contract/keys.ts';
import { publicJwk } from '../../../lib/contract/registered-key.ts';
import { keyOf, valueOf } from '../../../lib/contract/revocation.ts';
import { addressPart, parseTicket, sessionId, ticketText } from '../../../lib/contract/ticket.ts';
import { pathPatternMatches } from '../../../local/edge/glob.ts';
import { isResponse, runViewerRequest } from '../../../local/edge/functions.ts';
import type { StoreCopy } from '../../../local/edge/key-values.ts';
import { checkSignature } from '../../../local/edge/signature.ts';
import { parseCookies, parseTarget } from '../../../local/edge/target.ts';
import { playbackSecret } from '../../support/secret.ts';
import { playbackEnvironment, startFake, type Fake } from './fake-aws.ts';
import { ID, MEDIA_PLAYLIST, OTHER_ID, record } from './fixture.ts';
import { bytesOf, elsewhere, flipped, misshapen, type Tampered } from './tampering.ts';

const HOST = 'video.example';
const { secret, trusted, tokens } = playbackSecret('KPAIR');
const foreign = playbackSecret('KPAIR');
const signer = (of: typeof secret) => new Signer({ secret: of, publicUrl: `https://${HOST}` });
const gate = {
  name: 'gate',
  code: readFileSync(new URL('../../../lib/constructs/media-gate.js', import.meta.url), 'utf8'),
};

/** The group once the key that signed here has left it. */
const KEPT = new Map([['KPAIRNEXT', [...foreign.trusted.values()][0]!]]);

const NOW = Date.now();
const IN_AN_HOUR = new Date(NOW + 3_600_000);
const viewer = { subject: 'olga', groups: [] };
const ticket = (random: string, over: { ip?: string; height?: number; country?: string } = {}) =>
  ticketText({ session: sessionId(NOW - 60_000, random), subject: signer(secret).subjectPart('olga'), ...over });
const MINE = ticket('AAAAAAAAAAAAAAAA');
const OTHERS = ticket('BBBBBBBBBBBBBBBB');

/** Counted over all kinds: how many were tried, how many said the same bytes in another way, how many were let through. */
const counts = { tried: 0, sameBytes: 0, through: [] as string[] };

interface Request {
  readonly target: string;
  readonly host?: string;
  readonly cookies?: string;
  readonly ip?: string;
  /** As CloudFront says it. */
  readonly country?: string;
  readonly now?: number;
  readonly keys?: typeof trusted;
  readonly revoked?: Readonly<Record<string, string>>;
}

/** The object that the edge would fetch; undefined: refused. */
function admitted({
  target,
  host = HOST,
  cookies,
  ip = '192.0.2.7',
  country,
  now = NOW / 1000,
  keys = trusted,
  revoked = {},
}: Request): string | undefined {
  let parsed: ReturnType<typeof parseTarget>;
  try {
    parsed = parseTarget(target);
  } catch {
    return undefined;
  }
  // Other behaviours serve no media: the console's page, or the API, which asks for itself.
  if (!['/vod/*', '/live/*'].some((pattern) => pathPatternMatches(pattern, parsed.path))) return undefined;
  const asked = { scheme: 'https' as const, host, target: parsed, cookies: parseCookies(cookies), ip, now };
  if (checkSignature(asked, keys) !== undefined) return undefined;
  const store: StoreCopy = {
    values: new Map(Object.entries(revoked)),
    created: new Date(0),
    updated: new Date(0),
  };
  const { result } = runViewerRequest(
    gate,
    {
      version: '1.0',
      context: { distributionDomainName: 'd', distributionId: 'E', eventType: 'viewer-request', requestId: 'r' },
      viewer: { ip },
      request: {
        method: 'GET',
        uri: parsed.path,
        querystring: {},
        headers: country === undefined ? {} : { 'cloudfront-viewer-country': { value: country } },
        cookies: {},
      },
    },
    store,
  );
  return isResponse(result) ? undefined : result.uri;
}

/** Counts each and notes what came through. */
function refuse(kind: string, cases: readonly (Request & { readonly how: string; readonly same?: boolean })[]): void {
  expect(cases.length).toBeGreaterThan(0);
  for (const { how, same, ...request } of cases) {
    if (same === true) {
      counts.sameBytes += 1;
      continue;
    }
    counts.tried += 1;
    const found = admitted(request);
    if (found !== undefined) counts.through.push(`${kind}, ${how}: ${found}`);
  }
}

const FILE = 'r3/video/720p/00001.m4s';
const below = (id: string, of: string) => `/vod/${id}/s/${of}/`;
const query = signer(secret).sign(`${below(ID, MINE)}*`, IN_AN_HOUR);
const parameters = [...new URLSearchParams(query)];
const queryOf = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([name, value]) => `${name}=${value}`).join('&');
const withOne = (name: string, value: string) =>
  queryOf(parameters.map(([key, old]) => [key, key === name ? value : old] as const));

const others = elsewhere({
  what: `vod/${ID}`,
  other: `vod/${OTHER_ID}`,
  longer: `vod/${ID}9`,
  shorter: `vod/${ID.slice(0, -1)}`,
  ticket: MINE,
  otherTicket: OTHERS,
  file: FILE,
  host: HOST,
});
const upperId = { how: 'upper case, id', text: `${below(ID.toUpperCase(), MINE)}${FILE}` };

describe('what the edge refuses', () => {
  it('lets the whole thing in, or the matrix would prove nothing', () => {
    const target = `${below(ID, MINE)}${FILE}?${query}`;
    expect(admitted({ target })).toBe(`/vod/${ID}/${FILE}`);
    const cookies = cookieText(signer(secret).cookies(`${below(ID, MINE)}*`, IN_AN_HOUR));
    expect(admitted({ target: `${below(ID, MINE)}${FILE}`, cookies })).toBe(`/vod/${ID}/${FILE}`);
  });

  it('of a signed address: each byte', () => {
    const path = below(ID, MINE);
    refuse('signed address', [
      ...flipped(path, 'path').map(({ how, text }) => ({ how, target: `${text}${FILE}?${query}` })),
      ...flipped(HOST, 'host').map(({ how, text }) => ({ how, host: text, target: `${path}${FILE}?${query}` })),
      ...parameters.flatMap(([name, value]) => [
        ...flipped(name, `name ${name}`).map(({ how, text }) => ({
          how,
          target: `${path}${FILE}?${queryOf(parameters.map(([key, old]) => [key === name ? text : key, old] as const))}`,
        })),
        ...[...flipped(value, name), ...misshapen(value, name)].map(({ how, text }) => ({
          how,
          target: `${path}${FILE}?${withOne(name, text)}`,
          same: ['Policy', 'Signature'].includes(name) && bytesOf(text) === bytesOf(value),
        })),
        { how: `without ${name}`, target: `${path}${FILE}?${queryOf(parameters.filter(([key]) => key !== name))}` },
        { how: `${name} twice`, target: `${path}${FILE}?${query}&${name}=${value}` },
        { how: `${name} twice, the first wrong`, target: `${path}${FILE}?${name}=A&${query}` },
        { how: `${name} twice, the second wrong`, target: `${path}${FILE}?${query}&${name}=A` },
        { how: `${name} in upper case`, target: `${path}${FILE}?${query.replace(name, name.toUpperCase())}` },
        { how: `${name} in lower case`, target: `${path}${FILE}?${query.replace(name, name.toLowerCase())}` },
      ]),
    ]);
  });

  it('of a signed address: other paths, times, sessions, addresses and keys', () => {
    const path = below(ID, MINE);
    const bound = ticket('CCCCCCCCCCCCCCCC', { ip: addressPart('192.0.2.7')! });
    const bound6 = ticket('DDDDDDDDDDDDDDDD', { ip: addressPart('2001:db8::7')! });
    const signed = (of: string, until = IN_AN_HOUR, by = signer(secret)) =>
      `${below(ID, of)}${FILE}?${by.sign(`${below(ID, of)}*`, until)}`;
    // Our own times work: what is refused below is refused for the address.
    expect(admitted({ target: signed(bound), ip: '192.0.2.7' })).toBe(`/vod/${ID}/${FILE}`);
    expect(admitted({ target: signed(bound6), ip: '2001:db8:0:0:0:0:0:7' })).toBe(`/vod/${ID}/${FILE}`);
    const one = (path_: string) => signer(secret).sign(path_, IN_AN_HOUR);
    const at = Math.floor(NOW / 1000);
    const revoked = (kind: Parameters<typeof keyOf>[0], id: string) => {
      const key = keyOf(kind, id);
      return { [key]: valueOf({ key, at, until: at + 3600 }) };
    };
    refuse('signed address', [
      ...[...others, upperId].map(({ how, text }) => ({
        how,
        target: `${text}${text.includes('?') ? '&' : '?'}${query}`,
      })),
      { how: 'expired', target: `${path}${FILE}?${query}`, now: IN_AN_HOUR.getTime() / 1000 },
      { how: 'expired long ago', target: `${path}${FILE}?${query}`, now: NOW / 1000 + 1e9 },
      { how: 'signed to have ended', target: signed(MINE, new Date(NOW - 1000)) },
      { how: 'by another key of the same name', target: signed(MINE, IN_AN_HOUR, signer(foreign.secret)) },
      { how: 'by a retired key', target: `${path}${FILE}?${query}`, keys: KEPT },
      { how: 'by the only key, retired', target: `${path}${FILE}?${query}`, keys: new Map() },
      { how: 'from another address', target: signed(bound), ip: '192.0.2.8' },
      { how: 'from an IPv6 address that ends alike', target: signed(bound), ip: '2001:db8::c000:207' },
      { how: 'from another IPv6 address', target: signed(bound6), ip: '2001:db8::8' },
      { how: 'from IPv4, bound to IPv6', target: signed(bound6), ip: '192.0.2.7' },
      { how: "one file's signature for another file", target: `/vod/${ID}/${FILE}?${one(`/vod/${ID}/r3/poster.jpg`)}` },
      {
        how: "one file's signature for a file with its name before",
        target: `/vod/${ID}/r3/poster.jpg.m4s?${one(`/vod/${ID}/r3/poster.jpg`)}`,
      },
      { how: 'its session revoked', target: signed(MINE), revoked: revoked('session', MINE.slice(0, 23)) },
      {
        how: 'its person revoked',
        target: signed(MINE),
        revoked: revoked('subject', signer(secret).subjectPart('olga')),
      },
      { how: 'its video revoked', target: signed(MINE), revoked: revoked('video', ID) },
    ]);
  });

  it('of a ticket up to a height: taller rungs, by whatever name, and their keys', () => {
    const low = below(ID, ticket('EEEEEEEEEEEEEEEE', { height: 720 }));
    const opens = signer(secret).sign(`${low}*`, IN_AN_HOUR);
    const cookies = cookieText(signer(secret).cookies(`${low}*`, IN_AN_HOUR));
    const files = ['.m3u8', '/init.mp4', '/00001.m4s', '/00001.ts', '/00001.key'];
    for (const file of files) {
      const path = `r3/video/720p${file}`;
      expect(admitted({ target: `${low}${path}?${opens}` })).toBe(`/vod/${ID}/${path}`);
      expect(admitted({ target: `${low}${path}`, cookies })).toBe(`/vod/${ID}/${path}`);
    }
    const names = [
      '721p',
      '1080p',
      '2160p',
      '10800p',
      '108000p',
      '01080p',
      '1080P',
      '1080',
      'p',
      '720p1',
      '720pp',
      '-720p',
    ];
    const folders = [
      'r3/video/',
      'r3/./video/',
      'r3//video/',
      'r3/audio/../video/',
      'r3/%76ideo/',
      'text/../r3/video/',
    ];
    const higher = ticket('EEEEEEEEEEEEEEEE', { height: 1080 });
    const without = ticket('EEEEEEEEEEEEEEEE');
    refuse('ticket up to a height', [
      ...folders.flatMap((folder) =>
        names.flatMap((name) =>
          files.flatMap((file) => [
            { how: `${folder}${name}${file}`, target: `${low}${folder}${name}${file}?${opens}` },
            { how: `${folder}${name}${file}, cookies`, target: `${low}${folder}${name}${file}`, cookies },
          ]),
        ),
      ),
      ...[higher, without].map((of) => ({ how: of, target: `${below(ID, of)}r3/video/1080p.m3u8?${opens}` })),
      { how: 'a ticket in its ticket', target: `${low}s/${higher}/r3/video/1080p.m3u8?${opens}` },
      ...flipped(low, 'path').map(({ how, text }) => ({ how, target: `${text}r3/video/720p.m3u8?${opens}` })),
    ]);
  });

  it('of a ticket of one country: from elsewhere, and from where nobody knows', () => {
    const bound = below(ID, ticket('FFFFFFFFFFFFFFFF', { country: 'DE' }));
    const target = `${bound}${FILE}?${signer(secret).sign(`${bound}*`, IN_AN_HOUR)}`;
    expect(admitted({ target, country: 'DE' })).toBe(`/vod/${ID}/${FILE}`);
    const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(65 + index));
    const codes = letters.flatMap((first) => letters.map((second) => first + second)).filter((code) => code !== 'DE');
    refuse('ticket of one country', [
      ...[...codes, 'de', 'D', 'DEU', ''].map((country) => ({ how: `from ${country}`, target, country })),
      { how: 'from where nobody knows', target },
      ...flipped(bound, 'path').map(({ how, text }) => ({
        how,
        target: `${text}${FILE}?${signer(secret).sign(`${bound}*`, IN_AN_HOUR)}`,
        country: 'DE',
      })),
    ]);
  });

  it('of a key of segments', () => {
    const file = `r3/${segmentKeyPath('video', '720p', 1)}`;
    const target = `${below(ID, MINE)}${file}`;
    expect(admitted({ target: `${target}?${query}` })).toBe(`/vod/${ID}/${file}`);
    const set = signer(secret).cookies(`${below(ID, MINE)}*`, IN_AN_HOUR);
    const strange = elsewhere({
      what: `vod/${ID}`,
      other: `vod/${OTHER_ID}`,
      longer: `vod/${ID}9`,
      shorter: `vod/${ID.slice(0, -1)}`,
      ticket: MINE,
      otherTicket: OTHERS,
      file,
      host: HOST,
    });
    const at = Math.floor(NOW / 1000);
    const revoked = [keyOf('session', MINE.slice(0, 23)), keyOf('video', ID)];
    refuse('key of segments', [
      ...strange.map(({ how, text }) => ({ how, target: `${text}${text.includes('?') ? '&' : '?'}${query}` })),
      ...strange.map(({ how, text }) => ({ how: `${how}, cookies`, target: text, cookies: cookieText(set) })),
      ...parameters.flatMap(([name, value]) =>
        flipped(value, name).map(({ how, text }) => ({
          how,
          target: `${target}?${withOne(name, text)}`,
          same: ['Policy', 'Signature'].includes(name) && bytesOf(text) === bytesOf(value),
        })),
      ),
      { how: 'nothing beside it', target },
      { how: 'expired', target: `${target}?${query}`, now: IN_AN_HOUR.getTime() / 1000 },
      { how: 'by a retired key', target: `${target}?${query}`, keys: KEPT },
      ...revoked.map((key) => ({
        how: `revoked: ${key}`,
        target: `${target}?${query}`,
        revoked: { [key]: valueOf({ key, at, until: at + 3600 }) },
      })),
    ]);
  });

  it('of a live address, and of a file that is signed alone', () => {
    const device = '13912345678';
    const live = (channel: string, of = MINE) => `/live/${channel}/s/${of}/`;
    const opens = signer(secret).sign(`${live(`${device}/1`)}*`, IN_AN_HOUR);
    const segment = 'rec/20260101/00/1767225600000-2000-1-1-9f86d081884c7d65-720c.m4s';
    expect(admitted({ target: `${live(`${device}/1`)}${segment}?${opens}` })).toBe(`/live/${device}/1/${segment}`);
    const held = ticketText({ ...parseTicket(MINE)!, height: 720 });
    const upTo = signer(secret).sign(`${live(`${device}/1`, held)}*`, IN_AN_HOUR);
    const of = (lines: string) => `${live(`${device}/1`, held)}${segment.replace('720', lines)}?${upTo}`;
    expect(admitted({ target: of('720') })).toBe(`/live/${device}/1/${segment}`);
    refuse(
      'live address',
      ['721', '1080', '7200', '0720', '', '72O'].map((lines) => ({ how: `of ${lines} lines`, target: of(lines) })),
    );
    const strange = elsewhere({
      what: `live/${device}/1`,
      other: 'live/13912345679/1',
      longer: `live/${device}/10`,
      shorter: `live/${device.slice(0, -1)}/1`,
      ticket: MINE,
      otherTicket: OTHERS,
      file: segment,
      host: HOST,
    });
    const at = Math.floor(NOW / 1000);
    const key = keyOf('device', device);
    refuse('live address', [
      ...strange.map(({ how, text }) => ({ how, target: `${text}${text.includes('?') ? '&' : '?'}${opens}` })),
      { how: 'another channel', target: `${live(`${device}/2`)}${segment}?${opens}` },
      { how: 'expired', target: `${live(`${device}/1`)}${segment}?${opens}`, now: IN_AN_HOUR.getTime() / 1000 },
      { how: 'by a retired key', target: `${live(`${device}/1`)}${segment}?${opens}`, keys: KEPT },
      {
        how: 'its device revoked',
        target: `${live(`${device}/1`)}${segment}?${opens}`,
        revoked: { [key]: valueOf({ key, at, until: at + 3600 }) },
      },
    ]);

    const poster = `/vod/${ID}/r3/poster.jpg`;
    const one = signer(secret).sign(poster, IN_AN_HOUR);
    expect(admitted({ target: `${poster}?${one}` })).toBe(poster);
    refuse('file signed alone', [
      ...[...flipped(poster, 'path'), ...misshapen(poster, 'path')].map(({ how, text }) => ({
        how,
        target: `${text}?${one}`,
      })),
      ...strange.map(({ how, text }) => ({ how, target: `${text}${text.includes('?') ? '&' : '?'}${one}` })),
      ...['x=1', 'response-content-type=text/html'].map((more) => ({
        how: `with ${more}`,
        target: `${poster}?${more}&${one}`,
      })),
      { how: 'below a ticket', target: `${below(ID, MINE)}r3/poster.jpg?${one}` },
      { how: 'expired', target: `${poster}?${one}`, now: IN_AN_HOUR.getTime() / 1000 },
      { how: 'by a retired key', target: `${poster}?${one}`, keys: KEPT },
    ]);
  });

  it('of signed cookies: each byte, and other paths', () => {
    const path = `${below(ID, MINE)}${FILE}`;
    const set = signer(secret).cookies(`${below(ID, MINE)}*`, IN_AN_HOUR);
    const all = cookieText(set);
    refuse('signed cookies', [
      ...Object.entries(set).flatMap(([name, value]) => [
        ...[...flipped(value, name), ...misshapen(value, name)].map(({ how, text }) => ({
          how,
          target: path,
          cookies: cookieText({ ...set, [name]: text }),
          same: /Policy|Signature/.test(name) && bytesOf(text) === bytesOf(value),
        })),
        ...flipped(name, `name ${name}`).map(({ how, text }) => ({
          how,
          target: path,
          cookies: cookieText(
            Object.fromEntries(Object.entries(set).map(([key, one]) => [key === name ? text : key, one])),
          ),
        })),
        {
          how: `without ${name}`,
          target: path,
          cookies: cookieText(Object.fromEntries(Object.entries(set).filter(([key]) => key !== name))),
        },
        { how: `${name} twice, the first wrong`, target: path, cookies: `${name}=A; ${all}` },
        { how: `${name} in upper case`, target: path, cookies: all.replace(name, name.toUpperCase()) },
        { how: `${name} in lower case`, target: path, cookies: all.replace(name, name.toLowerCase()) },
      ]),
      ...[...others, upperId].map(({ how, text }) => ({ how, target: text, cookies: all })),
      { how: 'expired', target: path, cookies: all, now: IN_AN_HOUR.getTime() / 1000 },
      { how: 'a retired key', target: path, cookies: all, keys: KEPT },
      { how: 'half of a signed address beside them', target: `${path}?Policy=A`, cookies: all },
    ]);
  });
});

describe('what the functions refuse', () => {
  let fake: Fake;
  let handler: (event: ApiEvent) => Promise<APIGatewayProxyStructuredResultV2>;

  beforeAll(async () => {
    fake = await startFake(secret, 'console');
    for (const [name, value] of Object.entries(playbackEnvironment(fake.url))) vi.stubEnv(name, value);
    ({ handler } = await import('../../../lambdas/playback/handler.ts'));
    for (const id of [ID, OTHER_ID]) fake.videos.set(id, record({ id }));
    for (const id of [ID, OTHER_ID]) fake.objects.set(`/media/vod/${id}/r3/video/720p.m3u8`, MEDIA_PLAYLIST);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    fake.close();
  });

  const MANIFEST = 'GET /api/play/{id}/main.m3u8';
  const ROUTES = {
    'main.m3u8': [MANIFEST, {}],
    'manifest.mpd': ['GET /api/play/{id}/manifest.mpd', {}],
    'storyboard.vtt': ['GET /api/play/{id}/storyboard.vtt', {}],
    'a media playlist': ['GET /api/play/{id}/{kind}/{playlist}', { kind: 'video', playlist: '720p.m3u8' }],
    'a licence': ['POST /api/play/{id}/licence', {}],
    'a key of it': ['GET /api/play/{id}/licence', {}],
    'a DRM licence': ['POST /api/play/{id}/licence/{system}', { system: 'widevine' }],
  } as const;
  /** The content key of both videos. */
  const CONTENT_KEY = 'AAECAwQFBgcICQoLDA0ODw';

  async function ask(route: keyof typeof ROUTES, token: string | undefined, id = ID) {
    const [routeKey, more] = ROUTES[route];
    const { statusCode = 0, body = '' } = await handler({
      routeKey,
      pathParameters: { id, ...more },
      queryStringParameters: token === undefined ? {} : { token },
      headers: {},
      requestContext: { requestId: 'r', http: { method: 'GET', sourceIp: '192.0.2.7' } },
      ...(route === 'a licence' && { body: JSON.stringify({ kids: [keyIdOf(id, 3).toString('base64url')] }) }),
    } as unknown as ApiEvent);
    return { status: statusCode, body };
  }

  async function refuseTokens(
    kind: string,
    cases: readonly (Tampered & { id?: string; same?: boolean })[],
    routes: readonly (keyof typeof ROUTES)[],
  ) {
    for (const { how, text, id, same } of cases)
      for (const route of routes) {
        counts[same === true ? 'sameBytes' : 'tried'] += 1;
        const { status, body } = await ask(route, text, id);
        // Other ways to write the same bytes, too. Nothing of a video is in the answer.
        if (status !== 401 && status !== 403 && status !== 400)
          counts.through.push(`${kind}, ${how}, ${route}: ${status}`);
        if (/EXTM3U|Policy|\.m3u8/.test(body) || body.includes(CONTENT_KEY))
          counts.through.push(`${kind}, ${how}, ${route}: ${body}`);
      }
  }

  /** Of our own keys, one that has had its turn and whose tokens have all ended. */
  const retired = makeSecret(Math.floor(NOW / 1000)).tokens.current;
  const byRetired = (of: object) =>
    new SignJWT({ groups: [], vid: ID, use: 'manifest', sub: 'olga', ...of })
      .setProtectedHeader({ alg: 'ES256', kid: retired.id })
      .setAudience('sluice-play')
      .setExpirationTime('1h')
      .sign(createPrivateKey(retired.privateKey));
  /** Names that begin alike, or differ by their case. */
  const siblings = [`${ID}9`, ID.slice(0, -1), ID.toUpperCase(), `${ID}/`, `${ID}/../${OTHER_ID}`];

  const changed = (token: string, what: string) =>
    [...flipped(token, what), ...misshapen(token, what)].map((one) => ({
      ...one,
      same: one.text.split('.').map(bytesOf).join('.') === token.split('.').map(bytesOf).join('.'),
    }));

  it('of a playback token', async () => {
    const token = await mintToken(tokens, viewer, ID, 'manifest', IN_AN_HOUR);
    expect((await ask('main.m3u8', token)).status).toBe(200);
    expect((await ask('a media playlist', token)).status).toBe(200);
    const claims = { groups: [], vid: ID, use: 'manifest', sub: 'olga' };
    const forged = (header: Record<string, string>, key: Parameters<SignJWT['sign']>[0]) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', ...header })
        .setAudience('sluice-play')
        .setExpirationTime('1h')
        .sign(key);
    const [header, payload] = token.split('.') as [string, string];
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = tokens.current;
    const others = [
      { how: 'expired', text: await mintToken(tokens, viewer, ID, 'manifest', new Date(NOW - 1000)) },
      { how: 'of another video', text: await mintToken(tokens, viewer, OTHER_ID, 'manifest', IN_AN_HOUR) },
      { how: 'for another video', text: token, id: OTHER_ID },
      { how: 'of a channel', text: await mintToken(tokens, viewer, `live/${ID}/1`, 'manifest', IN_AN_HOUR) },
      { how: "by another deployment's key", text: await mintToken(foreign.tokens, viewer, ID, 'manifest', IN_AN_HOUR) },
      { how: 'HS256 by the public key', text: await forged({ kid }, Buffer.from(secret.tokens.current.publicKey)) },
      { how: 'HS256 by the key of versions before', text: await forged({}, Buffer.from(secret.tokenKey, 'base64url')) },
      { how: 'alg none', text: `${part({ alg: 'none' })}.${payload}.` },
      { how: 'alg none with its kid', text: `${part({ alg: 'none', kid })}.${payload}.` },
      { how: 'without a signature', text: `${header}.${payload}.` },
      { how: 'an unknown key', text: `${part({ alg: 'ES256', kid: 'unknown' })}.${payload}.${token.split('.')[2]}` },
      { how: 'not yet valid', text: await notYet() },
      { how: 'by a retired key', text: await byRetired({}) },
      ...(await Promise.all(
        siblings.map(async (vid) => ({
          how: `of ${vid}`,
          text: await mintToken(tokens, viewer, vid, 'manifest', IN_AN_HOUR),
        })),
      )),
    ];
    await refuseTokens('playback token', [...changed(token, 'token'), ...others], ['main.m3u8']);
    await refuseTokens('playback token', others, ['manifest.mpd', 'storyboard.vtt', 'a media playlist']);
    // Nor does a good one open what takes a session.
    await refuseTokens(
      'playback token',
      [{ how: 'whole', text: token }],
      ['a licence', 'a key of it', 'a DRM licence'],
    );

    async function notYet(): Promise<string> {
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid })
        .setAudience('sluice-play')
        .setNotBefore('30m')
        .setExpirationTime('1h')
        .sign(tokens.current.key);
    }
  });

  it('of a personal playlist', async () => {
    const token = await mintToken(tokens, viewer, ID, 'playlists', IN_AN_HOUR, MINE);
    const session = MINE.slice(0, 23);
    const at = new Date(NOW - 60_000).toISOString();
    for (const id of [ID, OTHER_ID])
      fake.begun({
        who: `u:${parseTicket(MINE)!.subject}`,
        place: `vod/${id}/.${session}`,
        what: `vod/${id}`,
        session,
        ticket: MINE,
        startedAt: at,
        seenAt: at,
        expiresAt: Math.ceil(IN_AN_HOUR.getTime() / 1000),
      });
    expect((await ask('a media playlist', token)).status).toBe(200);
    const others = [
      { how: 'expired', text: await mintToken(tokens, viewer, ID, 'playlists', new Date(NOW - 1000), MINE) },
      { how: 'of another video', text: await mintToken(tokens, viewer, OTHER_ID, 'playlists', IN_AN_HOUR, MINE) },
      { how: 'by a retired key', text: await byRetired({ use: 'playlists', tkt: MINE }) },
      ...(await Promise.all(
        siblings.map(async (vid) => ({
          how: `of ${vid}`,
          text: await mintToken(tokens, viewer, vid, 'playlists', IN_AN_HOUR, MINE),
        })),
      )),
    ];
    await refuseTokens('personal playlist', [...changed(token, 'token'), ...others], ['a media playlist']);
    // A session that nobody began.
    const unbegun = await mintToken(tokens, viewer, ID, 'playlists', IN_AN_HOUR, ticket('BBBBBBBBBBBBBBBB'));
    expect(await ask('a media playlist', unbegun)).toMatchObject({ status: 410 });
    // It opens media playlists and never begins anew.
    await refuseTokens(
      'personal playlist',
      [{ how: 'whole', text: token }],
      ['main.m3u8', 'manifest.mpd', 'storyboard.vtt', 'a licence', 'a key of it', 'a DRM licence'],
    );
  });

  const EVERY = Object.keys(ROUTES) as (keyof typeof ROUTES)[];

  it('of a link', async () => {
    const made = (id: string, of: string, over: Partial<LinkRow> = {}) => {
      const secret = id.repeat(2);
      const row = {
        id,
        videoId: of,
        secretHash: secretHash(secret),
        createdAt: new Date(NOW).toISOString(),
        createdBy: 'olga',
      };
      fake.links.set(`${of}/${id}`, { ...row, ...over });
      return `${id}.${secret}`;
    };
    const link = made('AbCdEfGhIjKlMnOp', ID);
    for (const route of EVERY.filter((one) => !/mpd|vtt|licence|key/.test(one)))
      expect((await ask(route, link)).status).toBe(200);
    const [id, hidden] = link.split('.') as [string, string];
    const elsewhereMade = made('Other0Other0Othe', OTHER_ID);
    const beside = made('Beside0Beside0Be', ID);
    const ended = made('Ended00Ended00En', ID, { endedAt: new Date(NOW).toISOString() });
    const taken = await mintToken(
      tokens,
      { subject: `link ${id}`, groups: [], right: { link: 'Gone000Gone000Go' } },
      ID,
      'playlists',
      IN_AN_HOUR,
      MINE,
    );
    const others = [
      { how: 'ended', text: ended },
      { how: 'expired', text: made('Late000Late000La', ID, { goodUntil: Math.floor(NOW / 1000) - 1 }) },
      { how: 'of another video', text: elsewhereMade },
      { how: 'for another video', text: link, id: OTHER_ID },
      { how: "with another link's secret", text: `${id}.${beside.split('.')[1]}` },
      { how: "another link's id with its secret", text: `${beside.split('.')[0]}.${hidden}` },
      { how: "with an ended link's id", text: `${ended.split('.')[0]}.${hidden}` },
      { how: 'the hash for the secret', text: `${id}.${secretHash(hidden)}` },
      { how: 'the id alone', text: id },
      { how: 'the secret alone', text: hidden },
      { how: 'three parts', text: `${link}.${hidden}` },
      { how: 'with a slash', text: `${id}/${hidden}` },
      { how: 'with %2e', text: `${id}%2e${hidden}` },
      { how: 'unknown', text: `${'A'.repeat(16)}.${'B'.repeat(32)}` },
      { how: 'nulls', text: `${'\0'.repeat(16)}.${'\0'.repeat(32)}` },
    ];
    await refuseTokens('link', [...changed(link, 'link'), ...others], ['main.m3u8']);
    await refuseTokens('link', others, ['manifest.mpd', 'storyboard.vtt', 'a media playlist']);
    await refuseTokens('link', [{ how: 'a session of one that is gone', text: taken }], ['a media playlist']);
  });

  it("of a token by a customer's key", async () => {
    fake.videos.set(ID, record({ id: ID, visibility: 'entitled' }));
    const registered = (): { kid: string; key: KeyObject; x: string } => {
      const { id: kid, publicKey, privateKey } = makeSecret(Math.floor(NOW / 1000)).tokens.current;
      const jwk = publicJwk.parse(createPublicKey(publicKey).export({ format: 'jwk' }));
      const row = { kid, name: 'a shop', jwk, createdAt: new Date(NOW).toISOString(), createdBy: 'ada' };
      fake.keys.set(kid, row);
      return { kid, key: createPrivateKey(privateKey), x: jwk.x };
    };
    const [mine, theirs, gone] = [registered(), registered(), registered()];
    fake.keys.delete(gone.kid);
    interface Made {
      claims?: Record<string, unknown>;
      header?: { alg?: string; kid?: string };
      end?: string | number;
      by?: Parameters<SignJWT['sign']>[0];
      audience?: string;
    }
    const made = ({ claims = {}, header = {}, end = '5m', by = mine.key, audience = 'sluice-play' }: Made = {}) =>
      new SignJWT({ vid: ID, sub: 'somebody', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: mine.kid, ...header })
        .setAudience(audience)
        .setExpirationTime(end)
        .sign(by);
    const token = await made();
    for (const route of EVERY.filter((one) => !/mpd|vtt|licence|key/.test(one)))
      expect((await ask(route, token)).status).toBe(200);
    const others = [
      { how: 'expired', text: await made({ end: Math.floor(NOW / 1000) - 1 }) },
      { how: 'too long', text: await made({ end: '1d' }) },
      { how: 'not yet valid', text: await made({ claims: { nbf: Math.floor(NOW / 1000) + 3000 } }) },
      { how: 'of another video', text: await made({ claims: { vid: OTHER_ID } }) },
      { how: 'for another video', text: token, id: OTHER_ID },
      { how: "by another customer's key", text: await made({ by: theirs.key }) },
      { how: 'by a key that was taken back', text: await made({ header: { kid: gone.kid }, by: gone.key }) },
      {
        how: 'by one of our retired keys',
        text: await made({ header: { kid: retired.id }, by: createPrivateKey(retired.privateKey) }),
      },
      { how: 'in the name of our own key', text: await made({ header: { kid: tokens.current.kid } }) },
      {
        how: 'HS256 by the public key',
        text: await made({ header: { alg: 'HS256' }, by: Buffer.from(mine.x, 'base64url') }),
      },
      { how: 'another audience', text: await made({ audience: 'sluice' }) },
      { how: 'of nobody', text: await made({ claims: { sub: '' } }) },
      { how: 'for an address that is not known', text: await made({ claims: { ip: '192.0.2.9' } }) },
      { how: 'for a country that is not known', text: await made({ claims: { countries: { only: ['DE'] } } }) },
      { how: 'within a height that is none', text: await made({ claims: { maxHeight: '360' } }) },
      { how: 'within so many sessions that are none', text: await made({ claims: { maxSessions: -1 } }) },
      { how: 'a private video', text: await made({ claims: { vid: OTHER_ID } }), id: OTHER_ID },
      ...(await Promise.all(
        siblings.map(async (vid) => ({ how: `of ${vid}`, text: await made({ claims: { vid } }) })),
      )),
      { how: 'VID for vid', text: await made({ claims: { vid: undefined, VID: ID } }) },
    ];
    await refuseTokens("a customer's token", [...changed(token, 'token'), ...others], ['main.m3u8']);
    await refuseTokens("a customer's token", others, ['manifest.mpd', 'storyboard.vtt', 'a media playlist']);
  });

  it('of a licence request', async () => {
    for (const id of [ID, OTHER_ID]) {
      fake.videos.set(id, record({ id, encryption: 'cbcs' }));
      fake.objects.set(`/media/keys/${id}/r3.json`, JSON.stringify({ key: CONTENT_KEY }));
    }
    const manifest = await ask('main.m3u8', await mintToken(tokens, viewer, ID, 'manifest', IN_AN_HOUR));
    const token = /NAME="licence",VALUE="token=([^"]+)"/.exec(manifest.body)![1]!;
    expect(await ask('a licence', token)).toMatchObject({ status: 200 });
    const { tkt } = decodeJwt(token) as { tkt: string };
    const others = [
      { how: 'expired', text: await mintToken(tokens, viewer, ID, 'licence', new Date(NOW - 1000), tkt) },
      { how: 'of another video', text: await mintToken(tokens, viewer, OTHER_ID, 'licence', IN_AN_HOUR, tkt) },
      { how: 'for another video', text: token, id: OTHER_ID },
      { how: 'of no session', text: await mintToken(tokens, viewer, ID, 'licence', IN_AN_HOUR) },
      {
        how: "by another deployment's key",
        text: await mintToken(foreign.tokens, viewer, ID, 'licence', IN_AN_HOUR, tkt),
      },
    ];
    await refuseTokens(
      'licence request',
      [...changed(token, 'token'), ...others],
      ['a licence', 'a key of it', 'a DRM licence'],
    );
    // It opens nothing else.
    await refuseTokens(
      'licence request',
      [{ how: 'whole', text: token }],
      ['main.m3u8', 'manifest.mpd', 'storyboard.vtt', 'a media playlist'],
    );
    // A session that nobody began, in words of ours.
    const unbegun = ticket('BBBBBBBBBBBBBBBB');
    const unknown = await ask('a licence', await mintToken(tokens, viewer, ID, 'licence', IN_AN_HOUR, unbegun));
    expect(unknown).toMatchObject({ status: 410 });
    expect(unknown.body).not.toContain(CONTENT_KEY);
  });
});

it('lets none through', () => {
  const { tried, sameBytes, through } = counts;
  process.stdout.write(
    `tamper matrix: ${tried} cases, ${through.length} let through; other encodings of the same bytes, beside them: ${sameBytes}\n`,
  );
  expect(through).toEqual([]);
  expect(tried).toBeGreaterThan(2000);
});

function cookieText(set: Readonly<Record<string, string>>): string {
  return Object.entries(set)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}
