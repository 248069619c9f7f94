/** Playback: who may watch what, and the playlists and tokens that follow from it. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { number, required } from '../../lib/contract/env.ts';
import { vodPrefix } from '../../lib/contract/keys.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { Reply, serve } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { loadSigner } from '../shared/signing.ts';
import { checkPlayable, signatureEnd, tokenLifetime, watchable } from './access.ts';
import { Callers } from './caller.ts';
import { setCookies } from './cookies.ts';
import { expand, multivariant, playlistKey, type Access } from './manifest.ts';
import { mintToken } from './token.ts';

const groupsClaim = required('GROUPS_CLAIM');
const signatureHours = number('SIGNATURE_HOURS', 0.1, 168);
const tokenMinutes = number('TOKEN_MINUTES', 1, 43_200);
const callers = new Callers({ issuer: required('ISSUER'), audience: required('AUDIENCE'), groupsClaim });

/** Lambda answers at most 6 MB, JSON and escapes included. */
const MAX_PLAYLIST_BYTES = 5_500_000;

export const handler = serve<'playback'>(groupsClaim, {
  'POST /api/videos/{id}/tokens': async ({ params: { id }, body, viewer }) => {
    const seconds = tokenLifetime(body.expiresIn, tokenMinutes);
    await watchable(id, viewer);
    const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
    const token = await mintToken((await loadSigner()).tokenKey, viewer, id, 'manifest', expiresAt);
    return { token, expiresAt: expiresAt.toISOString(), url: `/api/play/${id}/main.m3u8?token=${token}` };
  },

  'GET /api/play/{id}/main.m3u8': async (request) => {
    const { id } = request.params;
    const { expand: expanded, cookies } = request.query;
    const { viewer } = (await callers.of(request, id, ['manifest'])) ?? {};
    const video = await watchable(id, viewer);
    checkPlayable(video);
    const signer = await loadSigner();
    const now = Date.now();
    const end = signatureEnd(new Date(now), signatureHours, video.duration);
    const path = `/${vodPrefix(id)}`;
    const set =
      cookies === '1'
        ? setCookies(signer.cookies(`${path}*`, end), {
            path,
            maxAgeSeconds: (end.getTime() - now) / 1000,
            secure: signer.secure,
          })
        : [];
    let access: Access;
    if (expanded === '1') {
      const token = viewer && (await mintToken(signer.tokenKey, viewer, id, 'playlists', end));
      access = { way: 'expand', token, cookies: cookies === '1' };
    } else if (cookies === '1') access = { way: 'cookies' };
    else access = { way: 'define', query: signer.sign(`${path}*`, end) };
    return new Reply(multivariant(video, access), {}, set);
  },

  'GET /api/play/{id}/{kind}/{playlist}': async (request) => {
    const { id, kind, playlist } = request.params;
    const who = await callers.of(request, id, ['manifest', 'playlists']);
    const video = await watchable(id, who?.viewer);
    checkPlayable(video);
    const name = playlist.replace(/\.m3u8$/, '');
    if (!video.renditions.some((rendition) => rendition.kind === kind && rendition.name === name))
      throw new ApiError('not-found', 'The video has no such rendition.');
    const key = playlistKey(video, kind, name);
    // A playlists token ends with the signature it stands for; reloading must not stretch it.
    const end = (who?.use === 'playlists' && who.expiresAt) || signatureEnd(new Date(), signatureHours, video.duration);
    const query = request.query.cookies === '1' ? undefined : (await loadSigner()).sign(`/${vodPrefix(id)}*`, end);
    const text = expand(await readPlaylist(key), `/${key}`, query);
    if (Buffer.byteLength(text) > MAX_PLAYLIST_BYTES)
      throw new ApiError('too-large', 'The expanded playlist is too long; use EXT-X-DEFINE or cookies instead.', {
        limit: { name: 'playlist', value: MAX_PLAYLIST_BYTES, unit: 'bytes' },
      });
    return new Reply(text);
  },
});

/** Deleted or sliced anew since the record was read: S3 calls a missing key AccessDenied to who may not list the bucket. */
const GONE = ['NoSuchKey', 'AccessDenied'];

async function readPlaylist(Key: string): Promise<string> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: required('MEDIA_BUCKET'), Key }));
    return await Body!.transformToString();
  } catch (cause) {
    if (!(cause instanceof Error) || !GONE.includes(cause.name)) throw cause;
    logger.warn('a published playlist is not there', { key: Key, error: cause });
    throw new ApiError('not-found', 'The playlist is gone; load main.m3u8 again.', { cause });
  }
}
