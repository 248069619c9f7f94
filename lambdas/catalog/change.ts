/** Changing what a person may change of a video: what is taken back by it ends, and then the record says so. */
import type { VideoRecord } from '../../lib/contract/video.ts';
import { endBy } from '../shared/taking-back.ts';
import { changeVideo } from '../shared/videos.ts';
import { endUnder } from './grants.ts';
import { changedBy, joinedBy, takenOf } from './taken.ts';

/** Answers the record after it; undefined: the video was removed meanwhile, or `guard` does not hold. */
export async function changeByPerson(
  record: VideoRecord,
  set: Partial<VideoRecord>,
  remove: readonly 'collections'[] = [],
  guard?: { readonly tags: { readonly before: VideoRecord['tags'] } },
): Promise<VideoRecord | undefined> {
  const after = changedBy(record, set, remove);
  await endBy(...takenOf(record, after));
  await endUnder([record.id], joinedBy(record, after));
  return await changeVideo(record.id, { set, remove }, guard);
}
