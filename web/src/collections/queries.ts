/** What the screens of collections ask the API, and what becomes stale when one changes. */
import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import type { Collection } from '../../../lib/contract/collection.ts';
import { call } from '../api/client.ts';
import type { Step } from './order.ts';

export const collectionsQuery = infiniteQueryOptions({
  queryKey: ['collections'],
  queryFn: ({ pageParam, signal }) =>
    call('GET /api/collections', { query: { limit: 50, cursor: pageParam ?? undefined }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.cursor,
});

export const collectionQuery = (collection: string) =>
  queryOptions({
    queryKey: ['collection', collection],
    queryFn: ({ signal }) => call('GET /api/collections/{collection}', { params: { collection }, signal }),
  });

/** One's own videos that could join, by part of their titles. */
export const candidatesQuery = (q: string) =>
  queryOptions({
    queryKey: ['videos', 'candidates', q],
    queryFn: ({ signal }) => call('GET /api/videos', { query: { q, limit: 20 }, signal }),
    staleTime: 10_000,
  });

/** Does it to the order that a collection has by now: somebody else may have changed it since it was shown. */
export async function rearrange(collection: string, step: Step): Promise<Collection> {
  const params = { collection };
  const { videoIds } = await call('GET /api/collections/{collection}', { params });
  return await call('PUT /api/collections/{collection}/videos', { params, body: { videos: [...step(videoIds)] } });
}

export const changed = (client: QueryClient, collection: string): Promise<unknown> =>
  Promise.all([
    client.invalidateQueries({ queryKey: ['collection', collection] }),
    client.invalidateQueries({ queryKey: ['collections'] }),
  ]);
