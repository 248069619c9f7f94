/** Playback tokens: let their bearer watch one video or channel as the person who minted them, for players that set no headers. */
import type { KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT, errors, type JWTHeaderParameters } from 'jose';
import { z } from 'zod';
import { ApiError } from '../shared/errors.ts';
import type { TokenKeys } from '../shared/token-keys.ts';
import type { Viewer } from '../shared/viewer.ts';

const AUDIENCE = 'sluice-play';

/**
 * `manifest`: minted by a person; opens main.m3u8 and with it a new signature.
 * `playlists`: minted by an expanded main.m3u8 for its media playlists, whose ticket it brings; of nobody, where nobody signed
 * in. It never opens main.m3u8, or a token of minutes could renew itself for ever.
 */
export type Use = 'manifest' | 'playlists';

/** Any group may decide about watching, but this one: a token stands in URLs, so nothing more is in it. */
const IRRELEVANT = 'uploader';

/** Characters of group names, which some proxies and players would cut off a longer address. */
const MOST = 2000;

const claims = z.object({
  sub: z.string().min(1).optional(),
  groups: z.array(z.string()),
  vid: z.string(),
  use: z.enum(['manifest', 'playlists']),
  tkt: z.string().optional(),
  exp: z.int(),
});

export interface PlaybackToken {
  /** Undefined: nobody signed in. */
  readonly viewer: Viewer | undefined;
  readonly use: Use;
  readonly expiresAt: Date;
  /** Of the session it belongs to. */
  readonly ticket?: string | undefined;
}

/**
 * A token (JWT, ES256) for `viewer`, good for one video, or one channel (`live/{device}/{channel}`), until `expiresAt`. URL-safe.
 * Throws `forbidden` for who is in more groups than fit: one left out may be the one that is refused.
 */
export async function mintToken(
  { current: { kid, key } }: TokenKeys,
  viewer: Viewer | undefined,
  video: string,
  use: Use,
  expiresAt: Date,
  ticket?: string,
): Promise<string> {
  const groups = viewer?.groups.filter((group) => group !== IRRELEVANT) ?? [];
  if (JSON.stringify(groups).length > MOST)
    throw new ApiError(
      'forbidden',
      'You are in more groups than a playback token holds. Send your own token as `Authorization`.',
    );
  return new SignJWT({
    groups,
    vid: video,
    use,
    ...(viewer && { sub: viewer.subject }),
    ...(ticket && { tkt: ticket }),
  })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
    .sign(key);
}

/** Throws `invalid-token` when it is not ours, has expired, or is for another video or use. */
export async function readToken(
  keys: TokenKeys,
  token: string,
  video: string,
  uses: readonly Use[],
): Promise<PlaybackToken> {
  const payload = await verified(keys, token).catch((cause: unknown) => {
    throw cause instanceof errors.JOSEError
      ? new ApiError('invalid-token', 'The playback token is wrong or has expired; ask for a new one.', { cause })
      : cause;
  });
  const parsed = claims.safeParse(payload);
  if (!parsed.success || parsed.data.vid !== video)
    throw new ApiError('invalid-token', 'The playback token is for something else.');
  if (!uses.includes(parsed.data.use))
    throw new ApiError('invalid-token', 'This token opens media playlists only; ask for a playback token.');
  const { sub: subject, groups, use, exp, tkt: ticket } = parsed.data;
  if (subject === undefined && use !== 'playlists') throw new ApiError('invalid-token', 'The token names nobody.');
  const viewer = subject === undefined ? undefined : { subject, groups };
  return { viewer, use, expiresAt: new Date(exp * 1000), ticket };
}

async function verified(keys: TokenKeys, token: string) {
  if (!isCanonical(token)) throw new errors.JWTInvalid('not as it was written');
  const { payload } = await jwtVerify(token, (header) => keyFor(header, keys), { audience: AUDIENCE });
  return payload;
}

/** Base64url's last character may have bits that say nothing: of all the ways to write the same bytes one is taken. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** The key a header names. Which algorithm is good depends on the key alone, never on what the token says of itself. */
function keyFor({ alg, kid }: JWTHeaderParameters, { known, hs256 }: TokenKeys): KeyObject | Uint8Array {
  if (kid === undefined && alg === 'HS256' && hs256 !== undefined && Date.now() < hs256.until * 1000) return hs256.key;
  const key = kid === undefined ? undefined : known.get(kid);
  if (key === undefined || alg !== 'ES256') throw new errors.JWKSNoMatchingKey();
  return key;
}
