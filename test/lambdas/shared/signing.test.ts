import { verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Signer, SigningError } from '../../../lambdas/shared/signing.ts';
import { checkSignature } from '../../../local/edge/signature.ts';
import { parseTarget } from '../../../local/edge/target.ts';
import { playbackSecret } from '../../support/secret.ts';

const { secret, trusted: keys } = playbackSecret('K2JCJMDEHXQW5F');
const HOST = 'd111111abcdef8.cloudfront.net';
const NOW = 1_800_000_000;
const signer = new Signer({ secret, publicUrl: `https://${HOST}` });
const expires = new Date((NOW + 60) * 1000);
const request = (target: string, over: object = {}) => ({
  scheme: 'https' as const,
  host: HOST,
  target: parseTarget(target),
  cookies: [],
  ip: '127.0.0.1',
  now: NOW,
  ...over,
});

/** What a session opens. */
const BELOW = '/vod/a/s/0t9abcdAbCdEfGhIjKlMn09.Ab-_4567890.-.-/';

describe('a signature over a folder', () => {
  const query = signer.sign(`${BELOW}*`, expires);

  it('is a custom policy signed with ECDSA P-256 and SHA-256', () => {
    const fields = new URLSearchParams(query);
    const decode = (name: string) =>
      Buffer.from(fields.get(name)!.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
    expect([...fields.keys()].sort()).toEqual(['Hash-Algorithm', 'Key-Pair-Id', 'Policy', 'Signature']);
    expect(fields.get('Hash-Algorithm')).toBe('SHA256');
    expect(decode('Policy').toString()).toBe(
      `{"Statement":[{"Resource":"https://${HOST}${BELOW}*","Condition":{"DateLessThan":{"AWS:EpochTime":${NOW + 60}}}}]}`,
    );
    expect(verify('sha256', decode('Policy'), secret.media.current.publicKey, decode('Signature'))).toBe(true);
  });

  it('fits a URL and an HLS quoted-string', () => {
    for (let i = 0; i < 50; i += 1) expect(signer.sign(`${BELOW}*`, expires)).toMatch(/^[A-Za-z0-9%&=._~-]+$/);
  });

  it('opens what is below it', () => {
    for (const path of [`${BELOW}r1/poster.jpg`, `${BELOW}r1/video/720p/00001.m4s`])
      expect(checkSignature(request(`${path}?${query}`), keys)).toBeUndefined();
  });

  it.each([
    ['another video', `/vod/b/r1/1.m4s?${query}`],
    ['another video that names this one in its query', `/vod/b/r1/1.m4s?x=${BELOW}&${query}`],
    ['another video that repeats the whole resource', `/vod/b/r1/1.m4s?x=https://${HOST}${BELOW}&${query}`],
    ['dot segments', `${BELOW}../../../b/r1/1.m4s?${query}`],
    ['encoded dot segments', `${BELOW}%2e%2e/%2e%2e/%2e%2e/b/r1/1.m4s?${query}`],
    ['the folder beside it', `/vod/ab/r1/1.m4s?${query}`],
    ['the same video without its ticket', `/vod/a/r1/1.m4s?${query}`],
    ['another session', `${BELOW.replace('AbCd', 'AbCe')}r1/1.m4s?${query}`],
    ['somebody else', `${BELOW.replace('Ab-_', 'Ab_-')}r1/1.m4s?${query}`],
    ['a longer ticket', `${BELOW.slice(0, -1)}x/r1/1.m4s?${query}`],
  ])('does not open %s', (_, target) => {
    expect(checkSignature(request(target), keys)).toMatchObject({ code: 'AccessDenied' });
  });

  it.each([
    ['after its time', { now: NOW + 60 }],
    ['at another host', { host: 'other.example' }],
    ['by plain http', { scheme: 'http' as const }],
  ])('does not open %s', (_, over) => {
    expect(checkSignature(request(`${BELOW}r1/1.m4s?${query}`, over), keys)).toMatchObject({ code: 'AccessDenied' });
  });
});

it('signs cookies that the edge takes', () => {
  const cookies = Object.entries(signer.cookies(`${BELOW}*`, expires));
  expect(cookies.map(([name]) => name).sort()).toEqual([
    'CloudFront-Hash-Algorithm',
    'CloudFront-Key-Pair-Id',
    'CloudFront-Policy',
    'CloudFront-Signature',
  ]);
  expect(checkSignature(request(`${BELOW}r1/1.m4s`, { cookies }), keys)).toBeUndefined();
  expect(checkSignature(request('/vod/b/r1/1.m4s', { cookies }), keys)).toMatchObject({ code: 'AccessDenied' });
});

it.each([
  'vod/a/*',
  '/vod/*/a',
  '/vod/a?*',
  '/vod/../*',
  'http*://*/vod/a/*',
  '',
  // More than a file, and of nobody.
  '/vod/a/*',
  '/live/139/1/*',
  '/vod/a/s/*',
  '/vod/a/s/ticket/*',
  `/vod${BELOW.slice(6)}*`,
  `${BELOW.slice(0, -1)}*`,
])('refuses to sign %j', (path) => {
  expect(() => signer.sign(path, expires)).toThrow(SigningError);
});

it('refuses a time that is none', () => {
  expect(() => signer.sign(`${BELOW}*`, new Date(Number.NaN))).toThrow(SigningError);
});
