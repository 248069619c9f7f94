/** Playback: who may watch what, and the playlists and tokens that follow from it. */
import { revisionPrefix, STORYBOARD_FOLDER, STORYBOARD_PATH, VOD_PREFIX, vodPrefix } from '../../lib/contract/keys.ts';
import { required } from '../../lib/contract/env.ts';
import type { DrmName } from '../../lib/contract/drm.ts';
import { ticketed } from '../../lib/contract/ticket.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import type { Terms } from '../shared/entitlement.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { fromOf } from '../shared/from.ts';
import { isWithin, tallestName, withinHeight } from '../shared/height.ts';
import { Reply, serve, weakTag } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { asIfAsked, askForLadder } from '../shared/slicing-run.ts';
import { leave } from '../shared/session-ends.ts';
import { checkGoing } from '../shared/sessions.ts';
import { loadSigner } from '../shared/signing.ts';
import type { Viewer } from '../shared/viewer.ts';
import { admit, checkPlayable, tokenLifetime, type Admitted } from './access.ts';
import { borneOf, isBorne, type Borne } from './borne.ts';
import { checkDash, mpdKey, noMpd, onlyThose, personalMpd } from './dash.ts';
import { checkSince, whoWatches } from './goes-on.ts';
import { expand, multivariant, playlistKey, withAuth, type Access } from './manifest.ts';
import { licenceQuery, licenceRoutes, licenceUrl } from './licence.ts';
import { checkLength, isEnded, readOnce } from './media-playlist.ts';
import { checkMayOpen, open, openFolder, Opening } from './opening.ts';
import { callers, groupsClaim, tokenMinutes } from './options.ts';
import { mp4Routes } from './mp4.ts';
import { providerRoutes } from './provider.ts';
import { pageRoutes } from './page-routes.ts';
import { removalRoutes } from './removal-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { jwks } from './key-pair.ts';
import { mintToken } from './token.ts';
import { unlockRoutes } from './unlock.ts';
import { unrenewedEnd } from './unrenewed.ts';

