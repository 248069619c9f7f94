/** Marking a video as failed, and leaving nothing of it behind. */
import type { Failure } from '../../lib/contract/video.ts';
import { failed, type Refused } from '../shared/ladder.ts';
import { removeObjects } from '../shared/objects.ts';
import { announce, changeVideo, readVideo } from '../shared/videos.ts';
import type { ObjectRef } from './objects.ts';

/**
 * The source is to blame: the video says why, and the source goes, since nothing can come of it. Safe to repeat. Does
 * nothing when the video is another run's, or deleted.
 */
export async function refuse(videoId: string, execution: string, failure: Failure, source: ObjectRef): Promise<void> {
  if (!(await fail(videoId, execution, failure, true))) return;
  await removeObjects(source.bucket, [source.key]);
  await changeVideo(videoId, { set: { bytes: { source: 0, media: 0 } } }, { from: ['failed'], execution });
}

/**
 * False when the video is not this run's to fail. One that can be played already stays so, unless what is played will never
 * be all of it (`isPart`).
 */
export async function fail(videoId: string, execution: string, failure: Failure, isPart = false): Promise<boolean> {
  const changed = await changeVideo(
    videoId,
    { set: { failure }, status: 'failed' },
    {
      from: ['uploading', 'uploaded', 'probed', ...(isPart ? (['playable'] as const) : [])],
      execution,
      orUnclaimed: true,
    },
  );
  const record = changed ?? (await readVideo(videoId));
  if (record?.status !== 'failed' || record.slicing?.execution !== execution) {
    // Failed before any run claimed it: nobody else will say so.
    if (changed) await announce(changed, 'failed');
    return changed !== undefined;
  }
  await announce(record, 'failed');
  return true;
}

/**
 * The rungs that somebody's first play asked for are not there; the video is what it was. Does nothing when another run is
 * about it. `isUsable`: what this one made can be used by the next. `refused`: why it was not begun.
 */
export async function failLadder(
  videoId: string,
  execution: string,
  isUsable = true,
  refused?: Refused,
): Promise<void> {
  const { ladder, slicing, status } = (await readVideo(videoId)) ?? {};
  if (status !== 'ready' || ladder?.state !== 'making' || slicing?.execution !== execution) return;
  const { before } = ladder;
  const now = Math.floor(Date.now() / 1000);
  const set = { ladder: failed(ladder, now, isUsable, refused), ...(before && { cost: before }) };
  await changeVideo(videoId, { set }, { from: ['ready'], execution });
}
