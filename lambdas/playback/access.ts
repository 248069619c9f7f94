/** From a video id and a viewer to a record that may be watched, or to the error that says why not. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import { grant as grantSchema, type Grant, type VideoRecord } from '../../lib/contract/video.ts';
import { dynamo } from '../shared/clients.ts';
import { decide } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import { readVideo } from '../shared/videos.ts';
import type { Viewer } from '../shared/viewer.ts';

/**
 * The record of a video that `viewer` may watch. Throws `not-found`, `unauthorized` (nobody signed in, and signing in
 * could help) or `forbidden`. Ids cannot be guessed, so saying "forbidden" to who was given one reveals nothing.
 */
export async function watchable(id: string, viewer: Viewer | undefined): Promise<VideoRecord> {
  const video = await readVideo(id);
  if (!video || video.status === 'deleted') throw new ApiError('not-found', 'There is no such video.');
  const now = Math.floor(Date.now() / 1000);
  let { allowed } = decide({ viewer, video, grant: undefined, now });
  // The grant is read only where it can make a difference.
  if (!allowed && viewer && video.visibility === 'entitled')
    ({ allowed } = decide({ viewer, video, grant: await readGrant(id, viewer.subject), now }));
  if (allowed) return video;
  throw viewer
    ? new ApiError('forbidden', 'You may not watch this video; ask its owner.')
    : new ApiError('unauthorized', 'Sign in, or add a playback token as ?token=, to watch this video.');
}

async function readGrant(videoId: string, subject: string): Promise<Grant | undefined> {
  const { Item } = await dynamo.send(
    new GetCommand({ TableName: required('ENTITLEMENTS_TABLE'), Key: { videoId, subject }, ConsistentRead: true }),
  );
  return Item === undefined ? undefined : grantSchema.parse(Item);
}

/** Throws `not-ready` unless there is something published to play. */
export function checkPlayable({ status, revision, progress, failure }: VideoRecord): void {
  if (revision > 0 && (status === 'playable' || status === 'ready')) return;
  const detail =
    status === 'failed'
      ? `The video could not be processed (status failed): ${failure?.reason ?? 'see its page.'}`
      : `The video is still being processed (status ${status}, ${Math.round(progress)} %). Try again shortly.`;
  throw new ApiError('not-ready', detail);
}

/** When a signature made at `now` ends: after `hours`, but an hour after the end of a video that is longer. */
export function signatureEnd(now: Date, hours: number, duration: number | null): Date {
  return new Date(now.getTime() + Math.max(hours * 3600, (duration ?? 0) + 3600) * 1000);
}

/** Lifetime in seconds of a token for which `asked` seconds were asked. Throws when that is over the ceiling. */
export function tokenLifetime(asked: number | undefined, ceilingMinutes: number): number {
  const ceiling = ceilingMinutes * 60;
  if (asked !== undefined && asked > ceiling)
    throw new ApiError('invalid-request', `body.expiresIn: at most ${ceiling} seconds here.`, {
      limit: { name: 'playback.tokenMinutes', value: ceilingMinutes, unit: 'minutes' },
    });
  return asked ?? ceiling;
}