/** A key is in the set for longer than this before it signs (key-ring.ts). */
const JWKS_SECONDS = 3600;
/** Seconds that pictures for scrubbing are signed for. */
const STORYBOARD_SECONDS = 3600;

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
    const text = JSON.stringify(keys);
    return new Reply(text, { 'cache-control': `public, max-age=${JWKS_SECONDS}`, etag: weakTag(text) });
  },

  'GET /api/play/{id}/main.m3u8': async (request) => {
    const { id } = request.params;
    const { expand: expanded, cookies, start, format } = request.query;
    if (format === 'dash') return await mpdFor(request, start);
    const { video: found, viewer, limits } = await published(request);
    const whole = await withLadder(request, found, viewer, limits);
    const allowed = withinHeight(whole, limits);
    const video = borneOf(allowed, request.query);
    checkStart(start, video.duration);
    const play = await openVideo(request, whole, viewer, limits);
    const byCookies = cookies === '1';
    let access: Access;
    if (expanded === '1') {
      const { tokens } = await loadSigner();
      const token = await mintToken(tokens, viewer, id, 'playlists', play.end, play.ticket, play.player);
      access = { way: 'expand', token, cookies: byCookies };
    } else {
      const licence = await licenceQuery(video, viewer, play);
      access = byCookies
        ? { way: 'cookies', ticket: play.ticket, licence }
        : { way: 'define', query: play.query(), ticket: play.ticket, licence };
    }
    const { title, hasStoryboard } = video;
    const storyboard = hasStoryboard === true && { storyboard: `/api/play/${id}/storyboard.vtt` };
    const text = multivariant(video, access, {
      grows: willGrow(video),
      title,
      start,
      events: play.events,
      ...storyboard,
    });
    return new Reply(text, play.headers, byCookies ? play.cookies() : []);
  },

  'GET /api/play/{id}/manifest.mpd': (request) => mpdFor(request),

  'GET /api/play/{id}/storyboard.vtt': async (request) => {
    const { video, viewer, limits } = await published(request);
    if (video.hasStoryboard !== true) throw new ApiError('not-found', 'The video has no pictures for scrubbing.');
    const { id, revision } = video;
    const key = `${revisionPrefix(id, revision)}${STORYBOARD_PATH}`;
    const shared = await readOnce(key, (cause) => gone(key, cause), isWhole(video));
    // The pictures and no more: who may not begin another session must not get one this way. No session ends them, so they end soon.
    const folder = `r${revision}/${STORYBOARD_FOLDER}`;
    const end = new Date(Date.now() + STORYBOARD_SECONDS * 1000);
    const pictures = await openFolder(folder, { prefix: vodPrefix(id), viewer, limits, end, isHead: request.isHead });
    const { query, cookies } = rights(pictures, request.query.cookies === '1');
    const text = withAuth(shared, id, pictures.ticket, query);
    return new Reply(checkLength(text, 'The list of pictures is too long; use cookies=1 instead.'), {}, cookies);
  },

  'GET /api/play/{id}/{kind}/{playlist}': async (request) => {
    const { isHead } = request;
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
    // Its token ends with the signature it stands for; reloading must not stretch it. Without one it is a play start by itself,
    // and by one of earlier versions, which names no session.
    const going = await callers.going(request, id, who?.viewer);
    if (going) await checkGoing(`${VOD_PREFIX}${id}`, going.ticket, going.player);
    const key = playlistKey(video, kind, name);
    const text = await readOnce(key, (cause) => gone(key, cause), isEnded);
    const end = who?.use === 'playlists' ? who.expiresAt : undefined;
    const play = going
      ? new Opening({ signer: await loadSigner(), prefix: vodPrefix(id), ...going, isHead })
      : await openVideo({ query: {}, isHead, end }, found, who?.viewer, limits);
    const path = ticketed(key, vodPrefix(id), play.ticket);
    const byCookies = request.query.cookies === '1';
    const licence = kind === 'text' ? undefined : await licenceQuery(video, who?.viewer, play);
    const expanded = expand(text, path, byCookies ? undefined : play.query(), licence);
    const long = 'The expanded playlist is too long; use EXT-X-DEFINE or cookies instead.';
    // A signature is another one each time, and says the same: the same files, until the same second.
    const etag = going && weakTag(text, path, byCookies ? '' : String(play.end.getTime()));
    return new Reply(checkLength(expanded, long), etag === undefined ? {} : { etag });
  },

  ...licenceRoutes,
  ...providerRoutes,

  ...sessionRoutes,
  ...removalRoutes,
  ...mp4Routes,
  ...pageRoutes,
  ...unlockRoutes,

  'POST /api/play/{id}/goodbye': async ({ params: { id }, query: { session, ticket } }) => {
    await leave(`${VOD_PREFIX}${id}`, session, ticket);
    return undefined;
  },
});

const whence = (headers: Parameters<typeof fromOf>[0]) => fromOf(headers, required('PUBLIC_URL'));

/** Whether what is beside its playlists is there for good. */
const isWhole =
  ({ status }: VideoRecord) =>
  () =>
    status === 'ready';

/** Whether renditions are being made that the next manifest will list. */
const willGrow = ({ status, ladder }: VideoRecord): boolean => status === 'playable' || ladder?.state === 'making';

type Asked = Parameters<typeof callers.of>[0];

/** The video, for who may begin to watch it, and who that is. */
async function published(
  request: Asked & {
    readonly params: { readonly id: string };
    readonly query: { readonly session?: string | undefined };
  },
): Promise<Admitted & { readonly viewer: Viewer | undefined }> {
  const { id } = request.params;
  const goer = await whoWatches(request, id, `${VOD_PREFIX}${id}`);
  const viewer = goer.caller?.viewer;
  const admitted = await admit(id, viewer, whence(request.headers));
  checkSince(goer, admitted.video.duration);
  checkPlayable(admitted.video);
  return { ...admitted, viewer };
}

