import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call } from '../api/client.ts';

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ signal }) => call('GET /api/webhooks', { signal }),
  // Asked again more often while something fails: what gets through ends that.
  refetchInterval: ({ state }) =>
    state.data?.webhooks.some(({ failing }) => failing !== undefined) === true ? 5000 : 30_000,
});

/** What was sent. Asked again while something waits: a try takes seconds. */
export const deliveriesQuery = (webhook: string) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', webhook, 'deliveries'],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/webhooks/{webhook}/deliveries', {
        params: { webhook },
        query: { limit: 20, cursor: pageParam ?? undefined },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    refetchInterval: ({ state }) =>
      state.data?.pages[0]?.deliveries.some((one) => one.state === 'waiting') === true ? 3000 : 30_000,
  });
