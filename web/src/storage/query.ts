import { queryOptions } from '@tanstack/react-query';
import { call } from '../api/client.ts';

/** How much is kept of whoever is signed in, and for admins of everybody. */
export const storageQuery = queryOptions({
  queryKey: ['storage'],
  queryFn: ({ signal }) => call('GET /api/storage', { signal }),
  staleTime: 10_000,
});
