/** Who may see and who may change a video's record. Pure. */
import type { Limits } from '../../lib/contract/entitlement.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { decide, ownedBy, type Evidence, type From } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import { isAdmin, type Viewer } from '../shared/viewer.ts';
import { isThere } from './listing.ts';

export interface Asked extends Evidence {
  readonly viewer: Viewer;
  readonly record: VideoRecord | undefined;
  readonly from: From;
  /** Epoch seconds. */
  readonly now: number;
}

/** The record, for whoever may watch the video. Throws `not-found` otherwise: a private video is not revealed. */
export function readable({ record, ...asked }: Asked): VideoRecord {
  if (record === undefined || !isThere(record, asked.now) || !decide({ video: record, ...asked }).allowed) {
    throw new ApiError('not-found', 'There is no such video, or it is not yours to see.');
  }
  return record;
}

/** What may be played of what may be watched. */
export const limitsOf = ({ record, ...asked }: Asked): Limits =>
  record === undefined ? {} : decide({ video: record, ...asked });

/** The record, for its owner and admins. Throws `forbidden` to who may only watch, and `not-found` to everyone else. */
export function changeable(asked: Asked): VideoRecord {
  const record = readable(asked);
  if (!isOwnerOrAdmin(asked.viewer, record)) {
    throw new ApiError('forbidden', 'Only the owner and administrators change a video.');
  }
  return record;
}

export const isOwnerOrAdmin = (viewer: Viewer, record: Pick<VideoRecord, 'owner' | 'origin'>): boolean =>
  ownedBy(record, viewer) || isAdmin(viewer);
