/** The keys of playback: made, recognised when they are already there, and told in public. Pure but for the randomness. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { MAX_TOKEN_SECONDS } from '../../lib/contract/options.ts';
import { signingSecret, type Pair, type SigningSecret, type TokenRing } from '../../lib/contract/signing.ts';

/** CloudFront takes ECDSA keys on the curve P-256 (CloudFront Developer Guide, "Create key pairs for your signers"). */
export const makePair = (): Pair =>
  generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

/** A key as RFC 7517 writes it. */
const publicJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
});

const jwkOf = (publicKey: string) => publicJwk.parse(createPublicKey(publicKey).export({ format: 'jwk' }));

/** RFC 7638, section 3: SHA-256 of the members a key needs, in the order of the alphabet. */
function thumbprint(publicKey: string): string {
  const { crv, kty, x, y } = jwkOf(publicKey);
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}

export function makeTokenKey(now: number): TokenRing['current'] {
  const pair = makePair();
  return { ...pair, id: thumbprint(pair.publicKey), since: now };
}

/** Everything new. `now` is epoch seconds. */
export const makeSecret = (now: number): SigningSecret => ({
  ...makePair(),
  tokenKey: randomBytes(32).toString('base64url'),
  tokens: makeTokenRing(now),
});

const makeTokenRing = (now: number): TokenRing => ({
  current: makeTokenKey(now),
  next: makeTokenKey(now),
  previous: [],
});

const before = signingSecret.pick({ privateKey: true, publicKey: true, tokenKey: true });

export class DamagedSecretError extends Error {
  override name = 'DamagedSecretError';
}

/**
 * What a secret's text holds; undefined for the random text that a new secret starts with. What an earlier version wrote comes
 * with what it lacks: it signed tokens by HS256, which are read until the longest of them has ended. Throws for keys that are
 * not whole, since new ones would end every signature that is out.
 */
export function readSecret(text: string | undefined, now: number): SigningSecret | undefined {
  const written = parseJson(text);
  if (typeof written !== 'object' || written === null) return undefined;
  const current = signingSecret.safeParse(written);
  if (current.success && isWhole(current.data)) return current.data;
  const old = before.safeParse(written);
  if (!current.success && old.success && isPair(old.data) && isTokenKey(old.data.tokenKey))
    return { ...old.data, tokens: makeTokenRing(now), hs256Until: now + MAX_TOKEN_SECONDS };
  throw new DamagedSecretError(
    'The playback secret holds keys that are not whole. Put its last good version back (stage AWSPREVIOUS), or empty it for new keys',
  );
}

const isWhole = (secret: SigningSecret): boolean =>
  isTokenKey(secret.tokenKey) &&
  isPair(secret) &&
  [secret.tokens.current, secret.tokens.next].every((one) => isPair(one) && thumbprint(one.publicKey) === one.id);

const isTokenKey = (text: string): boolean => Buffer.from(text, 'base64url').length === 32;

/** Whether it is a P-256 private key with its own public one. */
function isPair(pair: Pair): boolean {
  try {
    const privateKey = createPrivateKey(pair.privateKey);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    const derived = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
    return derived === createPublicKey(pair.publicKey).export({ type: 'spki', format: 'pem' });
  } catch {
    return false;
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** The key set that tokens can be checked by (RFC 7517, section 5): those that sign, will sign and have signed. */
export const jwks = ({ current, next, previous }: TokenRing) => ({
  keys: [current, next, ...previous].map(({ id, publicKey }) => ({
    ...jwkOf(publicKey),
    kid: id,
    alg: 'ES256' as const,
    use: 'sig' as const,
  })),
});
