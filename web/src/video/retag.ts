import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { applied } from '../shared/applied.ts';

/** Adds to the tags that a video has by now, and takes from them, what `after` has more and less than `before`. */
export async function retag(id: string, before: readonly string[], after: readonly string[]): Promise<Video> {
  const { tags } = await call('GET /api/videos/{id}', { params: { id } });
  return await call('PATCH /api/videos/{id}', { params: { id }, body: { tags: applied(before, after, tags) } });
}
