/** ID tokens (OpenID Connect Core 2): who somebody is, said to the console's client and to nobody else. */
import type { JWTHeaderParameters, JWTPayload } from 'jose';
import type { Known } from '../../lib/contract/person.ts';
import { mailAddress } from '../../lib/contract/mail.ts';
import { oneLine } from '../../lib/contract/text.ts';
import { refusedField } from '../shared/errors.ts';
import { isTokenFault, type Issuer } from '../shared/issuer.ts';

const MOST_NAME = 200;

interface Expected {
  /** The console's id at the issuer. */
  readonly clientId: string;
  /** Of the access token that the call was made with. */
  readonly subject: string;
}

/** Throws `invalid-request`: an ID token that is wrong says nothing of the access token, with which somebody is signed in. */
export async function readIdToken(issuer: Issuer, token: string, expected: Expected): Promise<Known> {
  const { protectedHeader, payload } = await issuer.verify(token).catch((cause: unknown) => {
    throw isTokenFault(cause) ? refusedField('body.idToken', 'is wrong or has expired', cause) : cause;
  });
  const wrong = faultOf(protectedHeader, payload, expected);
  if (wrong !== undefined) throw refusedField('body.idToken', wrong);
  return knownBy(expected.subject, payload);
}

/** What is wrong with a token whose signature and times are right. Pure. */
export function faultOf(
  { typ }: Pick<JWTHeaderParameters, 'typ'>,
  { aud, azp, sub, token_use: use }: JWTPayload,
  { clientId, subject }: Expected,
): string | undefined {
  // RFC 9068 2.1, and Cognito's own mark: an access token may be for the same client, and says no more than it must.
  if (/^(application\/)?at\+jwt$/i.test(typ ?? '') || (use !== undefined && use !== 'id')) return 'is no ID token';
  const audiences = Array.isArray(aud) ? aud : [aud];
  // OpenID Connect Core 3.1.3.7, 3 to 5.
  if (!audiences.includes(clientId) || (azp !== undefined && azp !== clientId)) return 'is for another client';
  if (audiences.length > 1 && azp === undefined) return 'is for several clients and does not say which it was given to';
  return sub === subject ? undefined : "is somebody else's";
}

/**
 * What it says of somebody. An address counts only where the issuer says that it is theirs (`email_verified`; some write the
 * word): anybody could claim another's, and be given what was meant for them. Pure.
 */
export function knownBy(sub: string, claims: JWTPayload): Known {
  const text = (name: string) => {
    const value = claims[name];
    return typeof value === 'string' ? oneLine(value, MOST_NAME) : '';
  };
  const { email, email_verified: verified } = claims;
  const address =
    typeof email === 'string' && (verified === true || verified === 'true') ? mailAddress(email) : undefined;
  const parts = [text('given_name'), text('family_name')].filter((part) => part !== '').join(' ');
  const name = [text('name'), oneLine(parts, MOST_NAME), text('preferred_username')].find((one) => one !== '');
  return { sub, ...(name !== undefined && { name }), ...(address !== undefined && { email: address }) };
}
