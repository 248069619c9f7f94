/** Who watches a video now, and ending it: for its owner and admins. */
import { VOD_PREFIX } from '../../lib/contract/keys.ts';
import type { EndedBy } from '../../lib/contract/session.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { ownedBy } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { loadSigner } from '../shared/signing.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { shown } from '../shared/watching.ts';
import { admit } from './access.ts';
import { endAll, endPerson, personWatching, revocable, sessionsOfPerson, watchingNow } from './watching-now.ts';

/** The video, for who may end what is watched of it, and as what they do. Throws `forbidden`. */
async function ofMine(id: string, viewer: Viewer): Promise<{ video: VideoRecord; by: EndedBy; what: string }> {
  const { video } = await admit(id, viewer, {});
  if (!isOwnerOrAdmin(viewer, video))
    throw new ApiError('forbidden', 'Only the owner and administrators see who watches, and end it.');
  return { video, by: ownedBy(video, viewer) ? 'owner' : 'admin', what: `${VOD_PREFIX}${id}` };
}

export const sessionRoutes: Pick<
  Handlers<'playback'>,
  | 'GET /api/videos/{id}/sessions'
  | 'DELETE /api/videos/{id}/sessions'
  | 'DELETE /api/videos/{id}/sessions/{session}'
  | 'DELETE /api/sessions/{subject}'
> = {
  'GET /api/videos/{id}/sessions': async ({ params: { id }, viewer }) => {
    const { what } = await ofMine(id, viewer);
    const { rows, isWhole } = await watchingNow(what, Date.now());
    return { sessions: rows.map(shown), isWhole };
  },

  'DELETE /api/videos/{id}/sessions': async ({ params: { id }, query: { subject }, viewer }) => {
    const { what, by } = await ofMine(id, viewer);
    const now = Date.now();
    const { rows, isWhole } =
      subject === undefined
        ? await watchingNow(what, now)
        : await personWatching((await loadSigner()).subjectPart(subject), [what], now);
    await endAll(rows, by, now);
    return { ended: rows.length, isWhole };
  },

  'DELETE /api/videos/{id}/sessions/{session}': async ({ params: { id, session }, viewer }) => {
    const { what, by } = await ofMine(id, viewer);
    const now = Date.now();
    const { rows } = await watchingNow(what, now, { session });
    await endAll(rows, by, now);
    return undefined;
  },

  'DELETE /api/sessions/{subject}': async ({ params: { subject }, viewer }) => {
    const isSelf = subject === viewer.subject;
    if (!isSelf && !isAdmin(viewer)) throw new ApiError('forbidden', 'Only administrators end what others watch.');
    const now = Date.now();
    const part = (await loadSigner()).subjectPart(subject);
    if (!isSelf) return { ended: await endPerson(part, now), isWhole: true };
    // Of oneself one by one: an entry for the person would refuse what they begin in the same second.
    const rows = await sessionsOfPerson(part, now);
    const some = await revocable(rows, now);
    await endAll(some, 'self', now);
    return { ended: some.length, isWhole: some.length === rows.length };
  },
};
