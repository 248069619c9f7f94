/**
 * The claims of the token that API Gateway's authorizer has verified, from the token itself. The authorizer hands every
 * claim over as text, a list as `[video admin]`, in which one group of that name and two groups read the same. Pure.
 */
import { z } from 'zod';

type Claims = Readonly<Record<string, unknown>>;

/** `Authorization` may hold the token alone, too (API Gateway, "Control access to HTTP APIs with JWT authorizers"). */
const ONE_TOKEN = /^(?:bearer +)?[\w-]+\.([\w-]+)\.[\w-]+$/i;

const payload = z.looseObject({ sub: z.string().min(1), iss: z.string().min(1) });

/**
 * Undefined unless the authorizer let the call in (`verified`, its claims) and the header holds just that one token: no
 * signature is checked here, so what was not verified is nobody. Two headers reach a function joined by a comma, and are
 * refused, since only one of them was verified.
 */
export function verifiedClaims(verified: Claims | undefined, authorization: string | undefined): Claims | undefined {
  if (verified === undefined || authorization === undefined) return undefined;
  const part = ONE_TOKEN.exec(authorization.trim())?.[1];
  const { success, data } = payload.safeParse(part === undefined ? undefined : parse(part));
  return success && isSame(data, verified) ? data : undefined;
}

/** Whether `verified` is the authorizer's reading of `claims`: whose it is, and what tells one token of theirs from another. */
const isSame = (claims: z.infer<typeof payload>, verified: Claims): boolean =>
  claims.sub === verified['sub'] &&
  claims.iss === verified['iss'] &&
  agree(claims['jti'], verified['jti'], String) &&
  ['exp', 'iat'].every((name) => agree(claims[name], verified[name], Number));

/** A number comes as text, in digits or as `1.7e+09`; one in a form that nobody knows says nothing. */
function agree(ours: unknown, theirs: unknown, read: (value: unknown) => unknown): boolean {
  if (ours === undefined || theirs === undefined) return true;
  return Number.isNaN(read(theirs)) || read(ours) === read(theirs);
}

function parse(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
