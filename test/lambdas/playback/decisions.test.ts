/** The stage's small decisions: lifetimes, states, cookies, tokens. */
import type { KeyObject } from 'node:crypto';
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  jwtVerify,
  SignJWT,
  type JWTHeaderParameters,
} from 'jose';
import { describe, expect, it } from 'vitest';
import { checkPlayable, signatureEnd, tokenLifetime } from '../../../lambdas/playback/access.ts';
import { setCookies } from '../../../lambdas/playback/cookies.ts';
import { jwks, makeSecret, makeTokenKey } from '../../../lambdas/playback/key-pair.ts';
import { mintToken, readToken } from '../../../lambdas/playback/token.ts';
import { tokenKeysOf } from '../../../lambdas/shared/token-keys.ts';
import { ID, OTHER_ID, record, TICKET } from './fixture.ts';

describe('how long a signature lasts', () => {
  const now = new Date(0);
  it.each([
    ['a short video', 120, 12 * 3600],
    ['one of unknown length', null, 12 * 3600],
    ['one as long as the limit', 12 * 3600, 13 * 3600],
  ])('%s', (_, duration, seconds) => {
    expect(signatureEnd(now, 12, duration).getTime()).toBe(seconds * 1000);
  });
});

describe('how long a token lasts', () => {
  it.each([
    [undefined, 3600],
    [30, 30],
    [3600, 3600],
  ])('%s asked', (asked, seconds) => expect(tokenLifetime(asked, 60)).toBe(seconds));
  it('is refused over the ceiling, with the ceiling', () => {
    expect(() => tokenLifetime(3601, 60)).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        options: { limit: { name: 'playback.tokenMinutes', value: 60, unit: 'minutes' } },
      }),
    );
  });
});

describe('what can be played', () => {
  it.each(['ready', 'playable'] as const)('%s', (status) => {
    expect(() => checkPlayable(record({ status }))).not.toThrow();
  });
  it.each([
    [{ status: 'uploading', revision: 0 }, 'status uploading'],
    [{ status: 'probed', revision: 0, progress: 41.6 }, 'status probed, 42 %'],
    [{ status: 'ready', revision: 0 }, 'status ready'],
    [
      { status: 'failed', failure: { code: 'not-video', reason: 'This is a text file.' } },
      'status failed): This is a text file.',
    ],
  ] as const)('not %o', (over, words) => {
    expect(() => checkPlayable(record(over))).toThrow(
      expect.objectContaining({ code: 'not-ready', message: expect.stringContaining(words) as string }),
    );
  });
});

