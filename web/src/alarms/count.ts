import { queryOptions } from '@tanstack/react-query';
import { call } from '../api/client.ts';

/** Everything that is asked of the inbox; what tells of an alarm by itself invalidates this. */
export const INBOX = 'inbox';

/** How many alarms are new. Asked for each minute, while the page is looked at. */
export const alarmCountQuery = queryOptions({
  queryKey: [INBOX, 'count'],
  queryFn: ({ signal }) => call('GET /api/alarms/count', { signal }),
  staleTime: 10_000,
  refetchInterval: 60_000,
});
