/** What the screens ask the API, and what becomes stale when something changes. */
import { infiniteQueryOptions, keepPreviousData, queryOptions, type QueryClient } from '@tanstack/react-query';
import type { Video } from '../../../lib/contract/video.ts';
import { videoTopic } from '../../../lib/contract/socket.ts';
import { unlessPushed } from '../push/pushed.ts';
import { pollEvery } from '../shared/status.ts';
import { call } from './client.ts';
import { isTransient } from './problem.ts';

/** What is seldom asked beside them, by the API's names; empty: nothing. */
export type More = Readonly<
  Record<'owner' | 'visibility' | 'from' | 'to' | 'near' | 'within' | 'recordedFrom' | 'recordedTo', string>
>;

export interface Filters extends More {
  readonly q: string;
  readonly status: string;
  readonly tag: string;
  /** `1`: what others share with one, instead of one's own. */
  readonly shared: '' | '1';
  /** `1`: what is in the trash. */
  readonly trash: '' | '1';
}

/** Newest first, page by page. */
export const videosQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: ['videos', filters],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/videos', { query: { ...filters, limit: 24, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });

/** Of all videos one sees in the library, not only of those that are loaded. */
export const tagsQuery = queryOptions({
  queryKey: ['tags'],
  queryFn: ({ signal }) => call('GET /api/tags', { signal }),
  staleTime: 60_000,
});

/** One video, asked for again while it is on its way. */
export const videoQuery = (id: string, initial?: Video) =>
  queryOptions({
    queryKey: ['video', id],
    queryFn: ({ signal }) => call('GET /api/videos/{id}', { params: { id }, signal }),
    ...(initial && { initialData: initial, initialDataUpdatedAt: Date.now() }),
    staleTime: 1_500,
    refetchInterval: ({ state }) =>
      state.data ? unlessPushed(videoTopic(id), pollEvery(state.data, Date.now())) : false,
  });

/** Grants on a resource, such as `video:{id}`. */
export const entitlementsQuery = (resource: string) =>
  queryOptions({
    queryKey: ['entitlements', resource],
    queryFn: ({ signal }) => call('GET /api/entitlements', { query: { resource, limit: 500 }, signal }),
  });

/** People who are called so; two characters or more. */
export const peopleQuery = (q: string) =>
  queryOptions({
    queryKey: ['people', q],
    queryFn: ({ signal }) => call('GET /api/people', { query: { q }, signal }),
    staleTime: 30_000,
  });

/** For its owner and admins. */
export const linksQuery = (id: string) =>
  queryOptions({
    queryKey: ['links', id],
    queryFn: ({ signal }) => call('GET /api/videos/{id}/links', { params: { id }, signal }),
  });

/** Where a clip of a device was filmed; it never changes, who may know it does. */
export const positionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['positions', id],
    queryFn: ({ signal }) => call('GET /api/videos/{id}/positions', { params: { id }, signal }),
    staleTime: 60_000,
  });

/** After removals: the lists forget the videos at once, and ask again in their own time. */
export function forget(client: QueryClient, ids: ReadonlySet<string>): void {
  for (const id of ids) client.removeQueries({ queryKey: ['video', id] });
  void client.invalidateQueries({ queryKey: ['tags'] });
  // The trash has them now.
  void client.invalidateQueries({ queryKey: ['videos'], refetchType: 'none' });
  client.setQueriesData<{ pages: { videos: Video[]; cursor: string | null }[]; pageParams: unknown[] }>(
    { queryKey: ['videos'] },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({ ...page, videos: page.videos.filter((video) => !ids.has(video.id)) })),
      },
  );
}

/** After a change: the new record wherever it is shown. */
export function remember(client: QueryClient, video: Video): void {
  client.setQueryData(videoQuery(video.id).queryKey, video);
  void client.invalidateQueries({ queryKey: ['videos'] });
  void client.invalidateQueries({ queryKey: ['tags'] });
}

export const retryPolicy = (failures: number, error: Error): boolean => isTransient(error) && failures < 2;
