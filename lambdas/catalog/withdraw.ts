/**
 * What the edge is to do about a video in the trash, and about one that was taken out of it. By its record, not by the message, since messages
 * come late, twice and in any order.
 */
import { number } from '../../lib/contract/env.ts';
import { playbackBounds } from '../../lib/contract/options.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { signatureEnd } from '../playback/access.ts';
import type { Entitlement } from '../shared/entitlement.ts';
import { reopen, takeDown } from '../shared/takedown.ts';
import { endBy } from '../shared/taking-back.ts';
import { readVideo } from '../shared/videos.ts';
import { enqueue } from './removal.ts';

/** By which somebody watches; a session that began before reasons were noted has none. */
const EVERY_REASON: readonly (Entitlement['reason'] | '')[] = [
  'owner',
  'admin',
  'public',
  'link',
  'key',
  'hook',
  'grant',
  'device',
  '',
];

export async function withdraw(videoId: string): Promise<void> {
  const record = await readVideo(videoId);
  // Nobody was ever given a signature for what was not published; and what is removed is refused by its own step.
  if (record === undefined || record.status === 'deleted' || record.revision === 0) return;
  if (record.trashedAt === undefined) await reopen(videoId);
  else await refuse(record);
  // It may have been restored, or deleted again, in between: then the edge is to do that.
  const now = await readVideo(videoId);
  if (now !== undefined && now.trashedAt !== record.trashedAt) await enqueue({ step: 'trash', videoId });
}

/** As a takedown does, but that its files stay; and its sessions end, so that none goes on when it is restored. */
async function refuse(record: VideoRecord): Promise<void> {
  const { id } = record;
  await revokeVideo(record);
  await endBy({ of: 'videos', videos: [id], reasons: [...EVERY_REASON], from: [] });
  await enqueue({ step: 'invalidate', videoIds: [id] });
}

/** For as long as the last signature lasts that may just have been made. */
export async function revokeVideo(record: VideoRecord): Promise<void> {
  const hours = number('SIGNATURE_HOURS', playbackBounds.signatureHours);
  await takeDown(record, signatureEnd(new Date(), hours, record.duration));
}
