/** A public key by its JWK. Pure. */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '../../lib/contract/registered-key.ts';

/** RFC 7638, section 3: SHA-256 of the members a key needs, in the order of the alphabet. */
export const thumbprint = ({ crv, kty, x, y }: PublicJwk): string =>
  hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');

/** Throws for numbers that are no point of the curve. */
export const keyOf = ({ crv, kty, x, y }: PublicJwk): KeyObject =>
  createPublicKey({ key: { crv, kty, x, y }, format: 'jwk' });
