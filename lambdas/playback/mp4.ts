/** A rung as one file, for players that know no HLS. The same files as downloads, under a session's ticket at the edge. */
import { downloads } from '../../lib/contract/download.ts';
import { required } from '../../lib/contract/env.ts';
import { downloadsPrefix, vodPrefix } from '../../lib/contract/keys.ts';
import { ticketed } from '../../lib/contract/ticket.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { madeRung } from '../download/answer.ts';
import { ApiError } from '../shared/errors.ts';
import { fromOf } from '../shared/from.ts';
import { withinHeight } from '../shared/height.ts';
import { Reply, type Handlers } from '../shared/http.ts';
import { loadSigner } from '../shared/signing.ts';
import { admit, checkPlayable } from './access.ts';
import { open } from './opening.ts';
import { callers } from './options.ts';
import { unrenewedEnd } from './unrenewed.ts';

/** Players ask for each range by the address they were given: they may go on with where it led, and begin no other session. */
const KEPT_SECONDS = 600;

export const mp4Routes: Pick<Handlers<'playback'>, 'GET /api/play/{id}/mp4/{file}'> = {
  'GET /api/play/{id}/mp4/{file}': async (request) => {
    const { id, file } = request.params;
    const { viewer, use } = (await callers.of(request, id, ['manifest'])) ?? {};
    const { video: found, limits } = await admit(id, viewer, fromOf(request.headers, required('PUBLIC_URL')));
    // Who has a token of theirs may watch as them, and is not them.
    const isOwn = viewer !== undefined && use === undefined && isOwnerOrAdmin(viewer, found);
    // A file is easily kept.
    if (!isOwn && downloads.parse(required('DOWNLOADS')) !== 'viewers')
      throw new ApiError('forbidden', 'Only the owner and administrators get files of videos here.');
    checkPlayable(found);
    const video = withinHeight(found, limits);
    const made = await madeRung(video, file.slice(0, -'.mp4'.length));
    if (made === undefined) throw new ApiError('not-ready', 'The file is being made. Ask again in a few seconds.');
    const prefix = downloadsPrefix(id);
    const end = await unrenewedEnd(video.duration);
    const play = await open({ prefix, what: vodPrefix(id), viewer, player: undefined, limits, end, isHead: false });
    // This file and no other: one of a taller rung may be there, too.
    const path = ticketed(made.key, prefix, play.ticket);
    const location = `${path}?${(await loadSigner()).sign(path, play.end)}`;
    return new Reply('', { location, 'cache-control': `private, max-age=${KEPT_SECONDS}` });
  },
};
