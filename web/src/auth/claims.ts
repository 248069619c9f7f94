/** Who is signed in, read from the tokens the issuer gave. Display only: the API decides what anyone may do. Pure. */
import { groupsOf } from '../../../lib/contract/groups.ts';

export interface Person {
  /** `sub` of the access token: what the API knows the person by. */
  readonly subject: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly mayUpload: boolean;
}

export function personOf(accessToken: string, profile: Readonly<Record<string, unknown>>, groupsClaim: string): Person {
  const claims = claimsOf(accessToken) ?? profile;
  const groups = groupsOf(Object.hasOwn(claims, groupsClaim) ? claims : profile, groupsClaim);
  const subject = text(claims['sub']) ?? text(profile['sub']) ?? '';
  const isAdmin = groups.includes('admin');
  return {
    subject,
    name: ['name', 'preferred_username', 'email', 'username'].map((key) => text(profile[key])).find(Boolean) ?? subject,
    isAdmin,
    mayUpload: isAdmin || groups.includes('uploader'),
  };
}

/** The claims of a JWT, unverified; undefined for an opaque token. */
export function claimsOf(token: string): Record<string, unknown> | undefined {
  const part = token.split('.')[1];
  if (part === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
