/**
 * Clear Key licences (W3C Encrypted Media Extensions 9.1): the key of a video whose samples are encrypted, for who may watch it
 * now and whose session goes on. Asked for once by each play start.
 */
import { drmLicencePath, type DrmName } from '../../lib/contract/drm.ts';
import { licencePath } from '../../lib/contract/encryption.ts';
import { required } from '../../lib/contract/env.ts';
import { contentKeysKey, VOD_PREFIX } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { keyIdOf, readKey } from '../shared/content-key.ts';
import { ApiError } from '../shared/errors.ts';
import { fromOf } from '../shared/from.ts';
import { Reply, type Handlers } from '../shared/http.ts';
import { logger } from '../shared/logger.ts';
import { checkGoing } from '../shared/sessions.ts';
import { loadSigner } from '../shared/signing.ts';
import type { Viewer } from '../shared/viewer.ts';
import { admit, checkPlayable } from './access.ts';
import { readPlaylist } from './media-playlist.ts';
import type { Opening } from './opening.ts';
import { callers } from './options.ts';
import { mintToken } from './token.ts';

/** Query of the address at which the licence of a play start is asked for; undefined: the video needs none. */
export async function licenceQuery(
  { id, encryption }: Pick<VideoRecord, 'id' | 'encryption'>,
  viewer: Viewer | undefined,
  { end, ticket, player }: Pick<Opening, 'end' | 'ticket' | 'player'>,
): Promise<string | undefined> {
  if (encryption !== 'cbcs' && encryption !== 'drm') return undefined;
  return `token=${await mintToken((await loadSigner()).tokens, viewer, id, 'licence', end, ticket, player)}`;
}

/** The same as a whole address: in an MPD players take one for relative to their page. */
export const licenceUrl = (id: string, query: string, system?: DrmName): string =>
  `${required('PUBLIC_URL')}${system === undefined ? licencePath(id) : drmLicencePath(id, system)}?${query}`;

export const licenceRoutes: Pick<Handlers<'playback'>, 'POST /api/play/{id}/licence' | 'GET /api/play/{id}/licence'> = {
  'POST /api/play/{id}/licence': async ({ body, ...request }) => {
    const { kid, key } = await keyFor(request);
    if (!body.kids.includes(kid)) throw noKey();
    return { keys: [{ kty: 'oct' as const, kid, k: key.toString('base64url') }], type: 'temporary' as const };
  },

  'GET /api/play/{id}/licence': async (request) => new Reply((await keyFor(request)).key),
};

const noKey = (cause?: Error) =>
  new ApiError('not-found', 'The video has no such key; load main.m3u8 again.', { cause });

export interface Asked {
  readonly params: { readonly id: string };
  readonly query: { readonly token?: string | undefined };
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The one key of a video, with what it is called, for who asks by the address that a manifest of theirs names. */
async function keyFor({ params: { id }, query, headers }: Asked): Promise<{ kid: string; key: Buffer }> {
  const video = await licensed({ params: { id }, query, headers });
  if (video.encryption !== 'cbcs') throw noKey();
  const key = contentKeysKey(id, video.revision);
  const text = await readPlaylist(key, (cause) => {
    logger.warn('a content key is not there', { key, error: cause });
    return noKey(cause);
  });
  return { kid: keyIdOf(id, video.revision).toString('base64url'), key: readKey(text) };
}

/** The video, for who may watch it and whose session goes on. Throws what is wrong with the token, the right or the session. */
export async function licensed({ params: { id }, query, headers }: Asked): Promise<VideoRecord> {
  const { viewer, ticket, player } = await callers.licensed({ headers, query }, id);
  const { video } = await admit(id, viewer, fromOf(headers, required('PUBLIC_URL')));
  checkPlayable(video);
  await checkGoing(`${VOD_PREFIX}${id}`, ticket, player);
  return video;
}