describe('cookies', () => {
  const values = { 'CloudFront-Policy': 'p', 'CloudFront-Signature': 's' };
  it('stay with their video, out of scripts and on https', () => {
    expect(setCookies(values, { path: '/vod/a/', maxAgeSeconds: 60.7, secure: true })).toEqual([
      'CloudFront-Policy=p; Path=/vod/a/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
      'CloudFront-Signature=s; Path=/vod/a/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    ]);
  });
  it('go by plain http only where everything does', () => {
    expect(setCookies(values, { path: '/', maxAgeSeconds: 1, secure: false }).join()).not.toContain('Secure');
  });
});

describe('playback tokens', () => {
  const now = Math.floor(Date.now() / 1000);
  const secret = makeSecret(now);
  const keys = tokenKeysOf(secret);
  const hmac = Buffer.from(secret.tokenKey, 'base64url');
  const viewer = { subject: 'olga', groups: ['admin', 'uploader', 'crew-of-ship-7'] };
  const soon = new Date(Math.ceil(Date.now() / 1000 + 60) * 1000);
  const refused = { code: 'invalid-token' };
  const mint = (use: 'manifest' | 'playlists' = 'manifest', by = keys) => mintToken(by, viewer, ID, use, soon);
  const signed = (header: JWTHeaderParameters, key: Uint8Array | KeyObject, over: object = {}) =>
    new SignJWT({ vid: ID, groups: [], use: 'manifest', sub: 'o', aud: 'sluice-play', exp: now + 60, ...over })
      .setProtectedHeader(header)
      .sign(key);
  const { kid, key } = keys.current;
  const read = (token: string, by = keys) => readToken(by, token, ID, ['manifest']);

  it('are refused to who is in more groups than fit, for one left out may be refused', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `a group of number ${index}`);
    await expect(mintToken(keys, { subject: 'olga', groups }, ID, 'manifest', soon)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('carry who and what, and the groups but the one that only uploads', async () => {
    const token = await mint();
    expect(token).toMatch(/^[\w.-]+$/);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: secret.tokens.current.id });
    expect(await read(token)).toEqual({
      viewer: { subject: 'olga', groups: ['admin', 'crew-of-ship-7'] },
      use: 'manifest',
      isOver: false,
      expiresAt: soon,
    });
  });

  it('of media playlists bring the ticket of their session, and may be of nobody', async () => {
    const token = await mintToken(keys, undefined, ID, 'playlists', soon, TICKET);
    expect(await readToken(keys, token, ID, ['playlists'])).toEqual({
      viewer: undefined,
      use: 'playlists',
      isOver: false,
      expiresAt: soon,
      ticket: TICKET,
    });
    const nobody = await mintToken(keys, undefined, ID, 'manifest', soon);
    await expect(readToken(keys, nobody, ID, ['manifest'])).rejects.toMatchObject(refused);
  });

  it('can be checked by anybody, by the key set', async () => {
    const set = createLocalJWKSet(jwks(secret.tokens));
    const { payload } = await jwtVerify(await mint(), set, { audience: 'sluice-play' });
    expect(payload).toMatchObject({ sub: 'olga', vid: ID });
    expect(JSON.stringify(jwks(secret.tokens))).not.toContain('"d"');
    const { keys: published } = jwks(secret.tokens);
    for (const one of published) expect(await calculateJwkThumbprint(one)).toBe(one.kid);
    expect(published.map((one) => one.kid)).toEqual([secret.tokens.current.id, secret.tokens.next.id]);
  });

  it('are read by the next key and by previous ones, too', async () => {
    const { current, next } = secret.tokens;
    const later = tokenKeysOf({
      ...secret,
      tokens: {
        current: next,
        next: makeTokenKey(now),
        previous: [{ id: current.id, publicKey: current.publicKey, until: now + 60 }],
      },
    });
    expect(await read(await mint('manifest', later))).toMatchObject({ use: 'manifest' });
    expect(await read(await mint(), later)).toMatchObject({ use: 'manifest' });
    const much = tokenKeysOf({ ...secret, tokens: makeSecret(now).tokens });
    await expect(read(await mint(), much)).rejects.toMatchObject(refused);
  });

  it('of versions before are read until the longest of them has ended, and never where there were none', async () => {
    const old = await signed({ alg: 'HS256' }, hmac);
    const upgraded = (hs256Until: number) => tokenKeysOf({ ...secret, hs256Until });
    expect(await read(old, upgraded(now + 60))).toMatchObject({ viewer: { subject: 'o' } });
    await expect(read(old, upgraded(now - 1))).rejects.toMatchObject(refused);
    await expect(read(old)).rejects.toMatchObject(refused);
  });

  it.each<[string, () => Promise<string>]>([
    ['another video', () => mintToken(keys, viewer, OTHER_ID, 'manifest', soon)],
    ['another key', () => mint('manifest', tokenKeysOf(makeSecret(now)))],
    ['the past', () => mintToken(keys, viewer, ID, 'manifest', new Date(Date.now() - 1000))],
    ['media playlists only', () => mint('playlists')],
    ['nobody knows what', () => Promise.resolve('x.y.z')],
    ['no audience', () => signed({ alg: 'ES256', kid }, key, { aud: undefined })],
    ['another audience', () => signed({ alg: 'ES256', kid }, key, { aud: 'console' })],
    ['ever', () => signed({ alg: 'ES256', kid }, key, { exp: undefined })],
    ['a key that is not named', () => signed({ alg: 'ES256' }, key)],
    [
      'the public key taken for a secret',
      () => signed({ alg: 'HS256', kid }, Buffer.from(secret.tokens.current.publicKey)),
    ],
    ['an old key by the name of a new one', () => signed({ alg: 'HS256', kid }, hmac)],
  ])('for %s are refused', async (_, make) => {
    await expect(read(await make(), tokenKeysOf({ ...secret, hs256Until: now + 60 }))).rejects.toMatchObject(refused);
  });

  it('are refused without a signature, and with any byte of them changed', async () => {
    const token = await mint();
    const [, payload] = token.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    await expect(read(none)).rejects.toMatchObject(refused);
    // Each character in turn, to one that says other bits and to one that says the same in base64url's last place.
    let tried = 0;
    for (let at = 0; at < token.length; at += 1) {
      if (token[at] === '.') continue;
      for (const other of [neighbour(token[at]!, 1), neighbour(token[at]!, 32)]) {
        tried += 1;
        await expect(read(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).rejects.toMatchObject(refused);
      }
    }
    expect(tried).toBeGreaterThan(500);
  });
});

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const neighbour = (character: string, bits: number): string => BASE64URL[BASE64URL.indexOf(character) ^ bits]!;
