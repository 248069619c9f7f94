/** Who may watch a video, and who may know where it was filmed: the decisions that playback and catalog share. Pure. */
import { deviceOwner } from '../../lib/contract/device-video.ts';
import type { Grant, VideoRecord } from '../../lib/contract/video.ts';
import { isAdmin, type Viewer } from './viewer.ts';

type Video = Pick<VideoRecord, 'owner' | 'visibility' | 'status' | 'origin' | 'removeOn'>;

/** What decides beside the record, read for this question (evidence.ts). */
export interface Evidence {
  /** The viewer's row of the entitlements table for this video, if there is one. */
  readonly grant: Grant | undefined;
  /** Who may see the device the video comes from, as its record says now; undefined: there is no such device. */
  readonly deviceViewers: readonly string[] | undefined;
}

export interface EntitlementQuestion extends Evidence {
  /** Undefined: nobody signed in. */
  readonly viewer: Viewer | undefined;
  readonly video: Video;
  /** Epoch seconds. */
  readonly now: number;
}

export interface Entitlement {
  readonly allowed: boolean;
  /** What allows it, or `denied`. */
  readonly reason: 'owner' | 'admin' | 'public' | 'grant' | 'key' | 'link' | 'device' | 'denied';
}

/**
 * Deny is the default. A video whose removal is under way, or whose retention is over, is denied to everybody. `private`
 * ignores grants and devices; a grant counts for its own subject, on an `entitled` video, until (not at) its `expiresAt`.
 * So does the token of a registered key, whoever it names. A link opens its video, whatever the visibility. An `entitled` incident is also for who is among its device's viewers now, and no longer for who was.
 */
export function decide({ viewer, video, grant, deviceViewers, now }: EntitlementQuestion): Entitlement {
  const allow = (reason: Entitlement['reason']) => ({ allowed: true, reason });
  const denied = { allowed: false, reason: 'denied' } as const;
  if (video.status === 'deleted' || isOver(video, now)) return denied;
  if (viewer?.right?.link !== undefined) return allow('link');
  if (viewer !== undefined && ownedBy(video, viewer)) return allow('owner');
  if (viewer !== undefined && isAdmin(viewer)) return allow('admin');
  if (video.visibility === 'public') return allow('public');
  if (viewer === undefined || video.visibility !== 'entitled') return denied;
  if (viewer.right?.key !== undefined) return allow('key');
  if (grant !== undefined && byPerson(grant, video) && isLive(grant, viewer.subject, now)) return allow('grant');
  if (video.origin?.kind === 'incident' && deviceViewers?.includes(viewer.subject) === true) return allow('device');
  return denied;
}

/**
 * Whether the viewer may know where a video of a device was filmed, and with which device: admins and who is among the
 * device's viewers now. Watching the video, owning it or having made it gives no such right.
 */
export const maySeePlaces = (viewer: Viewer, deviceViewers: readonly string[] | undefined): boolean =>
  isAdmin(viewer) || deviceViewers?.includes(viewer.subject) === true;

/** Subjects are whatever their issuer makes them, so one may read like the owner of a device's incidents: it is not. */
export const ownedBy = ({ owner, origin }: Pick<Video, 'owner' | 'origin'>, { subject }: Viewer): boolean =>
  owner === subject && (origin === undefined || owner !== deviceOwner(origin.device));

/** Rows that the ingest tasks of earlier versions wrote for the viewers that a device had when its file came. */
export const byPerson = ({ grantedBy }: Grant, { origin }: Pick<Video, 'origin'>): boolean =>
  origin === undefined || grantedBy !== deviceOwner(origin.device);

/** `now` is epoch seconds. */
export const isOver = ({ removeOn }: Pick<Video, 'removeOn'>, now: number): boolean =>
  removeOn !== undefined && Date.parse(removeOn) <= now * 1000;

/** DynamoDB removes an expired row only some time after; until then the row itself says that it is over. */
const isLive = ({ subject, expiresAt }: Grant, viewer: string, now: number): boolean =>
  subject === viewer && (expiresAt === undefined || now < expiresAt);
