/** Playback: who may watch what, and the playlists and tokens that follow from it. */
import { vodPrefix } from '../../lib/contract/keys.ts';
import { ApiError } from '../shared/errors.ts';
import { Reply, serve } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { loadSigner } from '../shared/signing.ts';
import { checkPlayable, signatureEnd, tokenLifetime, watchable } from './access.ts';
import { setCookies } from './cookies.ts';
import { expand, multivariant, playlistKey, type Access } from './manifest.ts';
import { checkLength, readPlaylist } from './media-playlist.ts';
import { callers, groupsClaim, signatureHours, tokenMinutes } from './options.ts';
import { mintToken } from './token.ts';

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
    const there =
      kind === 'text'
        ? video.texts?.some((text) => text.id === name)
        : video.renditions.some((rendition) => rendition.kind === kind && rendition.name === name);
    if (there !== true) throw new ApiError('not-found', 'The video has no such rendition.');
    const key = playlistKey(video, kind, name);
    // A playlists token ends with the signature it stands for; reloading must not stretch it.
    const end = (who?.use === 'playlists' && who.expiresAt) || signatureEnd(new Date(), signatureHours, video.duration);
    const query = request.query.cookies === '1' ? undefined : (await loadSigner()).sign(`/${vodPrefix(id)}*`, end);
    const text = expand(await readPlaylist(key, (cause) => gone(key, cause)), `/${key}`, query);
    return new Reply(checkLength(text, 'The expanded playlist is too long; use EXT-X-DEFINE or cookies instead.'));
  },
});

/** Deleted or sliced anew since the record was read. */
function gone(key: string, cause: Error): ApiError {
  logger.warn('a published playlist is not there', { key, error: cause });
  return new ApiError('not-found', 'The playlist is gone; load main.m3u8 again.', { cause });
}
