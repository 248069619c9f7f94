/** Who may watch a video: the one decision that playback and catalog share. */
import type { Grant, VideoRecord } from '../../lib/contract/video.ts';
import { isAdmin, type Viewer } from './viewer.ts';

interface EntitlementQuestion {
  /** Undefined: nobody signed in. */
  readonly viewer: Viewer | undefined;
  readonly video: Pick<VideoRecord, 'owner' | 'visibility' | 'status'>;
  /** The viewer's row of the entitlements table for this video, if there is one. */
  readonly grant: Grant | undefined;
  /** Epoch seconds. */
  readonly now: number;
}

export interface Entitlement {
  readonly allowed: boolean;
  /** What allows it, or `denied`. */
  readonly reason: 'owner' | 'admin' | 'public' | 'grant' | 'denied';
}

/**
 * Deny is the default. A video whose removal is under way is denied to everybody; `private` ignores grants; a grant
 * counts for its own subject, on an `entitled` video, until (not at) its `expiresAt`.
 */
export function decide({ viewer, video, grant, now }: EntitlementQuestion): Entitlement {
  if (video.status === 'deleted') return { allowed: false, reason: 'denied' };
  if (viewer !== undefined && viewer.subject === video.owner) return { allowed: true, reason: 'owner' };
  if (viewer !== undefined && isAdmin(viewer)) return { allowed: true, reason: 'admin' };
  if (video.visibility === 'public') return { allowed: true, reason: 'public' };
  if (video.visibility === 'entitled' && viewer !== undefined && isLive(grant, viewer.subject, now)) {
    return { allowed: true, reason: 'grant' };
  }
  return { allowed: false, reason: 'denied' };
}

/** DynamoDB removes an expired row only some time after; until then the row itself says that it is over. */
function isLive(grant: Grant | undefined, subject: string, now: number): boolean {
  return grant !== undefined && grant.subject === subject && (grant.expiresAt === undefined || now < grant.expiresAt);
}
