/** The playback key pair: made, and recognised when it is already there. Pure but for the randomness. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { signingSecret, type SigningSecret } from '../../lib/contract/signing.ts';

/** CloudFront takes ECDSA keys on the curve P-256 (CloudFront Developer Guide, "Create key pairs for your signers"). */
export function makeKeyPair(): SigningSecret {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { ...pair, tokenKey: randomBytes(32).toString('base64url') };
}

/** The pair in a secret's text, if it is whole: a P-256 private key, its own public key and a 32-byte token key. */
export function readKeyPair(text: string | undefined): SigningSecret | undefined {
  try {
    const secret = signingSecret.parse(JSON.parse(text ?? ''));
    const privateKey = createPrivateKey(secret.privateKey);
    if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    const derived = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
    const stored = createPublicKey(secret.publicKey).export({ type: 'spki', format: 'pem' });
    if (derived !== stored || Buffer.from(secret.tokenKey, 'base64url').length !== 32) return undefined;
    return secret;
  } catch {
    return undefined;
  }
}
