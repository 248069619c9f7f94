/** Taking videos out of the trash, and saying what became of it. */
import type { QueryClient } from '@tanstack/react-query';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { forget } from '../api/queries.ts';
import { count } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';

type Named = Pick<Video, 'id' | 'title'>;

/** As a sentence begins: one by its title, more by how many. Pure. */
export const named = (videos: readonly Named[]): string =>
  videos.length === 1 ? `“${videos[0]!.title}”` : count(videos.length, 'video');

/** Those that could not be restored are named, with why. */
export async function restoreAll(client: QueryClient, videos: readonly Named[]): Promise<void> {
  const back: Named[] = [];
  for (const video of videos) {
    try {
      await call('POST /api/videos/{id}/restore', { params: { id: video.id } });
      back.push(video);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'Try again.';
      notify({ color: 'red', title: `“${video.title}” could not be restored`, message: why });
    }
  }
  // Out of the list of what is in the trash, and into the others.
  forget(client, new Set(back.map(({ id }) => id)));
  void client.invalidateQueries({ queryKey: ['videos'] });
  if (back.length > 0) notify({ message: `${named(back)} restored.` });
}
