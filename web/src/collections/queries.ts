/** What the screens of collections ask the API, and what becomes stale when one changes. */
import { infiniteQueryOptions, queryOptions, type QueryClient } from '@tanstack/react-query';
import { call } from '../api/client.ts';

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

export const changed = (client: QueryClient, collection: string): Promise<unknown> =>
  Promise.all([
    client.invalidateQueries({ queryKey: ['collection', collection] }),
    client.invalidateQueries({ queryKey: ['collections'] }),
  ]);
