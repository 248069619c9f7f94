/** How far a video's removal has come, for who could remove it. */
import type { RemovalState } from '../../lib/contract/removal.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { ApiError } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { readTakedown } from '../shared/takedown.ts';
import { readVideo } from '../shared/videos.ts';
import { isAdmin } from '../shared/viewer.ts';

export const removalRoutes: Pick<Handlers<'playback'>, 'GET /api/videos/{id}/removal'> = {
  'GET /api/videos/{id}/removal': async ({ viewer, params: { id } }): Promise<RemovalState> => {
    const found = await readTakedown(id);
    if (found !== undefined && (found.takedown.owner === viewer.subject || isAdmin(viewer))) {
      const { askedAt, removedAt = null, emptiedAt = null } = found.takedown;
      return { askedAt, refusedAt: found.writtenAt ?? null, removedAt, emptiedAt };
    }
    // Asked for just now, or never published: then there is nothing at the edge, and the record goes with the files.
    const record = found === undefined ? await readVideo(id) : undefined;
    const isAsked = record?.status === 'deleted' || record?.trashedAt !== undefined;
    if (isAsked && isOwnerOrAdmin(viewer, record))
      return { askedAt: record.updatedAt, refusedAt: null, removedAt: null, emptiedAt: null };
    throw new ApiError('not-found', 'There is no such removal under way, or it is not yours to see.');
  },
};
