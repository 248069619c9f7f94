/** What the inbox asks the API, and acknowledging. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import type { Alarm } from '../../../lib/contract/device.ts';
import type { InboxAlarm } from '../../../lib/contract/inbox.ts';
import { ALARMS_TOPIC } from '../../../lib/contract/socket.ts';
import { call } from '../api/client.ts';
import { unlessPushed } from '../push/pushed.ts';
import { notify } from '../shared/notify.tsx';
import { INBOX } from './count.ts';

export interface Filters {
  readonly state: 'new' | 'acknowledged' | 'all';
  readonly device: string;
  readonly kind: Alarm['kind'] | '';
}

/** Latest first. Asked for again by itself while one page is there: who has gone further back reads in peace. */
export const inboxQuery = (filters: Filters) =>
  infiniteQueryOptions({
    queryKey: [INBOX, 'list', filters],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/alarms', { query: { ...filters, limit: 50, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: ({ state }) =>
      state.data !== undefined && state.data.pages.length > 1 ? false : unlessPushed(ALARMS_TOPIC, 15_000),
  });

/** The latest that are new, for who watches a wall: of those that only wait in the inbox it does not speak. */
export const latestQuery = queryOptions({
  queryKey: [INBOX, 'latest'],
  queryFn: ({ signal }) => call('GET /api/alarms', { query: { pushed: '1', limit: 20 }, signal }),
  staleTime: 2_000,
  refetchInterval: () => unlessPushed(ALARMS_TOPIC, 10_000),
});

/** Of one call. */
const MOST = 100;

/** Acknowledges alarms; those that others were first to acknowledge are theirs. */
export function useAcknowledge() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (alarms: readonly InboxAlarm[]) => {
      const names = alarms.map(({ device, time, id }) => ({ device, time, id }));
      for (let at = 0; at < names.length; at += MOST)
        await call('POST /api/alarms/acknowledge', { body: { alarms: names.slice(at, at + MOST) } });
    },
    onError: (error) => notify({ color: 'red', title: 'Not acknowledged', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: [INBOX] }),
  });
}
