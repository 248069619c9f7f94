/** Tokens of the OIDC issuer: signature, issuer and times. What else must hold of one is for who asks. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyResult } from 'jose';
import { z } from 'zod';

/** OpenID Connect Discovery 1.0, section 3. */
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Signatures only: nothing symmetric, and never `none`. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Errors that are the token's fault. Others (issuer unreachable) are ours and stay 500. */
const TOKEN_FAULTS = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
];

export const isTokenFault = (error: unknown): boolean => TOKEN_FAULTS.some((fault) => error instanceof fault);

export class Issuer {
  readonly #issuer: string;
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /** Header and claims of one that it signed and that is good now. Throws what `isTokenFault` knows. */
  async verify(token: string): Promise<JWTVerifyResult> {
    return await jwtVerify(token, await (this.#keys ??= this.#discover()), {
      issuer: this.#issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
    });
  }

  /** Keys are fetched once per process and again when a token names an unknown one (jose's own rule, with a cool-down). */
  async #discover(): Promise<JWTVerifyGetKey> {
    try {
      const address = `${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      const answer = await fetch(address, { signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`the issuer's discovery document answered ${answer.status}`);
      const document = discovery.parse(await answer.json());
      if (document.issuer !== this.#issuer) throw new Error('the discovery document is for another issuer');
      return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: 5000 });
    } catch (error) {
      this.#keys = undefined;
      throw error;
    }
  }
}
