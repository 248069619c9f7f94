/** The keys of playback: made, recognised when they are already there, and told in public. Pure but for the randomness. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { MAX_TOKEN_SECONDS } from '../../lib/contract/options.ts';
import { publicJwk } from '../../lib/contract/registered-key.ts';
import { firstSecret, signingSecret, type Pair, type Ring, type SigningSecret } from '../../lib/contract/signing.ts';
import { thumbprint } from '../shared/thumbprint.ts';

/** CloudFront takes ECDSA keys on the curve P-256 (CloudFront Developer Guide, "Create key pairs for your signers"). */
export const makePair = (): Pair =>
  generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

/** A key as RFC 7517 writes it. */
const jwkOf = (publicKey: string) => publicJwk.parse(createPublicKey(publicKey).export({ format: 'jwk' }));

const idOf = (publicKey: string): string => thumbprint(jwkOf(publicKey));

/** CloudFront gives it its id. */
export const makeKey = (now: number): Ring['current'] => ({ ...makePair(), id: '', since: now });

export function makeTokenKey(now: number): Ring['current'] {
  const pair = makePair();
  return { ...pair, id: idOf(pair.publicKey), since: now };
}

const makeRing = (make: (now: number) => Ring['current'], now: number): Ring => ({
  current: make(now),
  next: make(now),
  previous: [],
});

/** Everything new. `now` is epoch seconds. */
export const makeSecret = (now: number): SigningSecret => ({
  media: makeRing(makeKey, now),
  tokens: makeRing(makeTokenKey, now),
  tokenKey: randomBytes(32).toString('base64url'),
});

export class DamagedSecretError extends Error {
  override name = 'DamagedSecretError';
}

/**
 * What a secret's text holds; undefined for the random text that a new secret starts with. What versions before rings wrote
 * comes with what it lacks, its pair as the one that signs; they signed tokens by HS256, which are read until the longest has
 * ended. Throws for keys that are not whole, since new ones would end every signature that is out.
 */
export function readSecret(text: string | undefined, now: number): SigningSecret | undefined {
  const written = parseJson(text);
  if (typeof written !== 'object' || written === null) return undefined;
  const current = signingSecret.safeParse(written);
  if (current.success && isWhole(current.data)) return current.data;
  const first = firstSecret.safeParse(written);
  if (!('media' in written) && first.success && isPair(first.data) && isTokenKey(first.data.tokenKey)) {
    const made = makeSecret(now);
    const { privateKey, publicKey } = first.data;
    const media = { ...made.media, current: { privateKey, publicKey, id: '', since: now } };
    return { ...made, ...first.data, media, hs256Until: now + MAX_TOKEN_SECONDS };
  }
  throw new DamagedSecretError(
    'The playback secret holds keys that are not whole. Put its last good version back (stage AWSPREVIOUS), or write any text that is no JSON into it for new keys',
  );
}

const isWhole = ({ media, tokens, tokenKey }: SigningSecret): boolean =>
  isTokenKey(tokenKey) &&
  [media.current, media.next, tokens.current, tokens.next].every(isPair) &&
  [tokens.current, tokens.next].every(({ id, publicKey }) => idOf(publicKey) === id);

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
export const jwks = ({ current, next, previous }: Ring) => ({
  keys: [current, next, ...previous].map(({ id, publicKey }) => ({
    ...jwkOf(publicKey),
    kid: id,
    alg: 'ES256' as const,
    use: 'sig' as const,
  })),
});
