/** From a video id and a viewer to a record that may be watched, or to the error that says why not. */
import type { VideoRecord } from '../../lib/contract/video.ts';
import { decide, isOver, type From, type Terms } from '../shared/entitlement.ts';
import { ApiError } from '../shared/errors.ts';
import { readWatched } from '../shared/evidence.ts';
import type { Viewer } from '../shared/viewer.ts';

/** A video that somebody may watch, by which right and within which limits. */
export interface Admitted {
  readonly video: VideoRecord;
  readonly limits: Terms;
}

/**
 * The record of a video that `viewer` may watch. Throws `not-found`, `unauthorized` (nobody signed in, and signing in
 * could help), `site-refused` (they might, but for the page that asks) or `forbidden`. Ids cannot be guessed, so saying
 * "forbidden" to who was given one reveals nothing.
 */
export async function admit(id: string, viewer: Viewer | undefined, from: From): Promise<Admitted> {
  const found = await readWatched(id, viewer, from);
  const now = Math.floor(Date.now() / 1000);
  if (!found || found.video.status === 'deleted' || isOver(found.video, now)) {
    throw new ApiError('not-found', 'There is no such video.');
  }
  const { video, evidence } = found;
  const question = { viewer, video, from, ...evidence, now };
  const { allowed, ...limits } = decide(question);
  if (allowed) return { video, limits };
  if (limits.reason === 'site')
    throw new ApiError('site-refused', 'This link does not play on this page. Ask whoever made it to name its site.');
  // It is there for whoever asks elsewhere, so saying so reveals nothing.
  if (decide({ ...question, from: { ...from, site: undefined } }).allowed)
    throw new ApiError('site-refused', 'This video does not play on this page. Ask its owner to name the site.');
  if (limits.reason === 'elsewhere')
    throw new ApiError(
      'forbidden',
      'What lets you in is for another address, country or page. Ask whoever gave it to you.',
    );
  // What denies says so of everybody that it is about, so signing in would not help.
  throw viewer !== undefined || limits.reason === 'refused'
    ? new ApiError('forbidden', 'You may not watch this video; ask its owner.')
    : new ApiError('unauthorized', 'Sign in, or add a playback token as ?token=, to watch this video.');
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
