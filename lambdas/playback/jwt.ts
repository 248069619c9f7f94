/** Access tokens of the OIDC issuer, checked as API Gateway's authorizer checks them: this stage's routes let anonymous callers in. */
import type { JWTPayload } from 'jose';
import { ApiError } from '../shared/errors.ts';
import { isTokenFault, Issuer } from '../shared/issuer.ts';

export class JwtVerifier {
  readonly #issuer: Issuer;
  readonly #audience: string;

  constructor(issuer: string, audience: string) {
    this.#issuer = new Issuer(issuer);
    this.#audience = audience;
  }

  /** Claims of an `Authorization` header's token. Throws `invalid-token`. */
  async verify(authorization: string): Promise<JWTPayload> {
    const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    if (token === undefined)
      throw new ApiError('invalid-token', 'The Authorization header must be "Bearer" and a token.');
    const { payload } = await this.#issuer.verify(token).catch((cause: unknown) => {
      throw isTokenFault(cause)
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
}
