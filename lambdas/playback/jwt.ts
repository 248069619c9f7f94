/** JWTs of the OIDC issuer, checked as API Gateway's authorizer checks them: this stage's routes let anonymous callers in. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ApiError } from '../shared/errors.ts';

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

export class JwtVerifier {
  readonly #issuer: string;
  readonly #audience: string;
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(issuer: string, audience: string) {
    this.#issuer = issuer;
    this.#audience = audience;
  }

  /** Claims of an `Authorization` header's token. Throws `invalid-token`. */
  async verify(authorization: string): Promise<JWTPayload> {
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    if (token === undefined)
      throw new ApiError('invalid-token', 'The Authorization header must be "Bearer" and a token.');
    const keys = await (this.#keys ??= this.#discover());
    const { payload } = await jwtVerify(token, keys, {
      issuer: this.#issuer,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
    }).catch((cause: unknown) => {
      throw TOKEN_FAULTS.some((fault) => cause instanceof fault)
        ? new ApiError('invalid-token', 'The token is wrong or has expired; sign in again.', { cause })
        : cause;
    });
    if (!this.#isForUs(payload)) throw new ApiError('invalid-token', 'The token is for another application.');
    return payload;
  }

  /** `aud`; where a token has none (Cognito's access tokens), `client_id`. */
  #isForUs({ aud, client_id: client }: JWTPayload): boolean {
    if (aud === undefined) return client === this.#audience;
    return (Array.isArray(aud) ? aud : [aud]).includes(this.#audience);
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
