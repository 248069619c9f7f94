/** Playback tokens: let their bearer watch one video or channel as the person who minted them, for players that set no headers. */
import { jwtVerify, SignJWT, errors } from 'jose';
import { z } from 'zod';
import { ApiError } from '../shared/errors.ts';
import type { Viewer } from '../shared/viewer.ts';

const AUDIENCE = 'sluice-play';

/**
 * `manifest`: minted by a person; opens main.m3u8 and with it a new signature.
 * `playlists`: minted by an expanded main.m3u8 for its media playlists, whose ticket it brings; of nobody, where nobody signed
 * in. It never opens main.m3u8, or a token of minutes could renew itself for ever.
 */
export type Use = 'manifest' | 'playlists';

/** Only groups that decide about watching travel in a token: it stands in URLs. */
const GROUPS = ['admin'];

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

/** A token (JWT, HS256) for `viewer`, good for one video, or one channel (`live/{device}/{channel}`), until `expiresAt`. URL-safe. */
export function mintToken(
  key: Uint8Array,
  viewer: Viewer | undefined,
  video: string,
  use: Use,
  expiresAt: Date,
  ticket?: string,
): Promise<string> {
  const groups = viewer?.groups.filter((group) => GROUPS.includes(group)) ?? [];
  return new SignJWT({
    groups,
    vid: video,
    use,
    ...(viewer && { sub: viewer.subject }),
    ...(ticket && { tkt: ticket }),
  })
    .setProtectedHeader({ alg: 'HS256' })
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
  const { sub: subject, groups, use, exp, tkt: ticket } = parsed.data;
  if (subject === undefined && use !== 'playlists') throw new ApiError('invalid-token', 'The token names nobody.');
  const viewer = subject === undefined ? undefined : { subject, groups };
  return { viewer, use, expiresAt: new Date(exp * 1000), ticket };
}