type Manifest = Asked & {
  readonly params: { readonly id: string };
  readonly query: Borne & { readonly cookies?: string | undefined; readonly session?: string | undefined };
  readonly isHead: boolean;
};

/** The MPD. Where a player begins is not for it to say, but for the address (ISO/IEC 23009-1 C.4). */
async function mpdFor(request: Manifest, start?: number): Promise<Reply> {
  if (start !== undefined)
    throw refusedField('query.start', `an MPD has no place for it; put #t=${start} behind its address`);
  const { video, viewer, limits } = await published(request);
  checkDash(video);
  await withLadder(request, video, viewer, limits);
  borneOf(withinHeight(video, limits), request.query);
  // A ladder that is made later adds its rungs to the same one, before they are on record.
  const rungs = video.renditions.map(({ kind, name }) => `${kind}/${name}`).join(' ');
  const shared = await readOnce(mpdKey(video), (cause) => noMpd(video, cause), isWhole(video), rungs);
  const kept = onlyThose(shared, (one) => isWithin(one, limits.maxHeight) && isBorne(one, request.query));
  const play = await openVideo(request, video, viewer, limits);
  const { query, cookies } = rights(play, request.query.cookies === '1');
  const licence = await licenceQuery(video, viewer, play);
  const address = licence === undefined ? undefined : (system?: DrmName) => licenceUrl(video.id, licence, system);
  const personal = personalMpd(kept, play.ticket, query, video, address);
  const text = checkLength(personal, 'The MPD is too long; use main.m3u8 instead.');
  return new Reply(text, { 'content-type': 'application/dash+xml', ...play.headers }, cookies);
}

/** Throws `invalid-request` for a place that the video does not have. */
function checkStart(start: number | undefined, duration: number | null): void {
  if (start !== undefined && duration !== null && start > duration)
    throw refusedField('query.start', `the video has ${duration} seconds`);
}

interface Started {
  readonly query: { readonly session?: string | undefined };
  readonly isHead: boolean;
  /** When what it is signed by ends, where that is known. */
  readonly end?: Date | undefined;
}

/** What a play start asks for, of a video with all its renditions. */
const startOf = async (
  { query, isHead, end }: Started,
  { id, duration, renditions }: VideoRecord,
  viewer: Viewer | undefined,
  limits: Terms,
): Promise<Parameters<typeof open>[0]> => ({
  prefix: vodPrefix(id),
  viewer,
  limits,
  tallest: tallestName({ renditions }, limits.maxHeight),
  player: query.session,
  end: end ?? (await unrenewedEnd(duration)),
  duration,
  isHead,
});

/** A play start. Whoever gives its session a name renews it, and gets a short signature. */
const openVideo = async (...start: Parameters<typeof startOf>): Promise<Opening> => open(await startOf(...start));

/**
 * The record once its ladder is asked for, where somebody had to play it first. Making it costs: who may begin no session is told so
 * before, and HEAD, which begins none, is told what GET would be.
 */
const withLadder = async (...start: Parameters<typeof startOf>): Promise<VideoRecord> => {
  const [{ isHead }, video] = start;
  return isHead ? asIfAsked(video) : await askForLadder(video, async () => checkMayOpen(await startOf(...start)));
};

/** What opens the files: a query for each address, or cookies. */
const rights = (opening: Opening, byCookies: boolean) =>
  byCookies ? { query: undefined, cookies: opening.cookies() } : { query: opening.query(), cookies: [] };

/** Deleted or sliced anew since the record was read. */
function gone(key: string, cause: Error): ApiError {
  logger.warn('a published playlist is not there', { key, error: cause });
  return new ApiError('not-found', 'The playlist is gone; load main.m3u8 again.', { cause });
}
