import { createPrivateKey, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { getSignedCookies, getSignedUrl } from '@aws-sdk/cloudfront-signer';
import { describe, expect, it } from 'vitest';
import { checkSignature, withoutCredentials, type SignedRequest } from '../../../local/edge/signature.ts';
import { parseCookies, parseTarget, queryText } from '../../../local/edge/target.ts';

const NOW = 1_700_000_000;
const HOST = '127.0.0.1:8080';
const BASE = `http://${HOST}`;

function pair(kind: 'rsa' | 'ec') {
  const made =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    publicKey: made.publicKey,
    privateKey: String(made.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

const rsa = pair('rsa');
const ec = pair('ec');
const stranger = pair('ec');
const keys: ReadonlyMap<string, KeyObject> = new Map([
  ['KRSA', rsa.publicKey],
  ['KEC', ec.publicKey],
]);

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

function customPolicy(resource: string, over: { lessThan?: number; greaterThan?: number; ip?: string } = {}) {
  return JSON.stringify({
    Statement: [
      {
        Resource: resource,
        Condition: {
          DateLessThan: { 'AWS:EpochTime': over.lessThan ?? NOW + 60 },
          ...(over.greaterThan === undefined ? {} : { DateGreaterThan: { 'AWS:EpochTime': over.greaterThan } }),
          ...(over.ip === undefined ? {} : { IpAddress: { 'AWS:SourceIp': over.ip } }),
        },
      },
    ],
  });
}

const encode = (data: Buffer | string) =>
  Buffer.from(data).toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
const signText = (text: string, key = ec.privateKey) =>
  encode(createSign('RSA-SHA1').update(text).sign(createPrivateKey(key)));

/** Query of a hand-made custom policy, for texts that the signer would not write. */
const handMade = (text: string, key = ec.privateKey) =>
  `Policy=${encode(text)}&Signature=${signText(text, key)}&Key-Pair-Id=KEC`;

function check(url: string, over: Partial<SignedRequest> & { cookie?: string } = {}) {
  const at = new URL(url);
  const { cookie, ...rest } = over;
  return checkSignature(
    {
      scheme: 'http',
      host: at.host,
      target: parseTarget(url.slice(at.origin.length)),
      cookies: parseCookies(cookie),
      ip: '127.0.0.1',
      now: NOW,
      ...rest,
    },
    keys,
  );
}

const algorithms = [
  { name: 'RSA SHA-1', keyPairId: 'KRSA', privateKey: rsa.privateKey },
  { name: 'RSA SHA-256', keyPairId: 'KRSA', privateKey: rsa.privateKey, algorithm: 'SHA256' },
  { name: 'ECDSA SHA-1', keyPairId: 'KEC', privateKey: ec.privateKey },
  { name: 'ECDSA SHA-256', keyPairId: 'KEC', privateKey: ec.privateKey, algorithm: 'SHA256' },
] as const;

describe.each(algorithms)('$name, made by @aws-sdk/cloudfront-signer', (signer) => {
  const canned = (url: string, until = NOW + 60) => getSignedUrl({ ...signer, url, dateLessThan: iso(until) });
  const custom = (url: string, policy: string) => getSignedUrl({ ...signer, url, policy });

  it('accepts a canned policy, with and without another query string', () => {
    expect(check(canned(`${BASE}/vod/a.m4s`))).toBeUndefined();
    expect(check(canned(`${BASE}/vod/a.m4s?color=red&size=1`))).toBeUndefined();
    expect(check(canned(`${BASE}/vod/a%20b.m4s`))).toBeUndefined();
  });

  it.each([
    ['the whole host', `http*://*/vod/*`],
    ['any run of characters', `${BASE}/v*/1.m4s`],
    ['exactly one character', `${BASE}/vod/?.m4s`],
    ['everything', '*'],
  ])('accepts a custom policy for %s', (_what, resource) => {
    expect(check(custom(`${BASE}/vod/1.m4s`, customPolicy(resource)))).toBeUndefined();
  });

  it('accepts every condition at once', () => {
    const policy = customPolicy(`${BASE}/vod/*`, { greaterThan: NOW - 1, ip: '127.0.0.0/8' });
    expect(check(custom(`${BASE}/vod/1.m4s`, policy))).toBeUndefined();
  });

  it('accepts cookies, canned and custom', () => {
    const cookie = (cookies: object) =>
      Object.entries(cookies)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join('; ');
    const cannedCookies = getSignedCookies({
      ...signer,
      url: `${BASE}/vod/1.m4s`,
      dateLessThan: iso(NOW + 60),
    });
    const customCookies = getSignedCookies({ ...signer, policy: customPolicy('http*://*/vod/*') });
    expect(check(`${BASE}/vod/1.m4s`, { cookie: cookie(cannedCookies) })).toBeUndefined();
    expect(check(`${BASE}/vod/2.m4s`, { cookie: cookie(cannedCookies) })).toMatchObject({
      code: 'AccessDenied',
    });
    expect(check(`${BASE}/vod/2.m4s`, { cookie: `theme=dark; ${cookie(customCookies)}` })).toBeUndefined();
    expect(check(`${BASE}/live/2.m4s`, { cookie: cookie(customCookies) })).toMatchObject({
      code: 'AccessDenied',
    });
    expect(check(`${BASE}/vod/1.m4s`, { cookie: cookie(customCookies), now: NOW + 60 })).toMatchObject({
      code: 'AccessDenied',
    });
  });

  const wildcard = custom(`${BASE}/vod/1.m4s`, customPolicy(`${BASE}/vod/*`));
  const rows: [what: string, url: string, code: string, over?: Partial<SignedRequest>][] = [
    ['canned, expired', canned(`${BASE}/vod/1.m4s`), 'AccessDenied', { now: NOW + 60 }],
    ['canned, another path', canned(`${BASE}/vod/1.m4s`).replace('1.m4s', '2.m4s'), 'AccessDenied'],
    ['canned, a query string added', `${canned(`${BASE}/vod/1.m4s`)}&x=1`, 'AccessDenied'],
    [
      'canned, longer than signed for',
      canned(`${BASE}/vod/1.m4s`).replace(`Expires=${NOW + 60}`, `Expires=${NOW + 600}`),
      'AccessDenied',
    ],
    [
      'canned, expiry is no number',
      canned(`${BASE}/vod/1.m4s`).replace(`Expires=${NOW + 60}`, 'Expires=soon'),
      'AccessDenied',
    ],
    ['canned, another host', canned(`${BASE}/vod/1.m4s`), 'AccessDenied', { host: 'evil.example' }],
    ['canned, another scheme', canned(`${BASE}/vod/1.m4s`), 'AccessDenied', { scheme: 'https' }],
    ['custom, expired', wildcard, 'AccessDenied', { now: NOW + 60 }],
    ['custom, not yet', custom(`${BASE}/vod/1.m4s`, customPolicy('*', { greaterThan: NOW })), 'AccessDenied'],
    ['custom, wrong address', custom(`${BASE}/vod/1.m4s`, customPolicy('*', { ip: '10.0.0.0/8' })), 'AccessDenied'],
    [
      'custom, wrong single address',
      custom(`${BASE}/vod/1.m4s`, customPolicy('*', { ip: '127.0.0.2' })),
      'AccessDenied',
    ],
    [
      'custom, an address that is none',
      custom(`${BASE}/vod/1.m4s`, customPolicy('*', { ip: '127.0.0.1/33' })),
      'AccessDenied',
    ],
    ['custom, outside the wildcard', wildcard.replace('/vod/', '/live/'), 'AccessDenied'],
    ['custom, two characters for ?', custom(`${BASE}/vod/10.m4s`, customPolicy(`${BASE}/vod/?.m4s`)), 'AccessDenied'],
    ['custom, climbing out of the wildcard', wildcard.replace('/vod/1.m4s', '/vod/../live/1.m4s'), 'AccessDenied'],
    ['custom, climbing out in disguise', wildcard.replace('/vod/1.m4s', '/vod/%2e%2E/live/1.m4s'), 'AccessDenied'],
    ['tampered policy', wildcard.replace(/Policy=[^&]+/, `Policy=${encode(customPolicy('*'))}`), 'AccessDenied'],
    ['tampered signature', wildcard.replace(/Signature=.{12}/, 'Signature=AAAAAAAAAAAA'), 'AccessDenied'],
    [
      'signature in the wrong alphabet',
      wildcard.replace(/Signature=[^&]+/, 'Signature=a%2Fb%2B'),
      'MalformedSignature',
    ],
    ['signature that is no base64', wildcard.replace(/Signature=[^&]+/, 'Signature=abc'), 'MalformedSignature'],
    ['no signature', wildcard.replace(/&?Signature=[^&]+/, ''), 'AccessDenied'],
    ['no policy and no expiry', wildcard.replace(/Policy=[^&]+&?/, ''), 'AccessDenied'],
    ['no key id', wildcard.replace(/&?Key-Pair-Id=[^&]+/, ''), 'MissingKey'],
    ['empty key id', wildcard.replace(/Key-Pair-Id=[^&]+/, 'Key-Pair-Id='), 'MissingKey'],
    ['unknown key', wildcard.replace(/Key-Pair-Id=[^&]+/, 'Key-Pair-Id=KOTHER'), 'InvalidKey'],
    [
      'another key of the group',
      wildcard.replace(/Key-Pair-Id=[^&]+/, `Key-Pair-Id=${signer.keyPairId === 'KEC' ? 'KRSA' : 'KEC'}`),
      'AccessDenied',
    ],
    [
      'a stranger’s key',
      getSignedUrl({
        ...signer,
        privateKey: stranger.privateKey,
        url: `${BASE}/vod/1.m4s`,
        policy: customPolicy('*'),
      }),
      'AccessDenied',
    ],
    [
      'the other hash',
      'algorithm' in signer
        ? wildcard.replace('Hash-Algorithm=SHA256', 'Hash-Algorithm=SHA1')
        : `${wildcard}&Hash-Algorithm=SHA256`,
      'AccessDenied',
    ],
    ['an unknown hash', `${wildcard.replace(/&Hash-Algorithm=[^&]+/, '')}&Hash-Algorithm=MD5`, 'AccessDenied'],
    ['a parameter twice', `${wildcard}&Key-Pair-Id=${signer.keyPairId}`, 'AccessDenied'],
    ['a broken escape', wildcard.replace(/Signature=[^&]+/, 'Signature=%E0%A4%A'), 'AccessDenied'],
  ];
  it.each(rows)('refuses: %s', (_what, url, code, over) => {
    expect(check(url, over)).toMatchObject({ code });
  });
});

describe('policies', () => {
  const condition = { DateLessThan: { 'AWS:EpochTime': NOW + 60 } };
  const url = (text: string) => `${BASE}/vod/1.m4s?${handMade(text)}`;

  it('accepts one without a resource', () => {
    expect(check(url(JSON.stringify({ Statement: [{ Condition: condition }] })))).toBeUndefined();
  });

  it.each([
    ['no JSON', 'hello'],
    ['a statement that is no list', JSON.stringify({ Statement: { Resource: '*', Condition: condition } })],
    [
      'two statements',
      JSON.stringify({
        Statement: [
          { Resource: '*', Condition: condition },
          { Resource: '*', Condition: condition },
        ],
      }),
    ],
    ['no DateLessThan', JSON.stringify({ Statement: [{ Resource: '*', Condition: {} }] })],
    [
      'a time in quotes',
      JSON.stringify({
        Statement: [{ Resource: '*', Condition: { DateLessThan: { 'AWS:EpochTime': `${NOW + 60}` } } }],
      }),
    ],
    [
      'an unknown condition',
      JSON.stringify({ Statement: [{ Resource: '*', Condition: { ...condition, Region: 'eu' } }] }),
    ],
  ])('refuses %s though it is signed', (_what, text) => {
    expect(check(url(text))).toEqual({ code: 'MalformedPolicy', message: 'Malformed Policy' });
  });
});

describe('credentials', () => {
  const signer = { keyPairId: 'KEC', privateKey: ec.privateKey };
  const good = getSignedUrl({ ...signer, url: `${BASE}/vod/1.m4s`, policy: customPolicy('*') });
  const cookies = Object.entries(getSignedCookies({ ...signer, policy: customPolicy('*') }))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join('; ');

  it('says MissingKey in CloudFront’s words when there are none', () => {
    expect(check(`${BASE}/vod/1.m4s`)).toEqual({
      code: 'MissingKey',
      message: 'Missing Key-Pair-Id query parameter or cookie value',
    });
  });

  it('lets the URL win over the cookies, both ways', () => {
    expect(check(`${BASE}/vod/1.m4s?Expires=1`, { cookie: cookies })).toMatchObject({
      code: 'MissingKey',
    });
    expect(
      check(good, {
        cookie: 'CloudFront-Key-Pair-Id=KOTHER; CloudFront-Signature=x; CloudFront-Expires=1',
      }),
    ).toBeUndefined();
  });

  it('takes the first of two cookies of one name: the one with the longer path', () => {
    expect(check(`${BASE}/vod/1.m4s`, { cookie: `${cookies}; CloudFront-Policy=abcd` })).toBeUndefined();
    expect(check(`${BASE}/vod/1.m4s`, { cookie: `CloudFront-Policy=abcd; ${cookies}` })).toMatchObject({
      code: 'MalformedPolicy',
    });
  });

  it('cannot be crashed', () => {
    for (const junk of [
      '%',
      '%00',
      '=',
      '&&&',
      'Policy',
      'Policy=&Signature=&Key-Pair-Id=',
      `Policy=${'_'.repeat(5000)}&Signature=____&Key-Pair-Id=KEC`,
    ]) {
      expect(check(`${BASE}/vod/1.m4s?${junk}`)?.code).toMatch(/MissingKey|AccessDenied|Malformed/);
    }
  });

  it('keeps CloudFront’s parameters from the origin and nothing else', () => {
    const { query } = parseTarget(
      `/a?x=1&Policy=p&y&Hash-Algorithm=SHA256&Signature=s&Key%2DPair-Id=k&Expires=1&policy=mine`,
    );
    expect(queryText(withoutCredentials(query))).toBe('?x=1&y&policy=mine');
  });

  it('knows IPv4 viewers written as IPv6 only when the caller maps them, and 0.0.0.0/0 means anyone', () => {
    const anyone = `${BASE}/vod/1.m4s?${handMade(customPolicy('*', { ip: '0.0.0.0/0' }))}`;
    const local = `${BASE}/vod/1.m4s?${handMade(customPolicy('*', { ip: '127.0.0.1' }))}`;
    expect(check(anyone, { ip: '2001:db8::1' })).toBeUndefined();
    expect(check(local, { ip: '2001:db8::1' })).toMatchObject({ code: 'AccessDenied' });
    expect(check(local)).toBeUndefined();
  });
});
