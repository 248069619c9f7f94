/** Playback: who may watch what, and the playlists and tokens that follow from it. */
import { required } from '../../lib/contract/env.ts';
import { revisionPrefix, STORYBOARD_PATH, vodPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { fromOf } from '../shared/from.ts';
import { withinHeight } from '../shared/height.ts';
import { Reply, serve } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { askForLadder } from '../shared/slicing-run.ts';
import { loadSigner, type Signer } from '../shared/signing.ts';
import { admit, type Admitted, checkPlayable, signatureEnd, tokenLifetime } from './access.ts';
import { setCookies } from './cookies.ts';
import { checkDash, lowRungs, mpdKey, noMpd, personalMpd } from './dash.ts';
import { expand, multivariant, playlistKey, withAuth, type Access } from './manifest.ts';
import { checkLength, readPlaylist } from './media-playlist.ts';
import { callers, groupsClaim, signatureHours, tokenMinutes } from './options.ts';
import { jwks } from './key-pair.ts';
import { mintToken } from './token.ts';

/** A key is in the set for longer than this before it signs (key-ring.ts). */
const JWKS_SECONDS = 3600;

export const handler = serve<'playback'>(groupsClaim, {
  'POST /api/videos/{id}/tokens': async ({ params: { id }, body, viewer, headers }) => {
    const seconds = tokenLifetime(body.expiresIn, tokenMinutes);
    await admit(id, viewer, whence(headers));
    const expiresAt = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
    const token = await mintToken((await loadSigner()).tokens, viewer, id, 'manifest', expiresAt);
    return { token, expiresAt: expiresAt.toISOString(), url: `/api/play/${id}/main.m3u8?token=${token}` };
  },

  'GET /api/jwks.json': async () => {
    const keys = jwks((await loadSigner()).tokenRing);
    return new Reply(JSON.stringify(keys), { 'cache-control': `public, max-age=${JWKS_SECONDS}` });
  },

  'GET /api/play/{id}/main.m3u8': async (request) => {
    const { id } = request.params;
    const { expand: expanded, cookies } = request.query;
    const { viewer } = (await callers.of(request, id, ['manifest'])) ?? {};
    const { video: found, limits } = await admit(id, viewer, whence(request.headers));
    checkPlayable(found);
    const video = await askForLadder(found);
    const signer = await loadSigner();
    const now = Date.now();
    const end = signatureEnd(new Date(now), signatureHours, video.duration);
    const path = `/${vodPrefix(id)}`;
    const set = cookies === '1' ? cookiesFor(signer, path, end, now) : [];
    let access: Access;
    if (expanded === '1') {
      const token = viewer && (await mintToken(signer.tokens, viewer, id, 'playlists', end));
      access = { way: 'expand', token, cookies: cookies === '1' };
    } else if (cookies === '1') access = { way: 'cookies' };
    else access = { way: 'define', query: signer.sign(`${path}*`, end) };
    return new Reply(multivariant(withinHeight(video, limits), access, willGrow(video)), {}, set);
  },

  'GET /api/play/{id}/manifest.mpd': async (request) => {
    const { video, limits } = await published(request);
    checkDash(video);
    await askForLadder(video);
    withinHeight(video, limits);
    const shared = await readPlaylist(mpdKey(video), (cause) => noMpd(video, cause));
    const { query, cookies } = await rights(video, request.query.cookies === '1');
    const text = checkLength(
      personalMpd(lowRungs(shared, limits.maxHeight), query, video),
      'The MPD is too long; use main.m3u8 instead.',
    );
    return new Reply(text, {}, cookies);
  },

  'GET /api/play/{id}/storyboard.vtt': async (request) => {
    const { video } = await published(request);
    if (video.hasStoryboard !== true) throw new ApiError('not-found', 'The video has no pictures for scrubbing.');
    const key = `${revisionPrefix(video.id, video.revision)}${STORYBOARD_PATH}`;
    const shared = await readPlaylist(key, (cause) => gone(key, cause));
    const { query, cookies } = await rights(video, request.query.cookies === '1');
    const text = checkLength(withAuth(shared, query), 'The list of pictures is too long; use cookies=1 instead.');
    return new Reply(text, {}, cookies);
  },

  'GET /api/play/{id}/{kind}/{playlist}': async (request) => {
    const { id, kind, playlist } = request.params;
    const who = await callers.of(request, id, ['manifest', 'playlists']);
    const { video: found, limits } = await admit(id, who?.viewer, whence(request.headers));
    checkPlayable(found);
    const video = withinHeight(found, limits);
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

const whence = (headers: Parameters<typeof fromOf>[0]) => fromOf(headers, required('PUBLIC_URL'));

/** Whether renditions are being made that the next manifest will list. */
const willGrow = ({ status, ladder }: VideoRecord): boolean => status === 'playable' || ladder?.state === 'making';

/** The video, for who may begin to watch it. */
async function published(
  request: Parameters<typeof callers.of>[0] & { readonly params: { readonly id: string } },
): Promise<Admitted> {
  const { id } = request.params;
  const { viewer } = (await callers.of(request, id, ['manifest'])) ?? {};
  const admitted = await admit(id, viewer, whence(request.headers));
  checkPlayable(admitted.video);
  return admitted;
}

/** What opens all files of the video: a query for each address, or cookies. */
async function rights({ id, duration }: VideoRecord, byCookies: boolean) {
  const signer = await loadSigner();
  const now = Date.now();
  const end = signatureEnd(new Date(now), signatureHours, duration);
  const path = `/${vodPrefix(id)}`;
  return byCookies
    ? { query: undefined, cookies: cookiesFor(signer, path, end, now) }
    : { query: signer.sign(`${path}*`, end), cookies: [] };
}

const cookiesFor = (signer: Signer, path: string, end: Date, now: number): string[] =>
  setCookies(signer.cookies(`${path}*`, end), {
    path,
    maxAgeSeconds: (end.getTime() - now) / 1000,
    secure: signer.secure,
  });

/** Deleted or sliced anew since the record was read. */
function gone(key: string, cause: Error): ApiError {
  logger.warn('a published playlist is not there', { key, error: cause });
  return new ApiError('not-found', 'The playlist is gone; load main.m3u8 again.', { cause });
}
