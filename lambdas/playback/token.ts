/** Playback tokens: let their bearer watch one video or channel as the person who minted them, for players that set no headers. */
import { jwtVerify, SignJWT, errors } from 'jose';
import { z } from 'zod';
import { ApiError } from '../shared/errors.ts';
import type { Viewer } from '../shared/viewer.ts';

const AUDIENCE = 'sluice-play';

/**
 * `manifest`: minted by a person; opens main.m3u8 and with it a new signature.
 * `playlists`: minted by an expanded main.m3u8 for its media playlists. It never opens main.m3u8, or a token of
 * minutes could renew itself for ever.
 */
export type Use = 'manifest' | 'playlists';

/** Any group may decide about watching, but this one: a token stands in URLs, so nothing more is in it. */
const IRRELEVANT = 'uploader';

/** Characters of group names, which some proxies and players would cut off a longer address. */
const MOST = 2000;

const claims = z.object({
  sub: z.string().min(1),
  groups: z.array(z.string()),
  vid: z.string(),
  use: z.enum(['manifest', 'playlists']),
  exp: z.int(),
});

export interface PlaybackToken {
  readonly viewer: Viewer;
  readonly use: Use;
  readonly expiresAt: Date;
}

/**
 * A token (JWT, HS256) for `viewer`, good for one video, or one channel (`live/{device}/{channel}`), until `expiresAt`. URL-safe.
 * Throws `forbidden` for who is in more groups than fit: one left out may be the one that is refused.
 */
export async function mintToken(
  key: Uint8Array,
  viewer: Viewer,
  video: string,
  use: Use,
  expiresAt: Date,
): Promise<string> {
  const groups = viewer.groups.filter((group) => group !== IRRELEVANT);
  if (JSON.stringify(groups).length > MOST)
    throw new ApiError(
      'forbidden',
      'You are in more groups than a playback token holds. Send your own token as `Authorization`.',
    );
  return new SignJWT({ groups, vid: video, use })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(viewer.subject)
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
    .sign(key);
}

/** Throws `invalid-token` when it is not ours, has expired, or is for another video or use. */
export async function readToken(
  key: Uint8Array,
  token: string,
  video: string,
  uses: readonly Use[],
): Promise<PlaybackToken> {
  const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], audience: AUDIENCE }).catch(
    (cause: unknown) => {
      throw cause instanceof errors.JOSEError
        ? new ApiError('invalid-token', 'The playback token is wrong or has expired; ask for a new one.', { cause })
        : cause;
    },
  );
  const parsed = claims.safeParse(payload);
  if (!parsed.success || parsed.data.vid !== video)
    throw new ApiError('invalid-token', 'The playback token is for something else.');
  if (!uses.includes(parsed.data.use))
    throw new ApiError('invalid-token', 'This token opens media playlists only; ask for a playback token.');
  const { sub: subject, groups, use, exp } = parsed.data;
  return { viewer: { subject, groups }, use, expiresAt: new Date(exp * 1000) };
}
