/** Changing many videos from the console. */
import type { QueryClient } from '@tanstack/react-query';
import type { BulkChange } from '../../../lib/contract/bulk.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { count } from '../shared/format.ts';
import { unturned } from '../shared/unturned.ts';

export type Named = Pick<Video, 'id' | 'title'>;
type Without<T> = T extends unknown ? Omit<T, 'videos'> : never;
export type Change = Without<BulkChange>;

export interface Outcome<V extends Named> {
  readonly done: readonly V[];
  readonly refused: readonly { readonly video: V; readonly code: string; readonly why: string }[];
}

/** Videos of one call: fewer than it takes, so that one sees how far it is. */
const PORTION = 25;
/** As a sentence begins: one by its title, more by how many. Pure. */
export const named = (videos: readonly Named[]): string =>
  videos.length === 1 ? `“${unturned(videos[0]!.title)}”` : count(videos.length, 'video');

/** `reached` is told how many were asked for so far. What cannot be asked for is refused by that, and what follows is asked for still. */
export async function changeMany<V extends Named>(
  videos: readonly V[],
  change: Change,
  reached: (many: number) => void = () => {},
): Promise<Outcome<V>> {
  const done: V[] = [];
  const refused: { video: V; code: string; why: string }[] = [];
  for (let at = 0; at < videos.length; at += PORTION) {
    const portion = videos.slice(at, at + PORTION);
    const answers = await call('POST /api/videos/bulk', {
      body: { ...change, videos: portion.map(({ id }) => id) },
    }).catch((error: unknown) => ({
      videos: portion.map(({ id }) => ({
        id,
        refused: { code: 'unreachable', detail: error instanceof Error ? error.message : 'Try again.' },
      })),
    }));
    const why = new Map(answers.videos.map((one) => [one.id, one.refused]));
    for (const video of portion) {
      const refusal = why.get(video.id);
      if (refusal === undefined) done.push(video);
      else refused.push({ video, code: refusal.code, why: refusal.detail });
    }
    reached(Math.min(videos.length, at + PORTION));
  }
  return { done, refused };
}

/** What lists, tags and collections say is asked for anew. */
export function stale(client: QueryClient, videos: readonly Named[]): void {
  for (const { id } of videos) void client.invalidateQueries({ queryKey: ['video', id] });
  for (const queryKey of [['videos'], ['tags'], ['collections'], ['collection']])
    void client.invalidateQueries({ queryKey });
}
