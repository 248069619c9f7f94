/** The stage's small decisions: lifetimes, states, cookies, tokens. */
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { checkPlayable, signatureEnd, tokenLifetime } from '../../../lambdas/playback/access.ts';
import { setCookies } from '../../../lambdas/playback/cookies.ts';
import { mintToken, readToken } from '../../../lambdas/playback/token.ts';
import { ID, OTHER_ID, record } from './fixture.ts';

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
  const key = Buffer.alloc(32, 1);
  const viewer = { subject: 'olga', groups: ['admin', 'uploader', 'crew-of-ship-7'] };
  const soon = new Date(Math.ceil(Date.now() / 1000 + 60) * 1000);
  const refused = { code: 'invalid-token' };

  it('are refused to who is in more groups than fit, for one left out may be refused', async () => {
    const groups = Array.from({ length: 200 }, (_, index) => `a group of number ${index}`);
    await expect(mintToken(key, { subject: 'olga', groups }, ID, 'manifest', soon)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('carry who and what, and the groups but the one that only uploads', async () => {
    const token = await mintToken(key, viewer, ID, 'manifest', soon);
    expect(token).toMatch(/^[\w.-]+$/);
    expect(await readToken(key, token, ID, ['manifest'])).toEqual({
      viewer: { subject: 'olga', groups: ['admin', 'crew-of-ship-7'] },
      use: 'manifest',
      expiresAt: soon,
    });
  });

  it.each([
    ['another video', () => mintToken(key, viewer, OTHER_ID, 'manifest', soon)],
    ['another key', () => mintToken(Buffer.alloc(32, 2), viewer, ID, 'manifest', soon)],
    ['the past', () => mintToken(key, viewer, ID, 'manifest', new Date(Date.now() - 1000))],
    ['media playlists only', () => mintToken(key, viewer, ID, 'playlists', soon)],
    ['nobody knows what', () => Promise.resolve('x.y.z')],
    [
      'no audience',
      () =>
        new SignJWT({ vid: ID, groups: [], use: 'manifest' })
          .setProtectedHeader({ alg: 'HS256' })
          .setSubject('o')
          .setExpirationTime('1h')
          .sign(key),
    ],
    [
      'ever',
      () =>
        new SignJWT({ vid: ID, groups: [], use: 'manifest' })
          .setProtectedHeader({ alg: 'HS256' })
          .setSubject('o')
          .setAudience('sluice-play')
          .sign(key),
    ],
  ])('for %s are refused', async (_, make) => {
    await expect(readToken(key, await make(), ID, ['manifest'])).rejects.toMatchObject(refused);
  });

  it('are refused without a signature', async () => {
    const [, payload] = (await mintToken(key, viewer, ID, 'manifest', soon)).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    await expect(readToken(key, none, ID, ['manifest'])).rejects.toMatchObject(refused);
  });
});
